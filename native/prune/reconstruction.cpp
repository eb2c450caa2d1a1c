#include "native/prune/reconstruction.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "native/prune/sparse_fit.h"
#include "native/prune/unstructured.h"

namespace coppice::prune {
namespace {

constexpr int64_t kMicroBatchTokens = 2048;
// Sums are made in so many strands and added in their order: the same on any number of threads.
constexpr size_t kStrands = 8;
// A token that the verdict hardly depends on keeps this share of the mean weight: later layers may still read it.
constexpr double kLeastTokenWeight = 0.2;

// Matrices of a layer that read the same input, or one that only the group before decides.
constexpr size_t kMatricesPerLayer = 6;
const std::vector<std::vector<size_t>>& groups() {
  static const std::vector<std::vector<size_t>> of_layer = {{0, 1, 2}, {3}, {4}, {5}};
  return of_layer;
}

struct Gradients {
  std::vector<at::Tensor> input_square, output_square, token_square;  // sums over tokens, over tokens, over outputs
  std::vector<int64_t> rows;
};

Gradients margin_gradients(model::BertClassifier& model, const model::PackedBatch& batch) {
  Gradients found;
  std::vector<at::Tensor> outputs;
  const at::Tensor logits =
      model.observe_products(batch, [&](size_t, const at::Tensor& input, const at::Tensor& output) {
        found.input_square.push_back(input.detach().square().sum(0));
        found.rows.push_back(input.size(0));
        outputs.push_back(output);
      });
  const at::Tensor margin = (logits.select(1, 1) - logits.select(1, 0)).sum();
  for (const at::Tensor& gradient : torch::autograd::grad({margin}, outputs)) {
    const at::Tensor square = gradient.square();
    found.output_square.push_back(square.sum(0));
    found.token_square.push_back(square.sum(1));
  }
  return found;
}

// What goes into the matrices of a group in one layer.
std::vector<at::Tensor> group_inputs(model::BertClassifier& model, size_t layer, const std::vector<size_t>& group,
                                     const at::Tensor& states, const std::vector<int64_t>& offsets) {
  std::vector<at::Tensor> inputs;
  model.observe_layer(layer, states, offsets, [&](size_t matrix, const at::Tensor& input, const at::Tensor&) {
    const size_t of_layer = matrix - layer * kMatricesPerLayer;
    if (std::find(group.begin(), group.end(), of_layer) != group.end()) inputs.push_back(input);
  });
  return inputs;
}

model::Linear& matrix_of(model::BertClassifier& model, size_t index) {
  model::EncoderLayer& layer = model.layers()[index / kMatricesPerLayer];
  model::Linear* const matrices[] = {&layer.query,        &layer.key,   &layer.value, &layer.attention_output,
                                     &layer.intermediate, &layer.output};
  return *matrices[index % kMatricesPerLayer];
}

// A model's tensors are shared by its copies; this one's encoder is its own.
model::BertClassifier with_own_encoder(const model::BertClassifier& model) {
  model::BertClassifier copy = model;
  for (size_t m = 0; m < copy.layers().size() * kMatricesPerLayer; ++m) {
    model::Linear& linear = matrix_of(copy, m);
    linear = {linear.weight.detach().clone(), linear.bias.detach().clone()};
  }
  return copy;
}

struct Bounds {
  int64_t least = 0;
  int64_t most = 0;
};

// The zeros of each matrix where the lowest scores of all go, but in each as many as its bounds allow: what one cannot
// take or must take is settled, and the choice made again among the others.
Result<std::vector<int64_t>> bounded_zeros(const std::vector<ScoredMatrix>& matrices, const SelectionOptions& options,
                                           const std::vector<Bounds>& bounds) {
  int64_t left = 0;
  for (const ScoredMatrix& matrix : matrices) left += static_cast<int64_t>(matrix.weights.size());
  left = std::llround(options.sparsity * static_cast<double>(left));
  std::vector<int64_t> zeros(matrices.size(), -1);
  while (true) {
    std::vector<ScoredMatrix> open;
    std::vector<size_t> index;
    int64_t weights = 0;
    for (size_t m = 0; m < matrices.size(); ++m) {
      if (zeros[m] >= 0) continue;
      open.push_back(matrices[m]);
      index.push_back(m);
      weights += static_cast<int64_t>(matrices[m].weights.size());
    }
    if (open.empty()) return zeros;
    SelectionOptions now = options;
    now.sparsity = std::clamp(static_cast<double>(left) / static_cast<double>(weights), 0.0, 1 - 1e-9);
    COPPICE_ASSIGN_OR_RETURN(const Selection selection, select_weights(open, now));
    // Of both sorts of trespass only the one that is larger in sum is settled: settling it may mend the other.
    int64_t over = 0;
    int64_t under = 0;
    for (size_t i = 0; i < open.size(); ++i) {
      over += std::max<int64_t>(selection.zeros[i] - bounds[index[i]].most, 0);
      under += std::max<int64_t>(bounds[index[i]].least - selection.zeros[i], 0);
    }
    const bool settled = over == 0 && under == 0;
    for (size_t i = 0; i < open.size(); ++i) {
      const Bounds& bound = bounds[index[i]];
      int64_t& answer = zeros[index[i]];
      if (settled) answer = selection.zeros[i];
      if (!settled && over >= under && selection.zeros[i] > bound.most) answer = bound.most;
      if (!settled && over < under && selection.zeros[i] < bound.least) answer = bound.least;
      if (answer >= 0) left -= answer;
    }
  }
}

}  // namespace

Result<Reconstruction> Reconstruction::create(const model::BertClassifier& dense,
                                              const model::TokenizedReviews& reviews, model::WorkerPool& pool) {
  if (reviews.size() == 0) return invalid_usage("there is no review to calibrate on; give --data with reviews");
  Reconstruction made(with_own_encoder(dense), pool);
  for (const std::vector<uint32_t>& indices : model::consecutive_batches(reviews, kMicroBatchTokens)) {
    made.batches_.push_back(model::pack_reviews(reviews, indices));
  }
  const size_t matrices = made.dense_.layers().size() * kMatricesPerLayer;
  for (size_t m = 0; m < matrices; ++m) matrix_of(made.dense_, m).weight.set_requires_grad(true);
  std::vector<Gradients> found(made.batches_.size());
  pool.run(found.size(), [&](size_t b) { found[b] = margin_gradients(made.dense_, made.batches_[b]); });
  for (size_t m = 0; m < matrices; ++m) matrix_of(made.dense_, m).weight.set_requires_grad(false);

  const at::NoGradGuard no_grad;
  for (size_t m = 0; m < matrices; ++m) {
    const model::Linear& linear = matrix_of(made.dense_, m);
    Product product{at::zeros({linear.weight.size(1)}), at::zeros({linear.weight.size(0)}), {}};
    double sum = 0;
    int64_t rows = 0;
    for (const Gradients& batch : found) {
      product.input_square.add_(batch.input_square[m]);
      product.output_cost.add_(batch.output_square[m]);
      sum += batch.token_square[m].sum(at::kDouble).item<double>();
      rows += batch.rows[m];
    }
    // Of a matrix that the verdict does not depend on every token weighs the same.
    const double mean = sum / static_cast<double>(rows);
    for (const Gradients& batch : found) {
      const at::Tensor relative =
          mean > 0 ? (batch.token_square[m] / mean).sqrt() : at::ones_like(batch.token_square[m]);
      product.token_weight.push_back(relative * (1 - kLeastTokenWeight) + kLeastTokenWeight);
    }
    // Over the tokens of the whole review, also where only [CLS] goes through: what is not computed costs nothing.
    const double tokens = static_cast<double>(reviews.tokens());
    product.input_square.div_(tokens);
    product.output_cost.div_(tokens);
    made.products_.push_back(std::move(product));
  }
  return made;
}

Result<UnstructuredPlan> Reconstruction::plan(const SelectionOptions& options) const {
  const at::NoGradGuard no_grad;
  model::BertClassifier model = dense_;
  const NamedMatrices named = encoder_matrices_of(model);
  std::vector<at::Tensor> scores;
  for (size_t m = 0; m < named.size(); ++m) {
    scores.push_back(
        (named[m].second.square() * products_[m].output_cost.unsqueeze(1) * products_[m].input_square).contiguous());
  }
  const std::vector<ScoredMatrix> matrices = scored_matrices(named, scores);
  COPPICE_ASSIGN_OR_RETURN(const Selection free_choice, select_weights(matrices, options));
  std::vector<int64_t> zeros = free_choice.zeros;
  if (options.scope == Scope::kGlobal && !options.pattern.is_n_of_m()) {
    std::vector<Bounds> bounds;
    const int64_t block = options.pattern.block_rows * options.pattern.block_columns;
    for (const ScoredMatrix& matrix : matrices) {
      const int64_t whole_blocks = static_cast<int64_t>(matrix.weights.size()) / block;
      const auto blocks = static_cast<double>(whole_blocks);
      bounds.push_back({std::llround(blocks * 0.75 * options.sparsity) * block,
                        std::llround(blocks * (1 - (1 - options.sparsity) / 3)) * block});
    }
    COPPICE_ASSIGN_OR_RETURN(zeros, bounded_zeros(matrices, options, bounds));
  }
  UnstructuredPlan plan;
  plan.score = Score::kReconstruction;
  plan.selection = options;
  for (size_t m = 0; m < matrices.size(); ++m) {
    const auto weights = static_cast<int64_t>(matrices[m].weights.size());
    plan.matrices.push_back({matrices[m].name, weights, zeros[m]});
    plan.weights += weights;
    plan.zeros += zeros[m];
  }
  return plan;
}

// One application of a plan: both models and, of each micro-batch, the states that have come out of them so far.
class Reconstruction::Run {
 public:
  Run(const Reconstruction& what, const UnstructuredPlan& plan)
      : what_(what), plan_(plan), dense_(what.dense_), pruned_(with_own_encoder(what.dense_)) {
    for (const model::PackedBatch& batch : what_.batches_) {
      dense_states_.push_back(dense_.hidden_states(batch, 0).front());
      states_.push_back(dense_states_.back());
    }
  }

