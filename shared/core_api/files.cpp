#include "shared/core_api/files.h"

#include "shared/base/json.h"
#include "shared/core_api/platform.h"
#include "shared/linear/linear_model.h"
#include "shared/records/bert_config.h"

namespace coppice::core_api {
namespace {

constexpr const char* kGetAnew = "; get the model anew";

Status missing_file(const std::string& path, const char* why) {
  return not_found(path + ": not among the files given, " + why + "; hand it over too");
}

}  // namespace

const ModelFile* find(std::span<const ModelFile> files, std::string_view path) {
  for (const ModelFile& file : files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

std::string_view text_of(const ModelFile& file) {
  return {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()};
}

Result<std::vector<std::string>> needed_files(const records::Manifest& manifest, std::span<const ModelFile> given) {
  std::vector<std::string> paths = {kConfig};
  const records::WeightsFile* weights = manifest.find_weights("safetensors");
  if (manifest.architecture == records::Architecture::kBert) {
    paths.emplace_back(kVocabulary);
    // tokenizer.json repeats the vocabulary and states what this one does.
    if (manifest.find_file(kTokenizerConfig) != nullptr) paths.emplace_back(kTokenizerConfig);
    const records::WeightsFile* onnx = manifest.find_weights("onnx");
    const bool given_otherwise = onnx != nullptr && weights != nullptr && find(given, onnx->path) == nullptr &&
                                 find(given, weights->path) != nullptr;
    if (onnx != nullptr && !given_otherwise) weights = onnx;
  }
  if (weights == nullptr) {
    return unsupported(
        "manifest.json: lists no weights that this library runs; expected ONNX or safetensors of a "
        "transformer, or safetensors of a linear model. `coppice export` makes them");
  }
  paths.push_back(weights->path);
  return paths;
}

Status check_files(const records::Manifest& manifest, std::span<const ModelFile> files) {
  COPPICE_ASSIGN_OR_RETURN(const std::vector<std::string> paths, needed_files(manifest, files));
  for (const std::string& path : paths) {
    const records::FileEntry* entry = manifest.find_file(path);
    if (entry == nullptr) return invalid_input("manifest.json: does not list " + path + "; make it anew");
    const ModelFile* file = find(files, path);
    if (file == nullptr) return missing_file(path, "and manifest.json lists it");
    if (file->bytes.size() != static_cast<size_t>(entry->bytes)) {
      return invalid_input(path + ": altered or cut short: manifest.json states " + std::to_string(entry->bytes) +
                           " bytes, found " + std::to_string(file->bytes.size()) + kGetAnew);
    }
    const std::optional<std::string> sha256 = platform::sha256_hex(text_of(*file));
    if (sha256 && *sha256 != entry->sha256) {
      return invalid_input(path + ": altered: manifest.json states sha256 " + entry->sha256 + ", found " + *sha256 +
                           kGetAnew);
    }
  }
  return {};
}

Result<records::Manifest> manifest_from_config(std::span<const ModelFile> files) {
  const ModelFile* config = find(files, kConfig);
  if (config == nullptr) return missing_file("manifest.json and config.json", "and one of them must be");
  COPPICE_ASSIGN_OR_RETURN(const Json json, parse_json(text_of(*config), kConfig));
  records::Manifest manifest;
  if (linear::is_linear_config(json)) {
    COPPICE_ASSIGN_OR_RETURN(const linear::LinearConfig linear, linear::parse_linear_config(text_of(*config), kConfig));
    manifest.architecture = records::Architecture::kLinear;
    manifest.labels = {linear.labels[0], linear.labels[1]};
  } else {
    COPPICE_ASSIGN_OR_RETURN(const records::BertConfig bert, records::parse_bert_config(text_of(*config), kConfig));
    manifest.labels = {bert.labels[0], bert.labels[1]};
    manifest.max_length = bert.max_position_embeddings;
    manifest.truncation = "head";
    if (find(files, kVocabulary) == nullptr) return missing_file(kVocabulary, "and a transformer needs it");
  }
  for (const char* path : {kOnnx, kSafetensors}) {
    if (manifest.architecture == records::Architecture::kLinear && path == kOnnx) continue;
    if (find(files, path) == nullptr) continue;
    manifest.weights.push_back({path, path == kOnnx ? "onnx" : "safetensors", ""});
    return manifest;
  }
  return missing_file(manifest.architecture == records::Architecture::kLinear ? "model.safetensors"
                                                                              : "onnx/model.onnx or model.safetensors",
                      "and without weights there is no model");
}

}  // namespace coppice::core_api
