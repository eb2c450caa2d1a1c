// What a visitor changes about the models themselves: one of their own joins, a kept file is removed, transformers are
// to run on another backend or on the project's own engine, instead or beside.
#include "shared/compare/comparison.h"

#include <algorithm>

#include "shared/compare/floor.h"
#include "shared/compare/headline.h"
#include "shared/records/bert_config.h"

namespace coppice::compare {
namespace {

constexpr size_t kLongestOwnId = 80;
constexpr size_t kMostOwnModels = 20;
constexpr std::string_view kEngine = "core";  // of the backends, the project's own engine

Status check_own_id(std::string_view id) {
  const bool plain = !id.empty() && id.size() <= kLongestOwnId &&
                     id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                         std::string_view::npos &&
                     id.find_first_not_of('.') != std::string_view::npos;
  if (plain) return {};
  return invalid_usage("a model's name must have 1 to " + std::to_string(kLongestOwnId) +
                       " letters, digits, dots, dashes and underscores, not \"" + std::string(id) + "\"");
}

}  // namespace

Result<size_t> Comparison::new_row(std::string_view id) {
  COPPICE_RETURN_IF_ERROR(check_own_id(id));
  if (!state_.catalog_read && state_.catalog_problem.empty()) {
    return invalid_usage("the list of models is still being read; try again in a moment");
  }
  size_t own = 0;
  for (const ModelRow& row : state_.models) {
    if (row.id == id) return invalid_usage("there already is a model \"" + std::string(id) + "\"");
    own += row.yours ? 1 : 0;
  }
  if (own >= kMostOwnModels) {
    return invalid_usage("there already are " + std::to_string(own) +
                         " models of your own; reload the page to start anew");
  }
  ModelRow row;
  row.id = id;
  row.yours = true;
  state_.models.push_back(std::move(row));
  models_.emplace_back();
  state_.catalog_problem.clear();  // now there is something to compare
  return state_.models.size() - 1;
}

Status Comparison::add_model(std::string_view id) {
  COPPICE_ASSIGN_OR_RETURN(const size_t model, new_row(id));
  describe(model);
  changed();
  return {};
}

Status Comparison::add_model(std::string_view id, const HuggingFaceFolder& folder) {
  // Read first: a folder that cannot be used adds no row.
  COPPICE_RETURN_IF_ERROR(check_own_id(id));
  COPPICE_ASSIGN_OR_RETURN(HuggingFaceModel read, read_hugging_face_folder(folder, std::string(id)));
  COPPICE_ASSIGN_OR_RETURN(const size_t model, new_row(id));
  Model& added = models_[model];
  added.config = folder.config;
  added.manifest = std::move(read.manifest);
  added.tokenizer = std::make_shared<const text::Tokenizer>(std::move(read.tokenizer));
  added.without_manifest = true;
  added.positive_first = read.positive_first;
  if (!read.assumption.empty()) add_notice(read.assumption);
  ModelRow& row = state_.models[model];
  describe_row(added.manifest, row);
  row.model_bytes = added.manifest.find_file(added.manifest.weights.front().path)->bytes;
  std::vector<const records::Manifest*> manifests;
  for (const Model& each : models_) manifests.push_back(&each.manifest);
  write_floor(state_, manifests);
  offer(model);
  changed();
  pump();
  return {};
}

Status Comparison::set_stored(std::string_view id, bool on_device) {
  COPPICE_ASSIGN_OR_RETURN(const size_t model, find_model(id));
  for (ModelRow& row : state_.models) {
    if (folder_of(row) == folder_of(state_.models[model]) && !row.yours) row.on_device = on_device;
  }
  changed();
  return {};
}

Status Comparison::choose_backend(std::string_view backend) {
  if (backend != "wasm" && backend != "webgpu" && backend != "core") {
    return not_found("no backend \"" + std::string(backend) + "\"; there are wasm, webgpu and core");
  }
  if (backend == state_.backend) return {};
  for (const ModelRow& row : state_.models) {
    const bool loading = row.phase == ModelPhase::kDownloading || row.phase == ModelPhase::kPreparing;
    if (comparing_ || (loading && !is_linear(row))) {
      return invalid_usage("The runtime can be changed once models are loaded and no comparison runs.");
    }
  }
  state_.backend = backend;
  for (size_t i = 0; i < models_.size(); ++i) {
    ModelRow& row = state_.models[i];
    if (!row.twin_of.empty() && backend == kEngine) row.selected = false;  // the same twice
    if (is_linear(row) || !row.twin_of.empty() || row.phase != ModelPhase::kReady) continue;
    Request request;
    request.kind = RequestKind::kUnload;
    emit(std::move(request), i);
    row.phase = row.on_device && row.selected ? ModelPhase::kWaiting : ModelPhase::kOffered;
  }
  changed();
  pump();
  return {};
}

const std::string& Comparison::backend_of(const ModelRow& row) const {
  static const std::string engine(kEngine);
  return row.twin_of.empty() ? state_.backend : engine;
}

Status Comparison::run_beside(bool beside) {
  if (comparing_) return invalid_usage("Rows can be added once no comparison runs.");
  if (beside && state_.backend == kEngine) {
    return invalid_usage("Coppice's own engine runs the transformers already: choose ONNX Runtime Web for them first.");
  }
  const size_t rows = state_.models.size();
  for (size_t i = 0; i < rows; ++i) {
    if (!state_.models[i].twin_of.empty()) {
      state_.models[i].selected = beside && state_.models[*find_model(state_.models[i].twin_of)].selected;
      continue;
    }
    const ModelRow& row = state_.models[i];
    const bool has_twin = std::any_of(state_.models.begin(), state_.models.end(),
                                      [&](const ModelRow& other) { return other.twin_of == row.id; });
    if (beside && row.selected && !is_linear(row) && models_[i].described && !has_twin) add_twin(i);
  }
  changed();
  pump();
  return {};
}

void Comparison::add_twin(size_t model) {
  const ModelRow& original = state_.models[model];
  ModelRow row;
  row.id = original.id + ".engine";
  row.twin_of = original.id;
  row.yours = original.yours;
  row.on_device = original.on_device;
  row.model_bytes = original.model_bytes;
  describe_row(models_[model].manifest, row);
  row.against_floor = original.against_floor;
  row.against_floor_short = original.against_floor_short;
  state_.models.push_back(std::move(row));
  Model twin;
  twin.manifest = models_[model].manifest;
  twin.tokenizer = models_[model].tokenizer;
  twin.config = models_[model].config;
  twin.without_manifest = models_[model].without_manifest;
  twin.positive_first = models_[model].positive_first;
  models_.push_back(std::move(twin));
  offer(models_.size() - 1);
}

bool Comparison::lacks_config(size_t model) const {
  const ModelRow& row = state_.models[model];
  return backend_of(row) == kEngine && !is_linear(row) && models_[model].config.empty();
}

void Comparison::ask_config(size_t model) {
  ModelRow& row = state_.models[model];
  const records::FileEntry* file = models_[model].manifest.find_file("config.json");
  if (file == nullptr) {
    fail(model, folder_of(row) +
                    "/manifest.json: files: config.json is missing, which Coppice's own engine needs; let ONNX "
                    "Runtime Web run this model");
    return pump_loads();
  }
  row.phase = ModelPhase::kDownloading;
  row.bytes_done = 0;
  row.bytes_total = row.model_bytes;
  Request request;
  request.path = folder_of(row) + "/" + file->path;
  request.bytes = file->bytes;
  request.sha256 = file->sha256;
  emit(std::move(request), model);
}

void Comparison::read_bert_config(size_t model, std::string_view bytes) {
  // What the engine cannot run is said before megabytes are fetched for it.
  const Result<records::BertConfig> config =
      records::parse_bert_config(bytes, folder_of(state_.models[model]) + "/config.json");
  if (!config.ok()) return fail(model, config.status().message());
  models_[model].config.assign(bytes);
  state_.models[model].phase = ModelPhase::kWaiting;
}

}  // namespace coppice::compare
