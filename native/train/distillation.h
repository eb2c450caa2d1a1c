// Knowledge distillation (Hinton, Vinyals, Dean 2015, arXiv 1503.02531): the student learns what the teacher thinks of
// a review beside the review's label. Per review, with student logits s, teacher logits t and temperature T:
//
//   (1 - weight) CE(s, label) + weight T^2 KL(softmax(t / T) || softmax(s / T))
//     + hidden_weight mean over H of (h_s - h_t)^2
//
// and for a review without a label T^2 KL(...) alone in place of the first two: reviews that nobody judged teach as
// well when a teacher reads them (Turc et al. 2019, arXiv 1908.08962).
//
// Here h is the [CLS] vector after the last encoder layer, the only one the classifier sees (structured pruning leaves
// hidden_size as it is, so that student and teacher compare without a projection). States of inner layers:
// hidden_states.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "native/model/bert.h"
#include "native/model/inference.h"
#include "native/model/tokenized_reviews.h"
#include "native/model/worker_pool.h"
#include "native/train/hidden_states.h"
#include "shared/base/status.h"

namespace coppice::train {

struct DistillationConfig {
  double weight = 0;  // of the teacher's probabilities, 0..1
  double temperature = 2;
  double hidden_weight = 0;  // of the [CLS] vectors' squared difference
  HiddenStatesConfig inner = {};

  [[nodiscard]] bool active() const { return weight > 0 || hidden_weight > 0 || inner.active(); }
};

// What the teacher answered, once for the whole run: asking it again in each epoch would cost as much as a third of the
// student's training.
struct TeacherAnswers {
  std::vector<model::Logits> logits;  // one a training review, in their order
  at::Tensor cls;                     // (reviews, H) float32
  at::Tensor inner_cls;               // (reviews, pairs, H) float32, with HiddenRows::kCls
  TeacherStates live;                 // with HiddenRows::kTokens

  // Of the reviews of a micro-batch: one tensor a pair of layers, (N, H) or with kCls (B, H).
  [[nodiscard]] std::vector<at::Tensor> inner_states(std::span<const uint32_t> indices) const;
};

// The teacher reads the reviews by its own tokenizer (`reviews` must be in the order of the student's). With
// HiddenRows::kCls in `inner` its inner [CLS] vectors are answers too; live_states gives those of all tokens. Returns
// kInterrupted when `stop` is set. Switches the teacher's dropout off for good.
Result<TeacherAnswers> ask_teacher(model::BertClassifier& teacher, const model::TokenizedReviews& reviews,
                                   int64_t max_batch_tokens, model::WorkerPool& pool,
                                   const std::function<void(size_t done)>& on_progress, const std::atomic<bool>& stop,
                                   model::MatmulPrecision precision = model::MatmulPrecision::kFloat32,
                                   const HiddenStatesConfig& inner = {});

// A file beside the run's checkpoint, so that a resumed run does not ask again. `fingerprint` names teacher and
// reviews; reading a file with another one is an error.
Status save_answers(const TeacherAnswers& answers, const std::string& fingerprint, const std::filesystem::path& file);
Result<TeacherAnswers> load_answers(const std::string& fingerprint, const std::filesystem::path& file);

// Summed over the reviews `indices` of a micro-batch, without the inner states' part. `answers` is null without
// distillation, and then no label is data::kUnlabelled.
at::Tensor training_loss(const model::ForwardOutput& student, const std::vector<int64_t>& labels,
                         std::span<const uint32_t> indices, const DistillationConfig& config,
                         const TeacherAnswers* answers);

}  // namespace coppice::train
