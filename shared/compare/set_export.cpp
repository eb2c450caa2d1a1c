#include "shared/compare/set_export.h"

#include <cstdio>

#include "shared/base/csv.h"
#include "shared/base/json.h"
#include "shared/explain/occlusion.h"

namespace coppice::compare {
namespace {

constexpr const char* kLabels[] = {"negative", "positive"};

std::string export_number(double value, const char* format) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

OrderedJson share_json(const Share& share) {
  return {{"value", share.value()},
          {"low", share.interval.low},
          {"high", share.interval.high},
          {"count", share.count},
          {"of", share.of}};
}

OrderedJson model_json(const SetModel& model, const SetModelFigures& figures) {
  OrderedJson json;
  json["id"] = model.id;
  json["failed"] = model.failed;
  if (model.failed) return json;
  if (figures.accuracy) json["accuracy"] = share_json(*figures.accuracy);
  if (figures.against_first) {
    json["accuracy_difference_to_first"] = {{"value", figures.against_first->difference},
                                            {"low", figures.against_first->interval.low},
                                            {"high", figures.against_first->interval.high}};
  }
  if (figures.agreement_with_first) json["agreement_with_first"] = share_json(*figures.agreement_with_first);
  if (figures.median_ms) {
    json["milliseconds_per_review"] = {{"median", *figures.median_ms},
                                       {"quarter_below", figures.middle_half_ms.low},
                                       {"quarter_above", figures.middle_half_ms.high}};
    json["seconds_together"] = figures.seconds;
  }
  if (figures.energy) json["energy_joules_together"] = energy::to_json(*figures.energy);
  return json;
}

OrderedJson runtime_json(const Runtime& runtime) {
  return {{"name", runtime.name},
          {"version", runtime.version},
          {"backend", runtime.backend},
          {"threads", runtime.threads},
          {"isolated", runtime.isolated}};
}

}  // namespace

std::string set_csv(const ReviewSet& set) {
  std::string csv = "line,review,label,agree";
  for (const SetModel& model : set.models) {
    if (model.failed) continue;
    for (const char* column : {"verdict", "probability_positive", "milliseconds"}) {
      csv += "," + csv_text_cell(model.id + " " + column);
    }
    csv += "," + csv_text_cell(model.id + (model.linear ? " words" : " tokens"));
  }
  csv += "\r\n";
  const size_t done = reviews_done(set);
  for (size_t i = 0; i < done; ++i) {
    const reviews::Review& review = set.file->reviews[i];
    csv += std::to_string(review.line) + "," + csv_text_cell(review.text) + ",";
    csv += (review.label ? kLabels[*review.label] : std::string()) + (agree_on(set, i) ? ",yes" : ",no");
    for (const SetModel& model : set.models) {
      if (model.failed) continue;
      const SetJudgement& judgement = model.judgements[i];
      csv += "," + csv_text_cell(model.order.names[static_cast<size_t>(judgement.label())]);
      csv += "," + export_number(explain::probability_of(judgement.margin), "%.6f");
      csv += "," + export_number(judgement.milliseconds, "%.6g");
      csv += "," + std::to_string(judgement.tokens);
    }
    csv += "\r\n";
  }
  return csv;
}

std::string set_json(const ReviewSet& set, const SetFigures& figures, const State& state) {
  OrderedJson json;
  json["kind"] = "coppice_review_set";
  json["schema_version"] = 1;
  json["file"] = set.file->name;
  json["reviews_in_file"] = set.file->reviews.size();
  json["reviews_judged"] = figures.done;
  json["intervals"] = "95 %: Wilson's for shares, Tango's for paired differences of accuracy";
  json["device"] = state.device_id;
  json["grid"] = state.grid_id;
  json["runtime"] = runtime_json(state.runtime);
  if (figures.agreement) json["agreement"] = share_json(*figures.agreement);
  json["models"] = OrderedJson::array();
  for (size_t place = 0; place < set.models.size(); ++place) {
    json["models"].push_back(model_json(set.models[place], figures.models[place]));
  }
  json["reviews"] = OrderedJson::array();
  for (size_t i = 0; i < figures.done; ++i) {
    const reviews::Review& review = set.file->reviews[i];
    OrderedJson row;
    row["line"] = review.line;
    row["text"] = review.text;
    row["label"] = review.label ? OrderedJson(kLabels[*review.label]) : OrderedJson(nullptr);
    for (const SetModel& model : set.models) {
      if (model.failed) continue;
      const SetJudgement& judgement = model.judgements[i];
      row["judgements"][model.id] = {{"verdict", model.order.names[static_cast<size_t>(judgement.label())]},
                                     {"probability_positive", explain::probability_of(judgement.margin)},
                                     {"milliseconds", judgement.milliseconds},
                                     {model.linear ? "words" : "tokens", judgement.tokens}};
    }
    json["reviews"].push_back(std::move(row));
  }
  return dump_json(json, 1);
}

}  // namespace coppice::compare