  Status fit_group(size_t layer, const std::vector<size_t>& group) {
    const std::vector<InputMoments> moments = moments_of(layer, group);
    std::vector<Status> failures(group.size());
    what_.pool_->run(group.size(),
                     [&](size_t i) { failures[i] = fit(layer * kMatricesPerLayer + group[i], moments[i]); });
    for (const Status& failure : failures) COPPICE_RETURN_IF_ERROR(failure);
    return {};
  }

  // Both models' states go through the layer. Returns the error relative to the dense ones.
  double pass(size_t layer) {
    std::vector<std::pair<double, double>> squares(states_.size());  // of the differences, of the dense states
    what_.pool_->run(states_.size(), [&](size_t b) {
      const at::NoGradGuard no_grad;
      const auto nothing = [](size_t, const at::Tensor&, const at::Tensor&) {};
      const std::vector<int64_t>& offsets = what_.batches_[b].offsets;
      states_[b] = pruned_.observe_layer(layer, states_[b], offsets, nothing);
      dense_states_[b] = dense_.observe_layer(layer, dense_states_[b], offsets, nothing);
      squares[b] = {(states_[b] - dense_states_[b]).square().sum(at::kDouble).item<double>(),
                    dense_states_[b].square().sum(at::kDouble).item<double>()};
    });
    double error = 0;
    double size = 0;
    for (const auto& [batch_error, batch_size] : squares) {
      error += batch_error;
      size += batch_size;
    }
    return size > 0 ? error / size : 0;
  }

