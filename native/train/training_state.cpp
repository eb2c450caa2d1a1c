#include "native/train/training_state.h"

#include <torch/torch.h>

#include <cstring>

#include "native/io/file.h"
#include "native/model/checkpoint.h"
#include "shared/engine/safetensors.h"

namespace coppice::train {
namespace {

constexpr int64_t kSchemaVersion = 1;

ValidationPoint parse_point(const Json& json, const std::string& where, Status& status) {
  JsonReader reader(json, where);
  ValidationPoint point;
  point.step = reader.integer("step");
  point.epoch = reader.number("epoch");
  point.train_loss = reader.number("train_loss");
  point.validation_loss = reader.number("validation_loss");
  point.validation_accuracy = reader.number("validation_accuracy");
  point.sparsity = reader.number_or("sparsity", 0);
  if (status.ok()) status = reader.status();
  return point;
}

OrderedJson to_json(const TrainingState& state, int64_t optimizer_steps, const std::string& fingerprint) {
  OrderedJson json;
  json["schema_version"] = kSchemaVersion;
  json["fingerprint"] = fingerprint;
  json["step"] = state.step;
  json["optimizer_steps"] = optimizer_steps;
  json["tokens"] = state.tokens;
  json["loss_sum"] = state.loss_sum;
  json["loss_count"] = state.loss_count;
  json["validations_without_gain"] = state.validations_without_gain;
  if (state.has_best) json["best"] = to_json(state.best);
  json["history"] = OrderedJson::array();
  for (const ValidationPoint& point : state.history) json["history"].push_back(to_json(point));
  return json;
}

Status copy_into(const std::map<std::string, engine::TensorView>& tensors, const std::string& name, at::Tensor& to,
                 const std::string& source) {
  const auto it = tensors.find(name);
  if (it == tensors.end()) return invalid_input(source + ": tensor " + name + " is missing");
  if (it->second.dtype != engine::DType::kF32 || it->second.shape != to.sizes().vec()) {
    return invalid_input(source + ": tensor " + name + " is " + engine::shape_text(it->second.shape) +
                         ", expected F32 " + engine::shape_text(to.sizes().vec()));
  }
  std::memcpy(to.data_ptr<float>(), it->second.bytes.data(), it->second.bytes.size());
  return {};
}

}  // namespace

OrderedJson to_json(const ValidationPoint& point) {
  OrderedJson json;
  json["step"] = point.step;
  json["epoch"] = point.epoch;
  json["train_loss"] = point.train_loss;
  json["validation_loss"] = point.validation_loss;
  json["validation_accuracy"] = point.validation_accuracy;
  if (point.sparsity > 0) json["sparsity"] = point.sparsity;
  return json;
}

Status save_training_state(const TrainingState& state, AdamW& optimizer, const model::NamedTensors& more,
                           const std::string& fingerprint, const std::filesystem::path& file) {
  model::NamedTensors tensors = more;
  for (AdamW::Slot& slot : optimizer.slots()) {
    tensors.emplace_back(slot.name, slot.parameter);
    tensors.emplace_back("first_moment." + slot.name, slot.first_moment);
    tensors.emplace_back("second_moment." + slot.name, slot.second_moment);
  }
  const std::string json = dump_json(to_json(state, optimizer.steps_done(), fingerprint));
  return model::save_tensors(tensors, {{"coppice_training_state", json}}, file);
}

Result<TrainingState> load_training_state(AdamW& optimizer, model::NamedTensors more, const std::string& fingerprint,
                                          const std::filesystem::path& file) {
  const std::string source = file.string();
  COPPICE_ASSIGN_OR_RETURN(const MappedFile mapped, MappedFile::open(file));
  COPPICE_ASSIGN_OR_RETURN(const engine::SafetensorsFile saved, engine::parse_safetensors(mapped.bytes(), source));
  const auto metadata = saved.metadata.find("coppice_training_state");
  if (metadata == saved.metadata.end())
    return invalid_input(source + ": no training state in it; not a checkpoint of ours");
  COPPICE_ASSIGN_OR_RETURN(const Json json, parse_json(metadata->second, source + ": coppice_training_state"));
  JsonReader reader(json, source + ": coppice_training_state");
  if (const int64_t version = reader.integer("schema_version"); reader.status().ok() && version != kSchemaVersion) {
    return unsupported(source + ": checkpoint schema " + std::to_string(version) + ", this program reads " +
                       std::to_string(kSchemaVersion));
  }
  if (const std::string found = reader.string("fingerprint"); reader.status().ok() && found != fingerprint) {
    return invalid_usage(source + ": this checkpoint belongs to a run with other settings or inputs (" + found +
                         ", this run is " + fingerprint +
                         "). Use the settings it was started with, or another output folder.");
  }
  TrainingState state;
  state.step = reader.integer("step");
  optimizer.set_steps_done(reader.integer("optimizer_steps"));
  state.tokens = reader.integer("tokens");
  state.loss_sum = reader.number("loss_sum");
  state.loss_count = reader.integer("loss_count");
  state.validations_without_gain = reader.integer("validations_without_gain");
  Status status = reader.status();
  state.has_best = reader.has("best");
  if (state.has_best) state.best = parse_point(reader.at("best"), source + ": best", status);
  for (const Json& point : reader.at("history"))
    state.history.push_back(parse_point(point, source + ": history", status));
  COPPICE_RETURN_IF_ERROR(status);
  const at::NoGradGuard no_grad;
  for (AdamW::Slot& slot : optimizer.slots()) {
    COPPICE_RETURN_IF_ERROR(copy_into(saved.tensors, slot.name, slot.parameter, source));
    COPPICE_RETURN_IF_ERROR(copy_into(saved.tensors, "first_moment." + slot.name, slot.first_moment, source));
    COPPICE_RETURN_IF_ERROR(copy_into(saved.tensors, "second_moment." + slot.name, slot.second_moment, source));
  }
  for (auto& [name, tensor] : more) COPPICE_RETURN_IF_ERROR(copy_into(saved.tensors, name, tensor, source));
  return state;
}

Status restore_weights(AdamW& optimizer, const std::filesystem::path& file) {
  COPPICE_ASSIGN_OR_RETURN(const MappedFile mapped, MappedFile::open(file));
  COPPICE_ASSIGN_OR_RETURN(const engine::SafetensorsFile saved,
                           engine::parse_safetensors(mapped.bytes(), file.string()));
  const at::NoGradGuard no_grad;
  for (AdamW::Slot& slot : optimizer.slots()) {
    COPPICE_RETURN_IF_ERROR(copy_into(saved.tensors, slot.name, slot.parameter, file.string()));
  }
  return {};
}

}  // namespace coppice::train
