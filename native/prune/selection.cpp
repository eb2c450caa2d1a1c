#include "native/prune/selection.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

namespace coppice::prune {
namespace {

constexpr int64_t kMostPerSide = 64;

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

Status bad_pattern(std::string_view text) {
  return invalid_usage("pattern \"" + std::string(text) +
                       "\"; expected none, ROWSxCOLUMNS (1x4, 4x1) or N:M with N below M (2:4), numbers up to " +
                       std::to_string(kMostPerSide));
}

// Two numbers with `separator` between them.
bool parse_pair(std::string_view text, char separator, int64_t& first, int64_t& second) {
  const char* end = text.data() + text.size();
  const auto [middle, error] = std::from_chars(text.data(), end, first);
  if (error != std::errc() || middle == end || *middle != separator) return false;
  const auto [last, error2] = std::from_chars(middle + 1, end, second);
  return error2 == std::errc() && last == end;
}

// The scores of a matrix's blocks, row by row of blocks. A block whose weights are all 0 has the lowest score there is:
// taking it again costs nothing.
std::vector<double> block_scores(const ScoredMatrix& matrix, const Pattern& pattern) {
  const int64_t block_columns = matrix.columns / pattern.block_columns;
  const int64_t blocks = matrix.rows / pattern.block_rows * block_columns;
  std::vector<double> scores(static_cast<size_t>(blocks), 0.0);
  std::vector<uint8_t> alive(static_cast<size_t>(blocks), 0);
  for (int64_t r = 0; r < matrix.rows; ++r) {
    for (int64_t c = 0; c < matrix.columns; ++c) {
      const auto block = static_cast<size_t>(r / pattern.block_rows * block_columns + c / pattern.block_columns);
      const auto weight = static_cast<size_t>(r * matrix.columns + c);
      scores[block] += static_cast<double>(matrix.scores[weight]);
      if (matrix.weights[weight] != 0) alive[block] = 1;
    }
  }
  for (size_t b = 0; b < scores.size(); ++b) {
    if (alive[b] == 0) scores[b] = -std::numeric_limits<double>::infinity();
  }
  return scores;
}

// Marks exactly `count` of the blocks in `scores` (several matrices' one after another) as going.
std::vector<std::vector<uint8_t>> lowest(const std::vector<std::vector<double>>& scores, int64_t count) {
  std::vector<double> all;
  for (const std::vector<double>& part : scores) all.insert(all.end(), part.begin(), part.end());
  std::vector<std::vector<uint8_t>> goes(scores.size());
  for (size_t m = 0; m < scores.size(); ++m) goes[m].assign(scores[m].size(), 0);
  if (count == 0) return goes;
  const auto cut = all.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(all.begin(), cut, all.end());
  const double threshold = *cut;
  const auto below = [&](double score) { return score < threshold; };
  int64_t ties = count;
  for (const std::vector<double>& part : scores) ties -= std::count_if(part.begin(), part.end(), below);
  for (size_t m = 0; m < scores.size(); ++m) {
    for (size_t b = 0; b < scores[m].size(); ++b) {
      if (scores[m][b] < threshold || (scores[m][b] == threshold && ties-- > 0)) goes[m][b] = 1;
    }
  }
  return goes;
}

void clear_blocks(const ScoredMatrix& matrix, const Pattern& pattern, const std::vector<uint8_t>& goes,
                  std::vector<uint8_t>& keep) {
  const int64_t block_columns = matrix.columns / pattern.block_columns;
  for (int64_t r = 0; r < matrix.rows; ++r) {
    for (int64_t c = 0; c < matrix.columns; ++c) {
      const auto block = static_cast<size_t>(r / pattern.block_rows * block_columns + c / pattern.block_columns);
      if (goes[block] != 0) keep[static_cast<size_t>(r * matrix.columns + c)] = 0;
    }
  }
}

// Keeps the N highest scores of every M neighbours in a row; zeros go first.
void clear_groups(const ScoredMatrix& matrix, const Pattern& pattern, std::vector<uint8_t>& keep) {
  std::vector<size_t> order(static_cast<size_t>(pattern.group));
  for (size_t begin = 0; begin < matrix.weights.size(); begin += static_cast<size_t>(pattern.group)) {
    std::iota(order.begin(), order.end(), begin);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      const bool zero_a = matrix.weights[a] == 0;
      const bool zero_b = matrix.weights[b] == 0;
      if (zero_a != zero_b) return zero_a;
      return matrix.scores[a] < matrix.scores[b];
    });
    for (int64_t i = 0; i < pattern.group - pattern.keep; ++i) keep[order[static_cast<size_t>(i)]] = 0;
  }
}

