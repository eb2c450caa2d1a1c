#include "native/prune/magnitude.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "shared/engine/weights.h"

namespace coppice::prune {
namespace {

// The encoder's matrices in the order of the checkpoint.
std::vector<std::pair<std::string, at::Tensor>> encoder_matrices_of(model::BertClassifier& model) {
  const std::vector<std::string> names = engine::encoder_matrices(model.config());
  std::vector<std::pair<std::string, at::Tensor>> matrices;
  model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (std::find(names.begin(), names.end(), name) != names.end()) matrices.emplace_back(name, tensor);
  });
  return matrices;
}

// Calls on_weight(matrix index, reference) for the weights that go: all below the threshold, and of those equal to it
// as many as are needed.
template <typename OnWeight>
void for_each_pruned(std::vector<std::pair<std::string, at::Tensor>>& matrices, float threshold, int64_t zeros,
                     OnWeight on_weight) {
  int64_t below = 0;
  for (auto& [name, tensor] : matrices) below += tensor.abs().lt(threshold).sum().template item<int64_t>();
  int64_t ties_to_prune = zeros - below;
  for (size_t m = 0; m < matrices.size(); ++m) {
    float* w = matrices[m].second.data_ptr<float>();
    const int64_t count = matrices[m].second.numel();
    for (int64_t i = 0; i < count; ++i) {
      const float magnitude = std::fabs(w[i]);
      if (magnitude < threshold || (magnitude == threshold && ties_to_prune-- > 0)) on_weight(m, w[i]);
    }
  }
}

}  // namespace

Result<MagnitudePlan> plan_magnitude(model::BertClassifier& model, double sparsity) {
  if (!(sparsity >= 0 && sparsity < 1)) {
    return invalid_usage("sparsity is " + std::to_string(sparsity) + "; expected a share in [0, 1), e.g. 0.8");
  }
  auto matrices = encoder_matrices_of(model);
  MagnitudePlan plan;
  plan.sparsity = sparsity;
  std::vector<float> magnitudes;
  for (const auto& [name, tensor] : matrices) {
    plan.matrices.push_back({name, tensor.numel(), 0});
    plan.weights += tensor.numel();
    const float* w = tensor.data_ptr<float>();
    for (int64_t i = 0; i < tensor.numel(); ++i) magnitudes.push_back(std::fabs(w[i]));
  }
  plan.zeros = std::llround(sparsity * static_cast<double>(plan.weights));
  if (plan.zeros == 0) return plan;
  const auto cut = magnitudes.begin() + static_cast<std::ptrdiff_t>(plan.zeros - 1);
  std::nth_element(magnitudes.begin(), cut, magnitudes.end());
  plan.threshold = *cut;
  for_each_pruned(matrices, *cut, plan.zeros, [&](size_t m, float&) { ++plan.matrices[m].zeros; });
  return plan;
}

Status apply_magnitude(model::BertClassifier& model, const MagnitudePlan& plan) {
  auto matrices = encoder_matrices_of(model);
  int64_t weights = 0;
  for (const auto& [name, tensor] : matrices) weights += tensor.numel();
  if (weights != plan.weights) {
    return invalid_input("the plan counts " + std::to_string(plan.weights) + " encoder weights, the model has " +
                         std::to_string(weights));
  }
  if (plan.zeros == 0) return {};
  int64_t done = 0;
  for_each_pruned(matrices, static_cast<float>(plan.threshold), plan.zeros, [&](size_t, float& w) {
    w = 0;
    ++done;
  });
  if (done != plan.zeros) {
    return invalid_input("the plan's threshold prunes " + std::to_string(done) + " weights of this model, not " +
                         std::to_string(plan.zeros) + "; it was made for other weights");
  }
  return {};
}

}  // namespace coppice::prune
