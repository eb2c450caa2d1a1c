#include "shared/records/catalog.h"

#include <set>

#include "shared/records/schema.h"

namespace coppice::records {

Result<Catalog> parse_catalog(std::string_view bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, source));
  COPPICE_RETURN_IF_ERROR(check_schema_version(document, kCatalogVersion, source));
  JsonReader reader(document, source);
  const Json& models = reader.at("models");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!models.is_array()) return invalid_input(source + ": models: expected an array");
  Catalog catalog;
  std::set<std::string> seen;
  for (size_t i = 0; i < models.size(); ++i) {
    JsonReader entry(models[i], source + ": models[" + std::to_string(i) + "]");
    const std::string id = entry.string("id");
    if (entry.status().ok() && !is_model_id(id)) {
      entry.fail("id", "\"" + id + "\" is no folder name of letters, digits, '.', '_' and '-'");
    }
    if (entry.status().ok() && !seen.insert(id).second) entry.fail("id", "\"" + id + "\" is listed twice");
    const bool preselected = entry.boolean_or("preselected", true);
    COPPICE_RETURN_IF_ERROR(entry.status());
    catalog.models.push_back({id, preselected});
  }
  return catalog;
}

OrderedJson to_json(const Catalog& catalog) {
  OrderedJson json;
  json["schema_version"] = kCatalogVersion;
  json["models"] = OrderedJson::array();
  for (const CatalogEntry& entry : catalog.models) {
    OrderedJson model = {{"id", entry.id}};
    if (!entry.preselected) model["preselected"] = false;
    json["models"].push_back(std::move(model));
  }
  return json;
}

}  // namespace coppice::records
