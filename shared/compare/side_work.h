// Work that runs models beside the timed comparison: the explanation of a verdict, the walk to a disagreement, a set of
// reviews. None of it runs while a comparison does, and one that starts is let in after the run that is out. Each kind
// of work hands out one run at a time and takes its answer; `Comparison` carries both (comparison_side.cpp).
//
//   explainer   >   walk   >   set       the order in which they are served: what a visitor waits for most comes first
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "shared/compare/disagreement_walk.h"
#include "shared/compare/explainer.h"
#include "shared/compare/set_runner.h"
#include "shared/compare/side_run.h"

namespace coppice::compare {

class SideWork {
 public:
  Explainer explainer;
  DisagreementWalk walk;
  SetRunner set;

  // The next run, if some work wants one and its model is ready. Not to be asked again before the answer.
  std::optional<SideRun> next_run(std::span<const ModelReader> models);
  // True if some work waits for this model to be loaded.
  [[nodiscard]] bool wants(size_t model) const;

  void answer(const RunAnswer& answer);
  // The run that is out gave nothing, or the worker is gone.
  void run_lost();
  // The model failed, for whatever reason: nothing more is asked of it.
  void model_failed(size_t model);

 private:
  enum class Owner { kNone, kExplainer, kWalk, kSet };
  Owner owner_ = Owner::kNone;
};

}  // namespace coppice::compare
