#include "shared/compare/facts.h"

#include <optional>

#include "shared/compare/reading.h"

namespace coppice::compare {
namespace {

std::optional<Stage> stage_of(const std::string& kind, bool cut_before) {
  if (kind == "train" || kind == "tune") return cut_before ? Stage::kRecovery : Stage::kFineTuning;
  if (kind == "prune") return Stage::kPruning;
  if (kind == "quantize") return Stage::kQuantising;
  if (kind == "export") return Stage::kExport;
  return std::nullopt;
}

}  // namespace

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::kFineTuning:
      return "fine-tuning";
    case Stage::kPruning:
      return "pruning";
    case Stage::kRecovery:
      return "recovery";
    case Stage::kQuantising:
      return "quantising";
    case Stage::kExport:
      return "export";
    case Stage::kMaking:
      return "making, not split";
    case Stage::kDownload:
      return "download";
    case Stage::kUse:
      return "use";
  }
  return "";
}

ModelFacts facts_of(const records::Manifest& manifest) {
  ModelFacts facts;
  for (const records::PlanStep& step : manifest.plan) {
    facts.cut_back = facts.cut_back || step.kind == "prune" || step.kind == "quantize";
  }
  const records::WeightsFile* weights = weights_to_run(manifest);
  facts.int8 = weights != nullptr && weights->dtype == "I8";
  facts.cut_back = facts.cut_back || (facts.int8 && !is_linear(manifest));
  if (const auto& making = manifest.making_energy) {
    facts.making_runs_without_figure = static_cast<int64_t>(making->runs_without_figure.size());
    bool cut_before = false;
    for (const records::MakingPart& part : making->parts) {
      cut_before = cut_before || part.kind == "prune" || part.kind == "quantize";
      facts.making.push_back({stage_of(part.kind, cut_before).value_or(Stage::kMaking), part.energy_joules, part.run});
    }
    if (making->parts.empty() && making->energy_joules) {
      facts.making.push_back({Stage::kMaking, *making->energy_joules});
    }
  }
  for (const records::InferenceEnergy& run : manifest.inference_energy) {
    facts.native_runs.push_back({run.tokens, run.energy_joules, run.median_milliseconds});
  }
  facts.encoder_operations = manifest.encoder_flops;
  return facts;
}

}  // namespace coppice::compare
