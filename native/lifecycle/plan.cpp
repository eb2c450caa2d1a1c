#include "native/lifecycle/plan.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "native/data/base_model.h"
#include "native/export/run_recorder.h"

namespace coppice::lifecycle {
namespace {

using Words = std::vector<std::string>;

void append(Words& words, const Words& more) { words.insert(words.end(), more.begin(), more.end()); }

// What of a model's work is left after a pruning form, by its own budget: of the encoder's operations, or of time.
double share_left(const PruningForm& form) {
  if (!form.is_structured()) return 1;
  for (const char* name : {"keep_flops", "keep_latency", "keep_parameters"})
    if (const auto share = form.prune.number(name)) return *share;
  return 0.5;
}

// coppice-serve takes a free port and says it in its first line; it is ended whatever becomes of the load. It wants a
// page to hand out beside the model.
constexpr const char* kServingScript = R"sh(server=$1 coppice=$2 place=$3 model=$4
shift 4
mkdir -p "$place/models" "$place/page" && cp -R "$model" "$place/models/" || exit 1
"$coppice" catalog --models "$place/models" >&2 || exit 1
echo '<!doctype html><title>measured</title>' >"$place/page/index.html"
: >"$place/server.txt"  # there before it is read: the server may begin later than this shell goes on
"$server" --dist "$place/page" --models "$place/models" --port 0 >"$place/server.txt" &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null' EXIT
trap 'exit 130' INT TERM
waited=0
while url=$(sed -n 's/.*\(http:[^ ]*\) .*/\1/p' "$place/server.txt") && [ -z "$url" ]; do
  waited=$((waited + 1))
  [ $waited -lt 300 ] && kill -0 $pid || exit 1
  sleep 0.1
done
"$coppice" measure --url "${url}v1/classify" "$@")sh";

// An encoder's layers in the models this program trains by default; only a prediction hangs on it.
constexpr double kLayers = 6;

class Planner {
 public:
  Planner(const Config& config, std::string directory, std::string base, std::string data, const Tools& tools,
          const std::optional<DataSizes>& sizes)
      : config_(config),
        directory_(std::move(directory)),
        base_(std::move(base)),
        data_(std::move(data)),
        tools_(tools),
        known_(sizes.has_value()),
        sizes_(sizes.value_or(DataSizes())) {}

  Plan make() {
    fetch();
    probe();
    if (config_.linear) linear();
    train_dense();
    first_measurement();
    for (const PruningForm& form : config_.pruning) prune(form);
    for (const std::string& model : finals_) exports(model);
    if (config_.measure) measure();
    if (config_.browser) browser();
    if (config_.serving) serving();
    compare();
    if (config_.report) report();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] std::string at(const std::string& below) const { return directory_ + "/" + below; }
  [[nodiscard]] std::string model_at(const std::string& id) const { return at("models/" + id); }
  [[nodiscard]] std::string predictions_of(const std::string& id) const { return "predictions/" + id + ".jsonl"; }

  [[nodiscard]] Words threads() const {
    return config_.threads > 0 ? Words{"--threads", std::to_string(config_.threads)} : Words{};
  }

  Step& add(const std::string& id, const std::string& kind, const std::string& what) {
    Step step;
    step.id = id;
    step.kind = kind;
    step.what = what;
    plan_.steps.push_back(std::move(step));
    return plan_.steps.back();
  }

