// Which weights become 0, given a score for each: the part of unstructured pruning that is the same whatever the score.
//
//   scope    global: the lowest scores of all matrices together go; matrix: the same share of each ("per layer" or
//            "uniform" in the literature)
//   pattern  none; blocks of R x C weights that go together, as engines with block-sparse kernels want; or N:M, N of
//            every M neighbouring inputs of an output stay (2:4 in Mishra et al. 2021, arXiv 2104.08378)
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice::prune {

enum class Scope { kGlobal, kMatrix };
std::string_view to_string(Scope scope);
Result<Scope> parse_scope(std::string_view text);

struct Pattern {
  int64_t block_rows = 1;  // outputs
  int64_t block_columns = 1;
  int64_t keep = 0;  // N of N:M, 0 where the pattern is not N:M
  int64_t group = 0;

  [[nodiscard]] bool is_n_of_m() const { return group > 0; }
  // The share of zeros that N:M means.
  [[nodiscard]] double sparsity() const { return 1.0 - static_cast<double>(keep) / static_cast<double>(group); }
  bool operator==(const Pattern&) const = default;
};
// "none", "1x4" (rows x columns), "2:4".
std::string to_string(const Pattern& pattern);
Result<Pattern> parse_pattern(std::string_view text);

// A weight matrix (rows = outputs, columns = inputs), row-major, borrowed.
struct ScoredMatrix {
  std::string name;
  int64_t rows = 0;
  int64_t columns = 0;
  std::span<const float> weights;
  std::span<const float> scores;  // a low score goes first
};

struct SelectionOptions {
  double sparsity = 0;  // share of zeros among all weights of the matrices afterwards, in [0, 1)
  Scope scope = Scope::kGlobal;
  Pattern pattern;
};

struct Selection {
  std::vector<std::vector<uint8_t>> keep;  // for each matrix, for each weight: 1 stays, 0 goes
  std::vector<int64_t> zeros;              // for each matrix
  int64_t weights = 0;                     // of all matrices
  int64_t all_zeros = 0;
};

// Weights (or blocks) that are 0 already go first, then by ascending score; a block's score is the sum of its weights'.
// Of equal scores those that come first in the order of the matrices go first, so that the number is exact: the nearest
// whole number of weights or blocks. Errors (kInvalidUsage): a share outside [0, 1) or other than the pattern's, a
// matrix that blocks or groups do not divide; (kInvalidInput) a score that is not a number.
Result<Selection> select_weights(std::span<const ScoredMatrix> matrices, const SelectionOptions& options);

}  // namespace coppice::prune
