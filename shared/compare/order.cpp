#include "shared/compare/order.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace coppice::compare {
namespace {

constexpr size_t kMostCards = 4;
constexpr double kLast = std::numeric_limits<double>::infinity();

bool takes_part(const ModelRow& row) { return row.selected && row.phase != ModelPhase::kFailed; }

std::optional<size_t> index_of(const State& state, const std::string& id) {
  for (size_t i = 0; i < state.models.size(); ++i) {
    if (state.models[i].id == id) return i;
  }
  return std::nullopt;
}

double operations_of(const ModelRow& row) {
  const auto& counts = row.facts.encoder_operations;
  // Of the same architecture, the count at the longest length ranks as any other does.
  return counts.empty() ? kLast
                        : static_cast<double>(counts.rbegin()->second) / static_cast<double>(counts.rbegin()->first);
}

double sort_value(const ModelRow& row, SortKey key) {
  switch (key) {
    case SortKey::kTime:
      return row.time ? row.time->median_ms : kLast;
    case SortKey::kEnergy:
      return row.estimate ? row.estimate->energy.value.value() : kLast;
    case SortKey::kSize:
      return row.model_bytes > 0 ? static_cast<double>(row.model_bytes) : kLast;
    case SortKey::kAccuracy:
      return row.accuracy ? -row.accuracy->value : kLast;
    case SortKey::kSuggested:
    case SortKey::kName:
      break;
  }
  return 0;
}

}  // namespace

std::optional<size_t> baseline_of(const State& state) {
  const std::optional<size_t> chosen = index_of(state, state.choices.baseline);
  const bool any_times =
      std::any_of(state.models.begin(), state.models.end(), [](const ModelRow& row) { return !row.times_ms.empty(); });
  if (chosen && (!any_times || !state.models[*chosen].times_ms.empty())) return chosen;
  for (size_t i = 0; i < state.models.size(); ++i) {
    if (any_times ? !state.models[i].times_ms.empty() : takes_part(state.models[i])) return i;
  }
  return std::nullopt;
}

std::optional<size_t> pick_of(const State& state) {
  const std::optional<size_t> baseline = baseline_of(state);
  if (!baseline) return std::nullopt;
  const ModelRow& base = state.models[*baseline];
  std::optional<size_t> pick;
  double least = kLast;
  for (size_t i = 0; i < state.models.size(); ++i) {
    const ModelRow& row = state.models[i];
    if (i == *baseline || !takes_part(row) || !row.facts.cut_back || row.architecture != base.architecture) continue;
    double cost = operations_of(row);
    if (!base.times_ms.empty()) cost = row.against_baseline ? row.against_baseline->ratio : kLast;
    if (cost < least) {
      least = cost;
      pick = i;
    }
  }
  return pick;
}

std::optional<size_t> rival_of(const State& state) {
  const std::optional<size_t> baseline = baseline_of(state);
  const std::optional<size_t> chosen = index_of(state, state.choices.rival);
  if (chosen && chosen != baseline) return chosen;
  if (const std::optional<size_t> pick = pick_of(state)) return pick;
  for (size_t i = 0; i < state.models.size(); ++i) {
    if (baseline && i != *baseline && takes_part(state.models[i])) return i;
  }
  return std::nullopt;
}

std::vector<size_t> display_order(const State& state) {
  std::vector<size_t> order(state.models.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const SortKey key = state.choices.sort;
  if (key == SortKey::kSuggested) {
    // Each moved to the front, the one that shall stand there last.
    for (const std::optional<size_t>& first : {baseline_of(state), pick_of(state)}) {
      if (!first) continue;
      const auto at = std::find(order.begin(), order.end(), *first);
      std::rotate(order.begin(), at, at + 1);
    }
    return order;
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (key == SortKey::kName) return state.models[a].id < state.models[b].id;
    return sort_value(state.models[a], key) < sort_value(state.models[b], key);
  });
  return order;
}

Layout layout_of(const State& state) {
  if (state.choices.layout != Layout::kAuto) return state.choices.layout;
  return state.models.size() > kMostCards ? Layout::kRows : Layout::kCards;
}

}  // namespace coppice::compare
