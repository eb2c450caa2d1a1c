// models/catalog.json over the model folders beside it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/base/status.h"
#include "shared/records/catalog.h"
#include "shared/records/manifest.h"

namespace coppice {

struct CatalogModel {
  std::string id;
  records::Manifest manifest;
  int64_t bytes = 0;  // of all files the manifest lists
};

// <models>/catalog.json and every folder it names, all files checked against their sha256. Errors: a folder missing or
// altered, an id that is not the folder's name.
Result<std::vector<CatalogModel>> verify_catalog(const std::filesystem::path& models);

// Writes <models>/catalog.json over all folders with a manifest.json (verified first): the models listed so far in
// their order, new ones after them by name; folders that are gone are dropped.
Result<std::vector<CatalogModel>> rebuild_catalog(const std::filesystem::path& models);

}  // namespace coppice
