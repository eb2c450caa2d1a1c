#include "native/lifecycle/config.h"

#include <set>
#include <utility>

#include "native/io/file.h"
#include "native/lifecycle/options.h"
#include "shared/records/schema.h"

namespace coppice::lifecycle {
namespace {

// Ids that models of a life cycle have already.
const std::set<std::string> kTakenIds = {"baseline", "dense", "linear", "best", "pruned"};

Status read_place(Section& root, Config& config) {
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> place, root.section("place"));
  if (!place) return {};
  for (const auto& [name, option] : {std::pair{"country", "--country"},
                                     {"region", "--region"},
                                     {"cloud", "--cloud"},
                                     {"cloud_region", "--cloud-region"}}) {
    std::string value;
    COPPICE_RETURN_IF_ERROR(place->text(name, value, false));
    if (value.empty()) continue;
    config.place.insert(config.place.end(), {option, value});
    if (option == std::string_view("--country")) config.export_place = {option, value};
  }
  double intensity = 0;
  COPPICE_RETURN_IF_ERROR(place->number("intensity_g_per_kwh", intensity, 0, 5000));
  if (intensity > 0) config.place.insert(config.place.end(), {"--intensity", dump_json(Json(intensity))});
  return place->finish();
}

Status read_data(Section& root, Config& config) {
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> data, root.section("data"));
  if (!data) return root.error("data", "is missing; give {\"path\": FOLDER} or {\"fetch\": \"imdb\"}");
  std::string fetch;
  COPPICE_RETURN_IF_ERROR(data->text("path", config.data.path, false));
  COPPICE_RETURN_IF_ERROR(data->text("fetch", fetch, false, "imdb"));
  COPPICE_RETURN_IF_ERROR(data->text("from", config.data.from, false));
  COPPICE_RETURN_IF_ERROR(data->count("test_limit", config.data.test_limit, 2, int64_t{1} << 40));
  if (config.data.path.empty() == fetch.empty()) return data->error("", "expected either \"path\" or \"fetch\"");
  if (!config.data.path.empty() && !config.data.from.empty()) return data->error("from", "goes with \"fetch\"");
  return data->finish();
}

Status read_base(Section& root, Config& config) {
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> base, root.section("base"));
  if (!base) return root.error("base", "is missing; give {\"path\": FOLDER} or {\"fetch\": \"minilm\"}");
  COPPICE_RETURN_IF_ERROR(base->text("path", config.base.path, false));
  COPPICE_RETURN_IF_ERROR(base->text("fetch", config.base.fetch, false));
  COPPICE_RETURN_IF_ERROR(base->text("from", config.base.from, false));
  COPPICE_RETURN_IF_ERROR(base->text("otherwise", config.base.otherwise, false));
  if (config.base.path.empty() == config.base.fetch.empty()) {
    return base->error("", "expected either \"path\" or \"fetch\"");
  }
  if (!config.base.path.empty() && (base->has("from") || base->has("otherwise"))) {
    return base->error(base->has("from") ? "from" : "otherwise", "goes with \"fetch\"");
  }
  return base->finish();
}

