#include "native/compare/summary.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "native/export/model_folder.h"
#include "shared/base/json.h"
#include "shared/records/figure.h"

namespace coppice::compare_models {
namespace {

using records::Architecture;
using records::Manifest;

// A linear model counts words. IMDb's reviews have 0.78 words a WordPiece token.
constexpr double kWordsPerToken = 0.78;

std::string describe(const Manifest& manifest) {
  std::string text;
  std::string last;
  bool pruned = false;
  for (const records::PlanStep& step : manifest.plan) {
    std::string done;
    if (step.kind == "train") done = pruned ? "recovered" : "trained";
    if (step.kind == "quantize") done = "quantised";
    if (step.kind == "prune") {
      pruned = true;
      done = "pruned";
      if (step.settings.is_object() && step.settings.contains("method") && step.settings["method"].is_string()) {
        done += " (" + step.settings["method"].get<std::string>() + ")";
      }
    }
    if (done.empty() || done == last) continue;  // an export changes nothing that a reader would notice
    text += (text.empty() ? "" : ", ") + done;
    last = done;
  }
  return text.empty() ? "-" : text;
}

// What this making took beyond the runs in `counted`, which takes its runs up; none where nothing is left. A manifest
// made before parts were kept counts whole.
std::optional<energy::Figure<energy::Joules>> energy_beyond(const records::MakingEnergy& making,
                                                            std::set<std::string>& counted) {
  if (making.parts.empty()) return making.energy_joules;
  std::optional<energy::Figure<energy::Joules>> sum;
  for (const records::MakingPart& part : making.parts) {
    if (!counted.insert(part.run).second) continue;
    sum = sum ? *sum + part.energy_joules : part.energy_joules;
  }
  return sum;
}

std::set<std::string> runs_of_making(const Manifest& manifest) {
  std::set<std::string> runs;
  if (!manifest.making_energy) return runs;
  for (const records::MakingPart& part : manifest.making_energy->parts) runs.insert(part.run);
  return runs;
}

Result<std::map<std::string, energy::Figure<energy::Joules>>> making_by_kind(const ModelSummary& model,
                                                                             const std::set<std::string>& without) {
  std::map<std::string, energy::Figure<energy::Joules>> making;
  if (!model.manifest.making_energy) return making;
  const std::vector<std::string>& summed = model.manifest.making_energy->runs;
  for (const StoredRun& run : model.runs) {
    if (std::find(summed.begin(), summed.end(), run.path) == summed.end() || without.count(run.path) != 0) continue;
    if (!run.record.energy || !run.record.energy->contains("energy_joules")) continue;
    COPPICE_ASSIGN_OR_RETURN(const energy::Figure<energy::Joules> figure,
                             records::parse_figure<energy::Joules>(run.record.energy->at("energy_joules"),
                                                                   run.path + ": energy: energy_joules"));
    const auto [entry, is_new] = making.emplace(run.record.kind, figure);
    if (!is_new) entry->second = entry->second + figure;
  }
  return making;
}

// The latest measurement that finished, as the manifest takes it; null if there is none.
const records::RunRecord* latest_measurement(const ModelSummary& model) {
  const records::RunRecord* latest = nullptr;
  for (const StoredRun& run : model.runs) {
    const records::RunRecord& record = run.record;
    if (record.kind == "measure" && record.outcome == records::Outcome::kFinished &&
        record.results.contains("energy_per_inference")) {
      latest = &record;
    }
  }
  return latest;
}

// "AMD EPYC, 2 threads": what must be equal for times to compare.
std::string machine_of(const records::RunRecord& record) {
  JsonReader machine(record.machine, "machine");
  const int64_t threads = machine.integer_or("hardware_threads", 0);
  std::string text = machine.string_or("cpu_model", "");
  if (threads > 0) text += (text.empty() ? "" : ", ") + std::to_string(threads) + " threads";
  return text;
}

Result<std::vector<ReferenceInference>> measured_reviews(const ModelSummary& model) {
  std::vector<ReferenceInference> reviews;
  const records::RunRecord* record = latest_measurement(model);
  if (record != nullptr && record->results.contains("prompts") && record->results["prompts"].is_array()) {
    for (const Json& prompt : record->results["prompts"]) {
      const std::string where = model.folder.string() + ": record of the measurement: prompts";
      JsonReader reader(prompt, where);
      if (!reader.has("energy_joules")) continue;
      ReferenceInference review;
      review.run_id = record->run_id;
      review.machine = machine_of(*record);
      review.prompt = reader.string_or("id", "");
      review.tokens = reader.integer_or("tokens", 0);
      COPPICE_ASSIGN_OR_RETURN(review.cost.energy,
                               records::parse_figure<energy::Joules>(reader.at("energy_joules"), where));
      if (reader.has("mad_ms")) {
        review.cost.relative_time_error = energy::relative_error_of_median(
            reader.number("median_ms"), reader.number("mad_ms"), reader.number("repeats"));
      }
      COPPICE_RETURN_IF_ERROR(reader.status());
      if (review.tokens > 0) reviews.push_back(std::move(review));
    }
    if (!reviews.empty()) return reviews;
  }
  for (const records::InferenceEnergy& entry : model.manifest.inference_energy) {
    reviews.push_back({entry.tokens, "", "", entry.machine.value_or(""), {entry.energy_joules, std::nullopt}});
  }
  return reviews;
}

std::optional<ReferenceInference> nearest(const std::vector<ReferenceInference>& reviews, double length) {
  const ReferenceInference* best = nullptr;
  for (const ReferenceInference& review : reviews) {
    if (best == nullptr ||
        std::abs(static_cast<double>(review.tokens) - length) < std::abs(static_cast<double>(best->tokens) - length)) {
      best = &review;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

double length_for(const ModelSummary& model, int64_t tokens) {
  const auto length = static_cast<double>(tokens);
  return model.manifest.architecture == Architecture::kLinear ? length * kWordsPerToken : length;
}

Status take_inference(Overview& overview) {
  ModelSummary& base = overview.models[overview.baseline];
  COPPICE_ASSIGN_OR_RETURN(const std::vector<ReferenceInference> of_base, measured_reviews(base));
  base.inference = nearest(of_base, length_for(base, overview.tokens));
  for (ModelSummary& model : overview.models) {
    if (&model == &base) continue;
    COPPICE_ASSIGN_OR_RETURN(const std::vector<ReferenceInference> reviews, measured_reviews(model));
    model.inference = nearest(reviews, length_for(model, overview.tokens));
    if (!base.inference || base.inference->prompt.empty()) continue;
    // The very same review where both saw it.
    for (const ReferenceInference& review : reviews) {
      if (review.prompt == base.inference->prompt) model.inference = review;
    }
  }
  return {};
}

// Ids of the models between `model` and the baseline, itself first; the last one's parent is the baseline, or none of
// the models.
std::vector<const ModelSummary*> lineage(const Overview& overview, const ModelSummary& model) {
  std::vector<const ModelSummary*> chain;
  const ModelSummary* at = &model;
  while (at != nullptr && at != &overview.base() && std::find(chain.begin(), chain.end(), at) == chain.end()) {
    chain.push_back(at);
    at = at->manifest.parent_id ? find_model(overview, *at->manifest.parent_id) : nullptr;
  }
  return chain;
}

// A model exported from the folder of another lists that one's runs too: a run counts once, and not at all where it
// made the baseline.
void take_cost(Overview& overview, ModelSummary& model) {
  const std::vector<const ModelSummary*> chain = lineage(overview, model);
  std::set<std::string> counted = runs_of_making(overview.base().manifest);
  for (const ModelSummary* part : chain) {
    const auto& making = part->manifest.making_energy;
    if (!making || !making->energy_joules) {
      overview.notes.push_back(model.manifest.id + ": no record says what making " + part->manifest.id +
                               " took, so no break-even");
      model.cost.reset();
      return;
    }
    if (!making->runs_without_figure.empty()) {
      overview.notes.push_back(model.manifest.id + ": " + std::to_string(making->runs_without_figure.size()) +
                               " runs of its making hold no figure; its cost is too small by theirs");
    }
    if (const auto energy = energy_beyond(*making, counted)) model.cost = model.cost ? *model.cost + *energy : *energy;
    model.cost_of.push_back(part->manifest.id);
  }
  const std::optional<std::string>& root = chain.back()->manifest.parent_id;
  const Manifest& base = overview.base().manifest;
  if (root && *root != base.id && root != base.parent_id) {
    overview.notes.push_back(model.manifest.id + ": its cost counts from " + *root +
                             ", whose own making is in none of these records");
  }
}

// Where one of them does not say, they are taken to be one, as before machines were kept.
bool same_machine(const ReferenceInference& a, const ReferenceInference& b) {
  return a.machine.empty() || b.machine.empty() || a.machine == b.machine;
}

void take_saving(const Overview& overview, ModelSummary& model) {
  const auto& before = overview.base().inference;
  const auto& after = model.inference;
  if (!before || !after || !same_machine(*before, *after)) return;
  const bool shared_power = !before->run_id.empty() && before->run_id == after->run_id &&
                            before->cost.energy.provenance.method == after->cost.energy.provenance.method;
  model.saving = energy::saving_per_inference(before->cost, after->cost, shared_power);
  model.ratio = energy::energy_ratio(before->cost, after->cost, shared_power);
  if (model.cost) model.break_even = energy::break_even(*model.cost, *model.saving);
}

std::string test_set_text(const records::DataShare& set) {
  std::string text = set.name + ", split " + set.split;
  if (set.examples) text += ", " + std::to_string(*set.examples) + " reviews";
  if (set.sha256) text += ", sha256 " + set.sha256->substr(0, 12);
  return text;
}

bool same_test_set(const records::DataShare& a, const records::DataShare& b) {
  if (a.sha256 && b.sha256) return *a.sha256 == *b.sha256;
  return false;  // without hashes nobody knows
}

void note_differences(Overview& overview) {
  const Manifest& base = overview.base().manifest;
  for (const ModelSummary& model : overview.models) {
    const Manifest& manifest = model.manifest;
    if (manifest.metrics.count("accuracy") == 0) {
      overview.notes.push_back(manifest.id + ": not evaluated on a test set; `coppice evaluate --record` does");
    }
    if (!model.inference) {
      overview.notes.push_back(manifest.id + ": its energy was not measured; `coppice measure --record` does");
    }
    if (&model == &overview.base()) continue;
    if (manifest.test_set && base.test_set && !same_test_set(*manifest.test_set, *base.test_set)) {
      overview.notes.push_back(manifest.id + ": another test set than " + base.id + " (" +
                               test_set_text(*manifest.test_set) + "; " + test_set_text(*base.test_set) +
                               "): their accuracies do not compare");
    }
    if (manifest.architecture != base.architecture) {
      const Manifest& bert = manifest.architecture == Architecture::kBert ? manifest : base;
      const Manifest& other = manifest.architecture == Architecture::kBert ? base : manifest;
      overview.notes.push_back(other.id + ": reads the whole text, " + bert.id + " at most " +
                               std::to_string(bert.max_length) + " tokens of it");
    } else if (manifest.max_length != base.max_length || manifest.truncation != base.truncation) {
      overview.notes.push_back(manifest.id + ": reads at most " + std::to_string(manifest.max_length) + " tokens (" +
                               manifest.truncation + "), " + base.id + " " + std::to_string(base.max_length) + " (" +
                               base.truncation + "): part of any difference is the longest input's");
    }
    if (model.inference && overview.base().inference && !same_machine(*overview.base().inference, *model.inference)) {
      overview.notes.push_back(manifest.id + ": measured on another machine (" + model.inference->machine + ") than " +
                               base.id + " (" + overview.base().inference->machine +
                               "): their times and energies do not compare, and no saving is stated");
    }
    if (model.saving && !model.saving->shared_power) {
      overview.notes.push_back(manifest.id + ": not measured in turns with " + base.id +
                               ", so the bands of both energies count in full; `coppice measure --model A --model B "
                               "--record` measures in turns");
    }
  }
}

Result<size_t> choose_baseline(const Overview& overview, const std::string& id) {
  const std::vector<ModelSummary>& models = overview.models;
  if (!id.empty()) {
    for (size_t i = 0; i < models.size(); ++i) {
      if (models[i].manifest.id == id) return i;
    }
    std::string known;
    for (const ModelSummary& model : models) known += (known.empty() ? "" : ", ") + model.manifest.id;
    return invalid_usage("--baseline: " + id + " is none of the models; expected one of " + known);
  }
  std::vector<size_t> descendants(models.size());
  for (const ModelSummary& model : models) {
    std::set<const ModelSummary*> seen = {&model};
    const ModelSummary* at = &model;
    while (at->manifest.parent_id && (at = find_model(overview, *at->manifest.parent_id)) != nullptr &&
           seen.insert(at).second) {
      ++descendants[static_cast<size_t>(at - models.data())];
    }
  }
  const auto most = std::max_element(descendants.begin(), descendants.end());
  if (*most > 0) return static_cast<size_t>(most - descendants.begin());
  const auto operations = [](const ModelSummary& model) {
    return model.manifest.encoder_flops.empty() ? int64_t{0} : model.manifest.encoder_flops.rbegin()->second;
  };
  const auto largest = std::max_element(models.begin(), models.end(),
                                        [&](const auto& a, const auto& b) { return operations(a) < operations(b); });
  return static_cast<size_t>(largest - models.begin());
}

Result<ModelSummary> read_model(const std::filesystem::path& folder) {
  ModelSummary model;
  model.folder = folder;
  COPPICE_ASSIGN_OR_RETURN(model.manifest, read_model_folder(folder, Verify::kNothing));
  COPPICE_ASSIGN_OR_RETURN(model.runs, read_run_records(folder));
  return model;
}

void take_own_figures(ModelSummary& model) {
  model.done = describe(model.manifest);
  const records::WeightsFile* weights = model.manifest.find_weights("onnx");
  if (weights == nullptr && !model.manifest.weights.empty()) weights = &model.manifest.weights.front();
  if (weights != nullptr) model.download_bytes = model.manifest.find_file(weights->path)->bytes;
}

Status take_making(const Overview& overview, ModelSummary& model) {
  std::set<std::string> of_parent;
  const ModelSummary* parent = model.manifest.parent_id ? find_model(overview, *model.manifest.parent_id) : nullptr;
  if (parent != nullptr) of_parent = runs_of_making(parent->manifest);
  COPPICE_ASSIGN_OR_RETURN(model.making_by_kind, making_by_kind(model, of_parent));
  if (model.manifest.making_energy) model.making = energy_beyond(*model.manifest.making_energy, of_parent);
  return {};
}

}  // namespace

const ModelSummary* find_model(const Overview& overview, const std::string& id) {
  for (const ModelSummary& model : overview.models) {
    if (model.manifest.id == id) return &model;
  }
  return nullptr;
}

Result<Overview> summarise(const std::vector<std::filesystem::path>& folders, const std::string& baseline_id,
                           int64_t tokens) {
  std::vector<ModelSummary> models;
  for (const std::filesystem::path& folder : folders) {
    if (folder.filename() == "catalog.json") continue;
    COPPICE_ASSIGN_OR_RETURN(ModelSummary model, read_model(folder));
    models.push_back(std::move(model));
  }
  return summarise_models(std::move(models), baseline_id, tokens);
}

Result<Overview> summarise_models(std::vector<ModelSummary> models, const std::string& baseline_id, int64_t tokens) {
  Overview overview;
  overview.tokens = tokens;
  for (ModelSummary& model : models) {
    if (const ModelSummary* same = find_model(overview, model.manifest.id); same != nullptr) {
      return invalid_usage(model.folder.string() + " and " + same->folder.string() + " are both \"" +
                           model.manifest.id + "\"; a comparison needs an id for each model");
    }
    take_own_figures(model);
    overview.models.push_back(std::move(model));
  }
  if (overview.models.empty()) return invalid_usage("no model folder given; expected folders with a manifest.json");
  COPPICE_ASSIGN_OR_RETURN(overview.baseline, choose_baseline(overview, baseline_id));
  COPPICE_RETURN_IF_ERROR(take_inference(overview));
  const std::map<int64_t, int64_t>& base_flops = overview.base().manifest.encoder_flops;
  for (size_t i = 0; i < overview.models.size(); ++i) {
    ModelSummary& model = overview.models[i];
    COPPICE_RETURN_IF_ERROR(take_making(overview, model));
    const auto of_base = base_flops.find(tokens);
    const auto of_model = model.manifest.encoder_flops.find(tokens);
    if (of_base != base_flops.end() && of_model != model.manifest.encoder_flops.end() && of_base->second > 0) {
      model.relative_flops = static_cast<double>(of_model->second) / static_cast<double>(of_base->second);
    }
    if (i == overview.baseline) continue;
    take_cost(overview, model);
    take_saving(overview, model);
  }
  note_differences(overview);
  return overview;
}

}  // namespace coppice::compare_models
