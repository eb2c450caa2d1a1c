// models/catalog.json: which models are shipped, in the order they are shown.
//   {"schema_version":1,"models":[{"id":"dense"},{"id":"structured"}]}
// The id is the folder beside the catalog; everything else is in that folder's manifest.json.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::records {

inline constexpr int64_t kCatalogVersion = 1;

struct CatalogEntry {
  std::string id;
};

struct Catalog {
  std::vector<CatalogEntry> models;
};

// Ids are checked (they become paths) and may not repeat.
Result<Catalog> parse_catalog(std::string_view bytes, const std::string& source);
OrderedJson to_json(const Catalog& catalog);

}  // namespace coppice::records
