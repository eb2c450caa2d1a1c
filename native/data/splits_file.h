// splits.json, which `coppice fetch imdb` leaves beside aclImdb/: the ids of the validation reviews.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_set>

#include "native/data/validation_split.h"
#include "shared/base/status.h"

namespace coppice::data {

inline constexpr const char* kSplitsFileName = "splits.json";
inline constexpr int kSplitsSchemaVersion = 1;

Status write_splits(const std::filesystem::path& path, const AclImdbPart& train, const ValidationSplit& split);

// The validation ids; an unknown schema version is refused.
Result<std::unordered_set<std::string>> read_splits(const std::filesystem::path& path);

}  // namespace coppice::data
