#include "native/model/checkpoint.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "native/io/file.h"
#include "shared/engine/safetensors.h"
#include "shared/engine/weights.h"

namespace coppice::model {
namespace {

namespace fs = std::filesystem;
using engine::TensorView;

constexpr std::string_view kPrefix = "bert.";

// The head is what fine-tuning adds: a base model may come without it.
bool is_head(const std::string& name) { return name.starts_with("classifier.") || name.starts_with("bert.pooler."); }

// The entry for a Hugging Face name, with or without the prefix of the inner model; null if there is none.
const std::pair<const std::string, TensorView>* find_tensor(const std::map<std::string, TensorView>& tensors,
                                                            const std::string& name) {
  auto it = tensors.find(name);
  if (it == tensors.end() && name.starts_with(kPrefix)) it = tensors.find(name.substr(kPrefix.size()));
  return it == tensors.end() ? nullptr : &*it;
}

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "\n  " + line;
  return text;
}

Result<LoadReport> copy_weights(const std::map<std::string, TensorView>& tensors, BertClassifier& model,
                                const std::string& source, bool require_head) {
  LoadReport report;
  std::vector<std::string> problems;
  std::set<std::string> used;
  model.visit([&](const std::string& name, at::Tensor& parameter, const std::vector<int64_t>& shape) {
    const auto* entry = find_tensor(tensors, name);
    if (entry == nullptr) {
      if (is_head(name) && !require_head) {
        report.newly_initialised.push_back(name);
      } else {
        problems.push_back("missing: " + name + " " + engine::shape_text(shape));
      }
      return;
    }
    used.insert(entry->first);
    if (entry->second.shape != shape) {
      problems.push_back("shape: " + entry->first + " is " + engine::shape_text(entry->second.shape) +
                         " in the file, config.json asks for " + engine::shape_text(shape));
      return;
    }
    const Result<std::vector<float>> values = engine::to_floats(entry->second, entry->first);
    if (!values) {
      problems.push_back("type: " + values.status().message());
      return;
    }
    std::memcpy(parameter.data_ptr<float>(), values->data(), values->size() * sizeof(float));
  });
  for (const auto& [name, tensor] : tensors) {
    if (!used.contains(name) && !engine::is_activation_scale(name)) report.unused.push_back(name);
  }
  if (!problems.empty()) {
    std::string message =
        source + ": " + std::to_string(problems.size()) + " tensors do not fit config.json:" + join(problems);
    if (!report.unused.empty()) message += "\nin the file but not in the model:" + join(report.unused);
    return invalid_input(message + "\nTake config.json and the weights from the same checkpoint.");
  }
  return report;
}

}  // namespace

Result<LoadedModel> load_model(const fs::path& folder, uint64_t seed, bool require_head) {
  const fs::path config_path = folder / "config.json";
  COPPICE_ASSIGN_OR_RETURN(const std::string config_text, read_file(config_path));
  COPPICE_ASSIGN_OR_RETURN(records::BertConfig config, records::parse_bert_config(config_text, config_path.string()));
  // A shipped folder has only the ONNX file, whose initialisers carry the checkpoint's names and shapes.
  const bool has_safetensors = fs::exists(folder / "model.safetensors");
  const std::string weights_path = has_safetensors ? "model.safetensors" : "onnx/model.onnx";
  COPPICE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(folder / weights_path));
  COPPICE_ASSIGN_OR_RETURN(const engine::TensorMap tensors,
                           engine::parse_weights(file.bytes(), (folder / weights_path).string()));
  const bool int8_weights = std::any_of(tensors.begin(), tensors.end(),
                                        [](const auto& entry) { return entry.second.dtype == engine::DType::kI8; });
  LoadedModel loaded{BertClassifier(std::move(config), seed), {}, weights_path, int8_weights, std::nullopt, {}};
  COPPICE_ASSIGN_OR_RETURN(loaded.activation_scales, engine::find_activation_scales(loaded.model.config(), tensors,
                                                                                    (folder / weights_path).string()));
  COPPICE_ASSIGN_OR_RETURN(loaded.report,
                           copy_weights(tensors, loaded.model, (folder / weights_path).string(), require_head));
  loaded.model.visit_products([&](const std::string& name, const Linear& layer) {
    const auto* entry = find_tensor(tensors, name);
    if (entry == nullptr || entry->second.row_scales.empty()) return;
    at::Tensor scales = at::empty({layer.weight.size(0), 1});
    std::memcpy(scales.data_ptr<float>(), entry->second.row_scales.data(), static_cast<size_t>(scales.nbytes()));
    loaded.row_scales[name] = std::move(scales);
  });
  return loaded;
}

Status save_tensors(const NamedTensors& tensors, const std::map<std::string, std::string>& metadata,
                    const fs::path& file) {
  std::vector<std::pair<std::string, TensorView>> views;
  NamedTensors kept;  // keeps contiguous copies alive
  for (const auto& [name, tensor] : tensors) {
    kept.emplace_back(name, tensor.detach().contiguous());
    const at::Tensor& data = kept.back().second;
    TensorView view;
    view.dtype = data.scalar_type() == at::kLong ? engine::DType::kI64 : engine::DType::kF32;
    view.shape = data.sizes().vec();
    view.bytes = {static_cast<const std::byte*>(data.data_ptr()), static_cast<size_t>(data.nbytes())};
    views.emplace_back(name, view);
  }
  return write_file_atomically(file, [&](const ByteSink& write) -> Status {
    COPPICE_RETURN_IF_ERROR(write(engine::safetensors_header(views, metadata)));
    for (const auto& [name, view] : views) {
      COPPICE_RETURN_IF_ERROR(write({reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size()}));
    }
    return {};
  });
}

Status save_weights(BertClassifier& model, const fs::path& file) {
  NamedTensors tensors;
  model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    tensors.emplace_back(name, tensor);
  });
  return save_tensors(tensors, {{"format", "pt"}}, file);
}

}  // namespace coppice::model
