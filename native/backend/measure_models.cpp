#include "native/backend/measure_models.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <set>

#include "native/backend/energy_meter.h"
#include "native/backend/measure_table.h"
#include "native/backend/progress.h"
#include "native/energy/idle.h"
#include "native/export/refresh.h"
#include "native/export/run_recorder.h"
#include "native/io/file.h"
#include "shared/metrics/robust.h"
#include "shared/records/figure.h"

namespace coppice::backend {
namespace {

using Clock = std::chrono::steady_clock;

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

Status time_once(MeasuredModel& measured, size_t prompt, bool keep) {
  PromptTimes& times = measured.prompts[prompt];
  const auto start = Clock::now();
  COPPICE_ASSIGN_OR_RETURN(times.verdict, measured.run(prompt));
  const std::chrono::duration<double, std::milli> elapsed = Clock::now() - start;
  if (keep) times.milliseconds.push_back(elapsed.count());
  return {};
}

Result<MeasuredModels> open_models(const cli::MeasureOptions& options, const std::vector<Prompt>& prompts,
                                   const ModelOpener& open) {
  MeasuredModels models;
  std::set<std::string> ids;
  for (const std::string& path : options.models) {
    COPPICE_ASSIGN_OR_RETURN(std::unique_ptr<MeasuredModel> measured, open(path, prompts));
    const std::string& id = measured->manifest().id;
    if (!ids.insert(id).second) return invalid_usage("model " + id + " is given twice");
    models.push_back(std::move(measured));
  }
  return models;
}

// Energy and, where a place was given, CO2e of the whole timed phase, as the tracker's figures.
struct PhaseFigures {
  double seconds = 0;
  Json figures = Json::object();  // member name -> {"value","low","high","provenance","method"}
};

PhaseFigures phase_figures(const std::optional<Json>& energy, double seconds) {
  PhaseFigures phase{seconds, Json::object()};
  for (const char* name : {"energy_joules", "carbon_grams_co2e"}) {
    if (energy && energy->contains(name)) phase.figures[name] = energy->at(name);
  }
  return phase;
}

// Puts the figures of one inference of `milliseconds` into `row`: its share of the phase by time. What had no reading
// is left out.
void put_figures(OrderedJson& row, double milliseconds, const PhaseFigures& phase, const std::string& of_what) {
  if (phase.seconds <= 0) return;
  const double share = milliseconds / 1000 / phase.seconds;
  for (const auto& [name, whole] : phase.figures.items()) {
    OrderedJson figure;
    for (const char* bound : {"value", "low", "high"}) figure[bound] = whole.at(bound).get<double>() * share;
    figure["provenance"] = whole.at("provenance");
    figure["method"] = of_what + " x mean power of the timed phase; " + whole.at("method").get<std::string>();
    row[name] = std::move(figure);
  }
}

Result<OrderedJson> describe(const MeasuredModel& measured, const std::vector<Prompt>& prompts,
                             const PhaseFigures& phase) {
  OrderedJson json;
  json["model"] = measured.manifest().id;
  json["engine"] = measured.engine();
  json["prompts"] = OrderedJson::array();
  std::vector<double> medians;
  std::vector<double> all;
  for (size_t p = 0; p < prompts.size(); ++p) {
    const PromptTimes& times = measured.prompts[p];
    COPPICE_ASSIGN_OR_RETURN(const Summary summary, summarise(times.milliseconds));
    const Logits& logits = times.verdict.logits;
    const bool positive = logits[1] > logits[0];
    const double score = positive_score(logits);
    OrderedJson row;
    row["id"] = prompts[p].id;
    if (!prompts[p].kind.empty()) row["kind"] = prompts[p].kind;
    row["label"] = measured.manifest().labels[positive ? 1 : 0];
    row["score"] = positive ? score : 1 - score;
    if (prompts[p].expected_label >= 0) {
      row["expected_label"] = measured.manifest().labels[static_cast<size_t>(prompts[p].expected_label)];
    }
    row["tokens"] = times.verdict.tokens;
    row["truncated"] = times.verdict.truncated;
    row["repeats"] = times.milliseconds.size();
    row["median_ms"] = summary.median;
    row["mad_ms"] = summary.mad;
    row["p95_ms"] = summary.p95;
    put_figures(row, summary.median, phase, "median time");
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
  put_figures(json["overall"], mean_of_medians, phase, "mean over prompts of the median time");
  if (OrderedJson profile = measured.profile(); !profile.empty()) json["profile"] = std::move(profile);
  return json;
}

// What the manifest takes up: one entry per prompt, shortest first.
Json inference_energies(const OrderedJson& described) {
  Json entries = Json::array();
  for (const OrderedJson& row : described["prompts"]) {
    if (!row.contains("energy_joules") || row["tokens"] == 0) continue;  // 0: a linear model and a text without words
    entries.push_back({{"tokens", row["tokens"].get<int64_t>()},
                       {"median_milliseconds", row["median_ms"].get<double>()},
                       {"engine", described["engine"].get<std::string>()},
                       {"energy_joules", Json(row["energy_joules"])}});
  }
  std::sort(entries.begin(), entries.end(), [](const Json& a, const Json& b) { return a["tokens"] < b["tokens"]; });
  return entries;
}

Status take_times(const cli::MeasureOptions& options, MeasuredModels& models, size_t prompts, Progress& progress,
                  const Invocation& invocation, bool keep, int64_t rounds) {
  for (int64_t round = 0; round < rounds; ++round) {
    for (size_t p = 0; p < prompts; ++p) {
      if (invocation.interrupted->load()) return interrupted("stopped in round " + std::to_string(round + 1));
      for (const auto& measured : models) COPPICE_RETURN_IF_ERROR(time_once(*measured, p, keep));
    }
    if (keep) progress.update(static_cast<double>(round + 1), static_cast<double>(options.repeats), "");
  }
  return {};
}

// Times everything and puts the answers into `answers`, one a model.
Status measure(const cli::MeasureOptions& options, const Invocation& invocation, const std::vector<Prompt>& prompts,
               MeasuredModels& models, EnergyMeter& meter, OrderedJson& answers, std::optional<Json>& energy) {
  Progress progress("measure");
  COPPICE_RETURN_IF_ERROR(
      take_times(options, models, prompts.size(), progress, invocation, /*keep=*/false, options.warmup));
  // The figures are of the timed part alone.
  for (const auto& measured : models) measured->begin_timing();
  meter.begin_phase("measure");
  const auto start = Clock::now();
  const Status status =
      take_times(options, models, prompts.size(), progress, invocation, /*keep=*/true, options.repeats);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  energy = meter.finish();
  COPPICE_RETURN_IF_ERROR(status);
  std::optional<Json> timed;
  if (energy && !energy->at("phases").empty()) timed = energy->at("phases").back();
  const PhaseFigures phase = phase_figures(timed, seconds);
  for (const auto& measured : models) {
    COPPICE_ASSIGN_OR_RETURN(const OrderedJson described, describe(*measured, prompts, phase));
    answers.push_back(described);
  }
  return {};
}

Status record_runs(const cli::MeasureOptions& options, RunRecorder& recorder, const MeasuredModels& models,
                   const OrderedJson& answers, const OrderedJson& idle, int threads, const Status& status) {
  recorder.record().settings = {
      {"repeats", options.repeats}, {"warmup", options.warmup}, {"threads", threads}, {"models", models.size()}};
  for (size_t m = 0; m < models.size(); ++m) {
    const std::filesystem::path& folder = models[m]->path();
    recorder.record().inputs["weights_sha256"] = models[m]->weights_sha256();
    if (!status.ok()) {
      if (const Status kept = keep_failed_run(folder, recorder, status); m + 1 == models.size()) return kept;
      continue;
    }
    records::RunRecord record = recorder.finish(status);
    record.results = Json(answers[m]);
    record.results["energy_per_inference"] = inference_energies(answers[m]);
    if (!idle.empty()) record.results["idle_baseline"] = Json(idle);
    COPPICE_RETURN_IF_ERROR(write_run_record(folder, record));
    COPPICE_RETURN_IF_ERROR(refresh_card_and_manifest(folder));
  }
  return status;
}

void print_table(const OrderedJson& answers, const OrderedJson& idle, const cli::MeasureOptions& options) {
  std::cout << measurement_table(answers) << options.repeats << " timed runs a prompt after " << options.warmup
            << " untimed ones" << (answers.size() > 1 ? ", models in turns" : "")
            << "; ms: median (median absolute deviation); \"!\": not the verdict that was expected\n";
  if (const auto& overall = answers[0]["overall"]; overall.contains("energy_joules")) {
    const OrderedJson& figure = overall["energy_joules"];
    std::cout << "energy " << figure["provenance"].get<std::string>() << ": " << figure["method"].get<std::string>()
              << '\n';
  } else {
    std::cout << "energy: nothing could be read or modelled\n";
  }
  if (idle.contains("machine_busy_percent")) {
    std::cout << "before the first run the machine was " << fixed(idle["machine_busy_percent"].get<double>(), 0)
              << " % busy";
    if (idle.contains("machine_power_watts")) {
      const OrderedJson& power = idle["machine_power_watts"];
      std::cout << " and took " << fixed(power["value"].get<double>(), 1) << " W as a whole ("
                << fixed(power["low"].get<double>(), 1) << " to " << fixed(power["high"].get<double>(), 1) << ", "
                << power["provenance"].get<std::string>() << ")";
    }
    std::cout << '\n';
  }
}

}  // namespace

Status measure_models(const cli::MeasureOptions& options, const Invocation& invocation, int threads,
                      const ModelOpener& open) {
  if (options.prompts.empty()) return invalid_usage("give --prompts FILE, or --latency-table FILE to write one");
  COPPICE_ASSIGN_OR_RETURN(const std::vector<Prompt> prompts, read_prompts(options.prompts));
  OrderedJson idle = OrderedJson::object();
  if (options.idle_seconds > 0) {
    idle =
        energy::to_json(energy::watch_idle_machine({}, energy::Seconds(options.idle_seconds), invocation.interrupted));
  }
  COPPICE_ASSIGN_OR_RETURN(MeasuredModels models, open_models(options, prompts, open));
  RunRecorder recorder("measure", invocation.arguments);
  COPPICE_ASSIGN_OR_RETURN(EnergyMeter meter, EnergyMeter::start(options.energy));
  meter.begin_phase("warm-up");
  OrderedJson answers = OrderedJson::array();
  const Status status = measure(options, invocation, prompts, models, meter, answers, recorder.record().energy);
  if (!recorder.record().energy) recorder.record().energy = meter.finish();
  if (options.record) {
    COPPICE_RETURN_IF_ERROR(record_runs(options, recorder, models, answers, idle, threads, status));
  }
  COPPICE_RETURN_IF_ERROR(status);

  if (!options.csv.empty()) COPPICE_RETURN_IF_ERROR(write_file_atomically(options.csv, measurement_csv(answers)));
  if (!options.json) {
    print_table(answers, idle, options);
    return {};
  }
  // One model: its answer. Several: {"models": [...]}.
  OrderedJson document = answers.size() == 1 ? answers[0] : OrderedJson{{"models", answers}};
  if (!idle.empty()) document["idle_baseline"] = idle;
  std::cout << dump_json(document) << '\n';
  return {};
}

}  // namespace coppice::backend
