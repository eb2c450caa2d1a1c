// Two models side by side, and what sets them apart, figure by figure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shared/compare/state.h"

namespace coppice::compare {

enum class Side { kNeither, kLeft, kRight };

struct DuelLine {
  const char* key;  // "verdict", "probability", "time", "energy", "carbon", "accuracy", "size"
  const char* title;
  std::string left;
  std::string right;
  std::string difference;        // of the right against the left, in words: "44 % less (38 % to 49 %)"
  Side better = Side::kNeither;  // only where the difference is clear
};

struct Duel {
  size_t left = 0;   // the baseline
  size_t right = 0;  // its rival
  std::vector<DuelLine> lines;
};

// None below two models that can be compared.
std::optional<Duel> duel_of(const State& state);

}  // namespace coppice::compare
