#include "native/prune/structured.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "native/model/inference.h"

namespace coppice::prune {
namespace {

// Reviews per micro-batch: few, since the absolute value is taken per micro-batch and large sums would cancel.
constexpr int64_t kImportanceTokens = 1024;
// As in evaluation.
constexpr int64_t kLossTokens = 2048;

// Row indices of the query, key and value matrices that belong to `heads`.
at::Tensor rows_of_heads(const std::vector<int64_t>& heads, int64_t head_size) {
  std::vector<int64_t> rows;
  for (const int64_t head : heads) {
    for (int64_t d = 0; d < head_size; ++d) rows.push_back(head * head_size + d);
  }
  return at::tensor(rows, at::kLong);
}

at::Tensor indices_of(const std::vector<int64_t>& indices) { return at::tensor(indices, at::kLong); }

void keep_outputs(model::Linear& linear, const at::Tensor& rows) {
  linear.weight = linear.weight.index_select(0, rows).contiguous();
  linear.bias = linear.bias.index_select(0, rows).contiguous();
}

void keep_inputs(model::Linear& linear, const at::Tensor& columns) {
  linear.weight = linear.weight.index_select(1, columns).contiguous();
}

void zero_other_inputs(model::Linear& linear, const at::Tensor& columns) {
  at::Tensor mask = at::zeros({linear.weight.size(1)});
  mask.index_fill_(0, columns, 1.0);
  linear.weight.mul_(mask);
}

// Sum over rows of W * dW for each column.
at::Tensor column_products(const at::Tensor& weight, const at::Tensor& gradient) { return (weight * gradient).sum(0); }

}  // namespace

Importance taylor_importance(model::BertClassifier& model, const model::TokenizedReviews& reviews,
                             model::WorkerPool& pool) {
  const int64_t head_size = model.config().head_size();
  std::vector<at::Tensor> parameters;
  for (model::EncoderLayer& layer : model.layers()) {
    parameters.push_back(layer.attention_output.weight.set_requires_grad(true));
    parameters.push_back(layer.output.weight.set_requires_grad(true));
  }
  const auto batches = model::consecutive_batches(reviews, kImportanceTokens);
  std::vector<std::vector<at::Tensor>> products(batches.size());
  pool.run(batches.size(), [&](size_t b) {
    std::vector<int64_t> labels;
    for (const uint32_t index : batches[b]) labels.push_back(reviews.labels[index]);
    const at::Tensor logits = model.forward(model::pack_reviews(reviews, batches[b]));
    const at::Tensor loss = at::cross_entropy_loss(logits, at::tensor(labels, at::kLong), {}, at::Reduction::Sum);
    const std::vector<at::Tensor> gradients = torch::autograd::grad({loss}, parameters);
    const at::NoGradGuard no_grad;
    for (size_t p = 0; p < parameters.size(); ++p) {
      at::Tensor product = column_products(parameters[p], gradients[p]);
      if (p % 2 == 0) product = product.view({-1, head_size}).sum(1);  // columns of one head together
      products[b].push_back(product.abs().to(at::kDouble).contiguous());
    }
  });
  Importance importance;
  const auto mean_of = [&](size_t p) {
    at::Tensor sum = at::zeros_like(products.front()[p]);
    for (const auto& batch : products) sum += batch[p];
    sum /= static_cast<double>(reviews.size());
    return std::vector<double>(sum.data_ptr<double>(), sum.data_ptr<double>() + sum.numel());
  };
  for (size_t i = 0; i < model.layers().size(); ++i) {
    importance.layers.push_back({mean_of(2 * i), mean_of(2 * i + 1)});
    model.layers()[i].attention_output.weight.set_requires_grad(false);
    model.layers()[i].output.weight.set_requires_grad(false);
  }
  return importance;
}

Importance magnitude_importance(model::BertClassifier& model) {
  const at::NoGradGuard no_grad;
  const int64_t head_size = model.config().head_size();
  const auto as_vector = [](const at::Tensor& squares) {
    const at::Tensor norms = squares.sqrt().to(at::kDouble).contiguous();
    return std::vector<double>(norms.data_ptr<double>(), norms.data_ptr<double>() + norms.numel());
  };
  Importance importance;
  for (const model::EncoderLayer& layer : model.layers()) {
    const at::Tensor attention = layer.attention_output.weight.square().sum(0).view({-1, head_size}).sum(1);
    importance.layers.push_back({as_vector(attention), as_vector(layer.output.weight.square().sum(0))});
  }
  return importance;
}

double mean_loss(model::BertClassifier& model, const model::TokenizedReviews& reviews, model::WorkerPool& pool) {
  const std::vector<model::Logits> logits = model::predict(model, reviews, kLossTokens, pool);
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double score = model::positive_score(logits[i]);
    sum -= std::log(std::max(reviews.labels[i] == 1 ? score : 1 - score, 1e-300));
  }
  return sum / static_cast<double>(std::max<size_t>(1, logits.size()));
}

