// The ranges of what goes into the encoder's and the pooler's products, over reviews: what static int8 scales are made
// from ("calibration"). Two passes over the reviews: smallest and largest value of each input, then a histogram.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "native/model/bert.h"
#include "native/model/tokenized_reviews.h"
#include "native/model/worker_pool.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::model {

enum class RangeMethod {
  kMinMax,      // all that was seen
  kPercentile,  // without the outermost (100 - percentile) / 2 % of the values at either end
  kMse,         // the range whose rounding changes the values least, in the mean of squares (Choukroun et al. 2019)
};
std::string_view to_string(RangeMethod method);  // "minmax", "percentile", "mse"
Result<RangeMethod> parse_range_method(std::string_view text);

struct RangeOptions {
  RangeMethod method = RangeMethod::kMinMax;
  double percentile = 99.99;
};

struct ActivationRange {
  std::string name;        // engine::product_inputs
  float observed_low = 0;  // smallest and largest value
  float observed_high = 0;
  float low = 0;  // of the scale, at most 0
  float high = 0;
  double clipped = 0;  // share of the values outside
};
OrderedJson to_json(const ActivationRange& range);

// Counts of values in equal bins over [low, high].
struct ValueHistogram {
  float low = 0;
  float high = 0;
  std::vector<int64_t> bins;
  [[nodiscard]] int64_t total() const;
};
// The range that `options` takes of these values; it holds 0.
ActivationRange choose_range(const ValueHistogram& values, const RangeOptions& options);

// kInterrupted when `stop` is set. Refused: no reviews, a percentile outside (50, 100], a value that is not finite, an
// input that is 0 throughout (there is no scale for it).
Result<std::vector<ActivationRange>> activation_ranges(BertClassifier& model, const TokenizedReviews& reviews,
                                                       const RangeOptions& options, int64_t max_batch_tokens,
                                                       WorkerPool& pool,
                                                       const std::function<void(size_t done, size_t all)>& on_progress,
                                                       const std::atomic<bool>& stop);

}  // namespace coppice::model
