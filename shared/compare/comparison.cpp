#include "shared/compare/comparison.h"

#include <algorithm>
#include <cmath>

#include "shared/compare/floor.h"
#include "shared/compare/headline.h"
#include "shared/compare/order.h"
#include "shared/linear/linear_model.h"
#include "shared/records/catalog.h"

namespace coppice::compare {
namespace {

constexpr size_t kNoModel = SIZE_MAX;

bool has_settled(ModelPhase phase) { return phase == ModelPhase::kReady || phase == ModelPhase::kFailed; }

// How often a notice about the same thing may pile up before the oldest goes.
constexpr size_t kMostNotices = 5;

// Models share a tokenizer when vocabulary and casing are the same. Of a linear model: one that nothing is kept under.
std::string tokenizer_key(const records::Manifest& manifest) {
  const records::FileEntry* vocabulary = is_linear(manifest) ? nullptr : manifest.find_file("vocab.txt");
  return vocabulary == nullptr ? "" : vocabulary->sha256 + (manifest.do_lower_case ? "/uncased" : "/cased");
}

}  // namespace

Comparison::Comparison() {
  state_.device_id = energy::device_presets().front().id;
  state_.grid_id = "WORLD";
  Request request;
  request.path = "catalog.json";
  emit(std::move(request), kNoModel);
}

std::optional<Request> Comparison::next_request() {
  if (requests_.empty()) return std::nullopt;
  Request request = std::move(requests_.front());
  requests_.pop_front();
  return request;
}

int64_t Comparison::emit(Request request, size_t model) {
  request.id = ++last_id_;
  if (model != kNoModel) request.model = state_.models[model].id;
  if (request.kind != RequestKind::kUnload) pending_[request.id] = {request.kind, model, request.path};
  requests_.push_back(std::move(request));
  return last_id_;
}

std::optional<Comparison::Pending> Comparison::take_pending(int64_t id, RequestKind kind) {
  const auto it = pending_.find(id);
  if (it == pending_.end() || it->second.kind != kind) return std::nullopt;
  Pending pending = std::move(it->second);
  pending_.erase(it);
  return pending;
}

const Comparison::Pending* Comparison::find_pending(int64_t id, RequestKind kind) const {
  const auto it = pending_.find(id);
  return it == pending_.end() || it->second.kind != kind ? nullptr : &it->second;
}

Result<size_t> Comparison::find_model(std::string_view id) const {
  for (size_t i = 0; i < state_.models.size(); ++i) {
    if (state_.models[i].id == id) return i;
  }
  return not_found("no model \"" + std::string(id) + "\" in the catalog");
}

// ---- Describing models -------------------------------------------------------------------------------------------

void Comparison::fetched(int64_t id, std::string_view bytes) {
  const std::optional<Pending> pending = take_pending(id, RequestKind::kFetch);
  if (!pending) return;
  if (pending->model == kNoModel) {
    read_catalog(bytes);
  } else if (pending->path == folder_of(state_.models[pending->model]) + "/manifest.json") {
    read_manifest(pending->model, bytes);
  } else if (is_linear(models_[pending->model].manifest)) {
    read_linear_config(pending->model, bytes);
  } else if (pending->path == folder_of(state_.models[pending->model]) + "/config.json") {
    read_bert_config(pending->model, bytes);
  } else {
    read_vocabulary(pending->model, bytes);
  }
  changed();
  pump();
}

void Comparison::read_catalog(std::string_view bytes) {
  const Result<records::Catalog> catalog = records::parse_catalog(bytes, "models/catalog.json");
  if (!catalog.ok()) return lack_catalog(catalog.status().message());
  state_.catalog_read = true;
  if (catalog->models.empty()) lack_catalog("models/catalog.json lists no model");
  for (const records::CatalogEntry& entry : catalog->models) {
    ModelRow row;
    row.id = entry.id;
    row.selected = entry.preselected;
    state_.models.push_back(std::move(row));
    models_.emplace_back();
    describe(state_.models.size() - 1);
  }
  if (!start_when_listed_) return;
  stop_waiting_for_list();
  if (const Status started = start(); !started.ok()) add_notice(started.message());
}

void Comparison::lack_catalog(std::string problem) {
  state_.catalog_problem = std::move(problem);
  stop_waiting_for_list();
}

void Comparison::stop_waiting_for_list() {
  if (!start_when_listed_) return;
  start_when_listed_ = false;
  state_.phase = RunPhase::kIdle;
}

void Comparison::describe(size_t model) {
  ModelRow& row = state_.models[model];
  row.phase = ModelPhase::kDescribing;
  row.problem.clear();
  if (models_[model].without_manifest) return offer(model);
  Request request;
  request.path = folder_of(row) + "/manifest.json";
  emit(std::move(request), model);
}

void Comparison::read_manifest(size_t model, std::string_view bytes) {
  ModelRow& row = state_.models[model];
  Result<records::Manifest> parsed = records::parse_manifest(bytes, folder_of(row) + "/manifest.json");
  if (!parsed.ok()) return fail(model, parsed.status().message());
  records::Manifest manifest = std::move(*parsed);
  const std::string source = folder_of(row) + "/manifest.json";
  if (manifest.id != folder_of(row) && !row.yours) {
    return fail(model,
                source + ": describes \"" + manifest.id + "\", but the catalog has it as \"" + folder_of(row) + "\"");
  }
  if (manifest.labels.size() != 2) {
    return fail(model, source + ": labels: this page compares models with two labels, not " +
                           std::to_string(manifest.labels.size()));
  }
  const records::WeightsFile* weights = weights_to_run(manifest);
  if (weights == nullptr) {
    return fail(model, source + ": weights: holds no " + (is_linear(manifest) ? "safetensors" : "ONNX") +
                           " file, which the page needs");
  }
  const records::FileEntry* small_file = manifest.find_file(name_of_small_file(manifest));
  if (small_file == nullptr) {
    return fail(model, source + ": files: " + name_of_small_file(manifest) + " is missing");
  }

  describe_row(manifest, row);
  row.model_bytes = manifest.find_file(weights->path)->bytes;

  Request request;
  request.path = folder_of(row) + "/" + small_file->path;
  request.bytes = small_file->bytes;
  request.sha256 = small_file->sha256;
  const auto known = tokenizers_.find(tokenizer_key(manifest));
  models_[model].described = false;
  models_[model].manifest = std::move(manifest);
  std::vector<const records::Manifest*> manifests;
  for (const Model& each : models_) manifests.push_back(&each.manifest);
  write_floor(state_, manifests);
  if (known != tokenizers_.end()) {
    models_[model].tokenizer = known->second;
    offer(model);
  } else {
    emit(std::move(request), model);
  }
}

void Comparison::read_vocabulary(size_t model, std::string_view bytes) {
  Model& loaded_model = models_[model];
  // Another model's file with the same hash has come meanwhile: the same tokens, and reading them takes a while.
  if (const auto known = tokenizers_.find(tokenizer_key(loaded_model.manifest)); known != tokenizers_.end()) {
    loaded_model.tokenizer = known->second;
    return offer(model);
  }
  text::TokenizerOptions options;
  options.do_lower_case = loaded_model.manifest.do_lower_case;
  options.strip_accents = loaded_model.manifest.do_lower_case;
  Result<text::Tokenizer> tokenizer = text::Tokenizer::create(bytes, options);
  if (!tokenizer.ok()) {
    return fail(model, tokenizer.status().with_context(folder_of(state_.models[model]) + "/vocab.txt").message());
  }
  loaded_model.tokenizer = std::make_shared<const text::Tokenizer>(std::move(*tokenizer));
  tokenizers_[tokenizer_key(loaded_model.manifest)] = loaded_model.tokenizer;
  offer(model);
}

void Comparison::read_linear_config(size_t model, std::string_view bytes) {
  // What this version cannot run is said before megabytes are fetched for it.
  const Result<linear::LinearConfig> config =
      linear::parse_linear_config(bytes, state_.models[model].id + "/config.json");
  if (!config.ok()) return fail(model, config.status().message());
  models_[model].config.assign(bytes);
  offer(model);
}

void Comparison::offer(size_t model) {
  const records::Manifest& manifest = models_[model].manifest;
  models_[model].described = true;
  state_.models[model].phase = comparing_ && models_[model].in_comparison ? ModelPhase::kWaiting : ModelPhase::kOffered;
  read_current(model);
  if (models_[model].in_comparison) models_[model].compared = read(model, compared_text_);
  const records::WeightsFile* weights = weights_to_run(manifest);
  Request request;
  request.kind = RequestKind::kProbe;
  request.path = folder_of(state_.models[model]) + "/" + weights->path;
  request.bytes = state_.models[model].model_bytes;
  request.sha256 = manifest.find_file(weights->path)->sha256;
  emit(std::move(request), model);
}

Reading Comparison::read(size_t model, std::string_view text) const {
  return read_text(models_[model].manifest, models_[model].tokenizer.get(), text);
}

void Comparison::read_current(size_t model) {
  Model& target = models_[model];
  ModelRow& row = state_.models[model];
  if (!target.described) return;
  target.reading = read(model, text_);
  row.tokens = target.reading.units;
  row.tokens_whole = target.reading.units_whole;
  row.truncated = target.reading.truncated;
}

void Comparison::fail(size_t model, std::string problem) {
  state_.models[model].phase = ModelPhase::kFailed;
  state_.models[model].problem = std::move(problem);
  side_.model_failed(model);
}

// ---- What the visitor does ---------------------------------------------------------------------------------------

void Comparison::set_text(std::string_view text) {
  if (text == text_) return;
  text_.assign(text);
  state_.text_bytes = static_cast<int64_t>(text.size());
  state_.text_empty = text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
  for (size_t i = 0; i < models_.size(); ++i) read_current(i);
  state_.results_are_stale = state_.phase != RunPhase::kIdle;
  changed();
}

Status Comparison::set_repeats(int repeats) {
  if (repeats < 1 || repeats > 100)
    return invalid_usage("repeats must lie in 1 to 100, not " + std::to_string(repeats));
  state_.repeats = repeats;
  changed();
  return {};
}

Status Comparison::select_model(std::string_view id, bool selected) {
  COPPICE_ASSIGN_OR_RETURN(const size_t model, find_model(id));
  state_.models[model].selected = selected;
  changed();
  return {};
}

Status Comparison::start() {
  if (!state_.catalog_problem.empty()) return failed(state_.catalog_problem);
  if (state_.text_empty) return invalid_usage("There is no review yet: type one, or pick a sample.");
  if (models_.empty()) {
    start_when_listed_ = true;
    state_.phase = RunPhase::kLoading;
    changed();
    return {};
  }
  size_t chosen = 0;
  for (size_t i = 0; i < models_.size(); ++i) chosen += state_.models[i].selected ? 1 : 0;
  if (chosen == 0) return invalid_usage("Choose at least one model to run.");

  clear_results();
  comparing_ = true;
  compared_text_ = text_;
  if (side_.explainer.explanation().text != text_) side_.explainer.stop();  // nobody waits for it now
  repeats_now_ = state_.repeats;
  for (size_t i = 0; i < models_.size(); ++i) {
    ModelRow& row = state_.models[i];
    models_[i].in_comparison = row.selected;
    if (!row.selected) continue;
    models_[i].compared = models_[i].reading;
    if (row.phase == ModelPhase::kOffered) row.phase = ModelPhase::kWaiting;
  }
  changed();
  pump();
  return {};
}

void Comparison::clear_results() {
  // A run that is under way cannot be called back; its answer will be ignored.
  std::erase_if(pending_, [](const auto& entry) { return entry.second.kind == RequestKind::kRun; });
  std::erase_if(requests_, [](const Request& request) { return request.kind == RequestKind::kRun; });
  for (size_t i = 0; i < models_.size(); ++i) clear_result(i);
  for (Model& model : models_) model.in_comparison = false;
  state_.results_are_stale = false;
  state_.agreement = Agreement::kNone;
  state_.headline.clear();
}

void Comparison::clear_result(size_t model) {
  ModelRow& row = state_.models[model];
  row.units_compared = 0;
  row.verdict.reset();
  row.runtime.reset();
  row.warm_up_ms.reset();
  row.times_ms.clear();
  row.runs_per_time = 1;
  row.time.reset();
  row.against_baseline.reset();
  row.estimate.reset();
  models_[model].warmed_up = false;
}

void Comparison::cancel() {
  if (start_when_listed_) {
    stop_waiting_for_list();
    changed();
  }
  if (!comparing_) return;
  comparing_ = false;
  std::erase_if(pending_, [](const auto& entry) { return entry.second.kind == RequestKind::kRun; });
  std::erase_if(requests_, [](const Request& request) { return request.kind == RequestKind::kRun; });
  for (ModelRow& row : state_.models) {
    if (row.phase == ModelPhase::kWaiting) row.phase = ModelPhase::kOffered;
  }
  summarise();
  state_.phase = RunPhase::kDone;
  ++state_.comparisons_finished;
  changed();
  pump();
}

Status Comparison::load(std::string_view id) {
  COPPICE_ASSIGN_OR_RETURN(const size_t model, find_model(id));
  if (state_.models[model].phase == ModelPhase::kOffered) state_.models[model].phase = ModelPhase::kWaiting;
  changed();
  pump();
  return {};
}

Status Comparison::retry(std::string_view id) {
  COPPICE_ASSIGN_OR_RETURN(const size_t model, find_model(id));
  if (state_.models[model].phase != ModelPhase::kFailed) return {};
  clear_result(model);
  // Joins a comparison that still runs; else it waits for the next one.
  models_[model].in_comparison = comparing_ && state_.models[model].selected;
  describe(model);
  changed();
  return {};
}

// ---- What the outside answers ------------------------------------------------------------------------------------

void Comparison::probed(int64_t id, bool on_device) {
  const std::optional<Pending> pending = take_pending(id, RequestKind::kProbe);
  if (!pending) return;
  ModelRow& row = state_.models[pending->model];
  row.on_device = on_device;
  // No download to wait for: have it ready before the visitor has finished typing.
  if (on_device && row.selected && row.phase == ModelPhase::kOffered) row.phase = ModelPhase::kWaiting;
  changed();
  pump();
}

void Comparison::progress(int64_t id, int64_t bytes_done, int64_t bytes_total) {
  const Pending* pending = find_pending(id, RequestKind::kLoad);
  if (pending == nullptr) return;
  ModelRow& row = state_.models[pending->model];
  row.phase = ModelPhase::kDownloading;
  row.bytes_done = bytes_done;
  row.bytes_total = bytes_total;
  changed();
}

void Comparison::preparing(int64_t id) {
  const Pending* pending = find_pending(id, RequestKind::kLoad);
  if (pending == nullptr) return;
  state_.models[pending->model].phase = ModelPhase::kPreparing;
  changed();
}

void Comparison::loaded(int64_t id, bool stored_on_device, std::optional<Runtime> runtime) {
  const std::optional<Pending> pending = take_pending(id, RequestKind::kLoad);
  if (!pending) return;
  state_.models[pending->model].phase = ModelPhase::kReady;
  state_.models[pending->model].on_device = stored_on_device;
  models_[pending->model].runtime = runtime ? std::move(*runtime) : state_.runtime;
  changed();
  pump();
}

void Comparison::run_done(int64_t id, std::array<double, 2> logits, double milliseconds, int64_t runs) {
  if (const auto side = take_pending(id, RequestKind::kSideRun)) {
    return side_run_done(side->model, {logits, milliseconds});
  }
  const std::optional<Pending> pending = take_pending(id, RequestKind::kRun);
  if (!pending) return;
  ModelRow& row = state_.models[pending->model];
  Model& model = models_[pending->model];
  ++state_.runs_done;
  if (model.positive_first) std::swap(logits[0], logits[1]);
  if (!std::isfinite(logits[0]) || !std::isfinite(logits[1])) {
    fail(pending->model, row.id + ": gave logits that are no numbers; the model file does not suit this runtime");
  } else if (!std::isfinite(milliseconds) || milliseconds < 0) {
    fail(pending->model, row.id + ": the clock of this browser gave no time for the run");
  } else if (!model.warmed_up) {
    model.warmed_up = true;
    row.verdict = judge(logits, model.manifest.labels);
    if (!is_linear(row)) row.runtime = model.runtime;
    row.units_compared = model.compared.units;
    row.warm_up_ms = milliseconds;
    state_.agreement = agreement_of(state_.models);
  } else {
    row.times_ms.push_back(milliseconds);
    row.runs_per_time = std::max<int64_t>(1, runs);
  }
  changed();
  pump();
}

void Comparison::request_failed(int64_t id, std::string message) {
  const auto it = pending_.find(id);
  if (it == pending_.end()) return;
  const Pending pending = it->second;
  pending_.erase(it);
  if (pending.kind == RequestKind::kCalibrate) {
    calibration_ended(message);
  } else if (pending.model == kNoModel) {
    lack_catalog("models/catalog.json could not be read: " + message);
  } else if (pending.kind == RequestKind::kSideRun) {
    side_.run_lost();
    fail(pending.model, std::move(message));
  } else if (pending.kind != RequestKind::kProbe) {  // without an answer, not in the cache
    fail(pending.model, std::move(message));
  }
  changed();
  pump();
}

void Comparison::runtime_lost(const std::string& message) {
  std::vector<size_t> blamed;
  for (auto it = pending_.begin(); it != pending_.end();) {
    const RequestKind kind = it->second.kind;
    const bool in_worker = kind != RequestKind::kFetch && kind != RequestKind::kProbe;
    if (kind == RequestKind::kCalibrate) {
      calibration_ended(message);
    } else if (in_worker) {
      blamed.push_back(it->second.model);
    }
    it = in_worker ? pending_.erase(it) : std::next(it);
  }
  std::erase_if(requests_, [](const Request& request) {
    return request.kind == RequestKind::kRun || request.kind == RequestKind::kSideRun;
  });
  side_.run_lost();
  for (const size_t model : blamed) fail(model, state_.models[model].id + ": " + message);
  for (size_t i = 0; i < models_.size(); ++i) {
    ModelRow& row = state_.models[i];
    if (row.phase != ModelPhase::kReady) continue;
    row.phase = comparing_ && models_[i].in_comparison ? ModelPhase::kWaiting : ModelPhase::kOffered;
  }
  changed();
  pump();
}

void Comparison::set_runtime(Runtime runtime) {
  state_.runtime = std::move(runtime);
  changed();
}

void Comparison::add_notice(std::string message) {
  if (std::find(state_.notices.begin(), state_.notices.end(), message) != state_.notices.end()) return;
  state_.notices.push_back(std::move(message));
  if (state_.notices.size() > kMostNotices) state_.notices.erase(state_.notices.begin());
  changed();
}

// ---- What is done next -------------------------------------------------------------------------------------------

void Comparison::pump() {
  pump_loads();
  if (!comparing_) return pump_side();

  bool settled = true;
  int64_t running = 0;
  int64_t taking_part = 0;
  int64_t done = 0;
  for (size_t i = 0; i < models_.size(); ++i) {
    if (!models_[i].in_comparison) continue;
    const ModelPhase phase = state_.models[i].phase;
    settled = settled && has_settled(phase);
    if (phase != ModelPhase::kFailed) ++taking_part;
    if (phase == ModelPhase::kFailed) continue;
    done += (models_[i].warmed_up ? 1 : 0) + static_cast<int64_t>(state_.models[i].times_ms.size());
  }
  for (const auto& [id, pending] : pending_) {
    running += pending.kind == RequestKind::kRun || pending.kind == RequestKind::kSideRun ? 1 : 0;
  }
  state_.runs_planned = static_cast<int>(taking_part * (1 + repeats_now_));
  state_.runs_done = static_cast<int>(done);
  if (running > 0) return;

  for (size_t i = 0; i < models_.size(); ++i) {
    if (!models_[i].in_comparison || models_[i].warmed_up) continue;
    state_.phase = RunPhase::kWarmingUp;
    if (emit_run(i)) return;
  }
  if (!settled) {
    state_.phase = RunPhase::kLoading;
    return;
  }
  for (int round = 0; round < repeats_now_; ++round) {
    for (size_t i = 0; i < models_.size(); ++i) {
      if (!models_[i].in_comparison || static_cast<int>(state_.models[i].times_ms.size()) > round) continue;
      state_.phase = RunPhase::kTiming;
      if (emit_run(i)) return;
    }
  }
  comparing_ = false;
  state_.phase = RunPhase::kDone;
  ++state_.comparisons_finished;
  summarise();
  pump_side();
}

// One model file at a time, the smallest first: the first verdict comes sooner.
void Comparison::pump_loads() {
  for (const auto& [id, pending] : pending_) {
    if (pending.kind == RequestKind::kLoad) return;
    if (pending.kind == RequestKind::kFetch && pending.path.ends_with("/config.json")) return;
  }
  size_t next = kNoModel;
  for (size_t i = 0; i < models_.size(); ++i) {
    if (state_.models[i].phase != ModelPhase::kWaiting) continue;
    if (next == kNoModel || state_.models[i].model_bytes < state_.models[next].model_bytes) next = i;
  }
  if (next == kNoModel) return;
  if (lacks_config(next)) return ask_config(next);
  ModelRow& row = state_.models[next];
  const records::Manifest& manifest = models_[next].manifest;
  const std::string& path = weights_to_run(manifest)->path;
  row.phase = ModelPhase::kDownloading;
  row.bytes_done = 0;
  row.bytes_total = row.model_bytes;
  Request request;
  request.kind = RequestKind::kLoad;
  request.path = folder_of(row) + "/" + path;
  request.bytes = row.model_bytes;
  request.sha256 = manifest.find_file(path)->sha256;
  request.by_core = is_linear(manifest);
  if (!request.by_core) request.backend = backend_of(row);
  if (request.by_core || request.backend == "core") request.config = models_[next].config;
  request.max_length = manifest.max_length;
  emit(std::move(request), next);
}

bool Comparison::emit_run(size_t model) {
  if (state_.models[model].phase != ModelPhase::kReady) return false;
  Request request;
  request.kind = RequestKind::kRun;
  request.by_core = is_linear(models_[model].manifest);
  request.input_ids = models_[model].compared.input_ids;
  request.text = models_[model].compared.text;
  emit(std::move(request), model);
  return true;
}

void Comparison::summarise() {
  const std::optional<size_t> baseline = baseline_of(state_);
  for (size_t i = 0; i < models_.size(); ++i) {
    ModelRow& row = state_.models[i];
    row.against_baseline.reset();
    if (row.times_ms.empty()) continue;
    row.time = summarise_times(row.times_ms);
    if (i != *baseline) row.against_baseline = compare_times(state_.models[*baseline].times_ms, row.times_ms);
    estimate(i);
  }
  state_.agreement = agreement_of(state_.models);
  write_headline();
}

void Comparison::write_headline() { state_.headline = headline_of(state_); }

}  // namespace coppice::compare
