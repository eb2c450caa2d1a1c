// Two models on the same reviews, pair by pair: what one step of a model's making (rounding, pruning) did to its
// answers.
#pragma once

#include <string>
#include <vector>

#include "native/backend/verdicts.h"

namespace coppice::backend {

// {"max_logit_difference","mean_logit_difference" (absolute, over both logits), "agreement" (share of equal verdicts),
// "flips":{"to_negative","to_positive"}, "only_this_right","only_other_right","p_value" (McNemar's exact test),
// "accuracy_difference":{"value","low","high"} (this minus the other, 95 % bootstrap interval), "flipped_reviews":
// [ids, the first 100]}. Logits in the order of the reviews, as many as those.
Result<OrderedJson> compare_logits(const DataSelection& selection, const std::vector<Logits>& of_this,
                                   const std::vector<Logits>& of_other);

}  // namespace coppice::backend
