// Everyday things that take as much energy, or emit as much, as a figure. Each has its source and a range of its own,
// which widens the figure's band.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shared/energy/figure.h"
#include "shared/energy/units.h"

namespace coppice::energy {

enum class EquivalentOf { kEnergy, kCarbon };

// What one of the thing takes: joules or grams of CO2e, by `of`. low <= value <= high.
struct Equivalent {
  const char* id;
  const char* name;  // "litres of water brought to the boil"
  EquivalentOf of;
  double value;
  double low;
  double high;
  const char* source;
};

std::span<const Equivalent> equivalents();

struct EquivalentCount {
  const Equivalent* equivalent;
  double value;
  double low;   // figure's low end over the thing's high one
  double high;  // figure's high end over the thing's low one
};

std::vector<EquivalentCount> equivalents_of(const Figure<Joules>& energy, const Figure<GramsCo2e>& carbon);

}  // namespace coppice::energy
