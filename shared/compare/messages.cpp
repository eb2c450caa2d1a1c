#include "shared/compare/messages.h"

#include <functional>
#include <map>

#include "shared/base/json.h"
#include "shared/compare/cells.h"
#include "shared/compare/choice_events.h"
#include "shared/compare/format.h"
#include "shared/compare/insights_json.h"
#include "shared/compare/side_messages.h"

namespace coppice::compare {
namespace {

const char* kind_name(RequestKind kind) {
  switch (kind) {
    case RequestKind::kFetch:
      return "fetch";
    case RequestKind::kProbe:
      return "probe";
    case RequestKind::kLoad:
      return "load";
    case RequestKind::kRun:
    case RequestKind::kSideRun:
      return "run";
    case RequestKind::kUnload:
      return "unload";
    case RequestKind::kCalibrate:
      return "calibrate";
  }
  return "";
}

const char* agreement_name(Agreement agreement) {
  switch (agreement) {
    case Agreement::kNone:
      return "none";
    case Agreement::kAgree:
      return "agree";
    case Agreement::kDisagree:
      return "disagree";
  }
  return "";
}

Status run_done(JsonReader& event, Comparison& comparison) {
  const int64_t id = event.integer("id");
  const double milliseconds = event.number("milliseconds");
  const int64_t runs = event.integer_or("runs", 1);
  const Json& logits = event.at("logits");
  COPPICE_RETURN_IF_ERROR(event.status());
  if (!logits.is_array() || logits.size() != 2 || !logits[0].is_number() || !logits[1].is_number()) {
    event.fail("logits", "expected two numbers");
    return event.status();
  }
  comparison.run_done(id, {logits[0].get<double>(), logits[1].get<double>()}, milliseconds, runs);
  return {};
}

Runtime read_runtime(JsonReader& event) {
  return {event.string("name"), event.string("version"), event.string("backend"),
          static_cast<int>(event.integer("threads")), event.boolean("isolated")};
}

Status runtime(JsonReader& event, Comparison& comparison) {
  Runtime runtime = read_runtime(event);
  COPPICE_RETURN_IF_ERROR(event.status());
  comparison.set_runtime(std::move(runtime));
  return {};
}

Status loaded(JsonReader& event, Comparison& comparison) {
  const int64_t id = event.integer("id");
  const bool stored = event.boolean("stored");
  COPPICE_RETURN_IF_ERROR(event.status());
  if (!event.has("runtime")) {
    comparison.loaded(id, stored);
    return {};
  }
  JsonReader inner(event.at("runtime"), "event: runtime");
  Runtime runtime = read_runtime(inner);
  COPPICE_RETURN_IF_ERROR(inner.status());
  comparison.loaded(id, stored, std::move(runtime));
  return {};
}

// A model of the visitor's own. "folder" is absent where it comes with a manifest.
Status add_model(JsonReader& event, Comparison& comparison) {
  const std::string id = event.string("model");
  COPPICE_RETURN_IF_ERROR(event.status());
  if (!event.has("folder")) return comparison.add_model(id);
  JsonReader reader(event.at("folder"), "event: folder");
  HuggingFaceFolder folder;
  folder.weights = reader.string("weights");
  folder.config = reader.string("config");
  const auto optional_text = [&](const char* key) {
    return reader.has(key) ? std::optional<std::string>(reader.string(key)) : std::nullopt;
  };
  folder.tokenizer_config = optional_text("tokenizer_config");
  folder.tokenizer = optional_text("tokenizer");
  folder.vocabulary = optional_text("vocabulary");
  const Json& files = reader.at("files");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!files.is_array()) reader.fail("files", "expected an array");
  for (const Json& file : files) {
    JsonReader entry(file, "event: folder: files");
    folder.files.push_back({entry.string("path"), entry.integer("bytes"), entry.string("sha256")});
    COPPICE_RETURN_IF_ERROR(entry.status());
  }
  COPPICE_RETURN_IF_ERROR(reader.status());
  return comparison.add_model(id, folder);
}

// Each reads its members, checks them, then acts.
using Handler = std::function<Status(JsonReader&, Comparison&)>;

const std::map<std::string, Handler>& handlers() {
  static const std::map<std::string, Handler> table = {
      {"probed",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const int64_t id = event.integer("id");
         const bool on_device = event.boolean("on_device");
         COPPICE_RETURN_IF_ERROR(event.status());
         comparison.probed(id, on_device);
         return {};
       }},
      {"progress",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const int64_t id = event.integer("id");
         const int64_t done = event.integer("bytes_done");
         const int64_t total = event.integer("bytes_total");
         COPPICE_RETURN_IF_ERROR(event.status());
         comparison.progress(id, done, total);
         return {};
       }},
      {"preparing",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const int64_t id = event.integer("id");
         COPPICE_RETURN_IF_ERROR(event.status());
         comparison.preparing(id);
         return {};
       }},
      {"loaded", loaded},
      {"add_model", add_model},
      {"stored",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const std::string model = event.string("model");
         const bool on_device = event.boolean("on_device");
         COPPICE_RETURN_IF_ERROR(event.status());
         return comparison.set_stored(model, on_device);
       }},
      {"backend",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const std::string value = event.string("value");
         COPPICE_RETURN_IF_ERROR(event.status());
         return comparison.choose_backend(value);
       }},
      {"beside",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const bool beside = event.boolean("value");
         COPPICE_RETURN_IF_ERROR(event.status());
         return comparison.run_beside(beside);
       }},
      {"run_done", run_done},
      {"failed",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const int64_t id = event.integer("id");
         const std::string message = event.string("message");
         COPPICE_RETURN_IF_ERROR(event.status());
         comparison.request_failed(id, message);
         return {};
       }},
      {"runtime_lost",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const std::string message = event.string("message");
         COPPICE_RETURN_IF_ERROR(event.status());
         comparison.runtime_lost(message);
         return {};
       }},
      {"runtime", runtime},
      {"notice",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const std::string message = event.string("message");
         COPPICE_RETURN_IF_ERROR(event.status());
         comparison.add_notice(message);
         return {};
       }},
      {"start", [](JsonReader&, Comparison& comparison) -> Status { return comparison.start(); }},
      {"cancel",
       [](JsonReader&, Comparison& comparison) -> Status {
         comparison.cancel();
         return {};
       }},
      {"load",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const std::string model = event.string("model");
         COPPICE_RETURN_IF_ERROR(event.status());
         return comparison.load(model);
       }},
      {"retry",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const std::string model = event.string("model");
         COPPICE_RETURN_IF_ERROR(event.status());
         return comparison.retry(model);
       }},
      {"select",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const std::string model = event.string("model");
         const bool selected = event.boolean("selected");
         COPPICE_RETURN_IF_ERROR(event.status());
         return comparison.select_model(model, selected);
       }},
      {"repeats",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const int64_t value = event.integer("value");
         COPPICE_RETURN_IF_ERROR(event.status());
         return comparison.set_repeats(static_cast<int>(std::min<int64_t>(std::max<int64_t>(value, -1), 1'000'000)));
       }},
      {"device",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const std::string value = event.string("value");
         COPPICE_RETURN_IF_ERROR(event.status());
         return comparison.choose_device(value);
       }},
      {"grid",
       [](JsonReader& event, Comparison& comparison) -> Status {
         const std::string value = event.string("value");
         COPPICE_RETURN_IF_ERROR(event.status());
         return comparison.choose_grid(value);
       }},
  };
  return table;
}

