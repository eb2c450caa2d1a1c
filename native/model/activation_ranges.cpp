#include "native/model/activation_ranges.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

#include "shared/engine/activation_scales.h"

namespace coppice::model {
namespace {

constexpr int64_t kBins = 2048;

// Mean squared change of the values when each is rounded to one of 255 steps over [low, high] and clipped to it: a
// value inside changes by a uniformly distributed part of a step, scale^2 / 12 in the mean of squares.
double squared_change(const ValueHistogram& values, double low, double high) {
  const double width = (double{values.high} - values.low) / static_cast<double>(values.bins.size());
  const double step = (high - low) / 255;
  double sum = 0;
  for (size_t i = 0; i < values.bins.size(); ++i) {
    if (values.bins[i] == 0) continue;
    const double value = values.low + (static_cast<double>(i) + 0.5) * width;
    const double outside = value < low ? low - value : std::max(value - high, 0.0);
    sum += static_cast<double>(values.bins[i]) * (outside > 0 ? outside * outside : step * step / 12);
  }
  return sum;
}

// Each end is moved towards 0 in turn, in hundredths, until neither gains.
void least_squares_range(const ValueHistogram& values, double& low, double& high) {
  const double lowest = low;
  const double highest = high;
  double best = squared_change(values, low, high);
  for (int round = 0; round < 4; ++round) {
    const double before = best;
    for (double* end : {&low, &high}) {
      const double outermost = end == &low ? lowest : highest;
      for (int part = 1; part <= 100; ++part) {
        const double old = *end;
        *end = outermost * part / 100;
        const double change = high > low ? squared_change(values, low, high) : best;
        if (change < best) {
          best = change;
        } else {
          *end = old;
        }
      }
    }
    if (best == before) break;
  }
}

// Runs the model over the reviews; `look` sees each input of a product, several threads at once.
Status observe(BertClassifier& model, const TokenizedReviews& reviews, int64_t max_batch_tokens, WorkerPool& pool,
               const ActivationObserver& look, const std::function<void(size_t done)>& on_progress,
               const std::atomic<bool>& stop) {
  const std::vector<std::vector<uint32_t>> batches = consecutive_batches(reviews, max_batch_tokens);
  const size_t wave = static_cast<size_t>(pool.threads()) * 4;
  for (size_t begin = 0; begin < batches.size(); begin += wave) {
    if (stop.load()) return interrupted("stopped while activations were looked at");
    const size_t end = std::min(begin + wave, batches.size());
    pool.run(end - begin, [&](size_t i) {
      const at::NoGradGuard no_grad;
      model.observe_activations(pack_reviews(reviews, batches[begin + i]), look);
    });
    if (on_progress) on_progress(batches[end - 1].back() + 1);
  }
  return {};
}

}  // namespace

std::string_view to_string(RangeMethod method) {
  switch (method) {
    case RangeMethod::kMinMax:
      return "minmax";
    case RangeMethod::kPercentile:
      return "percentile";
    case RangeMethod::kMse:
      return "mse";
  }
  return "";
}

Result<RangeMethod> parse_range_method(std::string_view text) {
  for (const RangeMethod method : {RangeMethod::kMinMax, RangeMethod::kPercentile, RangeMethod::kMse}) {
    if (text == to_string(method)) return method;
  }
  return invalid_usage(
      std::string("\"").append(text).append("\" is no calibration method; expected minmax, percentile or mse"));
}

OrderedJson to_json(const ActivationRange& range) {
  return {{"name", range.name},
          {"low", range.low},
          {"high", range.high},
          {"observed_low", range.observed_low},
          {"observed_high", range.observed_high},
          {"clipped", range.clipped}};
}

int64_t ValueHistogram::total() const { return std::accumulate(bins.begin(), bins.end(), int64_t{0}); }

ActivationRange choose_range(const ValueHistogram& values, const RangeOptions& options) {
  ActivationRange range;
  range.observed_low = values.low;
  range.observed_high = values.high;
  const double width = (double{values.high} - values.low) / static_cast<double>(values.bins.size());
  const auto total = static_cast<double>(values.total());
  double low = values.low;
  double high = values.high;
  if (options.method == RangeMethod::kPercentile) {
    const double tail = total * (1 - options.percentile / 100) / 2;
    int64_t below = 0;
    for (const int64_t count : values.bins) {
      if (static_cast<double>(below += count) > tail) break;
      low += width;
    }
    int64_t above = 0;
    for (size_t i = values.bins.size(); i-- > 0;) {
      if (static_cast<double>(above += values.bins[i]) > tail) break;
      high -= width;
    }
  }
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  if (options.method == RangeMethod::kMse) least_squares_range(values, low, high);
  int64_t outside = 0;
  for (size_t i = 0; i < values.bins.size(); ++i) {
    const double value = values.low + (static_cast<double>(i) + 0.5) * width;
    if (value < low || value > high) outside += values.bins[i];
  }
  range.low = static_cast<float>(low);
  range.high = static_cast<float>(high);
  range.clipped = total > 0 ? static_cast<double>(outside) / total : 0;
  return range;
}

Result<std::vector<ActivationRange>> activation_ranges(BertClassifier& model, const TokenizedReviews& reviews,
                                                       const RangeOptions& options, int64_t max_batch_tokens,
                                                       WorkerPool& pool,
                                                       const std::function<void(size_t done, size_t all)>& on_progress,
                                                       const std::atomic<bool>& stop) {
  if (reviews.size() == 0) return invalid_input("there are no reviews to calibrate on");
  if (!(options.percentile > 50 && options.percentile <= 100)) {
    return invalid_usage("the percentile is " + std::to_string(options.percentile) +
                         "; expected above 50, at most 100");
  }
  const std::vector<std::string> names = engine::product_inputs(model.config());
  std::vector<ValueHistogram> histograms(names.size());
  std::mutex mutex;
  const size_t all = 2 * reviews.size();
  const auto report = [&](size_t before) {
    return [&, before](size_t done) {
      if (on_progress) on_progress(before + done, all);
    };
  };
  // NaN compares as neither, so finiteness is looked at apart.
  std::vector<char> finite(names.size(), 1);
  std::vector<char> seen(names.size(), 0);
  const ActivationObserver find_ends = [&](size_t input, const at::Tensor& x) {
    const auto [smallest, largest] = at::aminmax(x);
    const auto low = smallest.item<float>();
    const auto high = largest.item<float>();
    const std::lock_guard lock(mutex);
    ValueHistogram& histogram = histograms[input];
    if (!std::isfinite(low) || !std::isfinite(high)) finite[input] = 0;
    histogram.low = seen[input] != 0 ? std::min(histogram.low, low) : low;
    histogram.high = seen[input] != 0 ? std::max(histogram.high, high) : high;
    seen[input] = 1;
  };
  COPPICE_RETURN_IF_ERROR(observe(model, reviews, max_batch_tokens, pool, find_ends, report(0), stop));
  for (size_t i = 0; i < names.size(); ++i) {
    if (finite[i] == 0) return invalid_input(names[i] + " has values that are not finite; the training diverged");
    if (histograms[i].low == 0 && histograms[i].high == 0) {
      return invalid_input(names[i] + " is 0 in all of the " + std::to_string(reviews.size()) +
                           " calibration reviews: an empty range has no scale. Calibrate on other reviews, or export "
                           "with --activations dynamic");
    }
    // A constant input still has a range, with 0.
    if (histograms[i].low == histograms[i].high) {
      histograms[i].low = std::min(histograms[i].low, 0.0F);
      histograms[i].high = std::max(histograms[i].high, 0.0F);
    }
    histograms[i].bins.assign(kBins, 0);
  }
  const ActivationObserver count = [&](size_t input, const at::Tensor& x) {
    const ValueHistogram& of = histograms[input];
    const at::Tensor bins = at::histc(x, kBins, of.low, of.high);
    const at::Tensor counts = bins.contiguous();
    const float* values = counts.data_ptr<float>();
    const std::lock_guard lock(mutex);
    for (size_t k = 0; k < static_cast<size_t>(kBins); ++k) {
      histograms[input].bins[k] += static_cast<int64_t>(values[k]);
    }
  };
  COPPICE_RETURN_IF_ERROR(observe(model, reviews, max_batch_tokens, pool, count, report(reviews.size()), stop));
  std::vector<ActivationRange> ranges;
  for (size_t i = 0; i < names.size(); ++i) {
    ranges.push_back(choose_range(histograms[i], options));
    ranges.back().name = names[i];
  }
  return ranges;
}

}  // namespace coppice::model
