#include "shared/records/manifest.h"

#include <algorithm>
#include <set>

#include "shared/records/schema.h"

namespace coppice::records {
namespace {

// Longer than any BERT's input; keeps products of lengths far from overflow.
constexpr int64_t kMaxTokens = 65'536;

// Calls `read(element, where)` for each element of an array member; an absent member is an empty array.
template <typename Read>
Status for_each(JsonReader& reader, const char* key, const std::string& source, Read read) {
  if (!reader.has(key)) return {};
  const Json& array = reader.at(key);
  if (!array.is_array()) return invalid_input(source + ": " + key + ": expected an array");
  for (size_t i = 0; i < array.size(); ++i) {
    COPPICE_RETURN_IF_ERROR(read(array[i], source + ": " + key + "[" + std::to_string(i) + "]"));
  }
  return {};
}

Result<FileEntry> parse_file_entry(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  FileEntry file{reader.string("path"), reader.integer("bytes"), reader.string("sha256")};
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!is_safe_relative_path(file.path)) reader.fail("path", "\"" + file.path + "\" is no path below the folder");
  if (file.bytes < 0) reader.fail("bytes", "is negative");
  if (!is_sha256(file.sha256)) reader.fail("sha256", "expected 64 lower-case hexadecimal digits");
  COPPICE_RETURN_IF_ERROR(reader.status());
  return file;
}

Result<WeightsFile> parse_weights_file(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  WeightsFile weights{reader.string("path"), reader.string("format"), reader.string("dtype")};
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (weights.format != "onnx" && weights.format != "safetensors") {
    reader.fail("format", "is \"" + weights.format + "\"; expected onnx or safetensors");
  }
  COPPICE_RETURN_IF_ERROR(reader.status());
  return weights;
}

Result<PlanStep> parse_plan_step(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  PlanStep step;
  step.kind = reader.string("kind");
  step.run = reader.string("run");
  step.settings = reader.at("settings");
  if (reader.has("plan")) step.plan = reader.at("plan");
  COPPICE_RETURN_IF_ERROR(reader.status());
  return step;
}

Result<SpecialIds> parse_special_ids(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  SpecialIds ids;
  ids.pad = reader.integer("pad");
  ids.unk = reader.integer("unk");
  ids.cls = reader.integer("cls");
  ids.sep = reader.integer("sep");
  if (reader.has("mask")) ids.mask = reader.integer("mask");
  if (std::min({ids.pad, ids.unk, ids.cls, ids.sep, ids.mask.value_or(0)}) < 0) reader.fail("pad", "an id is negative");
  COPPICE_RETURN_IF_ERROR(reader.status());
  return ids;
}

Result<ParameterTotals> parse_parameters(const Json& json, const std::string& where, Architecture architecture) {
  JsonReader reader(json, where);
  ParameterTotals totals;
  totals.total = reader.integer("total");
  if (architecture == Architecture::kBert) {
    totals.encoder = reader.integer("encoder");
    totals.encoder_nonzero = reader.integer("encoder_nonzero");
  }
  if (reader.status().ok() && (totals.encoder_nonzero < 0 || totals.encoder_nonzero > totals.encoder)) {
    reader.fail("encoder_nonzero", "expected 0 to \"encoder\"");
  }
  if (reader.status().ok() && totals.encoder > totals.total) reader.fail("encoder", "is above \"total\"");
  COPPICE_RETURN_IF_ERROR(reader.status());
  return totals;
}

Result<std::map<int64_t, int64_t>> parse_encoder_flops(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  COPPICE_RETURN_IF_ERROR(reader.status());
  std::map<int64_t, int64_t> flops;
  for (const auto& [key, value] : json.items()) {
    int64_t tokens = 0;
    for (const char c : key) {
      tokens = c >= '0' && c <= '9' && tokens <= kMaxTokens ? tokens * 10 + (c - '0') : kMaxTokens + 1;
    }
    if (key.empty() || tokens < 1 || tokens > kMaxTokens) {
      reader.fail(key, "expected a number of tokens as the name");
      return reader.status();
    }
    const int64_t count = reader.integer(key);
    if (count < 0) reader.fail(key, "is negative");
    COPPICE_RETURN_IF_ERROR(reader.status());
    flops[tokens] = count;
  }
  return flops;
}

Result<std::map<std::string, MetricValue>> parse_metrics(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  COPPICE_RETURN_IF_ERROR(reader.status());
  std::map<std::string, MetricValue> metrics;
  for (const auto& [name, value] : json.items()) {
    COPPICE_ASSIGN_OR_RETURN(metrics[name], parse_metric_value(value, where + ": " + name));
  }
  return metrics;
}

template <typename Unit>
Status read_optional_figure(JsonReader& reader, const char* key, const std::string& where,
                            std::optional<energy::Figure<Unit>>& figure) {
  if (!reader.has(key)) return {};
  COPPICE_ASSIGN_OR_RETURN(figure, parse_figure<Unit>(reader.at(key), where + ": " + key));
  return {};
}

Result<MakingPart> parse_making_part(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  MakingPart part;
  part.kind = reader.string("kind");
  part.run = reader.string("run");
  const Json& energy = reader.at("energy_joules");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_ASSIGN_OR_RETURN(part.energy_joules, parse_figure<energy::Joules>(energy, where + ": energy_joules"));
  return part;
}

Status parse_energy(const Json& json, const std::string& where, Manifest& manifest) {
  JsonReader reader(json, where);
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (reader.has("making")) {
    const std::string making_where = where + ": making";
    JsonReader making_reader(reader.at("making"), making_where);
    MakingEnergy making;
    COPPICE_RETURN_IF_ERROR(read_optional_figure(making_reader, "energy_joules", making_where, making.energy_joules));
    COPPICE_RETURN_IF_ERROR(
        read_optional_figure(making_reader, "carbon_grams_co2e", making_where, making.carbon_grams_co2e));
    if (making_reader.has("runs")) making.runs = making_reader.strings("runs");
    if (making_reader.has("runs_without_figure")) {
      making.runs_without_figure = making_reader.strings("runs_without_figure");
    }
    COPPICE_RETURN_IF_ERROR(making_reader.status());
    COPPICE_RETURN_IF_ERROR(
        for_each(making_reader, "parts", making_where, [&](const Json& element, const std::string& at) -> Status {
          COPPICE_ASSIGN_OR_RETURN(MakingPart part, parse_making_part(element, at));
          making.parts.push_back(std::move(part));
          return {};
        }));
    manifest.making_energy = std::move(making);
  }
  return for_each(reader, "inference", where, [&](const Json& element, const std::string& at) -> Status {
    COPPICE_ASSIGN_OR_RETURN(InferenceEnergy inference, parse_inference_energy(element, at));
    manifest.inference_energy.push_back(std::move(inference));
    return {};
  });
}

// Casing, longest input, truncation, special ids and operations: what a model over tokens has.
Status parse_token_members(JsonReader& reader, const std::string& source, Manifest& manifest) {
  manifest.do_lower_case = reader.boolean("do_lower_case");
  manifest.max_length = reader.integer("max_length");
  manifest.truncation = reader.string("truncation");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (manifest.max_length < 2 || manifest.max_length > kMaxTokens) {
    reader.fail("max_length", "is " + std::to_string(manifest.max_length) + "; expected 2 to " +
                                  std::to_string(kMaxTokens) + " tokens");
  }
  if (manifest.truncation != "head" && manifest.truncation != "head_tail") {
    reader.fail("truncation", "is \"" + manifest.truncation + "\"; expected head or head_tail");
  }
  const Json& special_ids = reader.at("special_ids");
  const Json& flops = reader.at("encoder_flops");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_ASSIGN_OR_RETURN(manifest.special_ids, parse_special_ids(special_ids, source + ": special_ids"));
  COPPICE_ASSIGN_OR_RETURN(manifest.encoder_flops, parse_encoder_flops(flops, source + ": encoder_flops"));
  return {};
}

OrderedJson special_ids_to_json(const SpecialIds& ids) {
  OrderedJson json = {{"pad", ids.pad}, {"unk", ids.unk}, {"cls", ids.cls}, {"sep", ids.sep}};
  if (ids.mask) json["mask"] = *ids.mask;
  return json;
}

Status check_files(const Manifest& manifest, const std::string& source) {
  std::set<std::string> seen;
  for (const FileEntry& file : manifest.files) {
    if (file.path == "manifest.json") return invalid_input(source + ": files: lists manifest.json itself");
    if (!seen.insert(file.path).second) return invalid_input(source + ": files: " + file.path + " is listed twice");
  }
  for (const WeightsFile& weights : manifest.weights) {
    if (seen.count(weights.path) == 0) {
      return invalid_input(source + ": weights: " + weights.path + " is not among the files");
    }
  }
  return {};
}

OrderedJson making_to_json(const MakingEnergy& making) {
  OrderedJson json = OrderedJson::object();
  if (making.energy_joules) json["energy_joules"] = energy::to_json(*making.energy_joules);
  if (making.carbon_grams_co2e) json["carbon_grams_co2e"] = energy::to_json(*making.carbon_grams_co2e);
  json["runs"] = making.runs;
  for (const MakingPart& part : making.parts) {
    json["parts"].push_back(
        {{"kind", part.kind}, {"run", part.run}, {"energy_joules", energy::to_json(part.energy_joules)}});
  }
  if (!making.runs_without_figure.empty()) json["runs_without_figure"] = making.runs_without_figure;
  return json;
}

OrderedJson inference_to_json(const InferenceEnergy& inference) {
  OrderedJson json;
  json["tokens"] = inference.tokens;
  json["energy_joules"] = energy::to_json(inference.energy_joules);
  if (inference.median_milliseconds) json["median_milliseconds"] = *inference.median_milliseconds;
  if (inference.engine) json["engine"] = *inference.engine;
  if (inference.machine) json["machine"] = *inference.machine;
  return json;
}

OrderedJson data_to_json(const DataShare& data) {
  OrderedJson json;
  json["name"] = data.name;
  json["split"] = data.split;
  if (data.sha256) json["sha256"] = *data.sha256;
  if (data.examples) json["examples"] = *data.examples;
  if (data.share) json["share"] = *data.share;
  return json;
}

}  // namespace

