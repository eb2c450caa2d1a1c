// What a service used by its bills: the side of the comparison that is ours.
//
//   usage_month,project_id,service_description,location_region,vcpu_seconds,gib_seconds,requests
//   2026-09,shop,Cloud Run,europe-west1,1.2e6,6e5,48000
//
// CSV, a JSON array or JSON Lines. The seconds are on the bill (Cloud Billing export: "CPU Allocation Time", "Memory
// Allocation Time") and in Cloud Monitoring (run.googleapis.com/container/billable_instance_time).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "native/footprint/carbon_export.h"

namespace coppice::footprint {

struct UsageRow {
  std::string where;
  Month month;
  Subject subject;
  energy::CloudUsage usage;
};

// Strict, kInvalidInput: a column missing or unknown, a month and subject that is there twice, amounts that are
// negative or no number, more requests than none without any vCPU-second.
Result<std::vector<UsageRow>> parse_usage(std::string_view bytes, const std::string& source);

// A run record (shared/records/run_record.h) as usage of `subject` in the month it began: its energy without the
// building's share. kInvalidInput if the run has no energy figure.
Result<UsageRow> usage_of_record(std::string_view bytes, const std::string& source, const Subject& subject);

}  // namespace coppice::footprint
