#include "native/export/model_folder.h"

#include "native/export/model_card.h"

namespace coppice {
namespace {

std::string what_to_do(const std::filesystem::path& folder) {
  const std::filesystem::path named = (folder / "").parent_path();  // without a slash at its end
  const std::filesystem::path models = named.has_parent_path() ? named.parent_path() : ".";
  return "get the model anew, or, where it was changed on purpose, run `coppice catalog --models " + models.string() +
         " --refresh " + named.filename().string() + "`";
}

bool may_be_ahead(const std::filesystem::path& folder, const records::FileEntry& entry, Verify verify) {
  if (entry.path != kModelCard || verify == Verify::kPublished) return false;
  const Result<std::string> text = read_file(folder / entry.path);
  return text.ok() && is_model_card(*text);
}

Status check_file(const std::filesystem::path& folder, const records::FileEntry& entry, Verify verify) {
  if (may_be_ahead(folder, entry, verify)) return {};
  const std::filesystem::path path = folder / entry.path;
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) {
    return not_found(path.string() + ": listed in manifest.json but cannot be read (" + error.message() + "); " +
                     what_to_do(folder));
  }
  if (bytes != static_cast<uintmax_t>(entry.bytes)) {
    return invalid_input(path.string() + ": altered or cut short: manifest.json states " + std::to_string(entry.bytes) +
                         " bytes, found " + std::to_string(bytes) + "; " + what_to_do(folder));
  }
  if (verify == Verify::kSizes) return {};
  COPPICE_ASSIGN_OR_RETURN(const std::string sha256, sha256_file_hex(path));
  if (sha256 != entry.sha256) {
    return invalid_input(path.string() + ": altered: manifest.json states sha256 " + entry.sha256 + ", found " +
                         sha256 + "; " + what_to_do(folder));
  }
  return {};
}

}  // namespace

Result<records::Manifest> read_model_folder(const std::filesystem::path& folder, Verify verify) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    return not_found(folder.string() + ": no such model folder; `ls " + folder.parent_path().string() +
                     "` shows what is there");
  }
  if (!std::filesystem::is_directory(folder, error)) {
    return invalid_input(folder.string() + ": expected a model folder with a manifest.json, found a file");
  }
  const std::filesystem::path path = folder / "manifest.json";
  if (!std::filesystem::exists(path, error)) {
    return not_found(folder.string() +
                     ": holds no manifest.json, so it is no model folder of Coppice; `coppice train`, "
                     "`coppice fetch model` and `coppice export` make one");
  }
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  COPPICE_ASSIGN_OR_RETURN(records::Manifest manifest, records::parse_manifest(bytes, path.string()));
  if (verify != Verify::kNothing) {
    for (const records::FileEntry& entry : manifest.files) {
      COPPICE_RETURN_IF_ERROR(check_file(folder, entry, verify));
    }
  }
  return manifest;
}

Result<records::BertConfig> read_bert_config(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "config.json";
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  return records::parse_bert_config(bytes, path.string());
}

Result<MappedWeights> load_weights(const std::filesystem::path& folder, const records::BertConfig& config,
                                   bool require_classifier) {
  std::error_code error;
  const bool safetensors = std::filesystem::exists(folder / "model.safetensors", error);
  const std::string name = safetensors ? "model.safetensors" : "onnx/model.onnx";
  const std::filesystem::path path = folder / name;
  if (!safetensors && !std::filesystem::exists(path, error)) {
    return not_found(folder.string() + ": holds neither model.safetensors nor onnx/model.onnx");
  }
  COPPICE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  COPPICE_ASSIGN_OR_RETURN(const engine::TensorMap stored, engine::parse_weights(file.bytes(), path.string()));
  COPPICE_ASSIGN_OR_RETURN(engine::TensorMap tensors,
                           engine::take_weights(config, stored, require_classifier, path.string()));
  return MappedWeights{std::move(file), std::move(tensors), name, safetensors ? "safetensors" : "onnx"};
}

}  // namespace coppice
