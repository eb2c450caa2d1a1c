// What a unit of a BERT costs under a budget, so that pruning by FLOPs, by parameters and by measured time is one
// algorithm. A model costs `fixed` plus, for each layer with h heads and n neurons, layer + heads[h] + neurons[n].
//
// The latency table is the idea of ZipLM (Kurtic, Frantar, Alistarh 2023, arXiv 2302.04089): times of the target
// runtime at several widths, measured once, decide what is worth removing, since half the FLOPs are not half the time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/records/bert_config.h"

namespace coppice::prune {

struct CostModel {
  double fixed = 0;             // embeddings, head, calls: there whatever the encoder
  double layer = 0;             // of each layer, whatever its widths
  std::vector<double> heads;    // index: number of heads, from 0; does not fall
  std::vector<double> neurons;  // index: number of neurons, from 0; does not fall

  [[nodiscard]] double of_layer(int64_t head_count, int64_t neuron_count) const {
    return layer + heads[static_cast<size_t>(head_count)] + neurons[static_cast<size_t>(neuron_count)];
  }
  [[nodiscard]] double of(const std::vector<records::LayerShape>& layers) const;
};

// Encoder FLOPs of one review of `tokens` tokens, as records::encoder_flops counts them.
CostModel flops_cost(const records::BertConfig& config, int64_t tokens);
// Weights of the encoder's six matrices, as records::count_parameters counts them.
CostModel parameter_cost(const records::BertConfig& config);

// Milliseconds of one inference in one runtime, at a few widths of all layers alike.
struct LatencyTable {
  struct Point {
    int64_t width = 0;
    double milliseconds = 0;  // of one layer's part that depends on this width
  };
  std::string runtime;  // e.g. "onnxruntime-web 1.20, wasm, 1 thread"
  std::string machine;
  int64_t tokens = 0;
  int64_t hidden_size = 0;
  int64_t head_size = 0;
  double fixed_milliseconds = 0;
  double layer_milliseconds = 0;
  std::vector<Point> heads;  // ascending widths, at least two
  std::vector<Point> neurons;
};

OrderedJson to_json(const LatencyTable& table);
// Errors name the member: times that are negative or not finite, fewer than two widths, widths that do not ascend.
Result<LatencyTable> parse_latency_table(std::string_view json, const std::string& source);

// Straight lines between the table's widths; times that fall with the width (noise) are raised to the one before.
// Errors (kInvalidUsage): a table of another hidden_size or head size, or that ends below the model's widths.
Result<CostModel> latency_cost(const records::BertConfig& config, const LatencyTable& table);

}  // namespace coppice::prune
