// Google Cloud's Carbon Footprint export: one row per month, project, service and location.
// Columns: https://docs.cloud.google.com/carbon-footprint/docs/data-schema (read 2026-11-23). Values are kg CO2e.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "native/footprint/flat_table.h"
#include "shared/base/status.h"
#include "shared/energy/cloud_compare.h"

namespace coppice::footprint {

// What a row is about. Empty: the export allots the row to none.
struct Subject {
  std::string project;
  std::string service;
  std::string region;
  auto operator<=>(const Subject&) const = default;
};
std::string to_string(const Subject& subject);  // "project shop, Cloud Run, europe-west1"

struct ExportRow {
  std::string where;
  Month month;
  std::string billing_account;
  Subject subject;
  std::string service_id;
  std::string location;
  std::string model_version;
  energy::ReportedCarbon carbon;
};

// Strict, kInvalidInput: a column of the documented schema missing (all but after_offsets, which is deprecated, and
// project.number), carbon in another unit or of an older schema, an amount that is negative or no number, totals that
// are not the sum of their scopes, two rows of one month, billing account, project, service and location.
Result<std::vector<ExportRow>> parse_carbon_export(std::string_view bytes, const std::string& source);

}  // namespace coppice::footprint
