#include "native/export/catalog.h"

#include <algorithm>

#include "native/export/model_folder.h"
#include "native/io/file.h"
#include "shared/records/schema.h"

namespace coppice {
namespace {

Result<CatalogModel> verify_model(const std::filesystem::path& models, const std::string& id) {
  COPPICE_ASSIGN_OR_RETURN(records::Manifest manifest, read_model_folder(models / id, Verify::kPublished));
  if (manifest.id != id) {
    return invalid_input((models / id / "manifest.json").string() + ": id is \"" + manifest.id +
                         "\", but in a catalogue the folder has the model's id for its name; rename the folder or "
                         "export the model under this name");
  }
  CatalogModel model{id, std::move(manifest), 0};
  for (const records::FileEntry& file : model.manifest.files) model.bytes += file.bytes;
  return model;
}

Result<records::Catalog> read_catalog(const std::filesystem::path& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  return records::parse_catalog(bytes, path.string());
}

Result<std::vector<CatalogModel>> verify_all(const std::filesystem::path& models, const records::Catalog& catalog) {
  std::vector<CatalogModel> verified;
  for (const records::CatalogEntry& entry : catalog.models) {
    COPPICE_ASSIGN_OR_RETURN(CatalogModel model, verify_model(models, entry.id));
    verified.push_back(std::move(model));
  }
  return verified;
}

}  // namespace

Result<std::vector<CatalogModel>> verify_catalog(const std::filesystem::path& models) {
  COPPICE_ASSIGN_OR_RETURN(const records::Catalog catalog, read_catalog(models / "catalog.json"));
  return verify_all(models, catalog);
}

Result<std::vector<CatalogModel>> rebuild_catalog(const std::filesystem::path& models) {
  std::error_code error;
  if (!std::filesystem::is_directory(models, error)) return not_found(models.string() + ": no such folder of models");
  std::vector<std::string> found;
  std::filesystem::directory_iterator entries(models, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (records::is_model_id(name) && std::filesystem::exists(entries->path() / "manifest.json")) found.push_back(name);
  }
  if (error) return failed("cannot list " + models.string() + ": " + error.message());
  std::sort(found.begin(), found.end());

  const std::filesystem::path path = models / "catalog.json";
  records::Catalog catalog;
  if (std::filesystem::exists(path, error)) {
    COPPICE_ASSIGN_OR_RETURN(const records::Catalog old, read_catalog(path));
    for (const records::CatalogEntry& entry : old.models) {
      const auto it = std::find(found.begin(), found.end(), entry.id);
      if (it == found.end()) continue;
      catalog.models.push_back(entry);
      found.erase(it);
    }
  }
  for (const std::string& name : found) catalog.models.push_back({.id = name});
  COPPICE_ASSIGN_OR_RETURN(std::vector<CatalogModel> verified, verify_all(models, catalog));
  COPPICE_RETURN_IF_ERROR(write_file_atomically(path, dump_json(records::to_json(catalog), 1) + "\n"));
  return verified;
}

}  // namespace coppice
