#include "native/load/server_usage.h"

#include "shared/energy/units.h"

namespace coppice::load {
namespace {

energy::ProvenanceKind kind_of(const std::string& word) {
  for (const auto kind :
       {energy::ProvenanceKind::kMeasured, energy::ProvenanceKind::kModelled, energy::ProvenanceKind::kAssumed}) {
    if (word == energy::to_string(kind)) return kind;
  }
  return energy::ProvenanceKind::kMixed;
}

template <typename Unit>
std::optional<energy::Figure<Unit>> figure_of(const Json& usage, const char* name) {
  if (!usage.contains(name) || !usage[name].is_object()) return std::nullopt;
  const Json& json = usage[name];
  for (const char* bound : {"value", "low", "high"}) {
    if (!json.contains(bound) || !json[bound].is_number()) return std::nullopt;
  }
  if (!json.contains("provenance") || !json["provenance"].is_string()) return std::nullopt;
  const std::string method =
      json.contains("method") && json["method"].is_string() ? json["method"].get<std::string>() : "";
  return energy::Figure<Unit>{Unit(json["value"].get<double>()),
                              Unit(json["low"].get<double>()),
                              Unit(json["high"].get<double>()),
                              {kind_of(json["provenance"].get<std::string>()), method}};
}

template <typename Unit>
void add_figure(std::optional<energy::Figure<Unit>>& sum, const std::optional<energy::Figure<Unit>>& part) {
  if (part) sum = sum ? *sum + *part : *part;
}

}  // namespace

void ServerUsage::add(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  std::optional<energy::Figure<energy::Joules>> joules;
  std::optional<energy::Figure<energy::GramsCo2e>> grams;
  if (json.is_object() && json.contains("usage") && json["usage"].is_object()) {
    joules = figure_of<energy::Joules>(json["usage"], "energy_joules");
    grams = figure_of<energy::GramsCo2e>(json["usage"], "carbon_grams_co2e");
  }
  const std::lock_guard lock(mutex_);
  if (!joules) {
    ++without_;
    return;
  }
  ++answers_;
  add_figure(energy_, joules);
  if (grams) ++with_carbon_;
  add_figure(carbon_, grams);
}

OrderedJson ServerUsage::json() const {
  const std::lock_guard lock(mutex_);
  OrderedJson json;
  json["answers"] = answers_;
  if (without_ > 0) json["without_usage"] = without_;
  if (energy_) {
    json["energy_joules"] = energy::to_json(*energy_);
    json["joules_per_answer"] = energy::to_json(*energy_ * (1.0 / static_cast<double>(answers_)));
  }
  if (carbon_) {
    json["carbon_grams_co2e"] = energy::to_json(*carbon_);
    json["grams_co2e_per_answer"] = energy::to_json(*carbon_ * (1.0 / static_cast<double>(with_carbon_)));
  }
  return json;
}

}  // namespace coppice::load
