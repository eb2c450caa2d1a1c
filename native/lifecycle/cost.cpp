#include "native/lifecycle/cost.h"

#include "shared/records/figure.h"

namespace coppice::lifecycle {

using energy::Figure;
using energy::GramsCo2e;
using energy::Joules;

Cost operator*(const Cost& cost, double factor) {
  Cost result{cost.seconds * factor, cost.cpu_seconds * factor, std::nullopt};
  if (cost.joules) result.joules = *cost.joules * factor;
  return result;
}

Cost operator+(const Cost& a, const Cost& b) {
  if (a.seconds == 0 && a.cpu_seconds == 0) return b;
  if (b.seconds == 0 && b.cpu_seconds == 0) return a;
  Cost result{a.seconds + b.seconds, a.cpu_seconds + b.cpu_seconds, std::nullopt};
  if (a.joules && b.joules) result.joules = *a.joules + *b.joules;
  return result;
}

Result<Cost> cost_of(const Json& reading, const std::string& where) {
  JsonReader reader(reading, where);
  Cost cost;
  cost.seconds = reader.number("duration_seconds");
  cost.cpu_seconds = reader.number_or("cpu_time_seconds", 0);
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (reader.has("energy_joules")) {
    COPPICE_ASSIGN_OR_RETURN(cost.joules,
                             records::parse_figure<Joules>(reading["energy_joules"], where + ": energy_joules"));
  }
  return cost;
}

OrderedJson to_json(const Cost& cost) {
  OrderedJson json;
  json["duration_seconds"] = cost.seconds;
  json["cpu_time_seconds"] = cost.cpu_seconds;
  if (cost.joules) json["energy_joules"] = energy::to_json(*cost.joules);
  return json;
}

OrderedJson to_json(const Rates& rates) {
  OrderedJson json;
  json["per_unit"] = OrderedJson::object();
  for (const auto& [name, cost] : rates.per_unit) json["per_unit"][name] = to_json(cost);
  if (rates.grams_co2e_per_joule) json["grams_co2e_per_joule"] = *rates.grams_co2e_per_joule;
  if (!rates.intensity_note.empty()) json["intensity"] = rates.intensity_note;
  return json;
}

Result<Rates> parse_rates(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  Rates rates;
  const Json& per_unit = reader.at("per_unit");
  if (reader.has("grams_co2e_per_joule")) rates.grams_co2e_per_joule = reader.number("grams_co2e_per_joule");
  rates.intensity_note = reader.string_or("intensity", "");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!per_unit.is_object()) return invalid_input(where + ": per_unit: expected an object");
  for (const auto& [name, cost] : per_unit.items()) {
    COPPICE_ASSIGN_OR_RETURN(rates.per_unit[name], cost_of(cost, where + ": per_unit: " + name));
  }
  return rates;
}

std::optional<Prediction> predict(const std::vector<Term>& work, const Rates& rates) {
  if (work.empty()) return std::nullopt;
  Prediction prediction;
  for (const Term& term : work) {
    const auto rate = rates.per_unit.find(term.rate);
    if (rate == rates.per_unit.end()) return std::nullopt;
    prediction.cost = prediction.cost + rate->second * term.units;
  }
  if (prediction.cost.joules) {
    Figure<Joules>& joules = *prediction.cost.joules;
    if (joules.provenance.kind == energy::ProvenanceKind::kMeasured)
      joules.provenance.kind = energy::ProvenanceKind::kModelled;
    joules.provenance.method = "rates of a probe x work; the probe: " + joules.provenance.method;
    if (rates.grams_co2e_per_joule) {
      const double factor = *rates.grams_co2e_per_joule;
      prediction.carbon =
          Figure<GramsCo2e>{GramsCo2e(joules.value.value() * factor), GramsCo2e(joules.low.value() * factor),
                            GramsCo2e(joules.high.value() * factor), joules.provenance};
    }
  }
  return prediction;
}

OrderedJson to_json(const Prediction& prediction) {
  OrderedJson json;
  const double seconds = prediction.cost.seconds;
  json["duration_seconds"] = {{"value", seconds}, {"low", seconds * kDurationLow}, {"high", seconds * kDurationHigh}};
  json["cpu_time_seconds"] = prediction.cost.cpu_seconds;
  if (prediction.cost.joules) json["energy_joules"] = energy::to_json(*prediction.cost.joules);
  if (prediction.carbon) json["carbon_grams_co2e"] = energy::to_json(*prediction.carbon);
  return json;
}

}  // namespace coppice::lifecycle