Result<PruningForm> read_form(Section form, const std::set<std::string>& ids) {
  PruningForm read;
  COPPICE_RETURN_IF_ERROR(form.check_object());
  COPPICE_RETURN_IF_ERROR(form.text("id", read.id, true));
  if (!records::is_model_id(read.id)) {
    return form.error("id", "\"" + read.id + "\" is no id: letters, digits, '.', '_' and '-', not starting with '.'");
  }
  if (ids.count(read.id) > 0 || kTakenIds.count(read.id) > 0) {
    return form.error("id", "\"" + read.id + "\" is taken; ids name the models' folders");
  }
  COPPICE_RETURN_IF_ERROR(
      form.text("method", read.method, true, "magnitude|movement|fisher|reconstruction|structured|vocabulary"));
  COPPICE_RETURN_IF_ERROR(form.flag("teacher", read.teacher));
  COPPICE_RETURN_IF_ERROR(form.settings(prune_rules(), read.prune));
  const int shares = static_cast<int>(form.has("keep_flops")) + static_cast<int>(form.has("keep_parameters")) +
                     static_cast<int>(form.has("keep_latency"));
  if (shares > 1) return form.error("", "has more than one of keep_flops, keep_parameters and keep_latency");
  if (form.has("keep_latency") != form.has("latency_table")) {
    return form.error(form.has("keep_latency") ? "keep_latency" : "latency_table",
                      "keep_latency and latency_table go together");
  }
  if (!read.is_structured() && (shares > 0 || form.has("keep_layers"))) {
    return form.error(
        "method",
        "is \"" + read.method + "\"; keep_flops, keep_latency, keep_parameters and keep_layers are of \"structured\"");
  }
  if (!read.is_unstructured() && form.has("sparsity")) {
    return form.error("sparsity",
                      "is of magnitude, movement, fisher and reconstruction, not of \"" + read.method + "\"");
  }
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> recovery, form.section("recovery"));
  if (recovery) {
    read.recovery.emplace();
    COPPICE_RETURN_IF_ERROR(recovery->settings(train_rules(), *read.recovery));
    COPPICE_RETURN_IF_ERROR(recovery->finish());
  }
  COPPICE_RETURN_IF_ERROR(form.finish());
  return read;
}

Status read_pruning(Section& root, Config& config) {
  if (!root.has("pruning")) return {};
  const Json& forms = root.object()["pruning"];
  if (!forms.is_array()) return root.error("pruning", "expected a list of pruning forms");
  std::set<std::string> ids;
  for (size_t i = 0; i < forms.size(); ++i) {
    JsonPath path = root.below("pruning");
    path.emplace_back(i);
    COPPICE_ASSIGN_OR_RETURN(PruningForm form, read_form(Section(forms[i], root.document(), root.source(), path), ids));
    ids.insert(form.id);
    config.pruning.push_back(std::move(form));
  }
  return {};
}

Status read_measurements(Section& root, Config& config) {
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> measure, root.section("measure", true));
  if (measure) {
    Config::Measure read;
    COPPICE_RETURN_IF_ERROR(measure->count("repeats", read.repeats, 3, 100000));
    COPPICE_RETURN_IF_ERROR(measure->count("warmup", read.warmup, 0, 1000));
    COPPICE_RETURN_IF_ERROR(measure->texts("engines", read.engines, "libtorch|core"));
    COPPICE_RETURN_IF_ERROR(measure->finish());
    config.measure = read;
  }
  if (config.measure && config.prompts.empty()) return root.error("prompts", "is missing; \"measure\" needs prompts");
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> browser, root.section("browser", true));
  if (browser) {
    Config::Browser read;
    read.script = "docs/examples/time-in-ort-web/run.mjs";
    read.tokens = config.max_length;
    COPPICE_RETURN_IF_ERROR(browser->text("script", read.script, false));
    COPPICE_RETURN_IF_ERROR(browser->count("turns", read.turns, 1, 1000));
    COPPICE_RETURN_IF_ERROR(browser->count("tokens", read.tokens, 2, 4096));
    COPPICE_RETURN_IF_ERROR(browser->finish());
    config.browser = read;
  }
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> serving, root.section("serving", true));
  if (serving) {
    Config::Serving read;
    COPPICE_RETURN_IF_ERROR(serving->text("model", read.model, false));
    COPPICE_RETURN_IF_ERROR(serving->number("rate_per_second", read.rate_per_second, 0, 1e5));
    COPPICE_RETURN_IF_ERROR(serving->number("seconds", read.seconds, 0, 86400));
    COPPICE_RETURN_IF_ERROR(serving->count("connections", read.connections, 1, 4096));
    COPPICE_RETURN_IF_ERROR(serving->finish());
    config.serving = read;
  }
  for (const char* needs : {"browser", "serving"}) {
    const bool asked = needs == std::string_view("browser") ? config.browser.has_value() : config.serving.has_value();
    if (asked && config.exports.empty())
      return root.error(needs, "needs \"exports\": what is measured there is exported");
  }
  if (config.serving && config.prompts.empty()) return root.error("prompts", "is missing; \"serving\" needs prompts");
  return {};
}