const FileEntry* Manifest::find_file(std::string_view path) const {
  const auto it = std::find_if(files.begin(), files.end(), [&](const FileEntry& file) { return file.path == path; });
  return it == files.end() ? nullptr : &*it;
}

const WeightsFile* Manifest::find_weights(std::string_view format) const {
  const auto it =
      std::find_if(weights.begin(), weights.end(), [&](const WeightsFile& file) { return file.format == format; });
  return it == weights.end() ? nullptr : &*it;
}

Result<DataShare> parse_data_share(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  DataShare data;
  data.name = reader.string("name");
  data.split = reader.string("split");
  if (reader.has("sha256")) data.sha256 = reader.string("sha256");
  if (reader.has("examples")) data.examples = reader.integer("examples");
  if (reader.has("share")) data.share = reader.number("share");
  if (data.sha256 && !is_sha256(*data.sha256)) reader.fail("sha256", "expected 64 lower-case hexadecimal digits");
  if (data.examples && *data.examples < 0) reader.fail("examples", "is negative");
  if (data.share && !(*data.share > 0 && *data.share <= 1)) reader.fail("share", "expected a share in (0, 1]");
  COPPICE_RETURN_IF_ERROR(reader.status());
  return data;
}

Result<InferenceEnergy> parse_inference_energy(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  InferenceEnergy inference;
  inference.tokens = reader.integer("tokens");
  if (reader.status().ok() && (inference.tokens < 1 || inference.tokens > kMaxTokens)) {
    reader.fail("tokens", "expected 1 to " + std::to_string(kMaxTokens));
  }
  if (reader.has("median_milliseconds")) inference.median_milliseconds = reader.number("median_milliseconds");
  if (reader.has("engine")) inference.engine = reader.string("engine");
  if (reader.has("machine")) inference.machine = reader.string("machine");
  const Json& figure = reader.at("energy_joules");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_ASSIGN_OR_RETURN(inference.energy_joules, parse_figure<energy::Joules>(figure, where + ": energy_joules"));
  return inference;
}