Status check(std::span<const ScoredMatrix> matrices, const SelectionOptions& options) {
  const Pattern& pattern = options.pattern;
  if (!(options.sparsity >= 0 && options.sparsity < 1)) {
    return invalid_usage("sparsity is " + number_text(options.sparsity) + "; expected a share in [0, 1), e.g. 0.8");
  }
  if (pattern.is_n_of_m() && std::fabs(options.sparsity - pattern.sparsity()) > 1e-9) {
    return invalid_usage("the pattern " + to_string(pattern) + " means a sparsity of " +
                         number_text(pattern.sparsity()) + ", but " + number_text(options.sparsity) + " is asked for");
  }
  for (const ScoredMatrix& matrix : matrices) {
    const int64_t width = pattern.is_n_of_m() ? pattern.group : pattern.block_columns;
    if (matrix.rows % pattern.block_rows != 0 || matrix.columns % width != 0) {
      return invalid_usage("the pattern " + to_string(pattern) + " does not divide " + matrix.name + " (" +
                           std::to_string(matrix.rows) + " x " + std::to_string(matrix.columns) + ")");
    }
    if (std::any_of(matrix.scores.begin(), matrix.scores.end(), [](float s) { return std::isnan(s); })) {
      return invalid_input("the score of a weight of " + matrix.name +
                           " is not a number; the model or its gradients "
                           "have diverged");
    }
  }
  return {};
}

int64_t blocks_of(double sparsity, size_t blocks) { return std::llround(sparsity * static_cast<double>(blocks)); }

}  // namespace

std::string_view to_string(Scope scope) { return scope == Scope::kGlobal ? "global" : "matrix"; }

Result<Scope> parse_scope(std::string_view text) {
  if (text == "global") return Scope::kGlobal;
  if (text == "matrix") return Scope::kMatrix;
  return invalid_usage("scope \"" + std::string(text) + "\"; expected global or matrix");
}

std::string to_string(const Pattern& pattern) {
  if (pattern.is_n_of_m()) return std::to_string(pattern.keep) + ":" + std::to_string(pattern.group);
  if (pattern.block_rows == 1 && pattern.block_columns == 1) return "none";
  return std::to_string(pattern.block_rows) + "x" + std::to_string(pattern.block_columns);
}

Result<Pattern> parse_pattern(std::string_view text) {
  Pattern pattern;
  if (text == "none") return pattern;
  int64_t first = 0;
  int64_t second = 0;
  const bool blocks = parse_pair(text, 'x', first, second);
  if (!blocks && !parse_pair(text, ':', first, second)) return bad_pattern(text);
  if (first < 1 || second < 1 || first > kMostPerSide || second > kMostPerSide) return bad_pattern(text);
  if (blocks) {
    pattern.block_rows = first;
    pattern.block_columns = second;
    return pattern;
  }
  if (first >= second) return bad_pattern(text);
  pattern.keep = first;
  pattern.group = second;
  return pattern;
}

Result<Selection> select_weights(std::span<const ScoredMatrix> matrices, const SelectionOptions& options) {
  COPPICE_RETURN_IF_ERROR(check(matrices, options));
  Selection selection;
  for (const ScoredMatrix& matrix : matrices) {
    selection.keep.emplace_back(matrix.weights.size(), uint8_t{1});
    selection.weights += static_cast<int64_t>(matrix.weights.size());
  }
  if (options.pattern.is_n_of_m()) {
    for (size_t m = 0; m < matrices.size(); ++m) clear_groups(matrices[m], options.pattern, selection.keep[m]);
  } else {
    std::vector<std::vector<double>> scores;
    size_t blocks = 0;
    for (const ScoredMatrix& matrix : matrices) {
      scores.push_back(block_scores(matrix, options.pattern));
      blocks += scores.back().size();
    }
    std::vector<std::vector<uint8_t>> goes;
    if (options.scope == Scope::kGlobal) {
      goes = lowest(scores, blocks_of(options.sparsity, blocks));
    } else {
      for (const std::vector<double>& part : scores) {
        goes.push_back(lowest({part}, blocks_of(options.sparsity, part.size())).front());
      }
    }
    for (size_t m = 0; m < matrices.size(); ++m) {
      clear_blocks(matrices[m], options.pattern, goes[m], selection.keep[m]);
    }
  }
  for (const std::vector<uint8_t>& keep : selection.keep) {
    selection.zeros.push_back(std::count(keep.begin(), keep.end(), uint8_t{0}));
    selection.all_zeros += selection.zeros.back();
  }
  return selection;
}

}  // namespace coppice::prune
