// A small BERT of random weights with uneven layers, as the bytes of a safetensors file, for tests and the fuzz corpus.
#pragma once

#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "shared/base/half.h"
#include "shared/engine/int8_rows.h"
#include "shared/engine/safetensors.h"
#include "shared/engine/weights.h"
#include "shared/records/bert_config.h"

namespace coppice::engine {

inline records::BertConfig toy_config() {
  records::BertConfig config;
  config.vocab_size = 37;
  config.hidden_size = 24;
  config.num_attention_heads = 4;
  config.intermediate_size = 40;
  config.max_position_embeddings = 70;
  config.layers = {{4, 40}, {1, 7}, {3, 18}};
  return config;
}

struct ToyModel {
  records::BertConfig config;
  std::map<std::string, std::vector<float>> tensors;  // as the file holds them, in float32

  static ToyModel random(const records::BertConfig& config, uint32_t seed, double zeros = 0) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    ToyModel model{config, {}};
    for (const ExpectedTensor& expected : expected_tensors(config)) {
      int64_t count = 1;
      for (const int64_t size : expected.shape) count *= size;
      std::vector<float>& values = model.tensors[expected.name];
      const bool encoder_matrix = expected.shape.size() == 2 && expected.name.starts_with("bert.encoder");
      for (int64_t i = 0; i < count; ++i) {
        float value = normal(generator) * (expected.shape.size() == 2 ? 0.25F : 0.1F);
        if (expected.name.ends_with("LayerNorm.weight")) value += 1;
        if (encoder_matrix && std::generate_canonical<double, 24>(generator) < zeros) value = 0;
        values.push_back(value);
      }
    }
    return model;
  }

  // DType::kF32 or kF16, to which the tensors are rounded.
  std::string bytes(DType dtype = DType::kF32) {
    std::vector<std::pair<std::string, TensorView>> views;
    std::vector<std::string> data;
    for (const ExpectedTensor& expected : expected_tensors(config)) {
      std::vector<float>& values = tensors.at(expected.name);
      std::string bytes(values.size() * size_of(dtype), '\0');
      for (size_t i = 0; i < values.size(); ++i) {
        const uint16_t half = float_to_half(values[i]);
        if (dtype == DType::kF16) {
          values[i] = half_to_float(half);
          std::memcpy(bytes.data() + 2 * i, &half, 2);
        } else {
          std::memcpy(bytes.data() + 4 * i, &values[i], 4);
        }
      }
      data.push_back(std::move(bytes));
      TensorView view;
      view.dtype = dtype;
      view.shape = expected.shape;
      view.bytes = std::as_bytes(std::span<const char>(data.back()));
      views.emplace_back(expected.name, view);
    }
    std::string file = safetensors_header(views, {});
    for (const std::string& piece : data) file += piece;
    return file;
  }
};

// Rounds what goes into product number `input` of the network, columns (features) by tokens; the identity for float32.
using RoundInput = std::function<void(size_t input, std::vector<std::vector<double>>& rows)>;

