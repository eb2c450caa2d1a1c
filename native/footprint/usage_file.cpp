#include "native/footprint/usage_file.h"

#include <algorithm>
#include <map>

#include "shared/base/json.h"
#include "shared/energy/site.h"
#include "shared/records/figure.h"
#include "shared/records/run_record.h"

namespace coppice::footprint {
namespace {

constexpr const char* kColumns[] = {
    "usage_month", "project_id", "service_description", "location_region", "vcpu_seconds", "gib_seconds", "requests"};

std::string column_list() {
  std::string list;
  for (const char* column : kColumns) list.append(list.empty() ? "" : ",").append(column);
  return list;
}

}  // namespace

Result<std::vector<UsageRow>> parse_usage(std::string_view bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const FlatTable table, read_flat_table(bytes, source));
  for (const char* column : kColumns) {
    if (!table.has(column)) {
      return invalid_input(source + ": there is no column " + column + "; expected " + column_list());
    }
  }
  for (const std::string& column : table.columns) {
    if (std::find(std::begin(kColumns), std::end(kColumns), column) == std::end(kColumns)) {
      return invalid_input(source + ": " + column + " is no column of this table; expected " + column_list());
    }
  }
  std::vector<UsageRow> rows;
  std::map<std::pair<Month, Subject>, std::string> seen;
  for (const FlatRow& flat : table.rows) {
    UsageRow row;
    row.where = flat.where;
    COPPICE_ASSIGN_OR_RETURN(const std::string month, text_cell(flat, "usage_month"));
    COPPICE_ASSIGN_OR_RETURN(row.month, parse_month(month, flat.where + ": usage_month"));
    COPPICE_ASSIGN_OR_RETURN(row.subject.project, text_cell(flat, "project_id"));
    COPPICE_ASSIGN_OR_RETURN(row.subject.service, text_cell(flat, "service_description"));
    COPPICE_ASSIGN_OR_RETURN(row.subject.region, text_cell(flat, "location_region"));
    COPPICE_ASSIGN_OR_RETURN(row.usage.vcpu_seconds, amount_cell(flat, "vcpu_seconds"));
    COPPICE_ASSIGN_OR_RETURN(row.usage.gib_seconds, amount_cell(flat, "gib_seconds"));
    COPPICE_ASSIGN_OR_RETURN(row.usage.requests, amount_cell(flat, "requests"));
    if (row.usage.requests > 0.0 && row.usage.vcpu_seconds == 0.0) {
      return invalid_input(flat.where + ": requests without any vcpu_seconds; take both from the same bill");
    }
    const auto [first, is_new] = seen.emplace(std::pair(row.month, row.subject), flat.where);
    if (!is_new) {
      return invalid_input(flat.where + ": " + to_string(row.month) + " of " + to_string(row.subject) +
                           " is there already (" + first->second + "); add the two up");
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<UsageRow> usage_of_record(std::string_view bytes, const std::string& source, const Subject& subject) {
  COPPICE_ASSIGN_OR_RETURN(const records::RunRecord record, records::parse_run_record(bytes, source));
  if (!record.energy || !record.energy->contains("energy_joules")) {
    return invalid_input(source + ": energy.energy_joules: the run has no energy figure; leave the record out");
  }
  UsageRow row;
  row.where = source;
  row.subject = subject;
  COPPICE_ASSIGN_OR_RETURN(row.month, parse_month(record.started_at.substr(0, 7), source + ": started_at"));
  COPPICE_ASSIGN_OR_RETURN(const auto figure, records::parse_figure<energy::Joules>((*record.energy)["energy_joules"],
                                                                                    source + ": energy.energy_joules"));
  JsonReader reader(*record.energy, source + ": energy");
  const double pue = reader.number_or("pue", energy::kDefaultPue);
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_RETURN_IF_ERROR(energy::check_pue(pue).with_context(source + ": energy.pue"));
  row.usage.recorded = figure * (1.0 / pue);
  return row;
}

}  // namespace coppice::footprint
