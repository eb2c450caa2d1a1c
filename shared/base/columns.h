// Rows of text as a table for people, e.g. in a terminal.
#pragma once

#include <string>
#include <vector>

namespace coppice {

// A line a row, cells two spaces apart and padded to their column's widest (in bytes), nothing at a line's end. Rows
// may have different lengths.
std::string in_columns(const std::vector<std::vector<std::string>>& rows);

}  // namespace coppice
