// JSON at a gigabyte a second, for those who read a thousand records at once: by simdjson, into the Json of everything
// else.
#pragma once

#include <string>
#include <string_view>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::records {

// What parse_json (shared/base/json.h) gives for the same text, its errors included.
Result<Json> quick_parse_json(std::string_view text, const std::string& source);

}  // namespace coppice::records