bool is_exported(const Config& config, const std::string& model) {
  for (const std::string& weights : config.exports) {
    if (model == "dense-" + weights) return true;
    for (const PruningForm& form : config.pruning) {
      if (model == form.id + (form.recovery ? "-" : "-pruned-") + weights) return true;
    }
  }
  return false;
}

}  // namespace

Result<Config> parse_config(std::string_view bytes, const std::string& source) {
  Config config;
  COPPICE_ASSIGN_OR_RETURN(config.document, parse_json(bytes, source));
  config.source = source;
  config.sha256 = sha256_hex(bytes);
  Section root(config.document, bytes, config.source, {});
  COPPICE_RETURN_IF_ERROR(root.check_object());
  COPPICE_RETURN_IF_ERROR(records::check_schema_version(config.document, kConfigVersion, source));
  int64_t version = 0;
  COPPICE_RETURN_IF_ERROR(root.count("schema_version", version, kConfigVersion, kConfigVersion));
  COPPICE_RETURN_IF_ERROR(root.text("name", config.name, true));
  if (!records::is_model_id(config.name)) {
    return root.error("name", "\"" + config.name + "\": expected letters, digits, '.', '_' and '-'");
  }
  config.output = "runs/lifecycle-" + config.name;
  COPPICE_RETURN_IF_ERROR(root.text("output", config.output, false));
  std::string about;
  COPPICE_RETURN_IF_ERROR(root.text("about", about, false));
  COPPICE_RETURN_IF_ERROR(read_place(root, config));
  COPPICE_RETURN_IF_ERROR(root.count("threads", config.threads, 0, 1024));
  COPPICE_RETURN_IF_ERROR(root.count("max_length", config.max_length, 8, 4096));
  COPPICE_RETURN_IF_ERROR(root.text("truncation", config.truncation, false, "head|head_tail"));
  COPPICE_RETURN_IF_ERROR(root.text("prompts", config.prompts, false));
  COPPICE_RETURN_IF_ERROR(root.flag("linear", config.linear));
  COPPICE_RETURN_IF_ERROR(root.flag("report", config.report));
  COPPICE_RETURN_IF_ERROR(root.texts("exports", config.exports, "fp16|fp32|int8"));
  COPPICE_RETURN_IF_ERROR(read_data(root, config));
  COPPICE_RETURN_IF_ERROR(read_base(root, config));
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> baseline, root.section("baseline"));
  if (!baseline) return root.error("baseline", "is missing; expected settings of `coppice train`, {} for its defaults");
  COPPICE_RETURN_IF_ERROR(baseline->settings(train_rules(), config.baseline));
  COPPICE_RETURN_IF_ERROR(baseline->finish());
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> tuning, root.section("tuning"));
  if (tuning) {
    config.tuning.emplace();
    COPPICE_RETURN_IF_ERROR(tuning->settings(tune_rules(), *config.tuning));
    COPPICE_RETURN_IF_ERROR(tuning->finish());
  }
  COPPICE_ASSIGN_OR_RETURN(std::optional<Section> probe, root.section("probe"));
  if (probe) {
    COPPICE_RETURN_IF_ERROR(probe->count("reviews", config.probe.reviews, 8, 100000));
    COPPICE_RETURN_IF_ERROR(probe->finish());
  }
  COPPICE_RETURN_IF_ERROR(read_measurements(root, config));
  root.know("pruning");
  COPPICE_RETURN_IF_ERROR(root.finish());
  COPPICE_RETURN_IF_ERROR(read_pruning(root, config));
  if (config.serving && !config.serving->model.empty() && !is_exported(config, config.serving->model)) {
    return root.error("serving",
                      "model is \"" + config.serving->model +
                          "\", which is none of the exported ones (dense-int8 and the like: the dense model's "
                          "or a pruning form's id, '-' and one of \"exports\")");
  }
  return config;
}

}  // namespace coppice::lifecycle
