#include "shared/compare/set_figures.h"

#include <algorithm>
#include <cmath>

#include "shared/compare/estimate.h"
#include "shared/metrics/binary.h"

namespace coppice::compare {
namespace {

std::optional<Share> share_of(int64_t count, int64_t of) {
  const Result<metrics::Interval> interval = metrics::wilson_interval(count, of);
  if (of <= 0 || !interval.ok()) return std::nullopt;
  return Share{count, of, *interval};
}

// Of sorted values, by linear interpolation (as metrics::percentile, which sorts each time).
double quantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

bool is_right(const SetModel& model, const ReviewSet& set, size_t review) {
  return model.judgements[review].label() == *set.file->reviews[review].label;
}

void add_accuracy(const ReviewSet& set, const SetModel& model, const SetModel& first, size_t done,
                  SetModelFigures& figures) {
  int64_t labelled = 0;
  int64_t right = 0;
  metrics::PairedCounts counts;
  for (size_t i = 0; i < done; ++i) {
    if (!set.file->reviews[i].label) continue;
    ++labelled;
    const bool this_right = is_right(model, set, i);
    const bool first_right = is_right(first, set, i);
    right += this_right ? 1 : 0;
    counts.only_first_right += first_right && !this_right ? 1 : 0;
    counts.only_second_right += this_right && !first_right ? 1 : 0;
  }
  if (labelled == 0) return;
  figures.accuracy = share_of(right, labelled);
  if (&model == &first) return;
  counts.n = labelled;
  const Result<metrics::PairedScore> score = metrics::paired_score(counts);
  if (score.ok()) figures.against_first = *score;
}

void add_times(const SetModel& model, size_t done, const energy::DevicePreset* device,
               const energy::Intensity* intensity, SetModelFigures& figures) {
  if (done == 0) return;
  std::vector<double> times;
  times.reserve(done);
  for (size_t i = 0; i < done; ++i) times.push_back(model.judgements[i].milliseconds);
  for (const double time : times) figures.seconds += time / 1e3;
  std::sort(times.begin(), times.end());
  figures.median_ms = quantile(times, 0.5);
  figures.middle_half_ms = {quantile(times, 0.25), quantile(times, 0.75)};
  if (device == nullptr || intensity == nullptr) return;
  const energy::Seconds total(figures.seconds);
  figures.energy = energy::energy_by_time({total, total, total, energy::Seconds(0)}, *device);
}

}  // namespace

SetFigures figures_of(const ReviewSet& set, const energy::DevicePreset* device, const energy::Intensity* intensity) {
  SetFigures figures;
  figures.done = reviews_done(set);
  figures.models.resize(set.models.size());
  const SetModel* first = nullptr;
  size_t taking_part = 0;
  for (size_t place = 0; place < set.models.size(); ++place) {
    const SetModel& model = set.models[place];
    if (model.failed) continue;
    ++taking_part;
    if (first == nullptr) first = &model;
    SetModelFigures& each = figures.models[place];
    add_accuracy(set, model, *first, figures.done, each);
    add_times(model, figures.done, device, intensity, each);
    if (&model == first) continue;
    int64_t same = 0;
    for (size_t i = 0; i < figures.done; ++i) {
      same += model.judgements[i].label() == first->judgements[i].label() ? 1 : 0;
    }
    each.agreement_with_first = share_of(same, static_cast<int64_t>(figures.done));
  }
  if (taking_part < 2) return figures;
  for (size_t i = 0; i < figures.done; ++i) {
    if (!agree_on(set, i)) figures.disagreements.push_back(i);
  }
  figures.agreement =
      share_of(static_cast<int64_t>(figures.done - figures.disagreements.size()), static_cast<int64_t>(figures.done));
  return figures;
}

}  // namespace coppice::compare