  [[nodiscard]] const model::BertClassifier& pruned() const { return pruned_; }

 private:
  std::vector<InputMoments> moments_of(size_t layer, const std::vector<size_t>& group) {
    std::vector<std::vector<InputMoments>> strands(kStrands, std::vector<InputMoments>(group.size()));
    what_.pool_->run(kStrands, [&](size_t strand) {
      const at::NoGradGuard no_grad;
      for (size_t b = strand; b < states_.size(); b += kStrands) {
        const std::vector<int64_t>& offsets = what_.batches_[b].offsets;
        const std::vector<at::Tensor> x = group_inputs(pruned_, layer, group, states_[b], offsets);
        const std::vector<at::Tensor> x_dense = group_inputs(dense_, layer, group, dense_states_[b], offsets);
        for (size_t i = 0; i < group.size(); ++i) {
          const Product& product = what_.products_[layer * kMatricesPerLayer + group[i]];
          strands[strand][i].add(x[i], x_dense[i], product.token_weight[b]);
        }
      }
    });
    for (size_t strand = 1; strand < kStrands; ++strand) {
      for (size_t i = 0; i < group.size(); ++i) strands[0][i].merge(strands[strand][i]);
    }
    return std::move(strands[0]);
  }

  Status fit(size_t matrix, const InputMoments& moments) {
    const at::NoGradGuard no_grad;
    const UnstructuredPlan::Matrix& planned = plan_.matrices[matrix];
    SelectionOptions selection = plan_.selection;
    selection.scope = Scope::kMatrix;
    selection.sparsity = static_cast<double>(planned.zeros) / static_cast<double>(planned.weights);
    const model::Linear& from = matrix_of(dense_, matrix);
    const Result<SparseFit> found =
        fit_sparse(moments, from.weight, from.bias, what_.products_[matrix].output_cost, selection);
    if (!found) return found.status().with_context(planned.name);
    model::Linear& to = matrix_of(pruned_, matrix);
    to.weight.copy_(found->weight);
    to.bias.copy_(found->bias);
    return {};
  }

  const Reconstruction& what_;
  const UnstructuredPlan& plan_;
  model::BertClassifier dense_;
  model::BertClassifier pruned_;
  std::vector<at::Tensor> dense_states_, states_;
};

Result<model::BertClassifier> Reconstruction::apply(const UnstructuredPlan& plan, const LayerProgress& on_layer) const {
  const at::NoGradGuard no_grad;
  model::BertClassifier own = dense_;
  const NamedMatrices named = encoder_matrices_of(own);
  bool same = plan.matrices.size() == named.size();
  for (size_t m = 0; same && m < named.size(); ++m) {
    same = plan.matrices[m].name == named[m].first && plan.matrices[m].weights == named[m].second.numel();
  }
  if (!same) {
    return invalid_input("the plan's matrices are not this model's; make a plan for this model with --dry-run --json");
  }
  Run run(*this, plan);
  for (size_t layer = 0; layer < own.layers().size(); ++layer) {
    for (const std::vector<size_t>& group : groups()) COPPICE_RETURN_IF_ERROR(run.fit_group(layer, group));
    const double relative_error = run.pass(layer);
    if (on_layer) on_layer(static_cast<int64_t>(layer), relative_error);
  }
  return run.pruned();
}

}  // namespace coppice::prune