  void fetch() {
    if (config_.data.path.empty()) {
      Step& step = add("fetch-data", "data", "the IMDb reviews to " + data_);
      step.command = {"coppice", "fetch", "imdb", "--output", data_};
      if (!config_.data.from.empty()) append(step.command, {"--from", config_.data.from});
      step.outputs = {data_ + "/data_record.json", data_ + "/splits.json"};
      // What is there already stays: fetching is all at once or nothing, and downloads go on.
      step.goes_on_itself = true;
    }
    if (!config_.base.fetch.empty()) {
      Step& step = add("fetch-base", "base", "the base model " + config_.base.fetch);
      const std::string target = base_path(config_, directory_).ok() ? *base_path(config_, directory_) : base_;
      step.command = {"coppice", "fetch", "model", config_.base.fetch, "--output", target};
      if (!config_.base.from.empty()) append(step.command, {"--from", config_.base.from});
      step.outputs = {target + "/model.safetensors", target + "/config.json", target + "/vocab.txt"};
      step.goes_on_itself = true;
    }
    Step& step = add("data", "data", "counting reviews and tokens of " + data_);
    step.input_data = data_;
    step.input_files = {base_ + "/vocab.txt"};
    if (!config_.prompts.empty()) step.input_files.push_back(config_.prompts);
    step.identity = {std::to_string(config_.max_length), config_.truncation, std::to_string(config_.data.test_limit)};
  }

  void probe() {
    Step& step =
        add("probe", "probe",
            "how fast this machine trains and judges, on " + std::to_string(config_.probe.reviews) + " reviews");
    step.input_models = {base_};
    step.input_data = data_;
    step.owned = {at("probe")};
    step.identity = {std::to_string(config_.max_length),          config_.truncation,
                     std::to_string(config_.probe.reviews),       std::to_string(config_.threads),
                     config_.baseline.text("batch_size"),         config_.baseline.text("precision"),
                     config_.baseline.text("micro_batch_tokens"), dump_json(describe_machine())};
    append(step.identity, config_.place);
    if (config_.browser) step.identity.push_back(std::to_string(config_.browser->tokens));
    if (!config_.prompts.empty()) step.input_files = {config_.prompts};
  }

  // A training run's tokens and validations, in terms of the probe's rates.
  void training_work(Step& step, const Settings& settings, double share, bool teacher) const {
    if (!known_) return;
    add_training(step.work, settings, settings.number_or("epochs", 1), settings.number_or("train_limit", 0), share,
                 teacher, 1);
  }

  void add_training(std::vector<Term>& work, const Settings& settings, double epochs, double limit, double share,
                    bool teacher, double runs) const {
    const double part = limit > 0 ? std::min(1.0, limit / sizes_.train_reviews) : 1;
    const double reviews = sizes_.train_reviews * part;
    const double tokens = sizes_.train_tokens * part;
    const double batch = settings.number_or("batch_size", 16);
    const double steps_per_epoch = std::ceil(reviews / batch);
    double steps = std::ceil(epochs * steps_per_epoch);
    if (const double most = settings.number_or("max_steps", 0); most > 0) steps = std::min(steps, most);
    const double share_of_epochs = steps_per_epoch > 0 ? steps / steps_per_epoch : 0;
    const double per_epoch = std::max(1.0, settings.number_or("validations_per_epoch", 4));
    const double between = std::max(1.0, std::floor(steps_per_epoch / per_epoch));
    const double validations = std::max(1.0, std::ceil(steps / between));
    const double validation_limit = settings.number_or("validation_limit", 0);
    const double validated = sizes_.validation_tokens *
                             (validation_limit > 0 ? std::min(1.0, validation_limit / sizes_.validation_reviews) : 1);
    work.push_back({"train-start", runs});
    work.push_back({"train", runs * tokens * share_of_epochs * share});
    work.push_back({"judge", runs * validated * validations * share});
    work.push_back({"save", runs * validations});
    if (teacher) work.push_back({"judge", runs * tokens});
  }

  Step& train(const std::string& id, const std::string& model, const std::string& base, const Settings& settings) {
    Step& step = add(id, "train", "training models/" + model + " from " + base);
    step.model = model;
    step.command = {
        "coppice",      "train",           "--base",        base,           "--data",
        data_,          "--output",        model_at(model), "--max-length", std::to_string(config_.max_length),
        "--truncation", config_.truncation};
    append(step.command, settings.words());
    append(step.command, threads());
    append(step.command, config_.place);
    step.input_models = {base};
    step.input_data = data_;
    step.splits = {"train", "validation"};
    step.outputs = {model_at(model) + "/model.safetensors", model_at(model) + "/config.json",
                    model_at(model) + "/vocab.txt"};
    step.record_folders = {model_at(model)};
    step.owned = {model_at(model)};
    step.checkpoint = model_at(model) + "/checkpoints/checkpoint.safetensors";
    return step;
  }

