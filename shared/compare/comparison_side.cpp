// The comparison's part in the work beside it (side_work.h): it says when such work may run, and carries its requests
// and answers.
#include <cmath>
#include <utility>

#include "shared/compare/comparison.h"
#include "shared/reviews/packed_reviews.h"

namespace coppice::compare {

std::vector<ModelReader> Comparison::readers() const {
  std::vector<ModelReader> readers;
  readers.reserve(models_.size());
  for (size_t i = 0; i < models_.size(); ++i) {
    readers.push_back({&state_.models[i], &models_[i].manifest, models_[i].tokenizer.get(), models_[i].described});
  }
  return readers;
}

Status Comparison::explain() {
  if (state_.results_are_stale) {
    return invalid_usage("The review has changed since its verdict: compare again, then ask why.");
  }
  return begin_side(side_.explainer.start(compared_text_, readers()));
}

Status Comparison::explain_every_word() { return begin_side(side_.explainer.every_word()); }

void Comparison::stop_explaining() {
  side_.explainer.stop();
  changed();
  pump();
}

Status Comparison::find_disagreement() { return begin_side(side_.walk.start(readers())); }

void Comparison::stop_finding() {
  side_.walk.stop();
  changed();
  pump();
}

Status Comparison::read_reviews(const std::string& name, std::string_view bytes, bool shipped) {
  Result<reviews::ReviewFile> parsed = reviews::parse_review_file(name, bytes);
  COPPICE_RETURN_IF_ERROR(parsed.status());
  const auto file = std::make_shared<const reviews::ReviewFile>(std::move(*parsed));
  if (shipped) {
    side_.walk.set_reviews(file);
    changed();
    return {};
  }
  return begin_side(side_.set.load(file));
}

Status Comparison::add_packed_reviews(std::string_view packed, bool first) {
  if (first) added_ = {};
  return reviews::add_packed_reviews(packed, added_);
}

Status Comparison::use_added_reviews(const std::string& name) {
  if (added_.reviews.empty()) return invalid_usage("no reviews were added");
  added_.name = name;
  return begin_side(side_.set.load(std::make_shared<const reviews::ReviewFile>(std::exchange(added_, {}))));
}

Status Comparison::use_shipped_reviews() {
  const auto shipped = side_.walk.shared_reviews();
  if (!shipped) return failed("The shipped reviews have not been read.");
  return begin_side(side_.set.load(shipped));
}

Status Comparison::start_set() { return begin_side(side_.set.start(readers())); }
Status Comparison::pause_set() { return begin_side(side_.set.pause()); }
Status Comparison::resume_set() { return begin_side(side_.set.resume()); }
Status Comparison::stop_set() { return begin_side(side_.set.stop()); }

Status Comparison::begin_side(Status status) {
  changed();
  pump();
  return status;
}

// Called when no comparison runs: loads what is wanted, and lets one run out.
void Comparison::pump_side() {
  bool waits = false;
  for (size_t i = 0; i < models_.size(); ++i) {
    if (state_.models[i].phase != ModelPhase::kOffered || !side_.wants(i)) continue;
    state_.models[i].phase = ModelPhase::kWaiting;
    waits = true;
  }
  if (waits) pump_loads();
  for (const auto& [id, pending] : pending_) {
    if (pending.kind == RequestKind::kSideRun) return;
  }
  std::optional<SideRun> run = side_.next_run(readers());
  if (!run) return;
  Request request;
  request.kind = RequestKind::kSideRun;
  request.by_core = is_linear(models_[run->model].manifest);
  request.input_ids = std::move(run->reading.input_ids);
  request.text = std::move(run->reading.text);
  request.timed = run->timed;
  emit(std::move(request), run->model);
}

void Comparison::side_run_done(size_t model, const RunAnswer& answer) {
  if (!std::isfinite(answer.logits[0]) || !std::isfinite(answer.logits[1])) {
    side_.run_lost();
    fail(model,
         state_.models[model].id + ": gave logits that are no numbers; the model file does not suit this runtime");
  } else {
    side_.answer(answer);
  }
  changed();
  pump();
}

}  // namespace coppice::compare
