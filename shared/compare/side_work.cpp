#include "shared/compare/side_work.h"

namespace coppice::compare {

std::optional<SideRun> SideWork::next_run(std::span<const ModelReader> models) {
  if (auto run = explainer.next_run(models)) {
    owner_ = Owner::kExplainer;
    return run;
  }
  if (auto run = walk.next_run(models)) {
    owner_ = Owner::kWalk;
    return run;
  }
  if (auto run = set.next_run(models)) {
    owner_ = Owner::kSet;
    return run;
  }
  return std::nullopt;
}

bool SideWork::wants(size_t model) const { return explainer.wants(model) || walk.wants(model) || set.wants(model); }

void SideWork::answer(const RunAnswer& answer) {
  switch (owner_) {
    case Owner::kNone:
      break;
    case Owner::kExplainer:
      explainer.answer(answer);
      break;
    case Owner::kWalk:
      walk.answer(answer);
      break;
    case Owner::kSet:
      set.answer(answer);
      break;
  }
  owner_ = Owner::kNone;
}

void SideWork::run_lost() {
  explainer.run_lost();
  walk.run_lost();
  set.run_lost();
  owner_ = Owner::kNone;
}

void SideWork::model_failed(size_t model) {
  explainer.model_failed(model);
  walk.model_failed(model);
  set.model_failed(model);
}

}  // namespace coppice::compare