  // Of a model in its own folder, whose predictions are kept.
  void evaluate(const std::string& id, double share, bool is_exported, bool is_linear) {
    Step& step = add("evaluate-" + id, "evaluate", "models/" + id + " on the test reviews");
    step.model = id;
    step.command = {"coppice", "evaluate", "--model",       model_at(id),          "--data",
                    data_,     "--record", "--predictions", at(predictions_of(id))};
    if (config_.data.test_limit > 0) append(step.command, {"--limit", std::to_string(config_.data.test_limit)});
    if (is_exported) append(step.command, {"--engine", "core"});
    append(step.command, threads());
    append(step.command, config_.place);
    step.input_models = {model_at(id)};
    step.input_data = data_;
    step.splits = {"test"};
    step.outputs = {at(predictions_of(id))};
    step.owned = {at(predictions_of(id))};
    step.record_folders = {model_at(id)};
    for (ModelEntry& model : plan_.models)
      if (model.id == id) model.predictions = predictions_of(id);
    if (!known_) return;
    if (is_linear) {
      step.work = {{"linear-start", 1}, {"linear-judge", sizes_.test_reviews}};
    } else if (is_exported) {
      step.work = {{"core-start", 1}, {"judge-int8", sizes_.test_tokens * share}};
    } else {
      step.work = {{"evaluate-start", 1}, {"judge", sizes_.test_tokens * share}};
    }
  }

  void linear() {
    plan_.models.push_back({"linear", "linear", "", "", "", ""});
    Step& step = add("linear", "train-linear", "the linear model, the floor of all others");
    step.model = "linear";
    step.command = {"coppice", "train-linear", "--data", data_, "--output", model_at("linear")};
    append(step.command, threads());
    append(step.command, config_.place);
    step.input_data = data_;
    step.splits = {"train", "validation"};
    step.outputs = {model_at("linear") + "/model.safetensors", model_at("linear") + "/config.json"};
    step.record_folders = {model_at("linear")};
    step.owned = {model_at("linear")};
    if (known_) step.work = {{"linear-start", 1}, {"linear-train", sizes_.train_reviews}};
    evaluate("linear", 1, false, /*is_linear=*/true);
  }

  void train_dense() {
    const std::string first = config_.tuning ? "baseline" : "dense";
    plan_.models.push_back({first, first, "", "", "", ""});
    training_work(train(first, first, base_, config_.baseline), config_.baseline, 1, false);
    if (config_.tuning) {
      tune();
      plan_.models.push_back({"dense", "dense", "", "", "", ""});
      evaluate("baseline", 1, false, false);
      Step& step = add("dense", "choose",
                       "models/dense: the better of models/baseline and sweep/best on the validation reviews");
      step.model = "dense";
      step.input_models = {model_at("baseline"), at("sweep/best")};
      step.input_files = {at("sweep/sweep.json")};  // the scores it is chosen by
      step.outputs = {model_at("dense") + "/model.safetensors", model_at("dense") + "/config.json",
                      model_at("dense") + "/vocab.txt"};
      step.owned = {model_at("dense")};
    }
    evaluate("dense", 1, false, false);
    finals_.emplace_back("dense");
    shares_["dense"] = 1;
  }

