// A set of reviews through all selected models: review by review, the models in turn, so that a slow spell of the
// device meets them all. One untimed run of each model comes first, and again after a pause.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shared/base/status.h"
#include "shared/compare/side_run.h"
#include "shared/reviews/review_file.h"

namespace coppice::compare {

enum class SetPhase { kEmpty, kLoaded, kRunning, kPaused, kDone };

// What one model said of one review.
struct SetJudgement {
  double margin = 0;  // logit of positive - logit of negative
  double milliseconds = 0;
  int64_t tokens = 0;  // read; words of a linear model
  [[nodiscard]] int label() const { return margin > 0 ? 1 : 0; }
};

struct SetModel {
  size_t model = 0;
  std::string id;
  LabelOrder order;
  bool linear = false;
  bool failed = false;
  bool warm = false;
  std::vector<SetJudgement> judgements;  // of the first reviews, in their order
};

struct ReviewSet {
  SetPhase phase = SetPhase::kEmpty;
  std::shared_ptr<const reviews::ReviewFile> file;
  std::vector<SetModel> models;  // that took part, in the catalogue's order
};

// Reviews that every model has judged which did not fail. 0 without such a model.
size_t reviews_done(const ReviewSet& set);
// True if the models that did not fail gave review `i`, which is done, one verdict.
bool agree_on(const ReviewSet& set, size_t i);

class SetRunner {
 public:
  [[nodiscard]] const ReviewSet& set() const { return set_; }

  // Takes the place of an earlier set; refused while that one runs or is paused, as its results would be lost.
  Status load(std::shared_ptr<const reviews::ReviewFile> file);
  Status start(std::span<const ModelReader> models);  // from the first review, earlier results go
  Status pause();
  Status resume();
  Status stop();  // keeps what is done

  [[nodiscard]] bool wants(size_t model) const;
  std::optional<SideRun> next_run(std::span<const ModelReader> models);
  void answer(const RunAnswer& answer);
  void run_lost();
  void model_failed(size_t model);

 private:
  void finish_if_done();

  ReviewSet set_;
  struct Out {
    size_t place;  // in set_.models
    bool warm_up;
    int64_t tokens;
  };
  std::optional<Out> out_;
};

}  // namespace coppice::compare
