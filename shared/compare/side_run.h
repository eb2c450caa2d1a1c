// What passes between the comparison and the work beside it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "shared/compare/reading.h"
#include "shared/compare/state.h"
#include "shared/records/manifest.h"
#include "shared/text/tokenizer.h"

namespace coppice::compare {

// A model as such work sees it. Pointers are valid for the call they are handed to.
struct ModelReader {
  const ModelRow* row = nullptr;
  const records::Manifest* manifest = nullptr;
  const text::Tokenizer* tokenizer = nullptr;  // null for a linear model
  bool described = false;                      // a text can be read

  [[nodiscard]] bool ready() const { return row->phase == ModelPhase::kReady; }
};

struct SideRun {
  size_t model = 0;
  Reading reading;
  bool timed = false;  // else one plain run is enough: a linear model need not be run in batches for the clock
};

struct RunAnswer {
  std::array<double, 2> logits = {0, 0};
  double milliseconds = 0;
};

}  // namespace coppice::compare