  void tune() {
    const Settings& settings = *config_.tuning;
    Step& step = add("tuning", "tune", "search for training options, in sweep");
    step.command = {"coppice",      "tune",
                    "--base",       base_,
                    "--data",       data_,
                    "--output",     at("sweep"),
                    "--max-length", std::to_string(config_.max_length),
                    "--truncation", config_.truncation};
    append(step.command, settings.words());
    for (const Settings::Entry& entry : config_.baseline.entries) {
      // What the search does not try is as in the baseline.
      if (!entry.option.empty() && !has_entry(settings, entry.name)) append(step.command, {entry.option, entry.word});
    }
    append(step.command, threads());
    append(step.command, config_.place);
    step.input_models = {base_};
    step.input_data = data_;
    step.splits = {"train", "validation"};
    step.outputs = {at("sweep/sweep.json"), at("sweep/best/model.safetensors"), at("sweep/best/config.json")};
    step.owned = {at("sweep")};
    step.record_folders = {at("sweep")};
    step.checkpoint = at("sweep/sweep.json");
    if (!known_) return;
    double candidates = 1;
    for (const char* axis : {"learning_rate", "batch_size", "epochs", "warmup_ratio", "weight_decay", "dropout"})
      candidates *= std::max(1.0, count_of(settings, axis));
    if (settings.text("method") == "random") candidates = settings.number_or("trials", candidates);
    const double epochs = first_of(settings, "epochs").value_or(config_.baseline.number_or("epochs", 1));
    const double limit = settings.number_or("train_limit", config_.baseline.number_or("train_limit", 0));
    Settings merged = settings;
    append_missing(merged, config_.baseline);
    if (settings.text("method") != "halving") {
      if (const auto most = settings.number("trials")) candidates = std::min(candidates, *most);
      add_training(step.work, merged, epochs, limit, 1, false, candidates);
      return;
    }
    const double eta = settings.number_or("eta", 3);
    const double all = limit > 0 ? std::min(limit, sizes_.train_reviews) : sizes_.train_reviews;
    const double rungs = settings.number_or("rungs", settings.number("min_reviews") ? 0 : 3);
    const double first = rungs > 0 ? all / std::pow(eta, rungs - 1) : settings.number_or("min_reviews", all);
    double reviews = std::max(2.0, first);
    while (candidates >= 1) {
      add_training(step.work, merged, epochs, reviews, 1, false, std::floor(candidates));
      if (reviews >= all) break;
      reviews = std::min(all, reviews * eta);
      candidates = std::max(1.0, std::floor(candidates / eta));
    }
  }

  static bool has_entry(const Settings& settings, const std::string& name) {
    return std::any_of(settings.entries.begin(), settings.entries.end(),
                       [&](const Settings::Entry& entry) { return entry.name == name; });
  }
  static void append_missing(Settings& settings, const Settings& more) {
    for (const Settings::Entry& entry : more.entries)
      if (!has_entry(settings, entry.name)) settings.entries.push_back(entry);
    // An axis holds the count of its values; what a trial has of it, its first one will do for.
    for (Settings::Entry& entry : settings.entries)
      if (entry.name == "batch_size") entry.value = std::strtod(entry.word.c_str(), nullptr);
  }
  static double count_of(const Settings& settings, const std::string& name) { return settings.number_or(name, 1); }
  static std::optional<double> first_of(const Settings& settings, const std::string& name) {
    const std::string word = settings.text(name);
    return word.empty() ? std::nullopt : std::optional<double>(std::strtod(word.c_str(), nullptr));
  }

  void first_measurement() {
    if (!config_.measure) return;
    measure_step("measure-dense", {"dense"}, "libtorch", "dense-libtorch");
  }

