// Pruning while training: the share of zeros rises step by step, so that the other weights can take over (Zhu & Gupta
// 2017, arXiv 1710.01878, equation 1).
//
//   share(t) = final (1 - (1 - (t - begin) / (end - begin))^3)      begin <= t <= end
//
// that is, from a model without zeros; one that comes with some keeps them until the schedule asks for more.
//
// Scores come from what training has at hand: |w|; the movement -sum of w g over the steps so far (Sanh et al. 2020);
// or w^2 v / 2 with Adam's running mean v of g^2 as the diagonal Fisher. A weight once 0 stays 0.
#pragma once

#include <cstdint>
#include <vector>

#include "native/prune/plan.h"
#include "native/prune/selection.h"
#include "native/train/adamw.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::train {

struct GradualPruningConfig {
  double sparsity = 0;  // at the end; 0: no pruning
  prune::Score score = prune::Score::kMagnitude;
  prune::Scope scope = prune::Scope::kGlobal;
  prune::Pattern pattern;  // none or blocks; N:M has no shares in between
  double begin = 0.1;      // shares of all steps
  double end = 0.7;
  int64_t every_steps = 32;

  [[nodiscard]] bool active() const { return sparsity > 0; }
};
OrderedJson to_json(const GradualPruningConfig& config);
Status check(const GradualPruningConfig& config);

// The share of zeros the schedule asks for after step `step` (1-based) of `total_steps`.
double cubic_sparsity(const GradualPruningConfig& config, int64_t step, int64_t total_steps);

class GradualPruning {
 public:
  // `optimizer` must outlive this. `matrices` names what is pruned, in the order of the checkpoint.
  GradualPruning(GradualPruningConfig config, std::vector<std::string> matrices, AdamW& optimizer, int64_t total_steps);

  // Masks and scores of a run that goes on: to be called once weights, moments and scores are loaded, at the start of a
  // run too.
  Status restore();

  // Before the optimiser's step, while its gradients are there: adds to the movement scores.
  void see_gradients();

  // After step `step` (1-based). Sets weights, their moments and masks to 0 where the schedule says so. True when the
  // share of zeros has grown: weights kept as the best so far are of an easier model then.
  Result<bool> after_step(int64_t step);

  // Movement scores by name, for checkpoints; empty with another score.
  struct NamedScore {
    std::string name;
    at::Tensor score;
  };
  std::vector<NamedScore>& scores() { return scores_; }
  // Of the pruned matrices now.
  [[nodiscard]] double sparsity() const { return share_of_zeros_; }
  [[nodiscard]] bool done(int64_t step) const { return step >= end_step_; }

 private:
  std::vector<AdamW::Slot*> pruned_slots();
  Status prune_to(double sparsity);

  GradualPruningConfig config_;
  std::vector<std::string> matrices_;
  AdamW& optimizer_;
  int64_t begin_step_;
  int64_t end_step_;
  int64_t total_steps_;
  double share_of_zeros_ = 0;
  std::vector<NamedScore> scores_;
};

}  // namespace coppice::train
