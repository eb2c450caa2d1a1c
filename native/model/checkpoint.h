// Weights in and out: a Hugging Face folder's model.safetensors (or the ONNX file of a shipped folder) to a
// BertClassifier and back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "native/model/bert.h"
#include "shared/base/status.h"

namespace coppice::model {

struct LoadReport {
  // Parameters of the model that the file lacks; allowed only for the head (pooler, classifier), which then keeps its
  // fresh initialisation.
  std::vector<std::string> newly_initialised;
  // Tensors of the file that the model has no place for, e.g. a language-model head or position ids.
  std::vector<std::string> unused;
};

struct LoadedModel {
  BertClassifier model;
  LoadReport report;
  std::string weights_path;  // the file they came from, below the folder
  // The matrices came as int8 with scales and were turned into float32; the file's own engine also rounds activations.
  bool int8_weights = false;
  // Of such a file, where its activations have static scales: in the order of engine::product_inputs.
  std::optional<std::vector<engine::ActivationScale>> activation_scales;
  RowScales row_scales;  // of the matrices of such a file
};

// Reads config.json and the weights of `folder`. Names may carry the "bert." prefix or not. A failure lists every
// missing, unexpected-in-shape or non-float tensor at once. `seed` draws what is newly initialised. With
// `require_head` a missing classifier is a failure too (evaluation, prediction).
Result<LoadedModel> load_model(const std::filesystem::path& folder, uint64_t seed, bool require_head);

// Writes model.safetensors atomically, float32, Hugging Face names.
Status save_weights(BertClassifier& model, const std::filesystem::path& file);

// Several named float32 or int64 tensors as one safetensors file with metadata: training checkpoints.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;
Status save_tensors(const NamedTensors& tensors, const std::map<std::string, std::string>& metadata,
                    const std::filesystem::path& file);

}  // namespace coppice::model
