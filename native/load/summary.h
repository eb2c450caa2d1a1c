// What a load came to: answered, refused and failed apart, percentiles with intervals, cold starts apart from the rest.
#pragma once

#include <vector>

#include "native/load/open_loop.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::load {

// 429 and 503 refuse; any other code than 200 and no answer at all are failures.
bool is_refusal(long code);

// {"requests","answered","refused","failed","by_outcome","offered_per_second","answered_per_second","seconds",
//  "latency_ms","service_ms","cold_ms","refused_ms","sent_late","instances_seen"}
// latency_ms: warm answers, from when each was due; service_ms: from when it was sent. Each of these
// {"n","p50":{"value","low","high"},"p90","p95","p99","max"}; absent where n is 0.
// Intervals are bootstraps over requests, which take them for independent: queueing makes neighbours alike, so they are
// too narrow near saturation, and the document says so.
Result<OrderedJson> summarise_load(const std::vector<Sample>& samples, double offered_per_second);

}  // namespace coppice::load
