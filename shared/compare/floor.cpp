#include "shared/compare/floor.h"

#include <string>
#include <vector>

#include "shared/compare/format.h"

namespace coppice::compare {
namespace {

enum class Standing { kAbove, kBelow, kOverlap };

bool is_judged(const ModelRow& row) {
  return row.accuracy && row.accuracy->low && row.accuracy->high && !row.test_set.empty();
}

// The accuracies must have been found comparable.
Standing standing_of(const ModelRow& row, const ModelRow& floor) {
  if (*row.accuracy->low > *floor.accuracy->high) return Standing::kAbove;
  if (*row.accuracy->high < *floor.accuracy->low) return Standing::kBelow;
  return Standing::kOverlap;
}

std::string accuracy_of(const ModelRow& row) {
  return format_percent(row.accuracy->value, 1) + " (" + format_percent(*row.accuracy->low, 1) + " to " +
         format_percent(*row.accuracy->high, 1) + ")";
}

std::string share_of(double share) { return format_percent(share, 0); }

// A model that saw less of the training data has an excuse that a reader should know of.
std::string excuse_of(const ModelRow& row, const ModelRow& floor) {
  if (!row.training_share || !floor.training_share || *row.training_share > 0.99 * *floor.training_share) return "";
  return "; " + row.id + " was trained on " + share_of(*row.training_share) + " of the training reviews, " + floor.id +
         " on " + share_of(*floor.training_share);
}

struct Measure {
  const char* key;
  const char* name;
  bool higher_is_better;
};
// Those that are no restatement of accuracy.
constexpr Measure kMeasures[] = {{"recall", "finding the positive", true},
                                 {"precision", "not taking negative for positive", true},
                                 {"roc_auc", "ranking (ROC AUC)", true},
                                 {"ece", "calibration", false},
                                 {"brier", "Brier score", false}};

// ", but better at calibration", ", and better at none of 5 other measures"; empty where the two share none.
std::string merits_of(const records::Manifest& model, const records::Manifest& floor) {
  std::string better;
  int compared = 0;
  for (const Measure& measure : kMeasures) {
    const auto mine = model.metrics.find(measure.key);
    const auto other = floor.metrics.find(measure.key);
    if (mine == model.metrics.end() || other == floor.metrics.end()) continue;
    if (!mine->second.low || !mine->second.high || !other->second.low || !other->second.high) continue;
    ++compared;
    if (measure.higher_is_better ? *mine->second.low > *other->second.high : *mine->second.high < *other->second.low) {
      better += (better.empty() ? "" : ", ") + std::string(measure.name);
    }
  }
  if (compared == 0) return "";
  if (!better.empty()) return ", but better at " + better;
  return ", and better at none of " + std::to_string(compared) + " other measures";
}

const ModelRow* best_of(const std::vector<const ModelRow*>& rows) {
  const ModelRow* best = nullptr;
  for (const ModelRow* row : rows) {
    if (best == nullptr || row->accuracy->value > best->accuracy->value) best = row;
  }
  return best;
}

std::string row_text(const ModelRow& row, const ModelRow& floor, const std::string& merits) {
  const std::string other = "the linear model " + floor.id + ", " + format_percent(floor.accuracy->value, 1);
  switch (standing_of(row, floor)) {
    case Standing::kAbove:
      return "More accurate than " + other;
    case Standing::kBelow:
      return "Less accurate than " + other + merits + excuse_of(row, floor);
    case Standing::kOverlap:
      return "No clear difference in accuracy to " + other;
  }
  return "";
}

// What the linear model's own row says.
std::string floor_row_text(const ModelRow& best, const ModelRow& floor) {
  const std::string other = best.id + ", " + format_percent(best.accuracy->value, 1);
  switch (standing_of(best, floor)) {
    case Standing::kAbove:
      return "Less accurate than the best transformer, " + other;
    case Standing::kBelow:
      return "More accurate than the best transformer, " + other + excuse_of(best, floor);
    case Standing::kOverlap:
      return "No clear difference in accuracy to the best transformer, " + other;
  }
  return "";
}

const char* short_text(Standing of_row) {
  switch (of_row) {
    case Standing::kAbove:
      return "More accurate than the linear model";
    case Standing::kBelow:
      return "Less accurate than the linear model";
    case Standing::kOverlap:
      return "As accurate as the linear model, within intervals";
  }
  return "";
}

const char* floor_short_text(Standing of_best) {
  switch (of_best) {
    case Standing::kAbove:
      return "The floor: the best transformer is above it";
    case Standing::kBelow:
      return "The floor: no transformer here is above it";
    case Standing::kOverlap:
      return "The floor: the best transformer's interval overlaps";
  }
  return "";
}

std::string answer(const ModelRow& best, size_t transformers, const ModelRow& floor) {
  std::string text = "Do you need a transformer here? ";
  const std::string of_floor = "the linear model " + floor.id + " judges " + accuracy_of(floor);
  const std::string of_best = best.id + " " + accuracy_of(best);
  const std::string test_set = floor.accuracy_reviews > 0
                                   ? "the " + format_integer(floor.accuracy_reviews) + " test reviews"
                                   : "the test reviews";
  switch (standing_of(best, floor)) {
    case Standing::kAbove:
      return text + "For accuracy, yes: " + of_floor + " of " + test_set + " rightly, " + of_best +
             ", and the intervals do not touch. Whether that is worth its time and energy is yours to say.";
    case Standing::kBelow:
      return text + "For accuracy, no: " + of_floor + " of " + test_set + " rightly, " +
             (transformers > 1 ? "more than each of the transformers here, of which the best, " + best.id +
                                     ", reaches " + accuracy_of(best)
                               : "more than " + of_best) +
             excuse_of(best, floor) + ".";
    case Standing::kOverlap:
      return text + "Accuracy does not say: " + of_floor + " of " + test_set + " rightly, " + of_best +
             ", and the intervals overlap" + excuse_of(best, floor) + ".";
  }
  return text;
}

}  // namespace

void write_floor(State& state, const std::vector<const records::Manifest*>& manifests) {
  state.floor.clear();
  for (ModelRow& row : state.models) {
    row.against_floor.clear();
    row.against_floor_short.clear();
  }
  std::vector<const ModelRow*> linear;
  for (const ModelRow& row : state.models) {
    if (is_linear(row) && is_judged(row)) linear.push_back(&row);
  }
  const ModelRow* floor = best_of(linear);
  if (floor == nullptr) return;
  std::vector<const ModelRow*> transformers;
  const records::Manifest& of_floor = *manifests[static_cast<size_t>(floor - state.models.data())];
  for (size_t i = 0; i < state.models.size(); ++i) {
    ModelRow& row = state.models[i];
    if (is_linear(row) || !is_judged(row) || row.test_set != floor->test_set) continue;
    row.against_floor = row_text(row, *floor, merits_of(*manifests[i], of_floor));
    row.against_floor_short = short_text(standing_of(row, *floor));
    transformers.push_back(&row);
  }
  const ModelRow* best = best_of(transformers);
  if (best == nullptr) return;
  state.floor = answer(*best, transformers.size(), *floor);
  for (ModelRow& row : state.models) {
    if (&row != floor) continue;
    row.against_floor = floor_row_text(*best, *floor);
    row.against_floor_short = floor_short_text(standing_of(*best, *floor));
  }
}

}  // namespace coppice::compare
