// What only a machine with files has: a model by its folder.
#include <filesystem>

#include "native/io/file.h"
#include "shared/core_api/guard.h"

namespace {

using namespace coppice;
using namespace coppice::core_api;
namespace fs = std::filesystem;

Status open_folder(const fs::path& folder, coppice_core_model** model) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return not_found(folder.string() + ": no such folder; expected a model's, with a manifest.json");
  }
  if (!fs::exists(folder / "manifest.json", error)) {
    return not_found(folder.string() +
                     ": holds no manifest.json, so it is no model folder of Coppice. `coppice export` "
                     "makes one; files of others can be handed to coppice_core_model_create");
  }
  COPPICE_ASSIGN_OR_RETURN(const std::string manifest, read_file(folder / "manifest.json"));
  Result<std::vector<std::string>> needed = needed_files(manifest);
  if (!needed) return needed.status().with_context(folder.string());

  std::vector<MappedFile> mapped;
  std::vector<ModelFile> files;
  files.push_back({"manifest.json", std::as_bytes(std::span(manifest)), nullptr});
  for (const std::string& path : *needed) {
    COPPICE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(folder / path));
    mapped.push_back(std::move(file));
    files.push_back({path, mapped.back().bytes(), nullptr});
  }
  return create_model(std::move(files), model).with_context(folder.string());
}

}  // namespace

coppice_core_status coppice_core_model_open(const char* folder, coppice_core_model** model) {
  return guarded([&]() -> Status {
    if (model == nullptr) return missing("coppice_core_model_open", "model");
    *model = nullptr;
    if (folder == nullptr) return missing("coppice_core_model_open", "folder");
    return open_folder(folder, model);
  });
}
