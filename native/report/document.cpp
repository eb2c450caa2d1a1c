#include "native/report/document.h"

#include "native/compare/render.h"
#include "native/export/run_recorder.h"
#include "shared/energy/device.h"
#include "shared/energy/regions.h"

namespace coppice::report {
namespace {

OrderedJson head_of(const SourceFile& file) {
  OrderedJson json;
  json["id"] = file.id();
  json["path"] = file.path;
  json["sha256"] = file.sha256;
  return json;
}

OrderedJson others_of(const Collection& collection, const std::string& kind) {
  OrderedJson list = OrderedJson::array();
  for (const auto& [key, entry] : collection.others) {
    if (key.rfind(kind + " ", 0) != 0) continue;
    OrderedJson json = head_of(entry.first);
    json["document"] = entry.second;
    list.push_back(std::move(json));
  }
  return list;
}

OrderedJson devices() {
  OrderedJson list = OrderedJson::array();
  for (const energy::DevicePreset& device : energy::device_presets()) {
    list.push_back({{"id", device.id},
                    {"name", device.name},
                    {"watts", device.power.value()},
                    {"watts_low", device.low.value()},
                    {"watts_high", device.high.value()},
                    {"source", device.source}});
  }
  return list;
}

Result<OrderedJson> overview_of(Collection& collection, const DocumentOptions& options) {
  if (collection.models.empty()) return OrderedJson();
  std::vector<compare_models::ModelSummary> summaries;
  for (CollectedModel& model : collection.models) {
    // A score that other records contradict is no score.
    if (!model.metrics_hold) model.summary.manifest.metrics.clear();
    summaries.push_back(std::move(model.summary));
  }
  COPPICE_ASSIGN_OR_RETURN(const compare_models::Overview overview,
                           compare_models::summarise_models(std::move(summaries), options.baseline, options.tokens));
  return compare_models::to_json(overview);
}

// [{"id","path","sha256","model","record":...},...] as one text: a thousand of them are no document to copy.
std::string records_text(const Collection& collection) {
  std::string text = "[";
  for (const CollectedRecord& record : collection.records) {
    OrderedJson head = head_of(record.file);
    if (!record.model.empty()) head["model"] = record.model;
    std::string entry = dump_json(head);
    entry.pop_back();
    if (text.size() > 1) text += ',';
    text += entry;
    text += ",\"record\":";
    text += dump_json(records::to_json(record.record));
    text += '}';
  }
  text += ']';
  return text;
}

}  // namespace

Result<OrderedJson> make_document(Collection& collection, const DocumentOptions& options) {
  OrderedJson json;
  json["schema_version"] = 1;
  json["program_version"] = program_version();
  json["command"] = options.command;
  OrderedJson& models = json["models"] = OrderedJson::array();
  for (const CollectedModel& model : collection.models) {
    OrderedJson entry = head_of(model.file);
    entry["model"] = model.summary.manifest.id;
    // The parent as it is here: absent where the model of that name is another.
    if (model.summary.manifest.parent_id) entry["parent"] = *model.summary.manifest.parent_id;
    entry["shipped"] = model.shipped;
    entry["metrics_hold"] = model.metrics_hold;
    entry["manifest"] = model.document;
    models.push_back(std::move(entry));
  }
  json["lifecycles"] = others_of(collection, "lifecycle");
  json["sweeps"] = others_of(collection, "sweep");
  json["latency_tables"] = others_of(collection, "latency");
  json["ort_web_times"] = others_of(collection, "ort-web");
  OrderedJson& apart = json["kept_apart"] = OrderedJson::array();
  for (const KeptApart& file : collection.apart) {
    OrderedJson entry;
    entry["path"] = file.file.path;
    if (!file.file.sha256.empty()) entry["sha256"] = file.file.sha256;
    entry["why"] = to_string(file.why);
    entry["reason"] = file.reason;
    apart.push_back(std::move(entry));
  }
  json["counts"] = {
      {"files_read", collection.files_read}, {"copies", collection.copies}, {"passed_over", collection.passed_over}};
  json["not_used"] = collection.not_used;
  json["notes"] = collection.notes;
  COPPICE_ASSIGN_OR_RETURN(json["overview"], overview_of(collection, options));
  OrderedJson& regions = json["regions"] = OrderedJson::array();
  COPPICE_ASSIGN_OR_RETURN(const std::vector<energy::CloudRegion> of_cloud, energy::cloud_regions("gcp", 0));
  for (const energy::CloudRegion& region : of_cloud) regions.push_back(energy::to_json(region));
  json["devices"] = devices();
  json["assumptions"] = {{"reviews_per_month", options.reviews_per_month}};
  return json;
}

std::string document_text(const Collection& collection, const OrderedJson& document) {
  std::string text = dump_json(document);
  text.pop_back();
  text += ",\"records\":";
  text += records_text(collection);
  text += '}';
  return text;
}

}  // namespace coppice::report
