// The BERT classifier in double precision, one token list at a time and as plain as its formula: what exported graphs
// are compared with. Slow on purpose.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "shared/records/bert_config.h"

namespace coppice::testing {

using Matrix = std::vector<std::vector<double>>;  // rows of one token each
using WeightValues = std::map<std::string, std::vector<float>>;

// kUint8: what goes into the matrices of encoder and pooler is rounded to 8 bits over its own range, as
// DynamicQuantizeLinear does; in the last layer only the [CLS] row asks, as in the int8 graph.
enum class ReferenceActivations { kExact, kUint8 };

class ReferenceBert {
 public:
  ReferenceBert(const records::BertConfig& config, const WeightValues& weights,
                ReferenceActivations activations = ReferenceActivations::kExact)
      : config_(config), weights_(weights), activations_(activations) {}

  [[nodiscard]] std::array<double, 2> logits(const std::vector<int64_t>& input_ids) const {
    Matrix x = embeddings(input_ids);
    for (size_t i = 0; i < config_.layers.size(); ++i) x = layer(i, x);
    Matrix pooled = linear("bert.pooler.dense", input({x[0]}));
    for (double& value : pooled[0]) value = std::tanh(value);
    const Matrix result = linear("classifier", pooled);
    return {result[0][0], result[0][1]};
  }

 private:
  [[nodiscard]] const std::vector<float>& values(const std::string& name) const { return weights_.at(name); }

  // What a product takes of x.
  [[nodiscard]] Matrix input(Matrix x) const {
    if (activations_ == ReferenceActivations::kExact) return x;
    double low = 0;
    double high = 0;
    for (const std::vector<double>& row : x) {
      for (const double value : row) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
    }
    const double scale = high == low ? 1 : (high - low) / 255;
    const double zero_point = std::nearbyint(-low / scale);
    for (std::vector<double>& row : x) {
      for (double& value : row) {
        value = (std::clamp(std::nearbyint(value / scale) + zero_point, 0.0, 255.0) - zero_point) * scale;
      }
    }
    return x;
  }

  // x W^T + b with W (out, in), turned round first so that the inner loop runs along memory: the goldens' encoder would
  // take a minute otherwise.
  [[nodiscard]] Matrix linear(const std::string& name, const Matrix& x) const {
    const std::vector<float>& weight = values(name + ".weight");
    const std::vector<float>& bias = values(name + ".bias");
    const size_t in = x[0].size();
    const size_t out = bias.size();
    std::vector<double> turned(in * out);
    for (size_t o = 0; o < out; ++o) {
      for (size_t k = 0; k < in; ++k) turned[k * out + o] = weight[o * in + k];
    }
    Matrix y(x.size(), std::vector<double>(bias.begin(), bias.end()));
    for (size_t t = 0; t < x.size(); ++t) {
      double* const row = y[t].data();
      for (size_t k = 0; k < in; ++k) {
        const double factor = x[t][k];
        const double* const column = turned.data() + k * out;
        for (size_t o = 0; o < out; ++o) row[o] += factor * column[o];
      }
    }
    return y;
  }

  [[nodiscard]] Matrix layer_norm(const std::string& name, Matrix x) const {
    const std::vector<float>& weight = values(name + ".weight");
    const std::vector<float>& bias = values(name + ".bias");
    for (std::vector<double>& row : x) {
      double mean = 0;
      for (const double value : row) mean += value / static_cast<double>(row.size());
      double variance = 0;
      for (const double value : row) variance += (value - mean) * (value - mean) / static_cast<double>(row.size());
      const double scale = 1 / std::sqrt(variance + config_.layer_norm_eps);
      for (size_t k = 0; k < row.size(); ++k) row[k] = (row[k] - mean) * scale * weight[k] + bias[k];
    }
    return x;
  }

  [[nodiscard]] Matrix embeddings(const std::vector<int64_t>& input_ids) const {
    const auto h = static_cast<size_t>(config_.hidden_size);
    const std::vector<float>& words = values("bert.embeddings.word_embeddings.weight");
    const std::vector<float>& positions = values("bert.embeddings.position_embeddings.weight");
    const std::vector<float>& types = values("bert.embeddings.token_type_embeddings.weight");
    Matrix x(input_ids.size(), std::vector<double>(h));
    for (size_t t = 0; t < x.size(); ++t) {
      for (size_t k = 0; k < h; ++k) {
        x[t][k] =
            static_cast<double>(words[static_cast<size_t>(input_ids[t]) * h + k]) + positions[t * h + k] + types[k];
      }
    }
    return layer_norm("bert.embeddings.LayerNorm", std::move(x));
  }

  // Of the first `rows` rows.
  [[nodiscard]] Matrix attention(const std::string& name, int64_t heads, const Matrix& x, size_t rows) const {
    const Matrix rounded = input(x);
    const Matrix query = linear(name + "self.query", first_rows(rounded, rows));
    const Matrix key = linear(name + "self.key", rounded);
    const Matrix value = linear(name + "self.value", rounded);
    const auto size = static_cast<size_t>(config_.head_size());
    Matrix context(rows, std::vector<double>(query[0].size()));
    for (size_t head = 0; head < static_cast<size_t>(heads); ++head) {
      for (size_t t = 0; t < rows; ++t) {
        std::vector<double> weight(x.size());
        double total = 0;
        for (size_t s = 0; s < x.size(); ++s) {
          double score = 0;
          for (size_t k = head * size; k < (head + 1) * size; ++k) score += query[t][k] * key[s][k];
          total += weight[s] = std::exp(score / std::sqrt(static_cast<double>(size)));
        }
        for (size_t s = 0; s < x.size(); ++s) {
          for (size_t k = head * size; k < (head + 1) * size; ++k) context[t][k] += weight[s] / total * value[s][k];
        }
      }
    }
    return linear(name + "output.dense", input(std::move(context)));
  }

  static Matrix first_rows(const Matrix& x, size_t rows) {
    return {x.begin(), x.begin() + static_cast<Matrix::difference_type>(rows)};
  }

  [[nodiscard]] Matrix layer(size_t index, const Matrix& x) const {
    const std::string name = "bert.encoder.layer." + std::to_string(index) + ".";
    const bool cls_only = activations_ == ReferenceActivations::kUint8 && index + 1 == config_.layers.size();
    const size_t rows = cls_only ? 1 : x.size();
    Matrix middle = attention(name + "attention.", config_.layers[index].num_attention_heads, x, rows);
    add(middle, first_rows(x, rows));
    middle = layer_norm(name + "attention.output.LayerNorm", std::move(middle));
    Matrix wide = linear(name + "intermediate.dense", input(middle));
    for (std::vector<double>& row : wide) {
      for (double& value : row) value *= 0.5 * (1 + std::erf(value / std::sqrt(2.0)));
    }
    Matrix narrow = linear(name + "output.dense", input(std::move(wide)));
    add(narrow, middle);
    return layer_norm(name + "output.LayerNorm", std::move(narrow));
  }

  static void add(Matrix& x, const Matrix& y) {
    for (size_t t = 0; t < x.size(); ++t) {
      for (size_t k = 0; k < x[t].size(); ++k) x[t][k] += y[t][k];
    }
  }

  const records::BertConfig& config_;
  const WeightValues& weights_;
  ReferenceActivations activations_;
};

}  // namespace coppice::testing