// The logits of one review in double precision, straight from the definition: rows are tokens.
inline std::array<double, 2> reference_logits(const ToyModel& model, const std::vector<int32_t>& ids,
                                              const RoundInput& round = {}) {
  using Rows = std::vector<std::vector<double>>;
  const records::BertConfig& config = model.config;
  const auto hidden = static_cast<size_t>(config.hidden_size);
  const auto get = [&](const std::string& name) -> const std::vector<float>& { return model.tensors.at(name); };
  const auto linear = [&](const Rows& x, const std::string& name) {
    const std::vector<float>& weight = get(name + ".weight");
    const std::vector<float>& bias = get(name + ".bias");
    Rows out(x.size(), std::vector<double>(bias.size()));
    for (size_t t = 0; t < x.size(); ++t) {
      for (size_t r = 0; r < bias.size(); ++r) {
        out[t][r] = bias[r];
        for (size_t k = 0; k < x[t].size(); ++k)
          out[t][r] += static_cast<double>(weight[r * x[t].size() + k]) * x[t][k];
      }
    }
    return out;
  };
  const auto norm = [&](Rows& x, const std::string& name) {
    for (std::vector<double>& row : x) {
      double mean = 0;
      double variance = 0;
      for (const double value : row) mean += value / static_cast<double>(hidden);
      for (const double value : row) variance += (value - mean) * (value - mean) / static_cast<double>(hidden);
      for (size_t f = 0; f < hidden; ++f) {
        row[f] = (row[f] - mean) / std::sqrt(variance + config.layer_norm_eps) * get(name + ".weight")[f] +
                 get(name + ".bias")[f];
      }
    }
  };
  size_t input = 0;
  const auto rounded = [&](Rows x) {
    if (round) round(input, x);
    ++input;
    return x;
  };
  Rows x(ids.size(), std::vector<double>(hidden));
  for (size_t t = 0; t < ids.size(); ++t) {
    for (size_t f = 0; f < hidden; ++f) {
      x[t][f] =
          static_cast<double>(get("bert.embeddings.word_embeddings.weight")[static_cast<size_t>(ids[t]) * hidden + f]) +
          get("bert.embeddings.position_embeddings.weight")[t * hidden + f] +
          get("bert.embeddings.token_type_embeddings.weight")[f];
    }
  }
  norm(x, "bert.embeddings.LayerNorm");
  for (size_t l = 0; l < config.layers.size(); ++l) {
    const std::string name = "bert.encoder.layer." + std::to_string(l);
    const bool last = l + 1 == config.layers.size();
    const Rows in = rounded(x);
    Rows queries_in = in;
    if (last) {  // the rest is of no effect, but in 8 bits it would widen the ranges
      queries_in.resize(1);
      x.resize(1);
    }
    const Rows q = linear(queries_in, name + ".attention.self.query");
    const Rows k = linear(in, name + ".attention.self.key");
    const Rows v = linear(in, name + ".attention.self.value");
    const auto size = static_cast<size_t>(config.head_size());
    Rows context(q.size(), std::vector<double>(q[0].size(), 0.0));
    for (size_t head = 0; head < q[0].size() / size; ++head) {
      for (size_t t = 0; t < q.size(); ++t) {
        std::vector<double> powers(k.size());
        double total = 0;
        for (size_t s = 0; s < k.size(); ++s) {
          double score = 0;
          for (size_t d = head * size; d < (head + 1) * size; ++d) score += q[t][d] * k[s][d];
          total += powers[s] = std::exp(score / std::sqrt(static_cast<double>(size)));
        }
        for (size_t s = 0; s < k.size(); ++s) {
          for (size_t d = head * size; d < (head + 1) * size; ++d) context[t][d] += powers[s] / total * v[s][d];
        }
      }
    }
    const auto add = [](Rows a, const Rows& b) {
      for (size_t t = 0; t < a.size(); ++t) {
        for (size_t f = 0; f < a[t].size(); ++f) a[t][f] += b[t][f];
      }
      return a;
    };
    Rows mid = add(linear(rounded(context), name + ".attention.output.dense"), x);
    norm(mid, name + ".attention.output.LayerNorm");
    Rows wide = linear(rounded(mid), name + ".intermediate.dense");
    for (std::vector<double>& row : wide) {
      for (double& value : row) value = value / 2 * (1 + std::erf(value / std::sqrt(2.0)));
    }
    x = add(linear(rounded(wide), name + ".output.dense"), mid);
    norm(x, name + ".output.LayerNorm");
  }
  Rows pooled = linear(rounded({x[0]}), "bert.pooler.dense");
  for (double& value : pooled[0]) value = std::tanh(value);
  const Rows logits = linear(pooled, "classifier");
  return {logits[0][0], logits[0][1]};
}

}  // namespace coppice::engine
