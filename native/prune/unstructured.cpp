#include "native/prune/unstructured.h"

#include <torch/torch.h>

#include <algorithm>

#include "shared/engine/weights.h"

namespace coppice::prune {

NamedMatrices encoder_matrices_of(model::BertClassifier& model) {
  const std::vector<std::string> names = engine::encoder_matrices(model.config());
  NamedMatrices matrices;
  model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (std::find(names.begin(), names.end(), name) != names.end()) matrices.emplace_back(name, tensor);
  });
  return matrices;
}

std::vector<at::Tensor> magnitude_scores(model::BertClassifier& model) {
  std::vector<at::Tensor> scores;
  for (const auto& [name, tensor] : encoder_matrices_of(model)) scores.push_back(tensor.detach().abs().contiguous());
  return scores;
}

std::vector<at::Tensor> gradient_scores(model::BertClassifier& model, Score score,
                                        const model::TokenizedReviews& reviews, model::WorkerPool& pool) {
  std::vector<at::Tensor> parameters;
  for (auto& [name, tensor] : encoder_matrices_of(model)) parameters.push_back(tensor.set_requires_grad(true));
  // One sum for each of a fixed number of strands, added in their order: the same scores on any number of threads.
  constexpr size_t kStrands = 8;
  std::vector<std::vector<at::Tensor>> sums(kStrands);
  pool.run(kStrands, [&](size_t strand) {
    for (const at::Tensor& parameter : parameters) sums[strand].push_back(at::zeros(parameter.sizes()));
    for (size_t review = strand; review < reviews.size(); review += kStrands) {
      const std::vector<uint32_t> index = {static_cast<uint32_t>(review)};
      const at::Tensor logits = model.forward(model::pack_reviews(reviews, index));
      const at::Tensor label = at::tensor(std::vector<int64_t>{reviews.labels[review]}, at::kLong);
      const auto gradients = torch::autograd::grad({at::cross_entropy_loss(logits, label)}, parameters);
      const at::NoGradGuard no_grad;
      for (size_t p = 0; p < parameters.size(); ++p) {
        if (score == Score::kFisher) {
          sums[strand][p].addcmul_(gradients[p], gradients[p]);
        } else {
          sums[strand][p].addcmul_(parameters[p], gradients[p], -1.0);
        }
      }
    }
  });
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> scores;
  for (size_t p = 0; p < parameters.size(); ++p) {
    at::Tensor sum = at::zeros(parameters[p].sizes());
    for (const std::vector<at::Tensor>& strand : sums) sum.add_(strand[p]);
    if (score == Score::kFisher) {
      sum.mul_(parameters[p]).mul_(parameters[p]).mul_(0.5 / static_cast<double>(reviews.size()));
    }
    scores.push_back(sum);
    parameters[p].set_requires_grad(false);
  }
  return scores;
}

std::vector<ScoredMatrix> scored_matrices(const NamedMatrices& matrices, const std::vector<at::Tensor>& scores) {
  std::vector<ScoredMatrix> out;
  for (size_t m = 0; m < matrices.size(); ++m) {
    const at::Tensor& tensor = matrices[m].second;
    const auto count = static_cast<size_t>(tensor.numel());
    out.push_back({matrices[m].first,
                   tensor.size(0),
                   tensor.size(1),
                   {tensor.data_ptr<float>(), count},
                   {scores[m].data_ptr<float>(), count}});
  }
  return out;
}

Result<UnstructuredPlan> plan_unstructured(model::BertClassifier& model, const std::vector<at::Tensor>& scores,
                                           Score score, const SelectionOptions& options) {
  const std::vector<ScoredMatrix> matrices = scored_matrices(encoder_matrices_of(model), scores);
  COPPICE_ASSIGN_OR_RETURN(const Selection selection, select_weights(matrices, options));
  UnstructuredPlan plan;
  plan.score = score;
  plan.selection = options;
  plan.weights = selection.weights;
  plan.zeros = selection.all_zeros;
  for (size_t m = 0; m < matrices.size(); ++m) {
    plan.matrices.push_back({matrices[m].name, static_cast<int64_t>(matrices[m].weights.size()), selection.zeros[m]});
  }
  return plan;
}

Status apply_unstructured(model::BertClassifier& model, const std::vector<at::Tensor>& scores,
                          const UnstructuredPlan& plan) {
  NamedMatrices matrices = encoder_matrices_of(model);
  COPPICE_ASSIGN_OR_RETURN(const Selection selection,
                           select_weights(scored_matrices(matrices, scores), plan.selection));
  bool same = selection.weights == plan.weights && plan.matrices.size() == matrices.size();
  for (size_t m = 0; same && m < matrices.size(); ++m) {
    same = plan.matrices[m].name == matrices[m].first && plan.matrices[m].zeros == selection.zeros[m];
  }
  if (!same) {
    return invalid_input("the plan's counts of zeros (" + std::to_string(plan.zeros) + " of " +
                         std::to_string(plan.weights) + " weights) are not what its scores give on this model (" +
                         std::to_string(selection.all_zeros) + " of " + std::to_string(selection.weights) +
                         "); make a plan for this model with --dry-run --json");
  }
  const at::NoGradGuard no_grad;
  for (size_t m = 0; m < matrices.size(); ++m) {
    float* weights = matrices[m].second.data_ptr<float>();
    for (size_t i = 0; i < selection.keep[m].size(); ++i) {
      if (selection.keep[m][i] == 0) weights[i] = 0;
    }
  }
  return {};
}

}  // namespace coppice::prune
