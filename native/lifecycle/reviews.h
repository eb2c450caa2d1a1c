// How much there is to read: reviews and tokens of each split, and of the prompts.
#pragma once

#include <optional>
#include <string>

#include "native/lifecycle/config.h"
#include "native/lifecycle/plan.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::lifecycle {

// lifecycle.json's "data": {"path","splits":{"train":{"reviews","tokens","sha256"},...},"prompts":{"count","tokens"}};
// tokens as the base model's vocabulary cuts them, after truncation.
Result<OrderedJson> count_reviews(const Config& config, const std::string& data, const std::string& base,
                                  const std::string& directory);

std::optional<DataSizes> sizes_of(const OrderedJson& data);

}  // namespace coppice::lifecycle
