#include "shared/energy/sci.h"

#include <cmath>

namespace coppice::energy {

Result<Sci> software_carbon_intensity(const SciInputs& inputs) {
  if (inputs.functional_unit.empty()) {
    return invalid_usage("--functional-unit: SCI is a rate, name what it is per, e.g. \"1000 reviews\"");
  }
  if (!(inputs.units > 0.0 && std::isfinite(inputs.units))) {
    return invalid_usage("--units: expected how many functional units the energy was for, more than 0, not " +
                         std::to_string(inputs.units));
  }
  if (!(inputs.energy.low.value() >= 0.0) || !(inputs.reserved.value() >= 0.0)) {
    return invalid_usage("SCI: energy and time reserved must not be negative");
  }
  Sci sci;
  // Both factors of the product may be off at once: the ends are products of ends.
  sci.operational = {inputs.energy.value * inputs.intensity.value, inputs.energy.low * inputs.intensity.low,
                     inputs.energy.high * inputs.intensity.high,
                     combine(inputs.energy.provenance, inputs.intensity.provenance)};
  sci.embodied = embodied_emissions(inputs.hardware, inputs.reserved);
  sci.score = (sci.operational + sci.embodied) * (1.0 / inputs.units);
  return sci;
}

OrderedJson to_json(const SciInputs& inputs, const Sci& sci) {
  OrderedJson json;
  json["sci_grams_co2e_per_unit"] = sci.score.value.value();
  json["low"] = sci.score.low.value();
  json["high"] = sci.score.high.value();
  json["functional_unit"] = inputs.functional_unit;
  json["units"] = inputs.units;
  json["operational_grams_co2e"] = to_json(sci.operational);
  json["embodied_grams_co2e"] = embodied_to_json(inputs.hardware, inputs.reserved);
  json["energy_joules"] = to_json(inputs.energy);
  json["intensity"] = to_json(inputs.place);
  json["boundary"] = "operational: " + inputs.boundary + "; embodied: " + inputs.hardware.boundary;
  json["method"] =
      "SCI 1.1 (ISO/IEC 21031:2024): (E x I + M) / R; I location-based, without market-based instruments and offsets; "
      "compare only with a score of the same boundary and method";
  return json;
}

}  // namespace coppice::energy
