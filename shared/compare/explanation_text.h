// An explanation in words: which words carried each verdict, and where two models differ in that.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shared/compare/explainer.h"

namespace coppice::compare {

// A word that was left out, of one model.
struct WordEffect {
  size_t word = 0;                 // in explanation.units.words
  std::string name;                // as it stands in the text; "not (2nd)" where it stands there more than once
  double effect = 0;               // log-odds; above 0 for label 1
  double probability_without = 0;  // of label 1
  bool turns_verdict = false;      // without it the verdict is the other one
};

// The largest effects first, those below a twentieth of the largest left out.
std::vector<WordEffect> top_words(const Explanation& explanation, const ExplainedModel& model, size_t most);

// "“wonderful” speaks most for positive, “drags” most for negative. Without “not” it would say positive."
std::string summary_of(const Explanation& explanation, const ExplainedModel& model);

// Of the first model against each other one: the word whose effects lie furthest apart, and what leaving it out does to
// both. Empty before two models have a word in common.
std::vector<std::string> differences(const Explanation& explanation);

// 0 to 4: how strong an effect is beside the largest of all models and words; 0 is next to none.
int strength_of(double effect, double largest);
double largest_effect(const Explanation& explanation);

// "Leaving out words: 34 of 120." comparing: a comparison runs, for which this waits.
std::string explain_status(const Explanation& explanation, bool comparing);

std::string format_effect(double effect);  // "+2.31", "−0.40"

}  // namespace coppice::compare
