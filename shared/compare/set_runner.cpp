#include "shared/compare/set_runner.h"

#include <algorithm>
#include <utility>

#include "shared/explain/occlusion.h"

namespace coppice::compare {

size_t reviews_done(const ReviewSet& set) {
  size_t done = SIZE_MAX;
  for (const SetModel& model : set.models) {
    if (!model.failed) done = std::min(done, model.judgements.size());
  }
  return done == SIZE_MAX ? 0 : done;
}

bool agree_on(const ReviewSet& set, size_t i) {
  const SetModel* first = nullptr;
  for (const SetModel& model : set.models) {
    if (model.failed) continue;
    if (first == nullptr) first = &model;
    if (model.judgements[i].label() != first->judgements[i].label()) return false;
  }
  return true;
}

Status SetRunner::load(std::shared_ptr<const reviews::ReviewFile> file) {
  if (set_.phase == SetPhase::kRunning || set_.phase == SetPhase::kPaused) {
    return invalid_usage("The run over " + set_.file->name + " is not finished: stop it before another set is read.");
  }
  set_ = {SetPhase::kLoaded, std::move(file), {}};
  out_.reset();
  return {};
}

Status SetRunner::start(std::span<const ModelReader> models) {
  if (set_.phase == SetPhase::kEmpty) return invalid_usage("There is no set of reviews yet: drop or choose a file.");
  std::vector<SetModel> chosen;
  for (size_t i = 0; i < models.size(); ++i) {
    const ModelReader& model = models[i];
    if (!model.row->selected || model.row->phase == ModelPhase::kFailed || !model.described) continue;
    SetModel each;
    each.model = i;
    each.id = model.row->id;
    each.order = label_order(*model.manifest);
    each.linear = is_linear(*model.manifest);
    chosen.push_back(std::move(each));
  }
  if (chosen.empty()) return invalid_usage("Choose at least one model to run.");
  set_.models = std::move(chosen);
  set_.phase = SetPhase::kRunning;
  out_.reset();
  return {};
}

Status SetRunner::pause() {
  if (set_.phase != SetPhase::kRunning) return invalid_usage("No set of reviews is running.");
  set_.phase = SetPhase::kPaused;  // the run that is out still counts
  return {};
}

Status SetRunner::resume() {
  if (set_.phase != SetPhase::kPaused) return invalid_usage("No set of reviews is paused.");
  for (SetModel& model : set_.models) model.warm = false;
  set_.phase = SetPhase::kRunning;
  finish_if_done();
  return {};
}

Status SetRunner::stop() {
  if (set_.phase != SetPhase::kRunning && set_.phase != SetPhase::kPaused) {
    return invalid_usage("No set of reviews is running.");
  }
  // Models are compared on the same reviews: what only some of them have judged is left out.
  const size_t done = reviews_done(set_);
  for (SetModel& model : set_.models) {
    if (!model.failed) model.judgements.resize(done);
  }
  out_.reset();
  set_.phase = SetPhase::kDone;
  return {};
}

bool SetRunner::wants(size_t model) const {
  if (set_.phase != SetPhase::kRunning) return false;
  return std::any_of(set_.models.begin(), set_.models.end(),
                     [&](const SetModel& each) { return each.model == model && !each.failed; });
}

std::optional<SideRun> SetRunner::next_run(std::span<const ModelReader> models) {
  if (set_.phase != SetPhase::kRunning) return std::nullopt;
  // The models take turns, so all of them must be there. First those without a first run, then the first of those that
  // have judged the fewest.
  const auto rank = [](const SetModel& each) { return std::pair(each.warm, each.judgements.size()); };
  std::optional<size_t> next;
  for (size_t place = 0; place < set_.models.size(); ++place) {
    const SetModel& each = set_.models[place];
    if (each.failed) continue;
    if (!models[each.model].ready()) return std::nullopt;
    if (!next || rank(each) < rank(set_.models[*next])) next = place;
  }
  if (!next) return std::nullopt;
  const SetModel& each = set_.models[*next];
  if (each.judgements.size() == set_.file->reviews.size()) return std::nullopt;
  const ModelReader& model = models[each.model];
  SideRun run{each.model, read_text(*model.manifest, model.tokenizer, set_.file->reviews[each.judgements.size()].text),
              each.warm};
  out_ = Out{*next, !each.warm, run.reading.units};
  return run;
}

void SetRunner::answer(const RunAnswer& answer) {
  if (!out_) return;
  SetModel& model = set_.models[out_->place];
  if (out_->warm_up) {
    model.warm = true;
  } else {
    model.judgements.push_back({model.order.sign * explain::margin(answer.logits), answer.milliseconds, out_->tokens});
  }
  out_.reset();
  finish_if_done();
}

void SetRunner::run_lost() {
  out_.reset();
  for (SetModel& model : set_.models) model.warm = false;
}

void SetRunner::model_failed(size_t model) {
  for (size_t place = 0; place < set_.models.size(); ++place) {
    if (set_.models[place].model != model) continue;
    if (set_.phase != SetPhase::kRunning && set_.phase != SetPhase::kPaused) continue;  // its results stand
    set_.models[place].failed = true;
    if (out_ && out_->place == place) out_.reset();
  }
  finish_if_done();
}

void SetRunner::finish_if_done() {
  if (set_.phase != SetPhase::kRunning) return;
  for (const SetModel& model : set_.models) {
    if (!model.failed && model.judgements.size() < set_.file->reviews.size()) return;
  }
  set_.phase = SetPhase::kDone;
}

}  // namespace coppice::compare
