#include "native/backend/latency_table.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <vector>

#include "native/model/bert.h"
#include "native/model/packed_batch.h"
#include "shared/metrics/robust.h"

namespace coppice::backend {
namespace {

using Clock = std::chrono::steady_clock;

struct Variant {
  int64_t layers = 0;
  records::LayerShape shape;
  std::vector<double> milliseconds;
  double median = 0;
};

// The least there can be, a quarter, a half, three quarters and all of `full`.
std::set<int64_t> widths(int64_t full, int64_t least) {
  std::set<int64_t> widths = {full};
  for (const int64_t quarters : {1, 2, 3}) widths.insert(std::max<int64_t>(1, full * quarters / 4));
  widths.insert(std::min(least, *widths.begin()));
  return widths;
}

model::BertClassifier model_of(const records::BertConfig& config, const Variant& variant) {
  records::BertConfig uniform = config;
  uniform.layers.assign(static_cast<size_t>(variant.layers), variant.shape);
  return {uniform, 1};
}

}  // namespace

Result<prune::LatencyTable> measure_latency_table(const records::BertConfig& config, int64_t tokens, int64_t rounds,
                                                  model::WorkerPool& pool, const std::atomic<bool>& stop) {
  if (config.num_hidden_layers() < 2) {
    return invalid_usage("a latency table needs a model of at least 2 layers, this one has " +
                         std::to_string(config.num_hidden_layers()));
  }
  if (tokens > config.max_position_embeddings) {
    return invalid_usage("--tokens is " + std::to_string(tokens) + ", the model has only " +
                         std::to_string(config.max_position_embeddings) + " positions");
  }
  const int64_t layers = config.num_hidden_layers();
  const records::LayerShape full{config.num_attention_heads, config.intermediate_size};
  std::vector<Variant> variants = {{layers, full, {}, 0}, {1, full, {}, 0}};
  const std::set<int64_t> head_counts = widths(full.num_attention_heads, 1);
  const std::set<int64_t> neuron_counts = widths(full.intermediate_size, 16);
  for (const int64_t heads : head_counts) variants.push_back({layers, {heads, full.intermediate_size}, {}, 0});
  for (const int64_t neurons : neuron_counts) variants.push_back({layers, {full.num_attention_heads, neurons}, {}, 0});

  // The embeddings are looked up, not multiplied: a small vocabulary costs the same and less memory.
  records::BertConfig small = config;
  small.vocab_size = std::min<int64_t>(config.vocab_size, 1000);
  std::vector<model::BertClassifier> models;
  for (const Variant& variant : variants) models.push_back(model_of(small, variant));
  std::vector<int32_t> ids(static_cast<size_t>(tokens));
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i * 7 % static_cast<size_t>(small.vocab_size));
  const std::vector<std::span<const int32_t>> review = {ids};
  const model::PackedBatch batch = model::pack(review);
  for (int64_t round = -1; round < rounds; ++round) {
    for (size_t v = 0; v < variants.size(); ++v) {
      if (stop.load()) return interrupted("stopped while the latency table was measured");
      const auto start = Clock::now();
      pool.run(1, [&](size_t) {
        const at::NoGradGuard no_grad;
        (void)models[v].pooler_output(models[v].hidden_states(batch).back().narrow(0, 0, 1));
      });
      const std::chrono::duration<double, std::milli> elapsed = Clock::now() - start;
      if (round >= 0) variants[v].milliseconds.push_back(elapsed.count());
    }
  }
  for (Variant& variant : variants) {
    COPPICE_ASSIGN_OR_RETURN(variant.median, metrics::median(variant.milliseconds));
  }

  prune::LatencyTable table;
  table.runtime = "libtorch, one review on one thread";
  table.tokens = tokens;
  table.hidden_size = config.hidden_size;
  table.head_size = config.head_size();
  const auto per_layer = [&](const Variant& variant, const Variant& narrowest) {
    return std::max(0.0, (variant.median - narrowest.median) / static_cast<double>(layers));
  };
  const double layer = (variants[0].median - variants[1].median) / static_cast<double>(layers - 1);
  table.fixed_milliseconds = std::max(0.0, variants[1].median - layer);
  const auto first_heads = variants.begin() + 2;
  const auto first_neurons = first_heads + static_cast<std::ptrdiff_t>(head_counts.size());
  for (auto v = first_heads; v != first_neurons; ++v) {
    table.heads.push_back({v->shape.num_attention_heads, per_layer(*v, *first_heads)});
  }
  for (auto v = first_neurons; v != variants.end(); ++v) {
    table.neurons.push_back({v->shape.intermediate_size, per_layer(*v, *first_neurons)});
  }
  // What of a full layer neither heads nor neurons explain.
  table.layer_milliseconds = std::max(0.0, layer - table.heads.back().milliseconds - table.neurons.back().milliseconds);
  return table;
}

}  // namespace coppice::backend
