// Which layer of the teacher each inner layer of the student is compared with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "native/train/hidden_states.h"
#include "shared/base/status.h"
#include "shared/records/manifest.h"

namespace coppice::backend {

struct LayerMapping {
  std::vector<train::LayerPair> pairs;
  std::string source;  // for the run record: "same depth", "plan runs/prune-....json", "uniform" or "given"
};

// `wish`, of S student and T teacher layers:
//   auto       each layer its own number where S = T, else the number that it had in the teacher, from the plan of the
//              pruning that made the student (`student`: its manifest); refused where there is no such plan
//   uniform    the m-th of S layers with the ceil(m T / S)-th of T (TinyBERT's, for any S and T)
//   0,1,3,...  the teacher's layer for each layer of the student but the last, counted from 0
// A student of one layer has no inner states: refused.
Result<LayerMapping> map_layers(const std::string& wish, int64_t student_layers, const records::Manifest* student,
                                int64_t teacher_layers, const std::string& teacher_id,
                                const std::string& teacher_weights_sha256);

}  // namespace coppice::backend
