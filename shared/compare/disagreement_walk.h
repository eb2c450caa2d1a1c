// "Find a disagreement": goes through the shipped reviews in order until the selected models' verdicts differ, stops
// there, and goes on from the next when asked again. Verdicts are kept, so that a second round costs nothing.
#pragma once

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

enum class WalkPhase { kNone, kSearching, kFound, kNoneLeft, kStopped };

struct WalkVerdict {
  std::string id;
  int label = 0;
};

struct Walk {
  WalkPhase phase = WalkPhase::kNone;
  size_t at = 0;                      // the review looked at, or found
  size_t found_so_far = 0;            // in this round
  int finds = 0;                      // since the page was opened: tells one find from the next
  std::vector<WalkVerdict> verdicts;  // of the review found
};

class DisagreementWalk {
 public:
  [[nodiscard]] const Walk& walk() const { return walk_; }
  // Null before the shipped reviews are here.
  [[nodiscard]] const reviews::ReviewFile* shipped() const { return reviews_.get(); }
  [[nodiscard]] std::shared_ptr<const reviews::ReviewFile> shared_reviews() const { return reviews_; }
  void set_reviews(std::shared_ptr<const reviews::ReviewFile> reviews);

  // Searches on. Refused without reviews, or with fewer than two selected models.
  Status start(std::span<const ModelReader> models);
  void stop();

  [[nodiscard]] bool wants(size_t model) const;
  std::optional<SideRun> next_run(std::span<const ModelReader> models);
  void answer(const RunAnswer& answer);
  void run_lost() { out_.reset(); }
  void model_failed(size_t model);

 private:
  struct Member {
    size_t model;
    std::string id;
    double sign;  // LabelOrder's
  };
  int8_t& verdict_of(size_t model, size_t review);
  void advance();  // past reviews whose verdicts are all known

  std::shared_ptr<const reviews::ReviewFile> reviews_;
  Walk walk_;
  std::vector<Member> members_;
  std::vector<std::vector<int8_t>> verdicts_;  // (models, reviews): 0, 1, or kUnknown
  std::optional<Member> out_;                  // whose run is out
  size_t next_ = 0;
};

}  // namespace coppice::compare
