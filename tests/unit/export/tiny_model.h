// A tiny random BERT classifier (2 layers, 8 wide, 12 words) and its folder on disk, for tests that need a whole model
// in milliseconds.
#pragma once

#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "native/io/file.h"
#include "shared/engine/weights.h"
#include "shared/records/bert_config.h"

namespace coppice::testing {

inline records::BertConfig tiny_config() {
  records::BertConfig config;
  config.vocab_size = 12;
  config.hidden_size = 8;
  config.num_attention_heads = 2;
  config.intermediate_size = 16;
  config.max_position_embeddings = 16;
  config.layers.assign(2, records::LayerShape{2, 16});
  return config;
}

inline records::BertConfig tiny_uneven_config() {
  records::BertConfig config = tiny_config();
  config.layers = {{1, 5}, {2, 11}};
  return config;
}

// Owns the numbers of a model; `tensors` are views into them.
struct OwnedWeights {
  std::map<std::string, std::vector<float>> values;
  engine::TensorMap tensors;
};

// Seeded normal numbers: large enough that every part of the network matters to the logits.
inline OwnedWeights random_weights(const records::BertConfig& config, unsigned seed, float scale = 0.5F) {
  OwnedWeights weights;
  std::mt19937 generator(seed);
  for (const engine::ExpectedTensor& tensor : engine::expected_tensors(config)) {
    size_t elements = 1;
    for (const int64_t dimension : tensor.shape) elements *= static_cast<size_t>(dimension);
    std::vector<float>& values = weights.values[tensor.name];
    values.resize(elements);
    // A sum of four uniform numbers: the same on every standard library, which std::normal_distribution is not.
    for (float& value : values) {
      float sum = 0;
      for (int i = 0; i < 4; ++i) sum += static_cast<float>(generator() >> 8) * 0x1p-24F - 0.5F;
      value = scale * sum;
    }
    const bool norm_weight = tensor.name.find("LayerNorm.weight") != std::string::npos;
    for (float& value : values) value += norm_weight ? 1.0F : 0.0F;
    weights.tensors[tensor.name] = {engine::DType::kF32, tensor.shape, std::as_bytes(std::span(values))};
  }
  return weights;
}

inline std::string safetensors_bytes(const engine::TensorMap& tensors) {
  const std::vector<std::pair<std::string, engine::TensorView>> list(tensors.begin(), tensors.end());
  std::string bytes = engine::safetensors_header(list, {{"format", "pt"}});
  for (const auto& [name, view] : list)
    bytes.append(reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size());
  return bytes;
}

inline std::string tiny_vocabulary() {
  return "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngood\nbad\nfilm\na\nvery\n##ly\n.\n";
}

// A folder below the system's temporary folder, removed at the end.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name = "tiny") {
    std::string pattern = (std::filesystem::temp_directory_path() / "coppice-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    path_ = root_ / name;
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(root_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
  std::filesystem::path path_;
};

inline void must(const Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "test setup: %s\n", status.message().c_str());
    std::abort();
  }
}

// What `coppice train` leaves, without run records and manifest.
inline void write_tiny_model(const std::filesystem::path& folder, const records::BertConfig& config,
                             unsigned seed = 1) {
  const OwnedWeights weights = random_weights(config, seed);
  must(write_file_atomically(folder / "config.json", dump_json(records::to_json(config), 1)));
  must(write_file_atomically(folder / "tokenizer_config.json",
                             R"({"do_lower_case": true, "model_max_length": 16, "tokenizer_class": "BertTokenizer"})"));
  must(write_file_atomically(folder / "vocab.txt", tiny_vocabulary()));
  must(write_file_atomically(folder / "model.safetensors", safetensors_bytes(weights.tensors)));
}

}  // namespace coppice::testing
