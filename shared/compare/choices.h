// What a visitor may choose of how a comparison is shown and estimated, and what calibrating the device found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/energy/inference/methods.h"
#include "shared/metrics/robust.h"

namespace coppice::compare {

enum class Layout { kAuto, kCards, kRows, kDuel };  // kAuto: cards for a few models, rows for many
enum class SortKey { kSuggested, kName, kTime, kEnergy, kSize, kAccuracy };
enum class TradeoffAxis { kEnergy, kTime, kSize };

struct Choices {
  Layout layout = Layout::kAuto;
  SortKey sort = SortKey::kSuggested;
  TradeoffAxis axis = TradeoffAxis::kEnergy;
  std::string baseline;  // id; empty: the first model that has a result
  std::string rival;     // of the baseline in the duel; empty: the model that stands first in the eye (order.h)
  energy::InferenceMethod method = energy::InferenceMethod::kTimePower;
  int64_t reviews = 1'000'000;  // of the what-if and the ledger
  std::string time_zone;        // as the browser names it; empty: not told
  bool grid_is_guess = false;   // the grid comes from the time zone, not from the visitor
};

inline constexpr int64_t kMostReviews = 1'000'000'000'000;

// Names in messages: "auto", "cards", ...; "suggested", "name", ...; "energy", "time", "size".
const char* name_of(Layout layout);
const char* name_of(SortKey key);
const char* name_of(TradeoffAxis axis);
std::optional<Layout> find_layout(std::string_view name);
std::optional<SortKey> find_sort(std::string_view name);
std::optional<TradeoffAxis> find_axis(std::string_view name);

// The device as the five seconds saw it.
struct Calibration {
  double clock_step_ms = 0;        // the smallest step that performance.now() made
  double mflops = 0;               // float32 operations of the core's kernel on one thread, 1e6 a second: median
  metrics::Interval mflops_range;  // slowest and fastest of its slices
  int threads = 1;                 // that the runtime may use
  int hardware_threads = 0;        // that the browser tells of; 0: it does not
  bool isolated = false;
};

}  // namespace coppice::compare
