#include "native/data/splits_file.h"

#include "native/io/file.h"
#include "shared/base/json.h"

namespace coppice::data {

Status write_splits(const std::filesystem::path& path, const AclImdbPart& train, const ValidationSplit& split) {
  OrderedJson document;
  document["schema_version"] = kSplitsSchemaVersion;
  document["rule"] = name_of(split.rule);
  document["seed"] = split.options.seed;
  document["share"] = split.options.share;
  OrderedJson ids = OrderedJson::array();
  for (const size_t i : split.validation) ids.push_back(train.reviews[i].id);
  document["validation"] = std::move(ids);
  return write_file_atomically(path, dump_json(document, 1) + "\n");
}

Result<std::unordered_set<std::string>> read_splits(const std::filesystem::path& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, path.string()));
  JsonReader reader(document, path.string());
  const int64_t version = reader.integer("schema_version");
  if (reader.status().ok() && version != kSplitsSchemaVersion) {
    return unsupported(path.string() + ": schema version " + std::to_string(version) + "; this program reads version " +
                       std::to_string(kSplitsSchemaVersion) + ". Run coppice fetch imdb again.");
  }
  std::vector<std::string> ids = reader.strings("validation");
  COPPICE_RETURN_IF_ERROR(reader.status());
  return std::unordered_set<std::string>(std::make_move_iterator(ids.begin()), std::make_move_iterator(ids.end()));
}

}  // namespace coppice::data
