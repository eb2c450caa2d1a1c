#include "shared/energy/equivalents.h"

namespace coppice::energy {
namespace {

// One litre from 15 to 100 degrees Celsius: 4,186 J/(kg K) x 85 K = 355.8 kJ in the water; a kettle loses a tenth to a
// fifth of what it draws.
constexpr double kLitreBoiled = 4186.0 * 85.0;

constexpr Equivalent kEquivalents[] = {
    {"kettle", "litres of water brought to the boil", EquivalentOf::kEnergy, kLitreBoiled / 0.85, kLitreBoiled / 0.9,
     kLitreBoiled / 0.8, "heat capacity of water, 15 to 100 °C; electric kettle of 80 to 90 % efficiency"},
    // Low and high: batteries of 2,000 and 5,000 mAh at 3.85 V, a tenth lost in charging.
    {"phone", "smartphone charges", EquivalentOf::kEnergy, 11.6 * 3600.0, 2.0 * 3.85 / 0.9 * 3600.0,
     5.0 * 3.85 / 0.9 * 3600.0,
     "US EPA, Greenhouse Gas Equivalencies Calculator: 14.46 Wh a day less 22 h x 0.13 W; batteries of 2,000 to 5,000 "
     "mAh"},
    {"car", "km by car", EquivalentOf::kCarbon, 175.0, 108.1, 249.0,
     "European car, Green Algorithms 2021; new cars of 2022, European Environment Agency; US EPA, 400 g a mile"},
};

}  // namespace

std::span<const Equivalent> equivalents() { return kEquivalents; }

std::vector<EquivalentCount> equivalents_of(const Figure<Joules>& energy, const Figure<GramsCo2e>& carbon) {
  std::vector<EquivalentCount> counts;
  for (const Equivalent& each : kEquivalents) {
    const bool by_energy = each.of == EquivalentOf::kEnergy;
    const double value = by_energy ? energy.value.value() : carbon.value.value();
    const double low = by_energy ? energy.low.value() : carbon.low.value();
    const double high = by_energy ? energy.high.value() : carbon.high.value();
    counts.push_back({&each, value / each.value, low / each.high, high / each.low});
  }
  return counts;
}

}  // namespace coppice::energy
