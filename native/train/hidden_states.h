// Distillation of inner hidden states: after each encoder layer but the last the student's states are pulled towards
// the teacher's (Jiao et al. 2020, TinyBERT, arXiv 1909.10351, equation 8, without a projection; token distillation in
// Kurtic et al. 2023, ZipLM, arXiv 2302.04089). The last layer has a term of its own, of [CLS] alone, since nothing
// else of it reaches the classifier (distillation.h).
//
// Per review with T tokens, over P pairs of layers (s, t):
//
//   weight / P  sum over pairs  mean over the T tokens (or [CLS] alone) and H of (h_s - h_t)^2
//
// What the teacher's states cost: [CLS] alone, P x H x 4 bytes a review, kept for the whole run (MiniLM, 5 pairs,
// 25,000 reviews: 192 MB). All tokens would be T times that (44 GB), so they are computed again for each micro-batch:
// a teacher's forward pass up to the deepest layer compared, some third of the step's time, and N x H x 4 bytes for
// each of its layers and thread (2048 tokens, 5 layers: 16 MB) beside the teacher's weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "native/model/bert.h"
#include "native/model/tokenized_reviews.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::train {

enum class HiddenRows { kNone, kCls, kTokens };
std::string_view to_string(HiddenRows rows);  // "off", "cls", "tokens"
Result<HiddenRows> parse_hidden_rows(std::string_view text);

// Layers whose outputs are compared, counted from 0.
struct LayerPair {
  int64_t student = 0;
  int64_t teacher = 0;
};

struct HiddenStatesConfig {
  HiddenRows rows = HiddenRows::kNone;
  double weight = 1;
  std::vector<LayerPair> pairs;

  [[nodiscard]] bool active() const { return rows != HiddenRows::kNone; }
};
OrderedJson to_json(const HiddenStatesConfig& config);

// The teacher's states for the reviews `indices` of a micro-batch, one tensor a pair. Called by several threads.
using TeacherStates = std::function<std::vector<at::Tensor>(std::span<const uint32_t> indices)>;

// States of all tokens (N, H), computed when asked for. `reviews`: in the order of the student's and of the same
// tokens, as the teacher's ids. In float32 whatever
// the run's precision.
TeacherStates live_states(std::shared_ptr<model::BertClassifier> teacher,
                          std::shared_ptr<const model::TokenizedReviews> reviews, std::vector<LayerPair> pairs);

// Refused (kInvalidUsage): a weight that is not above 0, no pairs, a layer that the student has not or its last one.
Status check(const HiddenStatesConfig& config, int64_t student_layers);

// The rows of [CLS] (B, H) of states (N, H).
at::Tensor cls_rows(const at::Tensor& states, const std::vector<int64_t>& offsets);

// The formula above, summed over the reviews of a micro-batch with rows [offsets[b], offsets[b + 1]).
//   student   (N, H) after each layer but the last
//   teacher   one a pair: (N, H), or with kCls (B, H)
at::Tensor hidden_states_loss(const std::vector<at::Tensor>& student, const std::vector<at::Tensor>& teacher,
                              const std::vector<int64_t>& offsets, const HiddenStatesConfig& config);

}  // namespace coppice::train