  void prune(const PruningForm& form) {
    const std::string cut = form.id + "-pruned";
    const std::string& grown = form.id;
    const double share = share_left(form);
    shares_[cut] = shares_[grown] = share;
    plan_.models.push_back({cut, "pruned", form.id, "dense", "", ""});
    Step& step = add("prune-" + form.id, "prune", "models/" + cut + " from models/dense, by " + form.method);
    step.form = form.id;
    step.model = cut;
    step.command = {"coppice", "prune", "--model", model_at("dense"), "--method", form.method};
    append(step.command, form.prune.words());
    append(step.command, {"--data", data_, "--output", model_at(cut)});
    append(step.command, threads());
    append(step.command, config_.place);
    step.input_models = {model_at("dense")};
    step.input_data = data_;
    step.splits = {"train", "validation"};
    if (const std::string table = form.prune.text("latency_table"); !table.empty()) step.input_files = {table};
    step.outputs = {model_at(cut) + "/model.safetensors", model_at(cut) + "/config.json", model_at(cut) + "/vocab.txt"};
    step.record_folders = {model_at(cut)};
    step.owned = {model_at(cut)};
    prune_work(step, form);
    evaluate(cut, share, false, false);
    plan_.steps.back().form = form.id;
    if (!form.recovery) {
      finals_.push_back(cut);
      return;
    }
    plan_.models.push_back({grown, "recovered", form.id, cut, "", ""});
    Step& recovery = train("recover-" + form.id, grown, model_at(cut), *form.recovery);
    recovery.what = "recovery of models/" + grown + " from models/" + cut;
    recovery.form = form.id;
    if (form.is_unstructured()) recovery.command.emplace_back("--keep-zeros");
    if (form.teacher) {
      append(recovery.command, {"--teacher", model_at("dense")});
      recovery.input_models.push_back(model_at("dense"));
    }
    training_work(recovery, *form.recovery, share, form.teacher);
    evaluate(grown, share, false, false);
    plan_.steps.back().form = form.id;
    finals_.push_back(grown);
  }

  void prune_work(Step& step, const PruningForm& form) const {
    if (!known_) return;
    step.work = {{"prune-start", 1}};
    const bool reconstruction = form.method == "reconstruction";
    const bool of_training = form.method == "movement" || form.method == "fisher" || reconstruction;
    const double reviews = of_training ? sizes_.train_reviews : sizes_.validation_reviews;
    const double tokens = (of_training ? sizes_.train_tokens : sizes_.validation_tokens) *
                          std::min(1.0, form.prune.number_or("importance_reviews", 256) / std::max(1.0, reviews));
    if (of_training) step.work.push_back({"train", tokens});
    // Both models go through each layer five times, and the moments of what they meet cost about as much again.
    if (reconstruction) step.work.push_back({"judge", 20 * tokens});
    if (!form.is_structured()) return;
    const std::string layers = form.prune.text("keep_layers");
    if (form.prune.text("importance") != "magnitude") step.work.push_back({"train", tokens});
    if (layers.empty() || layers == "all") return;
    const double left = layers == "auto" ? 1 : std::max(1.0, std::strtod(layers.c_str(), nullptr));
    double judged = 0;  // in layers' worth of tokens: each removal tries each layer
    for (double n = kLayers; n > left; --n) judged += n * (n - 1) / kLayers;
    if (layers == "auto") {
      judged += kLayers / 2;
      step.work.push_back({"train", tokens * (kLayers / 2 - 0.5)});
    }
    step.work.push_back({"judge", tokens * judged});
  }

  void exports(const std::string& id) {
    for (const std::string& weights : config_.exports) {
      const std::string exported = id + "-" + weights;
      const auto parent = std::find_if(plan_.models.begin(), plan_.models.end(),
                                       [&](const ModelEntry& model) { return model.id == id; });
      const std::string form = parent->form;
      plan_.models.push_back({exported, "exported", form, id, weights, ""});
      const bool int8 = weights == "int8";
      Step& step = add("export-" + exported, int8 ? "quantize" : "export", "models/" + exported + " as it is shipped");
      step.model = exported;
      step.form = form;
      step.command = {"coppice", int8 ? "quantize" : "export", "--model", model_at(id), "--output", model_at(exported)};
      if (!int8) append(step.command, {"--weights", weights});
      append(step.command, config_.export_place);
      step.input_models = {model_at(id)};
      step.outputs = {model_at(exported) + "/onnx/model.onnx", model_at(exported) + "/config.json",
                      model_at(exported) + "/vocab.txt"};
      step.record_folders = {model_at(exported)};
      step.owned = {model_at(exported)};
      if (known_) step.work = {{"export", 1}};
      shares_[exported] = shares_[id];
      exported_.push_back(exported);
      if (!int8) continue;
      evaluate(exported, shares_[id], /*is_exported=*/true, false);
      plan_.steps.back().form = form;
    }
  }