Result<Manifest> parse_manifest(std::string_view bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, source));
  COPPICE_RETURN_IF_ERROR(check_schema_version(document, kManifestVersion, source));
  JsonReader reader(document, source);
  Manifest manifest;
  manifest.id = reader.string("id");
  if (reader.has("parent_id")) manifest.parent_id = reader.string("parent_id");
  manifest.program_version = reader.string("program_version");
  manifest.labels = reader.strings("labels");
  const std::string architecture = reader.string_or("architecture", "bert");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!is_model_id(manifest.id)) {
    reader.fail("id", "\"" + manifest.id + "\" is no name of letters, digits, '.', '_' and '-'");
  }
  if (architecture == "linear") {
    manifest.architecture = Architecture::kLinear;
  } else if (architecture != "bert") {
    reader.fail("architecture", "is \"" + architecture + "\"; expected bert or linear");
  }
  if (manifest.labels.size() != 2) reader.fail("labels", "expected two labels");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (manifest.architecture == Architecture::kBert) {
    COPPICE_RETURN_IF_ERROR(parse_token_members(reader, source, manifest));
  }

  const auto member = [&](const char* key) -> const Json& { return reader.at(key); };
  const auto where = [&](const char* key) { return source + ": " + key; };
  COPPICE_ASSIGN_OR_RETURN(manifest.parameters,
                           parse_parameters(member("parameters"), where("parameters"), manifest.architecture));
  member("files");
  member("plan");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_RETURN_IF_ERROR(for_each(reader, "files", source, [&](const Json& element, const std::string& at) -> Status {
    COPPICE_ASSIGN_OR_RETURN(FileEntry file, parse_file_entry(element, at));
    manifest.files.push_back(std::move(file));
    return {};
  }));
  COPPICE_RETURN_IF_ERROR(
      for_each(reader, "weights", source, [&](const Json& element, const std::string& at) -> Status {
        COPPICE_ASSIGN_OR_RETURN(WeightsFile weights, parse_weights_file(element, at));
        manifest.weights.push_back(std::move(weights));
        return {};
      }));
  COPPICE_RETURN_IF_ERROR(for_each(reader, "plan", source, [&](const Json& element, const std::string& at) -> Status {
    COPPICE_ASSIGN_OR_RETURN(PlanStep step, parse_plan_step(element, at));
    manifest.plan.push_back(std::move(step));
    return {};
  }));
  if (reader.has("metrics")) {
    COPPICE_ASSIGN_OR_RETURN(manifest.metrics, parse_metrics(member("metrics"), where("metrics")));
  }
  if (reader.has("evaluation")) {
    JsonReader evaluation(member("evaluation"), where("evaluation"));
    manifest.evaluation = EvaluationRun{evaluation.string("run"), evaluation.boolean("exact_weights")};
    if (evaluation.has("engine")) manifest.evaluation->engine = evaluation.string("engine");
    COPPICE_RETURN_IF_ERROR(evaluation.status());
  }
  if (reader.has("test_set")) {
    COPPICE_ASSIGN_OR_RETURN(manifest.test_set, parse_data_share(member("test_set"), where("test_set")));
  }
  if (reader.has("training_data")) {
    COPPICE_ASSIGN_OR_RETURN(manifest.training_data, parse_data_share(member("training_data"), where("training_data")));
  }
  if (reader.has("energy")) COPPICE_RETURN_IF_ERROR(parse_energy(member("energy"), where("energy"), manifest));
  COPPICE_RETURN_IF_ERROR(check_files(manifest, source));
  return manifest;
}

