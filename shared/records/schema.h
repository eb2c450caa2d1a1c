// What the JSON files of ours have in common: a schema version, ids, and paths below a folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::records {

// Refuses a document without "schema_version" or with another one than `known`, saying which program to use.
Status check_schema_version(const Json& document, int64_t known, const std::string& source);

// A model id is also the name of its folder: 1 to 100 letters, digits, '.', '_' and '-', not starting with '.'.
bool is_model_id(std::string_view id);

// A relative path with '/' that stays below its folder: no empty, "." or ".." part, no backslash, no control character.
bool is_safe_relative_path(std::string_view path);

// 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

}  // namespace coppice::records
