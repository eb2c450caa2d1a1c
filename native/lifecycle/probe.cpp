#include "native/lifecycle/probe.h"

#include <algorithm>
#include <filesystem>

#include "native/export/run_recorder.h"
#include "native/io/file.h"
#include "native/lifecycle/child.h"

namespace coppice::lifecycle {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// `coppice compare` draws 10,000 resamples: of one review of one model, as seen where this was written.
constexpr double kResamplingSeconds = 2e-5;

void add_words(Words& words, const Words& more) { words.insert(words.end(), more.begin(), more.end()); }

// The sum over a record's phases of these names.
Result<Cost> phases_of(const Json& energy, const Words& names, const std::string& where) {
  Cost sum;
  if (!energy.contains("phases") || !energy["phases"].is_array()) return sum;
  for (const Json& phase : energy["phases"]) {
    if (std::find(names.begin(), names.end(), phase.value("name", std::string())) == names.end()) continue;
    COPPICE_ASSIGN_OR_RETURN(const Cost cost, cost_of(phase, where));
    sum = sum + cost;
  }
  return sum;
}

// What is left of the whole; never below nothing: both are clocks of their own.
Cost without(const Cost& whole, const Cost& part) {
  Cost rest{std::max(0.0, whole.seconds - part.seconds), std::max(0.0, whole.cpu_seconds - part.cpu_seconds),
            std::nullopt};
  if (!whole.joules || !part.joules) return rest;
  const auto left = [](energy::Joules a, energy::Joules b) {
    return energy::Joules(std::max(0.0, a.value() - b.value()));
  };
  rest.joules = energy::Figure<energy::Joules>{left(whole.joules->value, part.joules->value),
                                               left(whole.joules->low, part.joules->low),
                                               left(whole.joules->high, part.joules->high), whole.joules->provenance};
  if (rest.joules->low > rest.joules->value) rest.joules->low = rest.joules->value;
  if (rest.joules->high < rest.joules->value) rest.joules->high = rest.joules->value;
  return rest;
}

class Probe {
 public:
  Probe(const Config& config, const ProbeOptions& options)
      : config_(config), options_(options), folder_(options.directory + "/probe") {}

  Result<Rates> run() {
    COPPICE_RETURN_IF_ERROR(train());
    COPPICE_RETURN_IF_ERROR(judge());
    COPPICE_RETURN_IF_ERROR(exports());
    if (config_.linear) COPPICE_RETURN_IF_ERROR(linear());
    if (!config_.prompts.empty()) COPPICE_RETURN_IF_ERROR(measure());
    if (config_.browser && options_.browser_missing.empty()) COPPICE_RETURN_IF_ERROR(browser());
    Cost second;
    second.seconds = 1;
    second.cpu_seconds = 0;
    // Waiting takes next to no processor time; its memory is in the other rates.
    if (rate("evaluate-start").joules) second.joules = *rate("evaluate-start").joules * 0.0;
    rates_.per_unit["second"] = second;
    return rates_;
  }

 private:
  Cost& rate(const std::string& name) { return rates_.per_unit[name]; }

  Result<Cost> call(Words words) {
    words.insert(words.begin(), options_.coppice);
    add_words(words, words[1] == "quantize" || words[1] == "export" ? config_.export_place : config_.place);
    return start(words, "`coppice " + words[1] + "`", "");
  }

  Result<Cost> start(const Words& words, const std::string& name, const std::string& out) {
    COPPICE_ASSIGN_OR_RETURN(const ChildResult result, run_child({words, options_.directory + "/logs/probe.log", out,
                                                                  options_.place, options_.on_line}));
    if (result.asked_to_stop) return interrupted("stopped in the probe");
    if (result.exit_code != 0) return failed("the probe's " + name + " failed: " + result.error + " (logs/probe.log)");
    Cost cost;
    cost.seconds = result.seconds;
    cost.cpu_seconds = result.cpu_seconds;
    if (!result.energy.is_null()) {
      COPPICE_ASSIGN_OR_RETURN(cost, cost_of(Json(result.energy), "the probe's energy"));
      note_intensity(result.energy);
    }
    return cost;
  }

  void note_intensity(const OrderedJson& energy) {
    if (!energy.contains("carbon_grams_co2e") || rates_.grams_co2e_per_joule) return;
    const double joules = energy["energy_joules"]["value"].get<double>();
    if (joules > 0) rates_.grams_co2e_per_joule = energy["carbon_grams_co2e"]["value"].get<double>() / joules;
    if (energy.contains("intensity")) rates_.intensity_note = energy["intensity"].value("place", std::string());
  }

