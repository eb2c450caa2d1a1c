// Where in a JSON text a member stands, for messages about it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coppice::lifecycle {

using PathPart = std::variant<std::string, size_t>;  // a member's name, or a place in a list
using JsonPath = std::vector<PathPart>;

std::string to_string(const JsonPath& path);  // "pruning[0].sparsity"

// The line (from 1) on which the value at `path` begins, or that of the deepest part of the path there is. `text` is
// valid JSON.
size_t line_of(std::string_view text, const JsonPath& path);

}  // namespace coppice::lifecycle