  void measure_step(const std::string& id, const Words& models, const std::string& engine, const std::string& name) {
    Step& step = add(id, "measure",
                     "inference over the prompts by " + engine + ", " + std::to_string(models.size()) +
                         (models.size() == 1 ? " model" : " models in turns"));
    step.command = {"coppice", "measure"};
    for (const std::string& model : models) append(step.command, {"--model", model_at(model)});
    append(step.command, {"--prompts", config_.prompts, "--repeats", std::to_string(config_.measure->repeats),
                          "--warmup", std::to_string(config_.measure->warmup), "--engine", engine, "--csv",
                          at("measure/" + name + ".csv"), "--record", "--json"});
    append(step.command, config_.place);
    if (models.size() == 1) step.model = models.front();
    step.stdout_path = at("measure/" + name + ".json");
    step.input_files = {config_.prompts};
    for (const std::string& model : models) {
      step.input_models.push_back(model_at(model));
      step.record_folders.push_back(model_at(model));
    }
    step.outputs = {step.stdout_path, at("measure/" + name + ".csv")};
    step.owned = step.outputs;
    if (!known_) return;
    const double runs = static_cast<double>(config_.measure->repeats + config_.measure->warmup);
    // A start, and each model's loading: the core also packs matrices and times its kernels for each.
    const auto more = static_cast<double>(models.size() - 1);
    step.work = {{"second", 1}};
    if (engine == "core") {
      step.work.push_back({"measure-core-start", 1 + 0.5 * more});
    } else {
      step.work.push_back({"measure-start", 1 + 0.1 * more});
    }
    for (const std::string& model : models) {
      if (model == "linear") continue;
      const bool int8 = model.size() > 5 && model.compare(model.size() - 5, 5, "-int8") == 0;
      const std::string rate = engine == "libtorch" ? "infer" : int8 ? "infer-int8" : "infer-core";
      step.work.push_back({rate, sizes_.prompt_tokens * runs * shares_[model]});
    }
  }

  void measure() {
    for (const std::string& engine : config_.measure->engines) {
      Words models = engine == "core" ? exported_ : finals_;
      if (config_.linear) models.emplace_back("linear");
      if (engine == "core" && exported_.empty()) models = finals_;
      measure_step("measure-" + engine, models, engine, "native-" + engine);
    }
  }

  void browser() {
    Step& step = add("browser", "browser",
                     "ONNX Runtime Web, one thread, " + std::to_string(exported_.size()) + " models in turns");
    step.may_fail = true;
    step.unavailable = !tools_.node_missing.empty() ? tools_.node_missing : tools_.browser_missing;
    step.command = {tools_.node.empty() ? "node" : tools_.node, config_.browser->script};
    for (const std::string& model : exported_) step.command.push_back(model_at(model));
    append(step.command, {"--turns", std::to_string(config_.browser->turns), "--tokens",
                          std::to_string(config_.browser->tokens), "--json"});
    step.stdout_path = at("measure/browser.json");
    step.input_files = {config_.browser->script};
    for (const std::string& model : exported_) step.input_models.push_back(model_at(model));
    step.outputs = {step.stdout_path};
    step.owned = step.outputs;
    if (!known_) return;
    // The probe opens two models; half of what that takes is node's and the runtime's own start.
    step.work = {{"browser-start", 0.5 + 0.25 * static_cast<double>(exported_.size())}};
    const auto turns = static_cast<double>(config_.browser->turns + 1);
    for (const std::string& model : exported_) {
      const bool int8 = model.size() > 5 && model.compare(model.size() - 5, 5, "-int8") == 0;
      step.work.push_back(
          {int8 ? "browser-int8" : "browser", turns * static_cast<double>(config_.browser->tokens) * shares_[model]});
    }
  }