  // The last record of a kind in a folder of the probe's.
  Result<records::RunRecord> record(const std::string& folder, const std::string& kind) const {
    COPPICE_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, read_run_records(folder));
    for (auto run = runs.rbegin(); run != runs.rend(); ++run)
      if (run->record.kind == kind) return run->record;
    return failed("the probe's " + kind + " left no record in " + folder);
  }

  [[nodiscard]] Words threads() const {
    return config_.threads > 0 ? Words{"--threads", std::to_string(config_.threads)} : Words{};
  }

  Status train() {
    const std::string model = folder_ + "/model";
    const int64_t validation = std::max<int64_t>(4, config_.probe.reviews / 6);
    Words words = {"train",
                   "--base",
                   options_.base,
                   "--data",
                   options_.data,
                   "--output",
                   model,
                   "--max-length",
                   std::to_string(config_.max_length),
                   "--truncation",
                   config_.truncation,
                   "--train-limit",
                   std::to_string(config_.probe.reviews),
                   "--validation-limit",
                   std::to_string(validation),
                   "--validations-per-epoch",
                   "1"};
    for (const char* name : {"batch_size", "precision", "micro_batch_tokens"}) {
      for (const Settings::Entry& entry : config_.baseline.entries)
        if (entry.name == name) add_words(words, {entry.option, entry.word});
    }
    add_words(words, threads());
    COPPICE_ASSIGN_OR_RETURN(const Cost whole, call(words));
    COPPICE_ASSIGN_OR_RETURN(const records::RunRecord run, record(model, "train"));
    const Json energy = run.energy.value_or(Json::object());
    COPPICE_ASSIGN_OR_RETURN(const Cost trained, phases_of(energy, {"train"}, "the probe's training"));
    COPPICE_ASSIGN_OR_RETURN(const Cost validated, phases_of(energy, {"validate"}, "the probe's validation"));
    const double tokens = run.results.value("tokens", 0.0);
    if (!(tokens > 0) || !(trained.seconds > 0)) return failed("the probe's training left no times in its record");
    rate("train") = trained * (1 / tokens);
    rate("train-start") = without(whole, trained + validated);
    // A pruning run loads and writes a model as a training run does.
    rate("prune-start") = rate("train-start");
    validated_ = validated;
    validation_share_ = static_cast<double>(validation) / std::max(1.0, options_.sizes.validation_reviews);
    return {};
  }

  Status evaluate(const std::string& folder, bool core, const std::string& start, const std::string& token) {
    const int64_t reviews = std::max<int64_t>(8, config_.probe.reviews);
    Words words = {"evaluate", "--model", folder, "--data", options_.data, "--limit", std::to_string(reviews),
                   "--record"};
    if (core) add_words(words, {"--engine", "core"});
    add_words(words, threads());
    COPPICE_ASSIGN_OR_RETURN(const Cost whole, call(words));
    COPPICE_ASSIGN_OR_RETURN(const records::RunRecord run, record(folder, "evaluate"));
    COPPICE_ASSIGN_OR_RETURN(const Cost judged,
                             phases_of(run.energy.value_or(Json::object()), {"evaluate"}, "the probe's evaluation"));
    const double tokens = run.results.value("tokens", 0.0);
    if (!(tokens > 0) || !(judged.seconds > 0)) return failed("the probe's evaluation left no times in its record");
    rate(token) = judged * (1 / tokens);
    rate(start) = without(whole, judged);
    return {};
  }

  Status judge() {
    COPPICE_RETURN_IF_ERROR(evaluate(folder_ + "/model", false, "evaluate-start", "judge"));
    // A validation judges, and keeps the weights if they are the best so far.
    const double tokens = options_.sizes.validation_tokens * std::min(1.0, validation_share_);
    rate("save") = without(validated_, rate("judge") * tokens);
    return {};
  }

  Status exports() {
    COPPICE_ASSIGN_OR_RETURN(rate("export"),
                             call({"quantize", "--model", folder_ + "/model", "--output", folder_ + "/int8"}));
    COPPICE_RETURN_IF_ERROR(evaluate(folder_ + "/int8", true, "core-start", "judge-int8"));
    const Cost& exported = rate("export");
    if (exported.seconds > 0) rate("compare") = exported * (kResamplingSeconds / exported.seconds);
    if (config_.browser) {
      COPPICE_RETURN_IF_ERROR(
          call({"export", "--model", folder_ + "/model", "--output", folder_ + "/fp16", "--weights", "fp16"}).status());
    }
    return {};
  }

