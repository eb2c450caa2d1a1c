#include "native/linear/linear_folder.h"

#include "native/export/model_folder.h"
#include "native/io/file.h"

namespace coppice::linear {

namespace fs = std::filesystem;

Result<LinearFolder> open_linear(const fs::path& folder) {
  COPPICE_ASSIGN_OR_RETURN(records::Manifest manifest, read_model_folder(folder, Verify::kHashes));
  const records::FileEntry* entry = manifest.find_file(kWeightsFileName);
  if (manifest.architecture != records::Architecture::kLinear || entry == nullptr) {
    return invalid_input(folder.string() + ": no linear model; `coppice train-linear` makes one");
  }
  COPPICE_ASSIGN_OR_RETURN(const std::string config, read_file(folder / "config.json"));
  COPPICE_ASSIGN_OR_RETURN(const MappedFile weights, MappedFile::open(folder / kWeightsFileName));
  COPPICE_ASSIGN_OR_RETURN(LinearModel model, LinearModel::create(config, weights.bytes(), folder.string()));
  std::string sha256 = entry->sha256;
  return LinearFolder{folder, std::move(manifest), std::move(model), std::move(sha256)};
}

Status write_linear(const fs::path& folder, const LinearConfig& config, const LinearWeights& weights) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return failed("cannot make " + folder.string() + ": " + error.message());
  COPPICE_RETURN_IF_ERROR(write_file_atomically(folder / kWeightsFileName, to_safetensors(weights)));
  return write_file_atomically(folder / "config.json", dump_json(to_json(config), 1) + "\n");
}

}  // namespace coppice::linear