model::BertClassifier with_layers(const model::BertClassifier& model, const std::vector<int64_t>& kept) {
  model::BertClassifier reduced = model;
  std::vector<model::EncoderLayer> layers;
  std::vector<records::LayerShape> shapes;
  for (const int64_t layer : kept) {
    layers.push_back(reduced.layers()[static_cast<size_t>(layer)]);
    shapes.push_back(model.config().layers[static_cast<size_t>(layer)]);
  }
  reduced.layers() = std::move(layers);
  reduced.set_layer_shapes(std::move(shapes));
  return reduced;
}

std::vector<std::vector<int64_t>> remove_layers(model::BertClassifier& model, int64_t layers_left,
                                                const model::TokenizedReviews& reviews, model::WorkerPool& pool) {
  std::vector<std::vector<int64_t>> kept = {all_layers(model.config().num_hidden_layers())};
  while (static_cast<int64_t>(kept.back().size()) > layers_left) {
    std::vector<int64_t> best;
    double best_loss = std::numeric_limits<double>::infinity();
    for (size_t out = 0; out < kept.back().size(); ++out) {
      std::vector<int64_t> candidate = kept.back();
      candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(out));
      model::BertClassifier reduced = with_layers(model, candidate);
      const double loss = mean_loss(reduced, reviews, pool);
      if (best.empty() || loss < best_loss) {
        best_loss = loss;
        best = std::move(candidate);
      }
    }
    kept.push_back(std::move(best));
  }
  return kept;
}

void apply_structured(model::BertClassifier& model, const StructuredPlan& plan) {
  const at::NoGradGuard no_grad;
  const int64_t head_size = model.config().head_size();
  std::vector<model::EncoderLayer> layers;
  std::vector<records::LayerShape> shapes;
  for (const StructuredPlan::Layer& kept : plan.layers) {
    model::EncoderLayer layer = model.layers()[static_cast<size_t>(kept.layer)];
    const at::Tensor rows = rows_of_heads(kept.heads, head_size);
    const at::Tensor neurons = indices_of(kept.neurons);
    keep_outputs(layer.query, rows);
    keep_outputs(layer.key, rows);
    keep_outputs(layer.value, rows);
    keep_inputs(layer.attention_output, rows);
    keep_outputs(layer.intermediate, neurons);
    keep_inputs(layer.output, neurons);
    layers.push_back(std::move(layer));
    shapes.push_back({static_cast<int64_t>(kept.heads.size()), static_cast<int64_t>(kept.neurons.size())});
  }
  model.layers() = std::move(layers);
  model.set_layer_shapes(std::move(shapes));
}

Status mask_structured(model::BertClassifier& model, const StructuredPlan& plan) {
  if (plan.layers.size() != model.layers().size()) {
    return invalid_usage(
        "the plan leaves out whole layers, which zeros cannot stand for; apply it without --mask-only");
  }
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    model::EncoderLayer& layer = model.layers()[i];
    zero_other_inputs(layer.attention_output, rows_of_heads(plan.layers[i].heads, model.config().head_size()));
    zero_other_inputs(layer.output, indices_of(plan.layers[i].neurons));
  }
  return {};
}

}  // namespace coppice::prune
