#include "shared/compare/set_curves.h"

#include <algorithm>

#include "shared/metrics/binary.h"

namespace coppice::compare {
namespace {

// hits(i): true or false for a review that counts, nothing for one that does not.
template <typename Hits>
std::vector<CurvePoint> curve(size_t done, size_t most_points, Hits&& hits) {
  int64_t counting = 0;
  for (size_t i = 0; i < done; ++i) counting += hits(i) ? 1 : 0;
  std::vector<CurvePoint> points;
  if (counting == 0 || most_points == 0) return points;
  int64_t seen = 0;
  int64_t hit = 0;
  int64_t next = 1;
  for (size_t i = 0; i < done; ++i) {
    const std::optional<bool> value = hits(i);
    if (!value) continue;
    ++seen;
    hit += *value ? 1 : 0;
    if (seen < next && seen < counting) continue;
    const Result<metrics::Interval> interval = metrics::wilson_interval(hit, seen);
    if (interval.ok()) {
      points.push_back({static_cast<double>(seen), static_cast<double>(hit) / static_cast<double>(seen), interval->low,
                        interval->high});
    }
    // The next of `most_points` even steps that is not yet passed.
    const auto steps = static_cast<int64_t>(most_points);
    next = std::max(seen + 1, (seen * steps / counting + 1) * counting / steps);
  }
  return points;
}

}  // namespace

std::vector<CurvePoint> accuracy_curve(const ReviewSet& set, size_t place, size_t most_points) {
  const SetModel& model = set.models[place];
  if (model.failed) return {};
  return curve(reviews_done(set), most_points, [&](size_t i) -> std::optional<bool> {
    const std::optional<int> label = set.file->reviews[i].label;
    if (!label) return std::nullopt;
    return model.judgements[i].label() == *label;
  });
}

std::vector<CurvePoint> agreement_curve(const ReviewSet& set, size_t most_points) {
  size_t taking_part = 0;
  for (const SetModel& model : set.models) taking_part += model.failed ? 0 : 1;
  if (taking_part < 2) return {};
  return curve(reviews_done(set), most_points, [&](size_t i) { return std::optional(agree_on(set, i)); });
}

TimePoints times_by_tokens(const ReviewSet& set, size_t place, size_t most_points) {
  TimePoints points;
  const SetModel& model = set.models[place];
  if (model.failed || most_points == 0) return points;
  const size_t done = reviews_done(set);
  const size_t step = std::max<size_t>(1, (done + most_points - 1) / most_points);
  for (size_t i = 0; i < done; i += step) {
    points.tokens.push_back(static_cast<double>(model.judgements[i].tokens));
    points.milliseconds.push_back(model.judgements[i].milliseconds);
  }
  return points;
}

double robust_top(const std::vector<TimePoints>& models) {
  double top = 0;
  for (const TimePoints& points : models) {
    if (points.milliseconds.empty()) continue;
    std::vector<double> sorted = points.milliseconds;
    std::sort(sorted.begin(), sorted.end());
    const double lower = sorted[sorted.size() / 4];
    const double upper = sorted[sorted.size() * 3 / 4];
    const double fence = std::max(upper + 3 * (upper - lower), 2 * upper);
    // The last time within, so that the axis ends where there is something.
    top = std::max(top, *(std::upper_bound(sorted.begin(), sorted.end(), fence) - 1));
  }
  return top;
}

}  // namespace coppice::compare