OrderedJson to_json(const Manifest& manifest) {
  OrderedJson json;
  json["schema_version"] = kManifestVersion;
  if (manifest.architecture == Architecture::kLinear) json["architecture"] = "linear";
  json["id"] = manifest.id;
  if (manifest.parent_id) json["parent_id"] = *manifest.parent_id;
  json["program_version"] = manifest.program_version;
  json["plan"] = OrderedJson::array();
  for (const PlanStep& step : manifest.plan) {
    OrderedJson entry;
    entry["kind"] = step.kind;
    entry["run"] = step.run;
    entry["settings"] = step.settings;
    if (step.plan) entry["plan"] = *step.plan;
    json["plan"].push_back(std::move(entry));
  }
  const bool bert = manifest.architecture == Architecture::kBert;
  if (bert) {
    json["do_lower_case"] = manifest.do_lower_case;
    json["max_length"] = manifest.max_length;
    json["truncation"] = manifest.truncation;
    json["special_ids"] = special_ids_to_json(manifest.special_ids);
  }
  json["labels"] = manifest.labels;
  json["weights"] = OrderedJson::array();
  for (const WeightsFile& weights : manifest.weights) {
    json["weights"].push_back({{"path", weights.path}, {"format", weights.format}, {"dtype", weights.dtype}});
  }
  json["files"] = OrderedJson::array();
  for (const FileEntry& file : manifest.files) {
    json["files"].push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  json["parameters"] = {{"total", manifest.parameters.total}};
  if (bert) {
    json["parameters"]["encoder"] = manifest.parameters.encoder;
    json["parameters"]["encoder_nonzero"] = manifest.parameters.encoder_nonzero;
    json["encoder_flops"] = OrderedJson::object();
    for (const auto& [tokens, flops] : manifest.encoder_flops) json["encoder_flops"][std::to_string(tokens)] = flops;
  }
  if (!manifest.metrics.empty()) {
    for (const auto& [name, metric] : manifest.metrics) json["metrics"][name] = to_json(metric);
  }
  if (manifest.evaluation) {
    json["evaluation"] = {{"run", manifest.evaluation->run}, {"exact_weights", manifest.evaluation->exact_weights}};
    if (manifest.evaluation->engine) json["evaluation"]["engine"] = *manifest.evaluation->engine;
  }
  if (manifest.test_set) json["test_set"] = data_to_json(*manifest.test_set);
  if (manifest.training_data) json["training_data"] = data_to_json(*manifest.training_data);
  if (manifest.making_energy) json["energy"]["making"] = making_to_json(*manifest.making_energy);
  if (!manifest.inference_energy.empty()) {
    OrderedJson& inference = json["energy"]["inference"] = OrderedJson::array();
    for (const InferenceEnergy& entry : manifest.inference_energy) inference.push_back(inference_to_json(entry));
  }
  return json;
}

}  // namespace coppice::records
