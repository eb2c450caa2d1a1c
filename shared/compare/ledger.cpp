#include "shared/compare/ledger.h"

#include <algorithm>
#include <set>

#include "shared/compare/order.h"
#include "shared/energy/transfer.h"

namespace coppice::compare {
namespace {

void add_stage(LedgerRow& ledger, Stage stage, const energy::Figure<energy::Joules>& energy) {
  auto at = ledger.stages.begin();
  while (at != ledger.stages.end() && at->stage < stage) ++at;
  if (at != ledger.stages.end() && at->stage == stage) {
    at->energy = at->energy + energy;
  } else {
    ledger.stages.insert(at, {stage, energy});
  }
}

}  // namespace

std::vector<size_t> lineage_of(const State& state, size_t model) {
  std::vector<size_t> chain;
  for (size_t at = model; std::find(chain.begin(), chain.end(), at) == chain.end();) {
    chain.push_back(at);
    for (size_t i = 0; i < state.models.size(); ++i) {
      if (!state.models[at].parent.empty() && state.models[i].id == state.models[at].parent) {
        at = i;
        break;
      }
    }
  }
  return chain;
}

std::vector<MakingRun> making_of(const State& state, const std::vector<size_t>& models, std::optional<size_t> without) {
  std::vector<MakingRun> runs;
  std::set<std::string> counted;
  if (without) {
    for (const MakingRun& run : state.models[*without].facts.making) counted.insert(run.run);
  }
  for (const size_t model : models) {
    for (const MakingRun& run : state.models[model].facts.making) {
      if (run.run.empty() || counted.insert(run.run).second) runs.push_back(run);
    }
  }
  return runs;
}

LedgerRow ledger_row(const State& state, size_t model) {
  LedgerRow ledger;
  ledger.model = model;
  const ModelRow& row = state.models[model];
  const std::vector<size_t> chain = lineage_of(state, model);
  for (const MakingRun& run : making_of(state, chain)) add_stage(ledger, run.stage, run.energy);
  for (const size_t part : chain) {
    const ModelRow& maker = state.models[part];
    if (maker.facts.making.empty()) ledger.notes.push_back("no record says what making " + maker.id + " took");
    if (maker.facts.making_runs_without_figure > 0) {
      ledger.notes.push_back(std::to_string(maker.facts.making_runs_without_figure) + " runs of the making of " +
                             maker.id + " have no figure");
    }
  }
  const std::string& root = state.models[chain.back()].parent;
  if (!root.empty()) ledger.notes.push_back("the training of " + root + " is in no record here");
  if (row.model_bytes > 0) add_stage(ledger, Stage::kDownload, energy::transfer_energy(row.model_bytes));
  if (row.estimate) {
    add_stage(ledger, Stage::kUse, row.estimate->energy * static_cast<double>(state.choices.reviews));
  } else {
    ledger.notes.push_back("use: no estimate yet");
  }
  for (const LedgerStage& stage : ledger.stages) {
    ledger.total = &stage == &ledger.stages.front() ? stage.energy : ledger.total + stage.energy;
  }
  return ledger;
}

std::vector<LedgerRow> ledger_of(const State& state) {
  std::vector<LedgerRow> rows;
  for (const size_t model : display_order(state)) {
    const ModelPhase phase = state.models[model].phase;
    if (phase != ModelPhase::kFailed && phase != ModelPhase::kDescribing) rows.push_back(ledger_row(state, model));
  }
  return rows;
}

std::vector<Stage> stages_of(const std::vector<LedgerRow>& rows) {
  std::vector<Stage> stages;
  for (int i = 0; i < kStages; ++i) {
    const auto stage = static_cast<Stage>(i);
    const bool shown = std::any_of(rows.begin(), rows.end(), [&](const LedgerRow& row) {
      return std::any_of(row.stages.begin(), row.stages.end(),
                         [&](const LedgerStage& each) { return each.stage == stage; });
    });
    if (shown) stages.push_back(stage);
  }
  return stages;
}

}  // namespace coppice::compare
