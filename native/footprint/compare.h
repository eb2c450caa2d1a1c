// Google's export against our estimate: the same projects, services, regions and months on both sides, or an error.
#pragma once

#include <optional>
#include <vector>

#include "native/footprint/carbon_export.h"
#include "native/footprint/usage_file.h"
#include "shared/base/json.h"
#include "shared/energy/cloud_compare.h"

namespace coppice::footprint {

// What Google published for its fleet in 2021, and what Cloud Carbon Footprint takes for Google Cloud.
inline constexpr double kGoogleFleetPue = 1.10;

struct CompareOptions {
  energy::CloudHost host;
  std::optional<double> pue;                 // of our estimate; else the region's known one
  std::optional<int> year;                   // of the grid in our estimate; else the newest published
  std::optional<double> reported_pue;        // else kGoogleFleetPue
  std::optional<double> reported_intensity;  // g/kWh; else the region's published one of each month's year
  std::optional<Month> first;                // months before and after are left out of both sides
  std::optional<Month> last;
};

struct SubjectComparison {
  Subject subject;
  std::vector<Month> months;  // rising
  std::vector<std::string> model_versions;
  energy::CloudUsage usage;
  energy::ReportedCarbon reported;
  energy::CloudEstimate estimate;
  energy::CloudComparison comparison;
  double share_of_project = 0.0;  // of what the export reports for the project in these months, location-based
};

// One entry for each subject of `usage`. kInvalidInput: months that only one side has, kNotFound: a subject without any
// row in the export, a region without a published intensity.
Result<std::vector<SubjectComparison>> compare_with_export(const std::vector<ExportRow>& rows,
                                                           const std::vector<UsageRow>& usage,
                                                           const CompareOptions& options);

// One document: subjects with reported and estimated carbon, rates per 1000 requests and vCPU-hour, shares, factors.
OrderedJson to_json(const std::vector<SubjectComparison>& comparisons);
// The same for people.
std::string to_text(const std::vector<SubjectComparison>& comparisons);

}  // namespace coppice::footprint