OrderedJson interval_json(double low, double high) { return OrderedJson::array({low, high}); }

OrderedJson row_json(const ModelRow& row, const State& state) {
  OrderedJson json;
  json["id"] = row.id;
  json["architecture"] = is_linear(row) ? "linear" : "bert";
  json["phase"] = phase_name(row.phase);
  json["problem"] = row.problem;
  json["selected"] = row.selected;
  json["on_device"] = row.on_device;
  json["yours"] = row.yours;
  if (!row.twin_of.empty()) json["twin_of"] = row.twin_of;
  json["model_bytes"] = row.model_bytes;
  json["bytes_done"] = row.bytes_done;
  json["bytes_total"] = row.bytes_total;
  json["max_length"] = row.max_length;
  json["truncation"] = row.truncation;
  json["tokens"] = row.tokens;
  json["tokens_whole"] = row.tokens_whole;
  json["truncated"] = row.truncated;
  if (row.accuracy) json["accuracy"] = records::to_json(*row.accuracy);
  if (row.verdict) {
    json["label"] = row.verdict->label;
    json["probability"] = row.verdict->probability;
    json["logits"] = {row.verdict->logits[0], row.verdict->logits[1]};
  }
  if (row.runtime) {
    json["backend"] = row.runtime->backend;
  }
  if (row.warm_up_ms) json["warm_up_ms"] = *row.warm_up_ms;
  json["times_ms"] = row.times_ms;
  json["runs_per_time"] = row.runs_per_time;
  if (row.time) {
    json["median_ms"] = row.time->median_ms;
    json["mad_ms"] = row.time->mad_ms;
    json["median_interval_ms"] = interval_json(row.time->interval_ms.low, row.time->interval_ms.high);
  }
  if (row.against_baseline) {
    json["time_ratio"] = row.against_baseline->ratio;
    json["time_ratio_interval"] =
        interval_json(row.against_baseline->interval.low, row.against_baseline->interval.high);
  }
  if (row.estimate) {
    json["energy_joules"] = energy::to_json(row.estimate->energy);
    json["carbon_grams_co2e"] = energy::to_json(row.estimate->carbon);
    if (row.estimate->embodied) json["embodied_grams_co2e"] = energy::to_json(*row.estimate->embodied);
  }
  OrderedJson text;
  for (const Cell& cell : cells_of(row, state)) text[cell.key] = cell.text;
  json["text"] = text;
  return json;
}

}  // namespace

