#include "native/footprint/carbon_export.h"

#include <cmath>
#include <map>

namespace coppice::footprint {
namespace {

constexpr const char* kNeeded[] = {"usage_month",
                                   "billing_account_id",
                                   "project_id",
                                   "service_description",
                                   "service_id",
                                   "location_location",
                                   "location_region",
                                   "carbon_model_version",
                                   "carbon_footprint_total_kgco2e_location_based",
                                   "carbon_footprint_total_kgco2e_market_based",
                                   "carbon_footprint_kgco2e_scope1",
                                   "carbon_footprint_kgco2e_scope2_location_based",
                                   "carbon_footprint_kgco2e_scope2_market_based",
                                   "carbon_footprint_kgco2e_scope3"};
constexpr const char* kDeprecated = "carbon_footprint_total_kgco2e_after_offsets";
constexpr const char* kSchema = "docs.cloud.google.com/carbon-footprint/docs/data-schema";

// Sums of floating point columns that a spreadsheet or a query may have rounded.
constexpr double kRelativeRounding = 1e-3;
constexpr double kAbsoluteRoundingKg = 1e-6;

Status check_columns(const FlatTable& table) {
  for (const std::string& column : table.columns) {
    if (!column.starts_with("carbon_footprint")) continue;
    bool known = column == kDeprecated;
    for (const char* needed : kNeeded) known = known || column == needed;
    if (known) continue;
    if (column == "carbon_footprint_kgco2e" || column == "carbon_footprint_total_kgco2e") {
      return invalid_input(table.source + ": " + column +
                           " is one number: an older schema, or a query that added scopes up; export the table as it "
                           "is (" +
                           kSchema + ")");
    }
    const bool other_unit = column.find("kgco2e") == std::string::npos;
    return invalid_input(table.source + ": " + column + (other_unit ? ": is not in kgCO2e" : ": is not of the schema") +
                         "; expected the export's own columns (" + kSchema + "), unconverted");
  }
  for (const char* needed : kNeeded) {
    if (!table.has(needed)) {
      return invalid_input(table.source + ": there is no column " + needed +
                           " (dots and underscores are alike); expected the Carbon Footprint export (" + kSchema + ")");
    }
  }
  return {};
}

Status check_sum(const FlatRow& row, const char* what, double total, double sum) {
  if (std::abs(total - sum) <= kRelativeRounding * std::max(total, sum) + kAbsoluteRoundingKg) return {};
  return invalid_input(row.where + ": the " + what + " total is " + std::to_string(total) +
                       " kg, its scopes add up to " + std::to_string(sum) +
                       "; columns of different rows or units were put together");
}

Result<ExportRow> parse_row(const FlatRow& row) {
  const auto text_or_empty = [&](const char* column) {
    const auto found = row.cells.find(column);
    return found == row.cells.end() ? std::string() : found->second;
  };
  ExportRow parsed;
  parsed.where = row.where;
  COPPICE_ASSIGN_OR_RETURN(const std::string month, text_cell(row, "usage_month"));
  COPPICE_ASSIGN_OR_RETURN(parsed.month, parse_month(month, row.where + ": usage_month"));
  COPPICE_ASSIGN_OR_RETURN(parsed.billing_account, text_cell(row, "billing_account_id"));
  COPPICE_ASSIGN_OR_RETURN(parsed.subject.service, text_cell(row, "service_description"));
  COPPICE_ASSIGN_OR_RETURN(parsed.service_id, text_cell(row, "service_id"));
  COPPICE_ASSIGN_OR_RETURN(parsed.model_version, text_cell(row, "carbon_model_version"));
  parsed.subject.project = text_or_empty("project_id");
  parsed.subject.region = text_or_empty("location_region");
  parsed.location = text_or_empty("location_location");
  energy::ReportedCarbon& carbon = parsed.carbon;
  const std::pair<const char*, double*> amounts[] = {
      {"carbon_footprint_total_kgco2e_location_based", &carbon.location_kg},
      {"carbon_footprint_total_kgco2e_market_based", &carbon.market_kg},
      {"carbon_footprint_kgco2e_scope1", &carbon.scope1_kg},
      {"carbon_footprint_kgco2e_scope2_location_based", &carbon.scope2_location_kg},
      {"carbon_footprint_kgco2e_scope2_market_based", &carbon.scope2_market_kg},
      {"carbon_footprint_kgco2e_scope3", &carbon.scope3_kg}};
  for (const auto& [column, amount] : amounts) {
    COPPICE_ASSIGN_OR_RETURN(*amount, amount_cell(row, column));
  }
  COPPICE_RETURN_IF_ERROR(check_sum(row, "location-based", carbon.location_kg,
                                    carbon.scope1_kg + carbon.scope2_location_kg + carbon.scope3_kg));
  COPPICE_RETURN_IF_ERROR(
      check_sum(row, "market-based", carbon.market_kg, carbon.scope1_kg + carbon.scope2_market_kg + carbon.scope3_kg));
  return parsed;
}

}  // namespace

std::string to_string(const Subject& subject) {
  std::string text = "project ";
  text.append(subject.project.empty() ? "(none)" : subject.project).append(", ").append(subject.service);
  text.append(", ").append(subject.region.empty() ? "(no region)" : subject.region);
  return text;
}

Result<std::vector<ExportRow>> parse_carbon_export(std::string_view bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const FlatTable table, read_flat_table(bytes, source));
  COPPICE_RETURN_IF_ERROR(check_columns(table));
  std::vector<ExportRow> rows;
  std::map<std::string, std::string> seen;  // key to where
  for (const FlatRow& flat : table.rows) {
    COPPICE_ASSIGN_OR_RETURN(ExportRow row, parse_row(flat));
    std::string key = to_string(row.month);
    for (const std::string* part :
         {&row.billing_account, &row.subject.project, &row.service_id, &row.location, &row.subject.region}) {
      key.append(1, '\0').append(*part);
    }
    const auto [first, is_new] = seen.emplace(key, row.where);
    if (!is_new) {
      return invalid_input(row.where + ": the same month, billing account, project, service and location as " +
                           first->second + "; counting both would double them. Keep the newest carbon_model_version");
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace coppice::footprint
