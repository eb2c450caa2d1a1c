#include "native/footprint/compare.h"

#include <algorithm>
#include <map>
#include <set>

#include "shared/energy/market.h"
#include "shared/energy/places.h"
#include "shared/energy/published.h"
#include "shared/energy/site.h"

namespace coppice::footprint {
namespace {

bool wanted(const Month& month, const CompareOptions& options) {
  return (!options.first || month >= *options.first) && (!options.last || month <= *options.last);
}

std::string listed(const std::set<Month>& months) {
  std::string list;
  for (const Month& month : months) list.append(list.empty() ? "" : ", ").append(to_string(month));
  return list;
}

Status check_months(const Subject& subject, const std::set<Month>& reported, const std::set<Month>& used) {
  if (reported == used) return {};
  std::set<Month> only_reported;
  std::set<Month> only_used;
  std::set_difference(reported.begin(), reported.end(), used.begin(), used.end(),
                      std::inserter(only_reported, only_reported.end()));
  std::set_difference(used.begin(), used.end(), reported.begin(), reported.end(),
                      std::inserter(only_used, only_used.end()));
  std::string message = to_string(subject) + ": the two sides are of different months";
  if (!only_reported.empty()) message.append("; only in the export: ").append(listed(only_reported));
  if (!only_used.empty()) message.append("; only in the usage: ").append(listed(only_used));
  return invalid_input(
      message.append(". Choose common ones with --from and --to (Google exports a month on the 15th of the "
                     "next)"));
}

// What each side takes for a region in one month.
struct MonthSite {
  energy::CloudSite ours;
  energy::ReportedBasis reported;
};

Result<MonthSite> site_of(const Subject& subject, const Month& month, const CompareOptions& options) {
  energy::PlaceQuery place;
  place.cloud_provider = "gcp";
  place.cloud_region = subject.region;
  place.year = options.year;
  MonthSite site;
  COPPICE_ASSIGN_OR_RETURN(const energy::Intensity intensity, energy::resolve_intensity(place));
  site.ours.intensity = energy::with_published_range(place, intensity);
  const auto known = energy::known_pue("gcp", subject.region);
  site.ours.pue = options.pue ? *options.pue : known ? known->value : energy::kDefaultPue;
  site.ours.pue_source = options.pue ? "given by the user" : known ? known->source : "default";
  if (const auto market = energy::market_based(place, std::nullopt); market.ok()) site.ours.market = market->intensity;
  site.reported.pue = options.reported_pue.value_or(kGoogleFleetPue);
  site.reported.pue_source =
      options.reported_pue ? "PUE of the report given by the user" : "PUE of Google's fleet as published for 2021";
  if (options.reported_intensity) {
    site.reported.intensity = energy::GramsPerKwh(*options.reported_intensity);
    site.reported.intensity_source = "intensity of the report given by the user";
    return site;
  }
  const auto* row = energy::find_google_year(subject.region, month.year);
  if (row == nullptr) row = energy::find_google_year(subject.region, 0);
  if (row == nullptr) {
    return not_found(to_string(subject) + ": no intensity is published for this region; give --reported-intensity");
  }
  site.reported.intensity = energy::GramsPerKwh(row->g_per_kwh);
  site.reported.intensity_source = "Google region-carbon-info " + std::to_string(row->year);
  if (row->year != month.year) {
    site.reported.intensity_source += ", the newest; none is published for " + std::to_string(month.year);
  }
  return site;
}

// Adds months up, and the inputs of both sides weighted by our energy.
class Sum {
 public:
  Status add(const Subject& subject, const Month& month, const energy::CloudUsage& usage,
             const CompareOptions& options) {
    COPPICE_ASSIGN_OR_RETURN(const MonthSite site, site_of(subject, month, options));
    COPPICE_ASSIGN_OR_RETURN(energy::CloudEstimate estimate, energy::estimate_cloud(usage, options.host, site.ours));
    const double energy = estimate.building.value.value();
    energy_ += energy;
    ours_ += energy * site.ours.intensity.value.value();
    reported_ += energy * site.reported.intensity.value();
    pue_ = site.ours.pue;
    basis_.pue = site.reported.pue;
    basis_.pue_source = site.reported.pue_source;
    if (basis_.intensity_source.find(site.reported.intensity_source) == std::string::npos) {
      basis_.intensity_source.append(basis_.intensity_source.empty() ? "" : "; ")
          .append(site.reported.intensity_source);
    }
    last_ = site;
    estimate_ = estimate_ ? *estimate_ + estimate : std::move(estimate);
    return {};
  }
  void finish(SubjectComparison& result, const energy::CloudHost& host) {
    const bool any = energy_ > 0.0;
    basis_.intensity = any ? energy::GramsPerKwh(reported_ / energy_) : last_.reported.intensity;
    const energy::GramsPerKwh ours = any ? energy::GramsPerKwh(ours_ / energy_) : last_.ours.intensity.value;
    result.estimate = *estimate_;
    result.comparison =
        energy::compare_cloud(result.reported, result.estimate, host, result.usage.vcpu_seconds, ours, pue_, basis_);
  }

