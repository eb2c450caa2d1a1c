// The energy of a model's whole life, stage by stage: its making and that of the models it was made from (as far as the
// catalogue lists them), the download, and N reviews. The stages sum to the total.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/compare/facts.h"
#include "shared/compare/state.h"

namespace coppice::compare {

struct LedgerStage {
  Stage stage;
  energy::Figure<energy::Joules> energy;
};

struct LedgerRow {
  size_t model = 0;
  std::vector<LedgerStage> stages;       // in the order of Stage, each at most once
  energy::Figure<energy::Joules> total;  // their sum
  std::vector<std::string> notes;        // what is missing: "pre-training of all-MiniLM-L6-v2 is in no record"
};

// The model itself, its parent, the parent's parent, ..., as far as the rows go. A model is never met twice.
std::vector<size_t> lineage_of(const State& state, size_t model);

// What the making of several models took, each run once, whichever of them list it, and none that made `without`.
std::vector<MakingRun> making_of(const State& state, const std::vector<size_t>& models,
                                 std::optional<size_t> without = std::nullopt);

LedgerRow ledger_row(const State& state, size_t model);
// Of the models that have not failed, in the order they are shown.
std::vector<LedgerRow> ledger_of(const State& state);
// What any of the rows has, in the order of Stage, whichever row comes first.
std::vector<Stage> stages_of(const std::vector<LedgerRow>& rows);

}  // namespace coppice::compare
