#include "shared/compare/headline.h"

#include <algorithm>
#include <cmath>

#include "shared/compare/format.h"
#include "shared/compare/order.h"

namespace coppice::compare {

Verdict judge(std::array<double, 2> logits, const std::vector<std::string>& labels) {
  Verdict verdict;
  verdict.logits = logits;
  verdict.label_index = logits[1] > logits[0] ? 1 : 0;
  verdict.label = labels[static_cast<size_t>(verdict.label_index)];
  const double margin = std::abs(logits[1] - logits[0]);
  verdict.probability = 1.0 / (1.0 + std::exp(-margin));
  return verdict;
}

TimeSummary summarise_times(std::span<const double> milliseconds) {
  TimeSummary summary;
  const Result<double> median = metrics::median(milliseconds);
  const Result<double> mad = metrics::median_absolute_deviation(milliseconds);
  const Result<metrics::Interval> interval = metrics::median_interval(milliseconds);
  if (median.ok()) summary.median_ms = *median;
  if (mad.ok()) summary.mad_ms = *mad;
  if (interval.ok()) summary.interval_ms = *interval;
  return summary;
}

std::optional<TimeRatio> compare_times(std::span<const double> baseline_ms, std::span<const double> times_ms) {
  const size_t rounds = std::min(baseline_ms.size(), times_ms.size());
  std::vector<double> ratios;
  for (size_t i = 0; i < rounds; ++i) {
    if (baseline_ms[i] <= 0.0) return std::nullopt;  // below the clock's resolution
    ratios.push_back(times_ms[i] / baseline_ms[i]);
  }
  const Result<double> ratio = metrics::median(ratios);
  const Result<metrics::Interval> interval = metrics::median_interval(ratios);
  if (!ratio.ok() || !interval.ok()) return std::nullopt;
  return TimeRatio{*ratio, *interval};
}

namespace {

// ", and by the estimate the same share less energy". Time x power on one device changes by the share of the time; the
// other methods count something else and are said apart.
std::string energy_of_saving(const State& state, const ModelRow& row, const ModelRow& baseline) {
  const TimeRatio& ratio = *row.against_baseline;
  if (state.choices.method == energy::InferenceMethod::kTimePower) {
    if (is_large(ratio)) return ", and by the estimate the same share of its energy.";
    return std::string(", and by the estimate the same share ") + (ratio.ratio < 1.0 ? "less" : "more") + " energy.";
  }
  if (!row.estimate || !baseline.estimate || baseline.estimate->energy.value.value() <= 0) return ".";
  const double share = row.estimate->energy.value / baseline.estimate->energy.value;
  const TimeRatio of_energy{share, {share, share}};
  return ", and by the estimate " + format_ratio(of_energy) + " energy.";
}

std::string saving_of(const State& state, const ModelRow& row, const ModelRow& baseline) {
  const TimeRatio& ratio = *row.against_baseline;
  if (ratio.interval.low <= 1.0 && ratio.interval.high >= 1.0) {
    return "In time, " + row.id + " shows no clear difference to " + baseline.id + ".";
  }
  return row.id + " takes " + format_ratio(ratio) + (is_large(ratio) ? " time of " : " time than ") + baseline.id +
         energy_of_saving(state, row, baseline);
}

}  // namespace

Agreement agreement_of(const std::vector<ModelRow>& rows) {
  const ModelRow* first = nullptr;
  bool second = false;
  for (const ModelRow& row : rows) {
    if (!row.verdict) continue;
    if (first == nullptr) {
      first = &row;
    } else if (row.verdict->label != first->verdict->label) {
      return Agreement::kDisagree;
    } else {
      second = true;
    }
  }
  return second ? Agreement::kAgree : Agreement::kNone;
}

std::string headline_of(const State& state) {
  std::vector<const ModelRow*> judged;
  for (const ModelRow& row : state.models) {
    if (row.verdict) judged.push_back(&row);
  }
  if (judged.empty()) return "";
  std::string headline;
  if (judged.size() == 1) {
    headline = judged[0]->id + " says " + judged[0]->verdict->label + ".";
  } else if (state.agreement == Agreement::kAgree) {
    headline = (judged.size() == 2 ? "Both models say " : "All " + std::to_string(judged.size()) + " models say ") +
               judged[0]->verdict->label + ".";
  } else {
    headline = "The models disagree: ";
    for (size_t i = 0; i < judged.size(); ++i) {
      headline += (i > 0 ? ", " : "") + judged[i]->id + " says " + judged[i]->verdict->label;
    }
    headline += ".";
  }
  const std::optional<size_t> index = baseline_of(state);
  if (!index || !state.models[*index].time) return headline;
  const ModelRow& baseline = state.models[*index];
  const ModelRow* cheapest = nullptr;  // of the baseline's own kind
  const ModelRow* other = nullptr;     // the cheapest of the other kind
  for (const ModelRow* row : judged) {
    if (!row->time || !row->against_baseline) continue;
    const ModelRow*& least = row->architecture == baseline.architecture ? cheapest : other;
    if (least == nullptr || row->against_baseline->ratio < least->against_baseline->ratio) least = row;
  }
  // A linear model takes so little that it would be the only one spoken of.
  if (cheapest != nullptr) headline += " " + saving_of(state, *cheapest, baseline);
  if (other != nullptr) headline += " " + saving_of(state, *other, baseline);
  return headline;
}

void describe_row(const records::Manifest& manifest, ModelRow& row) {
  row.parent = manifest.parent_id.value_or("");
  row.description.clear();
  std::string_view last;
  for (const records::PlanStep& step : manifest.plan) {
    const std::string_view done = step.kind == "train"      ? "trained"
                                  : step.kind == "prune"    ? "pruned"
                                  : step.kind == "quantize" ? "quantised"
                                                            : "";
    if (done.empty() || done == last) continue;  // an export changes nothing that a reader would notice
    row.description += (row.description.empty() ? "" : ", ") + std::string(done);
    last = done;
  }
  row.architecture = manifest.architecture;
  row.max_length = manifest.max_length;
  row.truncation = manifest.truncation;
  row.parameters_total = manifest.parameters.total;
  row.parameters_encoder = manifest.parameters.encoder;
  const auto flops = manifest.encoder_flops.find(manifest.max_length);
  row.encoder_flops_per_input.reset();
  if (flops != manifest.encoder_flops.end()) row.encoder_flops_per_input = static_cast<double>(flops->second);
  const auto accuracy = manifest.metrics.find("accuracy");
  row.accuracy.reset();
  if (accuracy != manifest.metrics.end()) row.accuracy = accuracy->second;
  row.accuracy_reviews = manifest.test_set ? manifest.test_set->examples.value_or(0) : 0;
  row.test_set.clear();
  // Without its hash a test set of the same name may be another one.
  if (manifest.test_set && manifest.test_set->sha256) {
    row.test_set = manifest.test_set->name + " " + manifest.test_set->split + " " + *manifest.test_set->sha256;
  }
  row.facts = facts_of(manifest);
  row.training_share = manifest.training_data ? manifest.training_data->share : std::nullopt;
}

}  // namespace coppice::compare