 private:
  double energy_ = 0.0;
  double ours_ = 0.0;
  double reported_ = 0.0;
  double pue_ = 1.0;
  energy::ReportedBasis basis_;
  MonthSite last_;
  std::optional<energy::CloudEstimate> estimate_;
};

using UsageByMonth = std::map<Month, energy::CloudUsage>;

Result<std::map<Subject, UsageByMonth>> by_subject(const std::vector<UsageRow>& usage, const CompareOptions& options) {
  std::map<Subject, UsageByMonth> subjects;
  for (const UsageRow& row : usage) {
    if (!wanted(row.month, options)) continue;
    energy::CloudUsage& sum = subjects[row.subject][row.month];
    sum.vcpu_seconds += row.usage.vcpu_seconds;
    sum.gib_seconds += row.usage.gib_seconds;
    sum.requests += row.usage.requests;
    if (row.usage.recorded) sum.recorded = sum.recorded ? *sum.recorded + *row.usage.recorded : row.usage.recorded;
  }
  if (subjects.empty()) return invalid_input("no usage is left between --from and --to");
  return subjects;
}

Status no_row(const Subject& subject, const std::vector<ExportRow>& rows) {
  std::set<std::string> there;
  for (const ExportRow& row : rows) {
    if (row.subject.project == subject.project) there.insert(row.subject.service + ", " + row.subject.region);
  }
  std::string message = "the export has no row of " + to_string(subject);
  if (there.empty()) return not_found(message + ", nor any of this project");
  message += "; of this project it has:";
  size_t shown = 0;
  for (const std::string& name : there) {
    if (++shown > 8) break;
    message.append(shown == 1 ? " " : "; ").append(name);
  }
  return not_found(message);
}

}  // namespace

Result<std::vector<SubjectComparison>> compare_with_export(const std::vector<ExportRow>& rows,
                                                           const std::vector<UsageRow>& usage,
                                                           const CompareOptions& options) {
  COPPICE_ASSIGN_OR_RETURN(const auto subjects, by_subject(usage, options));
  std::vector<SubjectComparison> comparisons;
  for (const auto& [subject, months] : subjects) {
    SubjectComparison result;
    result.subject = subject;
    std::set<Month> reported_months;
    std::set<Month> used_months;
    std::set<std::string> versions;
    for (const auto& [month, amounts] : months) used_months.insert(month);
    double project_kg = 0.0;
    for (const ExportRow& row : rows) {
      if (row.subject.project == subject.project && used_months.contains(row.month)) {
        project_kg += row.carbon.location_kg;
      }
      if (row.subject != subject || !wanted(row.month, options)) continue;
      reported_months.insert(row.month);
      versions.insert(row.model_version);
      result.reported += row.carbon;
    }
    if (reported_months.empty()) return no_row(subject, rows);
    COPPICE_RETURN_IF_ERROR(check_months(subject, reported_months, used_months));
    Sum sum;
    for (const auto& [month, amounts] : months) {
      COPPICE_RETURN_IF_ERROR(sum.add(subject, month, amounts, options));
      result.months.push_back(month);
      result.usage.vcpu_seconds += amounts.vcpu_seconds;
      result.usage.gib_seconds += amounts.gib_seconds;
      result.usage.requests += amounts.requests;
    }
    result.model_versions.assign(versions.begin(), versions.end());
    result.share_of_project = project_kg > 0.0 ? result.reported.location_kg / project_kg : 0.0;
    sum.finish(result, options.host);
    comparisons.push_back(std::move(result));
  }
  return comparisons;
}

}  // namespace coppice::footprint
