// coppice measure: time and energy of single inferences. Models take turns prompt by prompt and repeat by repeat, so
// that drift of the machine falls on all alike.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>

#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/energy_meter.h"
#include "native/backend/progress.h"
#include "native/backend/texts.h"
#include "native/export/model_folder.h"
#include "native/model/inference.h"
#include "shared/metrics/robust.h"
#include "shared/records/figure.h"

namespace coppice::backend {
namespace {

using Clock = std::chrono::steady_clock;

struct PromptTimes {
  model::TokenizedReviews tokens;
  bool truncated = false;
  model::Logits logits{};
  std::vector<double> milliseconds;
};

struct MeasuredModel {
  ClassifierFolder folder;
  std::vector<PromptTimes> prompts;
};

struct Summary {
  double median = 0;
  double mad = 0;
  double p95 = 0;
};

Result<Summary> summarise(const std::vector<double>& milliseconds) {
  Summary summary;
  COPPICE_ASSIGN_OR_RETURN(summary.median, metrics::median(milliseconds));
  COPPICE_ASSIGN_OR_RETURN(summary.mad, metrics::median_absolute_deviation(milliseconds));
  COPPICE_ASSIGN_OR_RETURN(summary.p95, metrics::percentile(milliseconds, 95));
  return summary;
}

void time_once(MeasuredModel& measured, size_t prompt, model::WorkerPool& pool, bool keep) {
  PromptTimes& times = measured.prompts[prompt];
  const auto start = Clock::now();
  times.logits = model::predict(measured.folder.model, times.tokens, times.tokens.tokens(), pool)[0];
  const std::chrono::duration<double, std::milli> elapsed = Clock::now() - start;
  if (keep) times.milliseconds.push_back(elapsed.count());
}

Result<std::vector<MeasuredModel>> open_models(const cli::MeasureOptions& options, const std::vector<Prompt>& prompts) {
  std::vector<MeasuredModel> models;
  std::set<std::string> ids;
  for (const std::string& path : options.models) {
    COPPICE_ASSIGN_OR_RETURN(ClassifierFolder folder, open_classifier(path));
    if (!ids.insert(folder.manifest.id).second) return invalid_usage("model " + folder.manifest.id + " is given twice");
    models.push_back({std::move(folder), {}});
    for (const Prompt& prompt : prompts) {
      const text::Encoding encoding = models.back().folder.tokenizer.encode(prompt.text, models.back().folder.encoding);
      PromptTimes times;
      times.tokens.ids = encoding.input_ids;
      times.tokens.offsets = {0, encoding.input_ids.size()};
      times.tokens.labels = {0};
      times.truncated = encoding.truncated;
      models.back().prompts.push_back(std::move(times));
    }
  }
  return models;
}

// A figure of the tracker ({"value","low","high","provenance","method"}) for one inference of `milliseconds`, given the
// energy of the whole timed phase. Absent when there was no reading.
std::optional<OrderedJson> energy_of(double milliseconds, const std::optional<Json>& phase_energy,
                                     double phase_seconds) {
  if (!phase_energy || phase_seconds <= 0) return std::nullopt;
  const double share = milliseconds / 1000 / phase_seconds;
  OrderedJson figure;
  for (const char* bound : {"value", "low", "high"}) figure[bound] = phase_energy->at(bound).get<double>() * share;
  figure["provenance"] = phase_energy->at("provenance");
  figure["method"] = "median time x mean power of the timed phase; " + phase_energy->at("method").get<std::string>();
  return figure;
}

Result<OrderedJson> describe(const MeasuredModel& measured, const std::vector<Prompt>& prompts,
                             const std::optional<Json>& phase_energy, double phase_seconds) {
  OrderedJson json;
  json["model"] = measured.folder.manifest.id;
  json["engine"] = "libtorch";
  json["prompts"] = OrderedJson::array();
  std::vector<double> medians;
  std::vector<double> all;
  for (size_t p = 0; p < prompts.size(); ++p) {
    const PromptTimes& times = measured.prompts[p];
    COPPICE_ASSIGN_OR_RETURN(const Summary summary, summarise(times.milliseconds));
    const bool positive = times.logits[1] > times.logits[0];
    const double score = model::positive_score(times.logits);
    OrderedJson row;
    row["id"] = prompts[p].id;
    if (!prompts[p].kind.empty()) row["kind"] = prompts[p].kind;
    row["label"] = measured.folder.manifest.labels[positive ? 1 : 0];
    row["score"] = positive ? score : 1 - score;
    if (prompts[p].expected_label >= 0) {
      row["expected_label"] = measured.folder.manifest.labels[static_cast<size_t>(prompts[p].expected_label)];
    }
    row["tokens"] = times.tokens.tokens();
    row["truncated"] = times.truncated;
    row["repeats"] = times.milliseconds.size();
    row["median_ms"] = summary.median;
    row["mad_ms"] = summary.mad;
    row["p95_ms"] = summary.p95;
    if (const auto energy = energy_of(summary.median, phase_energy, phase_seconds)) row["energy_joules"] = *energy;
    json["prompts"].push_back(std::move(row));
    medians.push_back(summary.median);
    all.insert(all.end(), times.milliseconds.begin(), times.milliseconds.end());
  }
  COPPICE_ASSIGN_OR_RETURN(const Summary overall, summarise(all));
  double mean_of_medians = 0;
  for (const double median : medians) mean_of_medians += median / static_cast<double>(medians.size());
  json["overall"] = {{"prompts", prompts.size()},
                     {"median_ms", overall.median},
                     {"mad_ms", overall.mad},
                     {"p95_ms", overall.p95},
                     {"mean_of_prompt_medians_ms", mean_of_medians}};
  if (const auto energy = energy_of(mean_of_medians, phase_energy, phase_seconds)) {
    json["overall"]["energy_joules"] = *energy;
    json["overall"]["energy_joules"]["method"] = "mean over prompts; " + (*energy)["method"].get<std::string>();
  }
  return json;
}

// What the manifest takes up: one entry per prompt, shortest first.
Json inference_energies(const OrderedJson& described) {
  Json entries = Json::array();
  for (const OrderedJson& row : described["prompts"]) {
    if (!row.contains("energy_joules")) continue;
    entries.push_back({{"tokens", row["tokens"].get<int64_t>()},
                       {"median_milliseconds", row["median_ms"].get<double>()},
                       {"energy_joules", Json(row["energy_joules"])}});
  }
  std::sort(entries.begin(), entries.end(), [](const Json& a, const Json& b) { return a["tokens"] < b["tokens"]; });
  return entries;
}

Status take_times(const cli::MeasureOptions& options, std::vector<MeasuredModel>& models, size_t prompts,
                  model::WorkerPool& pool, Progress& progress, const Invocation& invocation, bool keep,
                  int64_t rounds) {
  for (int64_t round = 0; round < rounds; ++round) {
    for (size_t p = 0; p < prompts; ++p) {
      if (invocation.interrupted->load()) return interrupted("stopped in round " + std::to_string(round + 1));
      for (MeasuredModel& measured : models) time_once(measured, p, pool, keep);
    }
    if (keep) progress.update(static_cast<double>(round + 1), static_cast<double>(options.repeats), "");
  }
  return {};
}

}  // namespace

Status run_measure(const cli::MeasureOptions& options, const Invocation& invocation) {
  COPPICE_ASSIGN_OR_RETURN(const std::vector<Prompt> prompts, read_prompts(options.prompts));
  COPPICE_ASSIGN_OR_RETURN(std::vector<MeasuredModel> models, open_models(options, prompts));
  RunRecorder recorder("measure", invocation.arguments);
  model::WorkerPool pool(std::max(1, options.threads));
  Progress progress("measure");
  COPPICE_RETURN_IF_ERROR(
      take_times(options, models, prompts.size(), pool, progress, invocation, /*keep=*/false, options.warmup));

  // The meter runs over the timed part alone.
  COPPICE_ASSIGN_OR_RETURN(EnergyMeter meter, EnergyMeter::start(options.country));
  meter.begin_phase("measure");
  const auto start = Clock::now();
  COPPICE_RETURN_IF_ERROR(
      take_times(options, models, prompts.size(), pool, progress, invocation, /*keep=*/true, options.repeats));
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const std::optional<Json> energy = meter.finish();
  std::optional<Json> phase_energy;
  if (energy && energy->contains("energy_joules")) phase_energy = energy->at("energy_joules");

  OrderedJson answers = OrderedJson::array();
  for (const MeasuredModel& measured : models) {
    COPPICE_ASSIGN_OR_RETURN(const OrderedJson described, describe(measured, prompts, phase_energy, seconds));
    answers.push_back(described);
    if (!options.record) continue;
    records::RunRecord record = recorder.finish({});
    record.settings = {{"repeats", options.repeats},
                       {"warmup", options.warmup},
                       {"threads", pool.threads()},
                       {"models", options.models.size()}};
    record.inputs["weights_sha256"] = measured.folder.weights_sha256;
    record.results = Json(described);
    record.results["energy_per_inference"] = inference_energies(described);
    record.energy = energy;
    COPPICE_RETURN_IF_ERROR(write_run_record(measured.folder.path, record));
    COPPICE_RETURN_IF_ERROR(refresh_manifest(measured.folder.path));
  }
  // One model: its answer. Several: {"models": [...]}.
  const OrderedJson document = answers.size() == 1 ? answers[0] : OrderedJson{{"models", answers}};
  std::cout << dump_json(document, options.json ? -1 : 2) << '\n';
  return {};
}

}  // namespace coppice::backend
