// Pruning by magnitude on a matrix of 4 outputs and 4 inputs, by the code that prunes models
// (native/prune/selection.h): which weights go, what that does to an output, and what two kinds of recovery can and
// cannot mend.
#include <array>
#include <cmath>
#include <cstdio>
#include <span>
#include <vector>

#include "native/prune/selection.h"

namespace {

constexpr int kSize = 4;
using Matrix = std::array<float, kSize * kSize>;  // row-major, a row an output
using Vector = std::array<float, kSize>;
using Mask = std::vector<uint8_t>;

constexpr Matrix kWeights = {0.9F, -0.1F, 0.0F,  0.4F,  //
                             0.2F, -0.8F, 0.3F,  0.1F,  //
                             0.6F, 0.5F,  -0.7F, 0.0F,  //
                             0.1F, 0.0F,  -0.2F, 1.0F};
// Inputs as a layer sees them: the second follows the first closely, as features of a language model often do.
constexpr std::array<Vector, 4> kInputs = {Vector{1.0F, 0.9F, 0.2F, 0.5F}, Vector{-1.0F, -1.1F, 0.4F, 0.3F},
                                           Vector{0.5F, 0.6F, -1.0F, 0.8F}, Vector{-0.4F, -0.4F, 0.7F, -1.0F}};

Vector product(const Matrix& weights, const Vector& input) {
  Vector output{};
  for (int row = 0; row < kSize; ++row) {
    for (int column = 0; column < kSize; ++column) output[row] += weights[row * kSize + column] * input[column];
  }
  return output;
}

// Root mean square difference from the whole matrix's outputs over the inputs.
double output_error(const Matrix& weights) {
  double sum = 0;
  for (const Vector& input : kInputs) {
    const Vector wanted = product(kWeights, input);
    const Vector output = product(weights, input);
    for (int row = 0; row < kSize; ++row) sum += std::pow(static_cast<double>(output[row] - wanted[row]), 2);
  }
  return std::sqrt(sum / static_cast<double>(kInputs.size() * kSize));
}

Matrix masked(const Matrix& weights, const Mask& keep) {
  Matrix result = weights;
  for (size_t i = 0; i < result.size(); ++i) result[i] *= static_cast<float>(keep[i]);
  return result;
}

// Gradient descent on the squared difference of the outputs; where the mask is 0 the weight stays 0. It is what
// `coppice train --keep-zeros --teacher` does to a model, without the model.
Matrix recovered(Matrix weights, const Mask& keep) {
  constexpr int kSteps = 200;
  constexpr float kLearningRate = 0.1F;
  for (int step = 0; step < kSteps; ++step) {
    Matrix gradient{};
    for (const Vector& input : kInputs) {
      const Vector wanted = product(kWeights, input);
      const Vector output = product(weights, input);
      for (int row = 0; row < kSize; ++row) {
        for (int column = 0; column < kSize; ++column) {
          gradient[row * kSize + column] += (output[row] - wanted[row]) * input[column];
        }
      }
    }
    for (size_t i = 0; i < weights.size(); ++i) weights[i] -= kLearningRate * gradient[i] * static_cast<float>(keep[i]);
  }
  return weights;
}

void print(const char* title, const Matrix& weights) {
  std::printf("%s\n", title);
  for (int row = 0; row < kSize; ++row) {
    for (int column = 0; column < kSize; ++column) {
      const float weight = weights[row * kSize + column];
      if (weight == 0) {
        std::printf("      .");
      } else {
        std::printf("%7.2f", static_cast<double>(weight));
      }
    }
    std::printf("\n");
  }
}

bool show(const char* title, double sparsity, const char* pattern) {
  std::vector<float> scores;
  for (const float weight : kWeights) scores.push_back(std::fabs(weight));
  const coppice::Result<coppice::prune::Pattern> parsed = coppice::prune::parse_pattern(pattern);
  if (!parsed) return false;
  const std::vector<coppice::prune::ScoredMatrix> matrices = {{"toy", kSize, kSize, kWeights, scores}};
  coppice::prune::SelectionOptions options;
  options.sparsity = sparsity;
  options.pattern = *parsed;
  const coppice::Result<coppice::prune::Selection> selection = coppice::prune::select_weights(matrices, options);
  if (!selection) {
    std::fprintf(stderr, "pruning-toy: %s\n", selection.status().message().c_str());
    return false;
  }
  const Mask& keep = selection->keep[0];
  const Matrix pruned = masked(kWeights, keep);
  const Matrix mended = recovered(pruned, keep);
  std::printf("\n");
  print(title, pruned);
  std::printf("%lld of %lld weights are 0; outputs off by %.3f, after recovery by %.3f\n",
              static_cast<long long>(selection->all_zeros), static_cast<long long>(selection->weights),
              output_error(pruned), output_error(mended));
  if (parsed->group == 0 && parsed->block_columns == 1) print("the same weights after recovery", mended);
  return true;
}

}  // namespace

int main() {
  print("the whole matrix (rows: outputs, columns: inputs; a dot is 0)", kWeights);
  const bool shown = show("the smallest half goes", 0.5, "none") && show("2 of 4 stay in each row", 0.5, "2:4") &&
                     show("blocks of 1 x 2 go together", 0.5, "1x2");
  return shown ? 0 : 1;
}
