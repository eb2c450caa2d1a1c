// A model folder opened for the backend: weights in libtorch, tokenizer, and how texts are cut for it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "native/backend/tokenizer_folder.h"
#include "native/model/checkpoint.h"
#include "shared/base/status.h"
#include "shared/records/manifest.h"
#include "shared/text/tokenizer.h"

namespace coppice::backend {

struct ClassifierFolder {
  std::filesystem::path path;
  records::Manifest manifest;
  model::BertClassifier model;
  std::string weights_sha256;  // of the file the weights came from
  text::Tokenizer tokenizer;
  text::EncodeOptions encoding;  // longest input and truncation rule of the manifest
  // "float32", "float32 from int8 weights", "int8 weights and activations" or "int8 weights and activations of static
  // scale", as records state it.
  std::string arithmetic;
};

// What a folder with int8 weights computes in; others are float32 either way.
enum class Arithmetic {
  kFloat32,     // the weights as float32: for training, pruning and teaching from them, and for timing this engine
  kAsExported,  // products of 8-bit activations and weights, as the ONNX file has them: for verdicts that are its own
};

// A folder with a manifest. Every file in it is checked against its sha256 first.
Result<ClassifierFolder> open_classifier(const std::filesystem::path& folder,
                                         Arithmetic arithmetic = Arithmetic::kFloat32);

// Copies what a derived model keeps unchanged: vocab.txt, tokenizer.json, tokenizer_config.json,
// special_tokens_map.json.
Status copy_tokenizer_files(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace coppice::backend
