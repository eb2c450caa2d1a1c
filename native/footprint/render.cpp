// A comparison as JSON and as text.
#include <sstream>

#include "native/footprint/compare.h"

namespace coppice::footprint {
namespace {

constexpr const char* kMethod =
    "ratio = Google's location-based total / ours (electricity of the grid and embodied), a product of the factors; "
    "market-based figures stand apart. Google allots energy measured in its data centres by a method of its own; ours "
    "is a "
    "model of billed seconds";

OrderedJson share(double part, double whole) { return whole > 0.0 ? OrderedJson(part / whole) : OrderedJson(nullptr); }

OrderedJson optional_number(const std::optional<double>& number) {
  return number ? OrderedJson(*number) : OrderedJson(nullptr);
}

OrderedJson rates(double grams, const energy::CloudUsage& usage) {
  OrderedJson json;
  json["grams_co2e_per_1000_requests"] = share(grams * 1000.0, usage.requests);
  json["grams_co2e_per_vcpu_hour"] = share(grams * 3600.0, usage.vcpu_seconds);
  return json;
}

OrderedJson reported_json(const SubjectComparison& one) {
  const energy::ReportedCarbon& carbon = one.reported;
  OrderedJson json;
  json["location_based_kg_co2e"] = carbon.location_kg;
  json["market_based_kg_co2e"] = carbon.market_kg;
  json["scope1_kg_co2e"] = carbon.scope1_kg;
  json["scope2_location_based_kg_co2e"] = carbon.scope2_location_kg;
  json["scope2_market_based_kg_co2e"] = carbon.scope2_market_kg;
  json["scope3_kg_co2e"] = carbon.scope3_kg;
  json["shares"] = {{"scope1", share(carbon.scope1_kg, carbon.location_kg)},
                    {"scope2", share(carbon.scope2_location_kg, carbon.location_kg)},
                    {"scope3", share(carbon.scope3_kg, carbon.location_kg)},
                    {"of_project", one.share_of_project}};
  json["rates"] = rates(carbon.location_kg * 1000.0, one.usage);
  json["carbon_model_versions"] = one.model_versions;
  return json;
}

OrderedJson estimated_json(const SubjectComparison& one) {
  const energy::CloudEstimate& estimate = one.estimate;
  OrderedJson json;
  json["energy_joules"] = energy::to_json(estimate.building);
  json["operational_grams_co2e"] = energy::to_json(estimate.operational);
  json["embodied_grams_co2e"] = energy::to_json(estimate.embodied);
  json["location_based_grams_co2e"] = energy::to_json(estimate.total);
  json["market_based_grams_co2e"] = nullptr;
  if (estimate.market) json["market_based_grams_co2e"] = energy::to_json(*estimate.market);
  json["shares"] = {{"operational", share(estimate.operational.value.value(), estimate.total.value.value())},
                    {"embodied", share(estimate.embodied.value.value(), estimate.total.value.value())}};
  json["rates"] = rates(estimate.total.value.value(), one.usage);
  return json;
}

void print_factor(std::ostream& out, const energy::Factor& factor) {
  out << "    x " << factor.value << "  " << factor.name << " (" << energy::to_string(factor.provenance.kind)
      << "): " << factor.provenance.method << '\n';
}

}  // namespace

OrderedJson to_json(const std::vector<SubjectComparison>& comparisons) {
  OrderedJson json;
  json["subjects"] = OrderedJson::array();
  for (const SubjectComparison& one : comparisons) {
    OrderedJson subject;
    subject["project"] = one.subject.project;
    subject["service"] = one.subject.service;
    subject["region"] = one.subject.region;
    subject["months"] = OrderedJson::array();
    for (const Month& month : one.months) subject["months"].push_back(to_string(month));
    subject["usage"] = {{"vcpu_seconds", one.usage.vcpu_seconds},
                        {"gib_seconds", one.usage.gib_seconds},
                        {"requests", one.usage.requests}};
    subject["reported"] = reported_json(one);
    subject["estimated"] = estimated_json(one);
    const energy::CloudComparison& comparison = one.comparison;
    subject["ratio_location_based"] = optional_number(comparison.ratio);
    subject["ratio_market_based"] = optional_number(comparison.market_ratio);
    subject["reported_inside_our_interval"] = comparison.inside_interval;
    subject["factors"] = OrderedJson::array();
    for (const energy::Factor& factor : comparison.factors) {
      subject["factors"].push_back({{"name", factor.name},
                                    {"value", factor.value},
                                    {"provenance", energy::to_string(factor.provenance.kind)},
                                    {"method", factor.provenance.method}});
    }
    subject["implied_utilisation"] = optional_number(comparison.implied_utilisation);
    json["subjects"].push_back(std::move(subject));
  }
  json["method"] = kMethod;
  return json;
}

std::string to_text(const std::vector<SubjectComparison>& comparisons) {
  std::ostringstream out;
  out.precision(4);
  for (const SubjectComparison& one : comparisons) {
    const auto& total = one.estimate.total;
    out << to_string(one.subject) << ", " << to_string(one.months.front()) << " to " << to_string(one.months.back())
        << "\n  Google, location-based: " << one.reported.location_kg << " kg CO2e (" << 100.0 * one.share_of_project
        << " % of the project), scope 3 of it " << one.reported.scope3_kg << " kg"
        << "\n  ours:                   " << total.value.value() / 1000.0 << " kg (" << total.low.value() / 1000.0
        << " to " << total.high.value() / 1000.0 << "), " << energy::to_string(total.provenance.kind)
        << ", embodied of it " << one.estimate.embodied.value.value() / 1000.0 << " kg\n";
    if (one.usage.requests > 0.0) {
      out << "  per 1000 requests:      " << one.reported.location_kg * 1e6 / one.usage.requests << " g and "
          << total.value.value() * 1000.0 / one.usage.requests << " g\n";
    }
    if (!one.comparison.ratio) {
      out << "  no ratio: one side is 0. Google's figures of a service this small are rounded away.\n";
    } else {
      out << "  Google / ours = " << *one.comparison.ratio
          << (one.comparison.inside_interval ? ", within our interval" : ", outside our interval") << ", made of\n";
      for (const energy::Factor& factor : one.comparison.factors) print_factor(out, factor);
      if (one.comparison.implied_utilisation) {
        out << "    load of our vCPUs that this implies: " << *one.comparison.implied_utilisation << '\n';
      }
    }
    out << "  Market-based, apart: Google " << one.reported.market_kg << " kg";
    if (one.estimate.market) {
      const auto& market = *one.estimate.market;
      out << ", ours " << market.value.value() / 1000.0 << " kg (" << market.low.value() / 1000.0 << " to "
          << market.high.value() / 1000.0 << ")";
    }
    out << '\n';
  }
  out << kMethod << ".\n";
  return out.str();
}

}  // namespace coppice::footprint
