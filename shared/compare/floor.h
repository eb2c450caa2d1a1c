// "Do I need a transformer here?": the accuracy of the transformers against that of the linear model over word n-grams,
// the honest floor. All of it is made from the manifests' accuracies and intervals, whichever models are listed, so it
// turns by itself when better ones are.
//
// Two accuracies are compared only if they are of the same test set. One is called above the other when their 95 %
// intervals do not touch. That is stricter than a paired test, for which a manifest holds too little.
#pragma once

#include <vector>

#include "shared/compare/state.h"
#include "shared/records/manifest.h"

namespace coppice::compare {

// Fills `floor` of the state and `against_floor` of its rows. manifests: of the rows, in their order. A model that is
// less accurate than the floor is granted what it does better, by the other measures of the two manifests, or none of
// them.
void write_floor(State& state, const std::vector<const records::Manifest*>& manifests);

}  // namespace coppice::compare
