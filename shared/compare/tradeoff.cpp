#include "shared/compare/tradeoff.h"

#include <algorithm>
#include <optional>

namespace coppice::compare {
namespace {

struct Extent {
  double value;
  double low;
  double high;
};

std::optional<Extent> found_here(const ModelRow& row, TradeoffAxis axis) {
  if (axis == TradeoffAxis::kTime && row.time) {
    return Extent{row.time->median_ms, row.time->interval_ms.low, row.time->interval_ms.high};
  }
  if (axis == TradeoffAxis::kEnergy && row.estimate) {
    const auto& joules = row.estimate->energy;
    return Extent{joules.value.value(), joules.low.value(), joules.high.value()};
  }
  return std::nullopt;
}

int64_t longest_run(const ModelRow& row) {
  int64_t longest = 0;
  for (const energy::ShippedInference& run : row.facts.native_runs) longest = std::max(longest, run.tokens);
  return longest;
}

std::optional<Extent> of_native_runs(const ModelRow& row, TradeoffAxis axis, int64_t tokens) {
  if (axis == TradeoffAxis::kTime) {
    const std::optional<double> time = energy::milliseconds_as_shipped(row.facts.native_runs, tokens);
    if (!time) return std::nullopt;
    return Extent{*time, *time, *time};
  }
  const auto energy = energy::energy_as_shipped(row.facts.native_runs, tokens);
  if (!energy) return std::nullopt;
  return Extent{energy->value.value(), energy->low.value(), energy->high.value()};
}

}  // namespace

void find_front(Tradeoff& tradeoff) {
  tradeoff.front.clear();
  for (size_t i = 0; i < tradeoff.points.size(); ++i) {
    TradeoffPoint& point = tradeoff.points[i];
    point.on_front = std::none_of(tradeoff.points.begin(), tradeoff.points.end(), [&](const TradeoffPoint& other) {
      return other.x <= point.x && other.accuracy >= point.accuracy &&
             (other.x < point.x || other.accuracy > point.accuracy);
    });
    if (point.on_front) tradeoff.front.push_back(i);
  }
  std::stable_sort(tradeoff.front.begin(), tradeoff.front.end(),
                   [&](size_t a, size_t b) { return tradeoff.points[a].x < tradeoff.points[b].x; });
}

Tradeoff tradeoff_of(const State& state, TradeoffAxis axis) {
  Tradeoff tradeoff;
  tradeoff.axis = axis;
  const bool here = std::any_of(state.models.begin(), state.models.end(),
                                [&](const ModelRow& row) { return found_here(row, axis).has_value(); });
  int64_t tokens = 0;
  for (const ModelRow& row : state.models) {
    const int64_t longest = is_linear(row) ? 0 : longest_run(row);
    if (longest > 0) tokens = tokens == 0 ? longest : std::min(tokens, longest);
  }
  if (axis == TradeoffAxis::kSize) {
    tradeoff.source = "size of the model file, from the manifests";
  } else if (here) {
    tradeoff.source = axis == TradeoffAxis::kTime ? "time of this review, measured here"
                                                  : std::string("energy of this review, modelled: ") +
                                                        energy::info_of(state.choices.method).name;
  } else {
    tradeoff.source = "native runs of " + std::to_string(tokens) + " tokens, from the manifests";
  }
  std::string test_set;
  for (size_t i = 0; i < state.models.size(); ++i) {
    const ModelRow& row = state.models[i];
    if (!row.accuracy || row.phase == ModelPhase::kFailed) continue;
    if (test_set.empty()) test_set = row.test_set;
    if (row.test_set != test_set) continue;
    std::optional<Extent> x;
    if (axis == TradeoffAxis::kSize) {
      const auto bytes = static_cast<double>(row.model_bytes);
      if (row.model_bytes > 0) x = Extent{bytes, bytes, bytes};
    } else {
      // A linear model's native runs count words; its longest stands for a text as long as the others'.
      x = here ? found_here(row, axis) : of_native_runs(row, axis, is_linear(row) ? longest_run(row) : tokens);
    }
    if (!x) continue;
    const double value = row.accuracy->value;
    tradeoff.points.push_back({i, x->value, x->low, x->high, value, row.accuracy->low.value_or(value),
                               row.accuracy->high.value_or(value), false});
  }
  find_front(tradeoff);
  return tradeoff;
}

}  // namespace coppice::compare
