// Records as a table for people, as CSV and as JSON Lines.
#pragma once

#include <string>
#include <vector>

#include "native/records/scan.h"

namespace coppice::records {

// A line each, oldest first, and under it what is there of which machines.
std::string table_of(const std::vector<FoundRecord>& records);

// RFC 4180 with a header line. Units are in the columns' names; what a record does not say is an empty cell, never 0.
// Cells that a spreadsheet would take for a formula get an apostrophe before them.
std::string csv_of(const std::vector<FoundRecord>& records);

// The record as it is in its file, with "path", "copies" (if any) and "model" (if known) before it, under "found".
std::string json_line_of(const FoundRecord& record);

// {"path","problem","message"}
std::string json_line_of(const SetApart& apart);

}  // namespace coppice::records
