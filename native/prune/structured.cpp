#include "native/prune/structured.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace coppice::prune {
namespace {

// Reviews per micro-batch: few, since the absolute value is taken per micro-batch and large sums would cancel.
constexpr int64_t kImportanceTokens = 1024;

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

struct Unit {
  size_t layer;
  bool is_head;
  int64_t index;
  double importance_per_flop;
  int64_t flops;
};

struct UnitCosts {
  int64_t head;    // FLOPs of one head at T tokens: q, k, v and output columns, scores and context
  int64_t neuron;  // FLOPs of one neuron: a row of intermediate and a column of output
};

UnitCosts unit_costs(const records::BertConfig& config, int64_t tokens) {
  const int64_t d = config.head_size();
  return {2 * tokens * 4 * config.hidden_size * d + 4 * tokens * tokens * d, 2 * tokens * 2 * config.hidden_size};
}

// Keeps the `count` most important of `scores`, ascending indices.
std::vector<int64_t> most_important(const std::vector<double>& scores, int64_t count) {
  std::vector<int64_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return scores[static_cast<size_t>(a)] > scores[static_cast<size_t>(b)];
  });
  order.resize(static_cast<size_t>(count));
  std::sort(order.begin(), order.end());
  return order;
}

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

Result<StructuredPlan> plan_structured(const records::BertConfig& config, const Importance& importance,
                                       const StructuredBudget& budget) {
  if (!(budget.keep_flops > 0 && budget.keep_flops <= 1)) {
    return invalid_usage("the share of FLOPs to keep is " + std::to_string(budget.keep_flops) +
                         "; expected a share in (0, 1]");
  }
  const UnitCosts costs = unit_costs(config, budget.tokens);
  std::vector<Unit> units;
  std::vector<int64_t> heads_left;
  std::vector<int64_t> neurons_left;
  for (size_t l = 0; l < config.layers.size(); ++l) {
    const Importance::Layer& scores = importance.layers[l];
    heads_left.push_back(config.layers[l].num_attention_heads);
    neurons_left.push_back(config.layers[l].intermediate_size);
    for (size_t h = 0; h < scores.heads.size(); ++h) {
      units.push_back(
          {l, true, static_cast<int64_t>(h), scores.heads[h] / static_cast<double>(costs.head), costs.head});
    }
    for (size_t n = 0; n < scores.neurons.size(); ++n) {
      units.push_back(
          {l, false, static_cast<int64_t>(n), scores.neurons[n] / static_cast<double>(costs.neuron), costs.neuron});
    }
  }
  std::stable_sort(units.begin(), units.end(),
                   [](const Unit& a, const Unit& b) { return a.importance_per_flop < b.importance_per_flop; });

  StructuredPlan plan;
  plan.keep_flops = budget.keep_flops;
  plan.tokens = budget.tokens;
  plan.flops_before = records::encoder_flops(config, budget.tokens);
  const auto allowed = static_cast<int64_t>(budget.keep_flops * static_cast<double>(plan.flops_before));
  // Widths are rounded down to a multiple at the end, so the count here is of what would be left after that.
  const auto rounded = [&](int64_t neurons) {
    return neurons >= config.intermediate_size
               ? neurons
               : std::max(budget.neuron_multiple, neurons / budget.neuron_multiple * budget.neuron_multiple);
  };
  const auto flops_left = [&] {
    int64_t flops = 0;
    for (size_t l = 0; l < heads_left.size(); ++l)
      flops += heads_left[l] * costs.head + rounded(neurons_left[l]) * costs.neuron;
    return flops;
  };
  int64_t flops = flops_left();
  for (const Unit& unit : units) {
    if (flops <= allowed) break;
    if (unit.is_head) {
      if (heads_left[unit.layer] > 1) --heads_left[unit.layer];
    } else if (neurons_left[unit.layer] > budget.neuron_multiple) {
      --neurons_left[unit.layer];
    }
    flops = flops_left();
  }
  if (flops > allowed) {
    return invalid_usage("the budget of " + std::to_string(budget.keep_flops) +
                         " of the encoder's FLOPs cannot be met: with one head and " +
                         std::to_string(budget.neuron_multiple) + " neurons in each layer " +
                         std::to_string(static_cast<double>(flops) / static_cast<double>(plan.flops_before)) +
                         " is left. Ask for that or more.");
  }
  plan.flops_after = flops;
  for (size_t l = 0; l < config.layers.size(); ++l) {
    plan.layers.push_back({most_important(importance.layers[l].heads, heads_left[l]),
                           most_important(importance.layers[l].neurons, rounded(neurons_left[l]))});
  }
  return plan;
}

void apply_structured(model::BertClassifier& model, const StructuredPlan& plan) {
  const at::NoGradGuard no_grad;
  std::vector<records::LayerShape> shapes;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    model::EncoderLayer& layer = model.layers()[i];
    const at::Tensor rows = rows_of_heads(plan.layers[i].heads, model.config().head_size());
    const at::Tensor neurons = indices_of(plan.layers[i].neurons);
    keep_outputs(layer.query, rows);
    keep_outputs(layer.key, rows);
    keep_outputs(layer.value, rows);
    keep_inputs(layer.attention_output, rows);
    keep_outputs(layer.intermediate, neurons);
    keep_inputs(layer.output, neurons);
    shapes.push_back(
        {static_cast<int64_t>(plan.layers[i].heads.size()), static_cast<int64_t>(plan.layers[i].neurons.size())});
  }
  model.set_layer_shapes(std::move(shapes));
}

void mask_structured(model::BertClassifier& model, const StructuredPlan& plan) {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    model::EncoderLayer& layer = model.layers()[i];
    zero_other_inputs(layer.attention_output, rows_of_heads(plan.layers[i].heads, model.config().head_size()));
    zero_other_inputs(layer.output, indices_of(plan.layers[i].neurons));
  }
}

}  // namespace coppice::prune
