// What `coppice measure` found, as a table for people and as CSV for spreadsheets. Both are made from the JSON answer
// of the command, so that no figure can differ between them.
#pragma once

#include <string>

#include "shared/base/json.h"

namespace coppice::backend {

// `models`: one element a model: {"model", "engine", "prompts": [{"id", "label", "score", "expected_label"?, "tokens",
// "median_ms", "mad_ms", "energy_joules"?, "carbon_grams_co2e"?, ...}], "overall": {...}}. One row per prompt and
// model, models of one prompt below each other, the overall rows last.
std::string measurement_table(const OrderedJson& models);

// The same rows (without the overall ones) with every digit. A header line; units in the names; an unknown figure is an
// empty cell. Cells with a comma, quote or line end are quoted (RFC 4180).
std::string measurement_csv(const OrderedJson& models);

}  // namespace coppice::backend