  Status linear() {
    // Small data in a moment, IMDb in seconds: on a share of it this would be as long.
    const double reviews = std::min(2000.0, options_.sizes.train_reviews);
    const std::string folder = folder_ + "/linear";
    Words words = {"train-linear",
                   "--data",
                   options_.data,
                   "--output",
                   folder,
                   "--train-limit",
                   std::to_string(static_cast<int64_t>(reviews))};
    add_words(words, threads());
    COPPICE_ASSIGN_OR_RETURN(const Cost trained, call(words));
    COPPICE_ASSIGN_OR_RETURN(const Cost judged, call({"evaluate", "--model", folder, "--data", options_.data}));
    rate("linear-train") = trained * (1 / reviews);
    rate("linear-start") = trained * 0.0;
    rate("linear-judge") = judged * (1 / std::max(1.0, options_.sizes.test_reviews));
    return {};
  }

  // Tokens through one thread, by `coppice measure`.
  Status measure_one(const std::string& folder, const std::string& engine, const std::string& start,
                     const std::string& token) {
    const double rounds = 4;
    COPPICE_ASSIGN_OR_RETURN(const Cost whole,
                             call({"measure", "--model", folder, "--prompts", config_.prompts, "--repeats", "3",
                                   "--warmup", "1", "--idle-seconds", "0", "--engine", engine, "--record"}));
    COPPICE_ASSIGN_OR_RETURN(const records::RunRecord run, record(folder, "measure"));
    COPPICE_ASSIGN_OR_RETURN(const Cost timed, phases_of(run.energy.value_or(Json::object()), {"measure", "warm-up"},
                                                         "the probe's measurement"));
    if (!(timed.seconds > 0) || !(options_.sizes.prompt_tokens > 0))
      return failed("the probe's measurement left no times in its record");
    rate(token) = timed * (1 / (rounds * options_.sizes.prompt_tokens));
    rate(start) = without(whole, timed);
    return {};
  }

  Status measure() {
    COPPICE_RETURN_IF_ERROR(measure_one(folder_ + "/model", "libtorch", "measure-start", "infer"));
    COPPICE_RETURN_IF_ERROR(measure_one(folder_ + "/int8", "core", "measure-core-start", "infer-int8"));
    COPPICE_RETURN_IF_ERROR(measure_one(folder_ + "/model", "core", "measure-core-start", "infer-core"));
    return {};
  }

  // One turn of the exported models in ONNX Runtime Web, after the untimed one.
  Status browser() {
    const double tokens = static_cast<double>(config_.browser->tokens);
    const std::string out = folder_ + "/browser.json";
    COPPICE_ASSIGN_OR_RETURN(const Cost whole,
                             start({options_.node, config_.browser->script, folder_ + "/fp16", folder_ + "/int8",
                                    "--turns", "1", "--tokens", std::to_string(config_.browser->tokens), "--json"},
                                   "ONNX Runtime Web", out));
    COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(out));
    COPPICE_ASSIGN_OR_RETURN(const Json answer, parse_json(bytes, out));
    std::vector<double> seconds;
    for (const Json& model : answer.value("models", Json::array()))
      seconds.push_back(model.value("median_ms", 0.0) / 1000);
    if (seconds.size() != 2 || !(whole.seconds > 2 * (seconds[0] + seconds[1]))) {
      return failed(out + ": expected the times of two models");
    }
    // Of the whole, what each run took by its time; the rest is the start.
    const double timed = 2 * (seconds[0] + seconds[1]);
    rate("browser") = whole * (seconds[0] / whole.seconds / tokens);
    rate("browser-int8") = whole * (seconds[1] / whole.seconds / tokens);
    rate("browser-start") = whole * (1 - timed / whole.seconds);
    return {};
  }

  const Config& config_;
  const ProbeOptions& options_;
  const std::string folder_;
  Rates rates_;
  Cost validated_;
  double validation_share_ = 0;
};

}  // namespace

Result<Rates> run_probe(const Config& config, const ProbeOptions& options) {
  std::error_code error;
  fs::remove_all(options.directory + "/probe", error);
  Result<Rates> rates = Probe(config, options).run();
  fs::remove_all(options.directory + "/probe", error);
  return rates;
}

}  // namespace coppice::lifecycle
