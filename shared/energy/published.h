// How far published intensities of one place lie apart. No table comes with an interval of its own; what other
// publishers and other years say is the evidence there is.
#pragma once

#include <string>
#include <vector>

#include "shared/energy/carbon.h"
#include "shared/energy/figure.h"

namespace coppice::energy {

struct PublishedValue {
  GramsPerKwh value;
  std::string source;
  int year = 0;
};

// Every value that the tables compiled in hold for the place that answered, the answer itself included: a country's of
// Ember and Our World in Data, a Google Cloud region's of all years of the same kind (2019 and 2020 are life-cycle
// intensities, later ones the grid's). Empty where the answer is the user's own, a live one or CodeCarbon's.
std::vector<PublishedValue> published_values(const PlaceQuery& place, const Intensity& answer);

// The answer with the range of the published values as its interval, which is no confidence interval; the method says
// what the range holds. Where nothing else is published low = value = high, and the method says so.
Figure<GramsPerKwh> with_published_range(const PlaceQuery& place, const Intensity& answer);

}  // namespace coppice::energy