  void serving() {
    const std::string model = config_.serving->model.empty() ? exported_.back() : config_.serving->model;
    Step& step = add("serving", "serving", "coppice-serve under load, with models/" + model);
    step.may_fail = true;
    step.model = model;
    step.unavailable = tools_.serve_missing;
    step.command = {"sh",         "-c",           kServingScript, "serving",
                    tools_.serve, tools_.coppice, at("serving"),  model_at(model)};
    append(step.command,
           {"--model", model, "--prompts", config_.prompts, "--rate", dump_json(Json(config_.serving->rate_per_second)),
            "--duration", dump_json(Json(config_.serving->seconds)), "--connections",
            std::to_string(config_.serving->connections), "--include-usage", "--output", at("serving"), "--json"});
    append(step.command, config_.place);
    step.stdout_path = at("measure/serving.json");
    step.input_files = {config_.prompts};
    step.input_models = {model_at(model)};
    step.outputs = {step.stdout_path};
    step.owned = {step.stdout_path, at("serving")};
    step.record_folders = {at("serving")};
  }

  void compare() {
    Words models;
    Words files;
    for (const ModelEntry& model : plan_.models) {
      if (model.role == "baseline" || model.predictions.empty()) continue;
      models.push_back(model_at(model.id));
      files.push_back(model.id + "=" + at(model.predictions));
    }
    Step& step = add("compare", "compare", "the models side by side, review by review, against models/dense");
    step.command = {"coppice", "compare"};
    append(step.command, models);
    append(step.command, {"--baseline", "dense", "--record", "--json"});
    // Slices by the texts, where all of them were judged.
    if (config_.data.test_limit == 0) append(step.command, {"--data", data_});
    step.command.emplace_back("--predictions");
    append(step.command, files);
    step.stdout_path = at("measure/compare.json");
    step.input_models = models;
    for (const ModelEntry& model : plan_.models)
      if (!model.predictions.empty() && model.role != "baseline") step.input_files.push_back(at(model.predictions));
    step.input_data = data_;
    step.outputs = {step.stdout_path};
    step.owned = step.outputs;
    step.record_folders = models;
    if (known_) step.work = {{"export", 1}, {"compare", static_cast<double>(models.size()) * sizes_.test_reviews}};
  }

  void report() {
    Step& step = add("report", "report", "the report, in report/");
    step.may_fail = true;
    step.unavailable = tools_.report_missing;
    step.command = {"coppice",  "report",     "--models", at("models"), "--runs",
                    directory_, "--baseline", "dense",    "--output",   at("report/report.html"),
                    "--json"};
    step.stdout_path = at("report/report.json");
    step.outputs = {at("report/report.html"), step.stdout_path};
    step.owned = step.outputs;
    for (const ModelEntry& model : plan_.models) step.input_models.push_back(model_at(model.id));
    // Whatever was measured or judged anew is told anew.
    for (const Step& earlier : plan_.steps) {
      if (earlier.id == step.id) break;
      step.optional_files.insert(step.optional_files.end(), earlier.outputs.begin(), earlier.outputs.end());
    }
  }

  const Config& config_;
  const std::string directory_;
  const std::string base_;
  const std::string data_;
  const Tools& tools_;
  const bool known_;
  const DataSizes sizes_;
  Plan plan_;
  Words finals_;  // the dense model and each form's last
  Words exported_;
  std::map<std::string, double> shares_;
};

}  // namespace

std::string data_path(const Config& config, const std::string& directory) {
  return config.data.path.empty() ? directory + "/data/imdb" : config.data.path;
}

Result<std::string> base_path(const Config& config, const std::string& directory) {
  if (!config.base.path.empty()) return config.base.path;
  COPPICE_ASSIGN_OR_RETURN(const std::string id, data::resolve_model_id(config.base.fetch));
  return directory + "/base/" + id.substr(id.find('/') + 1);
}

Plan make_plan(const Config& config, const std::string& directory, const std::string& base, const std::string& data,
               const Tools& tools, const std::optional<DataSizes>& sizes) {
  return Planner(config, directory, base, data, tools, sizes).make();
}

}  // namespace coppice::lifecycle
