#include "native/export/comparisons.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "native/export/card_text.h"
#include "native/export/weights_hashes.h"
#include "shared/base/json.h"
#include "shared/records/figure.h"

namespace coppice {
namespace {

template <typename... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string p_text(double p) { return p < 0.0001 ? "below 0.0001" : print("%.4f", p); }
std::string percent(double share) { return print("%.2f %%", share * 100); }

std::string interval_text(const records::MetricValue& difference) {
  return print("%+.2f to %+.2f", difference.low.value_or(0) * 100, difference.high.value_or(0) * 100);
}

Result<ComparedSlice> parse_slice(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  ComparedSlice slice;
  slice.name = reader.string("name");
  slice.n = reader.integer("n");
  slice.p_adjusted = reader.number("p_adjusted");
  JsonReader accuracy(reader.at("accuracy"), where + ": accuracy");
  COPPICE_RETURN_IF_ERROR(reader.status());
  slice.baseline_accuracy = accuracy.number("baseline");
  slice.accuracy = accuracy.number("model");
  COPPICE_RETURN_IF_ERROR(accuracy.status());
  COPPICE_ASSIGN_OR_RETURN(slice.difference,
                           records::parse_metric_value(reader.at("difference"), where + ": difference"));
  return slice;
}

Status parse_slices(const Json& slices, const std::string& where, Comparison& comparison) {
  if (!slices.is_array()) return invalid_input(where + ": expected an array");
  for (const Json& json : slices) {
    JsonReader reader(json, where);
    const bool worse = reader.boolean_or("worse", false);  // absent: not tested
    const bool better = reader.boolean_or("better", false);
    COPPICE_RETURN_IF_ERROR(reader.status());
    if (!worse && !better) continue;
    COPPICE_ASSIGN_OR_RETURN(ComparedSlice slice, parse_slice(json, where));
    (worse ? comparison.worse : comparison.better).push_back(std::move(slice));
  }
  return {};
}

Result<double> ece_of(const Json& calibration, const char* whose, const std::string& where) {
  JsonReader reader(calibration, where);
  const Json& side = reader.at(whose);
  COPPICE_RETURN_IF_ERROR(reader.status());
  JsonReader values(side, where + ": " + whose);
  const double ece = values.number("ece");
  COPPICE_RETURN_IF_ERROR(values.status());
  return ece;
}

Result<Comparison> parse_comparison(const StoredRun& run) {
  Comparison comparison;
  comparison.run = run.path;
  JsonReader inputs(run.record.inputs, run.path + ": inputs");
  comparison.baseline_id = inputs.string("baseline_id");
  const Json& test_set = inputs.at("test_set");
  COPPICE_RETURN_IF_ERROR(inputs.status());
  COPPICE_ASSIGN_OR_RETURN(comparison.test_set, records::parse_data_share(test_set, run.path + ": inputs: test_set"));

  const std::string where = run.path + ": results";
  JsonReader results(run.record.results, where);
  comparison.n = results.integer("n");
  comparison.slices_tested = results.integer("slices_tested");
  JsonReader accuracy(results.at("accuracy"), where + ": accuracy");
  JsonReader test(results.at("mcnemar"), where + ": mcnemar");
  JsonReader margin(results.at("noninferiority"), where + ": noninferiority");
  const Json& difference = results.at("difference");
  const Json& calibration = results.at("calibration");
  const Json& slices = results.at("slices");
  COPPICE_RETURN_IF_ERROR(results.status());
  comparison.baseline_accuracy = accuracy.number("baseline");
  comparison.accuracy = accuracy.number("model");
  comparison.only_baseline_right = test.integer("only_baseline_right");
  comparison.only_model_right = test.integer("only_model_right");
  comparison.p_value = test.number("p_value");
  comparison.margin = margin.number("margin");
  comparison.non_inferiority = margin.string("verdict");
  for (const Status& status : {accuracy.status(), test.status(), margin.status()}) COPPICE_RETURN_IF_ERROR(status);
  COPPICE_ASSIGN_OR_RETURN(comparison.difference, records::parse_metric_value(difference, where + ": difference"));
  COPPICE_ASSIGN_OR_RETURN(comparison.baseline_ece, ece_of(calibration, "baseline", where + ": calibration"));
  COPPICE_ASSIGN_OR_RETURN(comparison.ece, ece_of(calibration, "model", where + ": calibration"));
  COPPICE_RETURN_IF_ERROR(parse_slices(slices, where + ": slices", comparison));
  return comparison;
}

bool same_question(const Comparison& a, const Comparison& b) {
  return a.baseline_id == b.baseline_id && a.test_set.name == b.test_set.name && a.test_set.sha256 == b.test_set.sha256;
}

std::string margin_text(const Comparison& comparison) {
  const std::string margin = print("%.2f points", comparison.margin * 100);
  if (comparison.non_inferiority == "shown") return "A loss of " + margin + " or more is ruled out by the interval.";
  if (comparison.non_inferiority == "refuted") return "The loss is more than " + margin + " by the whole interval.";
  return "Whether the loss is below " + margin + ", these reviews do not tell.";
}

std::string slices_text(const Comparison& comparison) {
  if (comparison.slices_tested == 0) return "No parts of the reviews were tested apart.\n";
  const std::string tested = std::to_string(comparison.slices_tested) + " parts of the reviews";
  if (comparison.worse.empty()) {
    return "On none of " + tested + " does the paired test, with Holm's adjustment, find it worse than `" +
           comparison.baseline_id + "`; on small parts that is no proof that it is as good.\n";
  }
  std::string text = "It got worse on these, of " + tested + " tested (McNemar's exact test, Holm-adjusted p below " +
                     "0.05):\n\n| Part | Reviews | `" + comparison.baseline_id +
                     "` | This model | Points | 95 % interval | Adjusted p |\n|---|---|---|---|---|---|---|\n";
  for (const ComparedSlice& slice : comparison.worse) {
    text += "| " + slice.name + " | " + grouped(slice.n) + " | " + percent(slice.baseline_accuracy) + " | " +
            percent(slice.accuracy) + " | " + print("%+.2f", slice.difference.value * 100) + " | " +
            interval_text(slice.difference) + " | " + p_text(slice.p_adjusted) + " |\n";
  }
  return text;
}

std::string better_text(const Comparison& comparison) {
  if (comparison.better.empty()) return "";
  std::string text = "It got better on: ";
  for (size_t i = 0; i < comparison.better.size(); ++i) {
    const ComparedSlice& slice = comparison.better[i];
    text += (i > 0 ? "; " : "") + slice.name + " (" + print("%+.2f points, ", slice.difference.value * 100) +
            interval_text(slice.difference) + ")";
  }
  return text + ".\n";
}

}  // namespace

Result<std::vector<Comparison>> read_comparisons(const std::vector<StoredRun>& runs,
                                                 const records::Manifest& manifest) {
  const WeightsHashes hashes = hashes_of_weights(runs, manifest);
  std::vector<Comparison> comparisons;
  for (const StoredRun& run : runs) {
    if (run.record.kind != "compare" || run.record.outcome != records::Outcome::kFinished) continue;
    JsonReader inputs(run.record.inputs, run.path + ": inputs");
    const std::string weights = inputs.string("weights_sha256");
    COPPICE_RETURN_IF_ERROR(inputs.status());
    if (!hashes.contain(weights)) continue;
    COPPICE_ASSIGN_OR_RETURN(Comparison comparison, parse_comparison(run));
    std::erase_if(comparisons, [&](const Comparison& older) { return same_question(older, comparison); });
    comparisons.push_back(std::move(comparison));
  }
  return comparisons;
}

std::string comparisons_text(const std::vector<Comparison>& comparisons, const records::Manifest& manifest) {
  std::string text;
  std::string heading;
  for (const Comparison& comparison : comparisons) {
    const bool parent = manifest.parent_id && *manifest.parent_id == comparison.baseline_id;
    const std::string wanted = parent ? "## Against its parent" : "## Against `" + comparison.baseline_id + "`";
    if (wanted != heading) text += wanted + "\n\n";
    heading = wanted;
    const records::DataShare& set = comparison.test_set;
    text += "On the same " + grouped(comparison.n) + " reviews (" + set.name + ", split " + set.split + ") `" +
            comparison.baseline_id + "` judges " + percent(comparison.baseline_accuracy) + " right and this model " +
            percent(comparison.accuracy) + ": " + print("%+.2f points", comparison.difference.value * 100) +
            " (95 % interval " + interval_text(comparison.difference) + "). `" + comparison.baseline_id +
            "` alone is right on " + grouped(comparison.only_baseline_right) + " of them, this model alone on " +
            grouped(comparison.only_model_right) + " (McNemar's exact test: p " +
            (comparison.p_value < 0.0001 ? "" : "= ") + p_text(comparison.p_value) + "). " + margin_text(comparison) +
            " The expected calibration error went from " +
            print("%.4f to %.4f", comparison.baseline_ece, comparison.ece) + ".\n\n" + slices_text(comparison);
    if (!comparison.better.empty()) text += "\n" + better_text(comparison);
    text +=
        "\nThe parts and tests are those of Coppice's docs/statistics.md; the record is `" + comparison.run + "`.\n\n";
  }
  return text;
}

}  // namespace coppice
