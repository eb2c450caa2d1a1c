#include "shared/compare/disagreement_walk.h"

#include <algorithm>

#include "shared/explain/occlusion.h"

namespace coppice::compare {
namespace {

constexpr int8_t kUnknown = -1;

}  // namespace

void DisagreementWalk::set_reviews(std::shared_ptr<const reviews::ReviewFile> reviews) {
  reviews_ = std::move(reviews);
  walk_ = {};
  verdicts_.clear();
  members_.clear();
  out_.reset();
  next_ = 0;
}

Status DisagreementWalk::start(std::span<const ModelReader> models) {
  if (!reviews_) return failed("The shipped reviews have not been read, so there is nothing to look through.");
  std::vector<Member> members;
  for (size_t i = 0; i < models.size(); ++i) {
    const ModelReader& model = models[i];
    if (!model.row->selected || !model.described || model.row->phase == ModelPhase::kFailed) continue;
    members.push_back({i, model.row->id, label_order(*model.manifest).sign});
  }
  if (members.size() < 2) return invalid_usage("It takes two models to disagree: choose at least two.");
  const bool others = !std::equal(members.begin(), members.end(), members_.begin(), members_.end(),
                                  [](const Member& a, const Member& b) { return a.model == b.model; });
  if (others || walk_.phase == WalkPhase::kNoneLeft) next_ = walk_.found_so_far = 0;
  members_ = std::move(members);
  out_.reset();
  walk_.phase = WalkPhase::kSearching;
  walk_.verdicts.clear();
  advance();
  return {};
}

void DisagreementWalk::stop() {
  if (walk_.phase != WalkPhase::kSearching) return;
  walk_.phase = WalkPhase::kStopped;
  out_.reset();
}

int8_t& DisagreementWalk::verdict_of(size_t model, size_t review) {
  if (verdicts_.size() <= model) verdicts_.resize(model + 1);
  if (verdicts_[model].empty()) verdicts_[model].assign(reviews_->reviews.size(), kUnknown);
  return verdicts_[model][review];
}

void DisagreementWalk::advance() {
  for (; next_ < reviews_->reviews.size(); ++next_) {
    walk_.at = next_;
    bool differ = false;
    for (const Member& member : members_) {
      if (verdict_of(member.model, next_) == kUnknown) return;
      differ |= verdict_of(member.model, next_) != verdict_of(members_.front().model, next_);
    }
    if (!differ) continue;
    walk_.phase = WalkPhase::kFound;
    ++walk_.found_so_far;
    ++walk_.finds;
    for (const Member& member : members_) walk_.verdicts.push_back({member.id, verdict_of(member.model, next_)});
    ++next_;
    return;
  }
  walk_.phase = WalkPhase::kNoneLeft;
}

bool DisagreementWalk::wants(size_t model) const {
  return walk_.phase == WalkPhase::kSearching &&
         std::any_of(members_.begin(), members_.end(), [&](const Member& member) { return member.model == model; });
}

std::optional<SideRun> DisagreementWalk::next_run(std::span<const ModelReader> models) {
  if (walk_.phase != WalkPhase::kSearching) return std::nullopt;
  for (const Member& member : members_) {
    const ModelReader& model = models[member.model];
    if (verdict_of(member.model, next_) != kUnknown || !model.ready()) continue;
    out_ = member;
    return SideRun{member.model, read_text(*model.manifest, model.tokenizer, reviews_->reviews[next_].text), false};
  }
  return std::nullopt;
}

void DisagreementWalk::answer(const RunAnswer& answer) {
  if (!out_) return;
  verdict_of(out_->model, next_) = out_->sign * explain::margin(answer.logits) > 0 ? 1 : 0;
  out_.reset();
  advance();
}

void DisagreementWalk::model_failed(size_t model) {
  if (out_ && out_->model == model) out_.reset();
  const size_t gone = std::erase_if(members_, [&](const Member& member) { return member.model == model; });
  if (gone == 0 || walk_.phase != WalkPhase::kSearching) return;
  if (members_.size() < 2) {
    walk_.phase = WalkPhase::kStopped;
  } else {
    advance();
  }
}

}  // namespace coppice::compare
