#include "native/compare/render.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "shared/compare/format.h"

namespace coppice::compare_models {
namespace {

using records::Architecture;
using records::Manifest;
constexpr const char* kNone = "-";

template <typename... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string percent(double share) { return print("%.2f", share * 100) + " %"; }
std::string points(double difference) { return print("%+.2f", difference * 100); }
std::string p_text(double p) { return p < 0.0001 ? print("%.1e", p) : print("%.4f", p); }
// Two significant digits and more: an interval says the rest.
std::string count(double value) { return compare::format_count(value); }

// Columns side by side, two spaces between them; the width of a text is its number of code points.
std::string columns(const std::vector<std::vector<std::string>>& rows, const std::string& indent = "") {
  const auto width = [](const std::string& text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  };
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = indent;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] - width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string joules_text(const energy::Figure<energy::Joules>& figure, double factor) {
  return compare::format_joules(figure.value.value() * factor) + " (" +
         compare::format_joules(figure.low.value() * factor) + " to " +
         compare::format_joules(figure.high.value() * factor) + ")";
}

std::string break_even_text(const ModelSummary& model) {
  if (!model.break_even) return kNone;
  if (model.break_even->never) return "never";
  return count(model.break_even->inferences) + " (" + count(model.break_even->low) + " to " +
         count(model.break_even->high) + ")";
}

std::string accuracy_text(const Manifest& manifest) {
  const auto metric = manifest.metrics.find("accuracy");
  if (metric == manifest.metrics.end()) return kNone;
  std::string text = percent(metric->second.value);
  if (metric->second.low) {
    text += print(" (%.2f to %.2f)", *metric->second.low * 100, *metric->second.high * 100);
  }
  return text;
}

std::vector<std::string> table_row(const Overview& overview, const ModelSummary& model) {
  const Manifest& manifest = model.manifest;
  const bool bert = manifest.architecture == Architecture::kBert;
  const bool is_base = &model == &overview.base();
  return {manifest.id + (is_base ? " *" : ""),
          model.done,
          accuracy_text(manifest),
          compare::format_bytes(model.download_bytes),
          count(static_cast<double>(manifest.parameters.total)),
          bert ? count(static_cast<double>(manifest.parameters.encoder_nonzero)) : kNone,
          model.relative_flops ? print("%.2f", *model.relative_flops) : kNone,
          model.inference ? joules_text(model.inference->cost.energy, 1000) : kNone,
          model.making ? joules_text(*model.making, 1) : kNone,
          is_base ? kNone : break_even_text(model)};
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string number(double value) { return print("%.9g", value); }

void add_figure(std::vector<std::string>& cells, const energy::Figure<energy::Joules>* figure, double factor) {
  if (figure == nullptr) {
    cells.insert(cells.end(), {"", "", "", ""});
    return;
  }
  cells.insert(cells.end(), {number(figure->value.value() * factor), number(figure->low.value() * factor),
                             number(figure->high.value() * factor), energy::to_string(figure->provenance.kind)});
}

std::vector<std::string> csv_row(const Overview& overview, const ModelSummary& model) {
  const Manifest& manifest = model.manifest;
  std::vector<std::string> cells = {manifest.id, manifest.parent_id.value_or(""), overview.base().manifest.id,
                                    model.done};
  const auto accuracy = manifest.metrics.find("accuracy");
  const bool scored = accuracy != manifest.metrics.end();
  cells.push_back(scored ? number(accuracy->second.value) : "");
  cells.push_back(scored && accuracy->second.low ? number(*accuracy->second.low) : "");
  cells.push_back(scored && accuracy->second.high ? number(*accuracy->second.high) : "");
  cells.push_back(manifest.test_set && manifest.test_set->sha256 ? *manifest.test_set->sha256 : "");
  const bool bert = manifest.architecture == Architecture::kBert;
  cells.push_back(bert ? std::to_string(manifest.max_length) : "");
  cells.push_back(std::to_string(model.download_bytes));
  cells.push_back(std::to_string(manifest.parameters.total));
  cells.push_back(bert ? std::to_string(manifest.parameters.encoder_nonzero) : "");
  cells.push_back(model.relative_flops ? number(*model.relative_flops) : "");
  cells.push_back(model.inference ? std::to_string(model.inference->tokens) : "");
  add_figure(cells, model.inference ? &model.inference->cost.energy : nullptr, 1000);
  add_figure(cells, model.making ? &*model.making : nullptr, 1);
  const bool repaid = model.break_even && !model.break_even->never;
  cells.push_back(!model.break_even ? "" : repaid ? number(model.break_even->inferences) : "never");
  cells.push_back(repaid ? number(model.break_even->low) : "");
  cells.push_back(repaid ? number(model.break_even->high) : "");
  return cells;
}

OrderedJson model_json(const Overview& overview, const ModelSummary& model) {
  const Manifest& manifest = model.manifest;
  OrderedJson json = {{"id", manifest.id}, {"baseline", &model == &overview.base()}};
  json["architecture"] = manifest.architecture == Architecture::kBert ? "bert" : "linear";
  if (manifest.parent_id) json["parent_id"] = *manifest.parent_id;
  json["done"] = model.done;
  if (const auto it = manifest.metrics.find("accuracy"); it != manifest.metrics.end()) {
    json["accuracy"] = records::to_json(it->second);
  }
  if (manifest.test_set && manifest.test_set->sha256) json["test_set_sha256"] = *manifest.test_set->sha256;
  if (manifest.architecture == Architecture::kBert) {
    json["max_length"] = manifest.max_length;
    json["truncation"] = manifest.truncation;
  }
  json["download_bytes"] = model.download_bytes;
  json["parameters"] = {{"total", manifest.parameters.total}};
  if (manifest.architecture == Architecture::kBert) {
    json["parameters"]["encoder"] = manifest.parameters.encoder;
    json["parameters"]["encoder_nonzero"] = manifest.parameters.encoder_nonzero;
  }
  if (model.relative_flops) json["relative_encoder_flops"] = *model.relative_flops;
  if (model.inference) {
    json["inference"] = {{"tokens", model.inference->tokens}};
    if (!model.inference->prompt.empty()) json["inference"]["prompt"] = model.inference->prompt;
    if (!model.inference->run_id.empty()) json["inference"]["run_id"] = model.inference->run_id;
    if (!model.inference->machine.empty()) json["inference"]["machine"] = model.inference->machine;
    json["inference"]["joules_per_1000_reviews"] = energy::to_json(model.inference->cost.energy * 1000.0);
  }
  if (model.making) {
    json["making"]["energy_joules"] = energy::to_json(*model.making);
    for (const auto& [kind, figure] : model.making_by_kind) json["making"]["by_kind"][kind] = energy::to_json(figure);
    // A manifest keeps carbon as one sum, so it goes with all of the energy only.
    if (manifest.making_energy->carbon_grams_co2e &&
        model.making->value == manifest.making_energy->energy_joules->value) {
      json["making"]["carbon_grams_co2e"] = energy::to_json(*manifest.making_energy->carbon_grams_co2e);
    }
  }
  if (model.cost) {
    json["cost_from_baseline"] = {{"energy_joules", energy::to_json(*model.cost)}, {"of", model.cost_of}};
  }
  if (model.saving) {
    json["saving_joules_per_inference"] = {{"value", model.saving->value.value()},
                                           {"low", model.saving->low.value()},
                                           {"high", model.saving->high.value()},
                                           {"measured_in_turns", model.saving->shared_power}};
  }
  if (model.ratio) {
    json["energy_ratio"] = {{"value", model.ratio->value}, {"low", model.ratio->low}, {"high", model.ratio->high}};
  }
  if (model.break_even) {
    json["break_even"] = {{"never", model.break_even->never}};
    if (!model.break_even->never) {
      json["break_even"]["inferences"] = model.break_even->inferences;
      json["break_even"]["low"] = model.break_even->low;
      json["break_even"]["high"] = model.break_even->high;
    }
  }
  return json;
}

std::vector<std::string> slice_row(const SliceReport& slice) {
  if (slice.n == 0) return {slice.family, slice.name, "0", kNone, kNone, kNone, kNone, kNone, ""};
  return {slice.family,
          slice.name,
          compare::format_integer(slice.n),
          percent(slice.first_accuracy),
          percent(slice.second_accuracy),
          points(slice.score.difference),
          points(slice.score.interval.low) + " to " + points(slice.score.interval.high),
          slice.p_adjusted ? p_text(*slice.p_adjusted) : kNone,
          slice.worse()    ? "worse"
          : slice.better() ? "better"
                           : ""};
}

std::string reliability_text(const PairedReport& report, const std::string& first, const std::string& second) {
  std::vector<std::vector<std::string>> rows = {{"said", first, "", second, ""},
                                                {"", "reviews", "are positive", "reviews", "are positive"}};
  for (size_t i = 0; i < metrics::kReliabilityBins; ++i) {
    std::vector<std::string> row = {
        print("%.1f to %.1f", static_cast<double>(i) / 10, static_cast<double>(i + 1) / 10)};
    for (const metrics::Calibration* calibration : {&report.first_calibration, &report.second_calibration}) {
      const metrics::ReliabilityBin& bin = calibration->bins[i];
      row.push_back(compare::format_integer(bin.n));
      row.push_back(bin.n == 0 ? kNone : print("%.3f (said %.3f)", bin.share_positive, bin.mean_score));
    }
    rows.push_back(std::move(row));
  }
  return columns(rows, "  ");
}

}  // namespace

std::string non_inferiority_sentence(const PairedReport& report) {
  const std::string margin = print("%.2f points", report.non_inferiority.margin * 100);
  switch (report.non_inferiority.verdict) {
    case metrics::NonInferiority::kShown:
      return "the loss is below " + margin + " (the whole interval is)";
    case metrics::NonInferiority::kRefuted:
      return "the loss is above " + margin + " (the whole interval is)";
    case metrics::NonInferiority::kInconclusive:
      break;
  }
  return "whether the loss is below " + margin + " these reviews do not tell (the interval holds it)";
}

std::string overview_text(const Overview& overview) {
  const std::string tokens = std::to_string(overview.tokens);
  std::vector<std::vector<std::string>> rows = {{"model", "made by", "accuracy (95 %)", "download", "parameters",
                                                 "encoder not 0", "FLOPs", "1,000 reviews", "its making",
                                                 "repaid after"}};
  for (const ModelSummary& model : overview.models) rows.push_back(table_row(overview, model));
  std::string text = columns(rows);
  text += "\n*: the baseline. FLOPs: of the encoder at " + tokens + " tokens, relative to it. ";
  if (const auto& inference = overview.base().inference) {
    const bool bert = overview.base().manifest.architecture == Architecture::kBert;
    text += "1,000 reviews: of " + std::to_string(inference->tokens) + (bert ? " tokens" : " words") +
            (inference->prompt.empty() ? "" : " (\"" + inference->prompt + "\")") + " each.";
  }
  text +=
      "\nrepaid after: inferences until the energy saved repays all that made the model from the baseline, pruning "
      "and\n"
      "recovery included; \"never\" where the interval of the saving holds no saving.\n";
  std::set<std::string> methods;
  for (const ModelSummary& model : overview.models) {
    if (!model.inference) continue;
    const energy::Provenance& provenance = model.inference->cost.energy.provenance;
    methods.insert(std::string(energy::to_string(provenance.kind)) + ": " + provenance.method);
  }
  for (const std::string& method : methods) text += "energy " + method + "\n";
  for (const std::string& note : overview.notes) text += "note: " + note + "\n";
  return text;
}

std::string overview_csv(const Overview& overview) {
  std::string text =
      "model,parent,baseline,done,accuracy,accuracy_low,accuracy_high,test_set_sha256,max_length,download_bytes,"
      "parameters,encoder_nonzero,relative_encoder_flops,reference_tokens,joules_per_1000_reviews,"
      "joules_per_1000_reviews_low,joules_per_1000_reviews_high,inference_provenance,making_joules,making_joules_low,"
      "making_joules_high,making_provenance,break_even_inferences,break_even_low,break_even_high\n";
  for (const ModelSummary& model : overview.models) {
    std::string line;
    for (const std::string& cell : csv_row(overview, model)) line += (line.empty() ? "" : ",") + csv_cell(cell);
    text += line + "\n";
  }
  return text;
}

OrderedJson to_json(const Overview& overview) {
  OrderedJson json;
  json["baseline"] = overview.base().manifest.id;
  json["reference_tokens"] = overview.tokens;
  json["models"] = OrderedJson::array();
  for (const ModelSummary& model : overview.models) json["models"].push_back(model_json(overview, model));
  json["notes"] = overview.notes;
  return json;
}

std::string paired_text(const PairedReport& report, const std::string& first, const std::string& second) {
  const auto interval = [](const metrics::Interval& bounds) {
    return points(bounds.low) + " to " + points(bounds.high);
  };
  const int64_t flips = report.test.only_first_right + report.test.only_second_right;
  std::string text =
      second + " against " + first + " on the same " + compare::format_integer(report.n) + " reviews\n\n";
  text += columns(
      {{"accuracy", percent(report.first_accuracy) + " -> " + percent(report.second_accuracy) + ": " +
                        points(report.score.difference) + " points (95 % " + interval(report.score.interval) +
                        "; bootstrap " + interval(report.resampled.interval) + ")"},
       {"flips", compare::format_integer(flips) +
                     " verdicts: " + compare::format_integer(report.test.only_first_right) + " lost, " +
                     compare::format_integer(report.test.only_second_right) +
                     " won (McNemar's exact test: p = " + p_text(report.test.p_value) + ")"},
       {"margin", std::string(metrics::to_string(report.non_inferiority.verdict)) + ": " +
                      non_inferiority_sentence(report) + "; one-sided p = " + p_text(report.non_inferiority.p_value)},
       {"calibration",
        print("ECE %.4f -> %.4f, Brier %.4f -> %.4f (%+.4f, 95 %% %+.4f to %+.4f)", report.first_calibration.ece,
              report.second_calibration.ece, report.first_calibration.brier, report.second_calibration.brier,
              report.brier.difference, report.brier.interval.low, report.brier.interval.high)}},
      "  ");
  std::vector<std::vector<std::string>> rows = {
      {"slice", "", "reviews", first, second, "points", "95 %", "p (Holm)", ""}};
  for (const SliceReport& slice : report.slices) rows.push_back(slice_row(slice));
  text += "\n" + columns(rows, "  ") + "\n" + reliability_text(report, first, second);
  return text;
}

}  // namespace coppice::compare_models