std::string to_json(const Request& request) {
  OrderedJson json;
  json["id"] = request.id;
  json["kind"] = kind_name(request.kind);
  json["model"] = request.model;
  if (!request.path.empty()) json["path"] = request.path;
  if (request.bytes >= 0) json["bytes"] = request.bytes;
  if (!request.sha256.empty()) json["sha256"] = request.sha256;
  if (request.by_core && request.kind == RequestKind::kLoad) {
    json["engine"] = "core";
    json["config"] = request.config;
  }
  if (!request.backend.empty()) json["backend"] = request.backend;
  if (request.backend == "core") {
    json["config"] = request.config;
    json["max_length"] = request.max_length;
  }
  if (request.kind == RequestKind::kRun || request.kind == RequestKind::kSideRun) {
    if (!request.timed) json["timed"] = false;
    if (request.by_core) {
      json["text"] = request.text;
    } else {
      json["input_ids"] = request.input_ids;
    }
  }
  return dump_json(json);
}

Status apply_event(std::string_view json, Comparison& comparison) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(json, "event"));
  JsonReader event(document, "event");
  const std::string type = event.string("type");
  COPPICE_RETURN_IF_ERROR(event.status());
  if (const std::optional<Status> done = apply_choice_event(type, event, comparison)) return *done;
  if (const std::optional<Status> done = apply_side_event(type, comparison)) return *done;
  const auto handler = handlers().find(type);
  if (handler == handlers().end()) return unsupported("event: type: \"" + type + "\" is not known");
  return handler->second(event, comparison);
}

std::string view_json(const State& state) {
  OrderedJson json;
  json["revision"] = state.revision;
  json["catalog_read"] = state.catalog_read;
  json["catalog_problem"] = state.catalog_problem;
  json["notices"] = state.notices;
  json["phase"] = phase_name(state.phase);
  json["repeats"] = state.repeats;
  json["runs_done"] = state.runs_done;
  json["runs_planned"] = state.runs_planned;
  json["comparisons_finished"] = state.comparisons_finished;
  json["text_bytes"] = state.text_bytes;
  json["text_empty"] = state.text_empty;
  json["results_are_stale"] = state.results_are_stale;
  json["backend"] = state.backend;
  json["device"] = state.device_id;
  json["grid"] = state.grid_id;
  json["agreement"] = agreement_name(state.agreement);
  json["headline"] = state.headline;
  json["floor"] = state.floor;
  json["insights"] = insights_json(state);
  json["status"] = status_line(state);
  json["runtime"] = {{"name", state.runtime.name},         {"version", state.runtime.version},
                     {"backend", state.runtime.backend},   {"threads", state.runtime.threads},
                     {"isolated", state.runtime.isolated}, {"text", runtime_line(state.runtime)}};
  json["columns"] = OrderedJson::array();
  for (const Column& column : columns()) json["columns"].push_back({{"key", column.key}, {"title", column.title}});
  json["models"] = OrderedJson::array();
  for (const ModelRow& row : state.models) json["models"].push_back(row_json(row, state));
  return dump_json(json);
}

std::string choices_json() {
  OrderedJson json;
  json["devices"] = OrderedJson::array();
  for (const energy::DevicePreset& device : energy::device_presets()) {
    json["devices"].push_back({{"id", device.id},
                               {"name", device.name},
                               {"watts", device.power.value()},
                               {"watts_low", device.low.value()},
                               {"watts_high", device.high.value()},
                               {"source", device.source}});
  }
  json["methods"] = OrderedJson::array();
  for (const energy::InferenceMethodInfo& method : energy::inference_methods()) {
    json["methods"].push_back({{"id", method.id}, {"name", method.name}, {"counts", method.counts}});
  }
  json["grids"] = OrderedJson::array();
  for (const GridPreset& grid : grid_presets()) {
    json["grids"].push_back(
        {{"id", grid.id}, {"name", grid.name}, {"group", grid.group}, {"grams_per_kwh", grid.grams_per_kwh}});
  }
  return dump_json(json);
}

}  // namespace coppice::compare
