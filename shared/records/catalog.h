// models/catalog.json: which models are shipped, in the order they are shown.
//   {"schema_version":1,"models":[{"id":"dense"},{"id":"structured"},{"id":"large","preselected":false}]}
// The id is the folder beside the catalog; everything else about a model is in that folder's manifest.json. A model
// with "preselected":false is offered by the page but takes no part, and is not downloaded, until the visitor ticks it.
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
  bool preselected = true;
};

struct Catalog {
  std::vector<CatalogEntry> models;
};

// Ids are checked (they become paths) and may not repeat.
Result<Catalog> parse_catalog(std::string_view bytes, const std::string& source);
OrderedJson to_json(const Catalog& catalog);

}  // namespace coppice::records
