// Times of one inference by libtorch at several widths, for `coppice prune --latency-table` (native/prune/cost.h).
#pragma once

#include <atomic>
#include <cstdint>

#include "native/model/worker_pool.h"
#include "native/prune/cost.h"
#include "shared/base/status.h"
#include "shared/records/bert_config.h"

namespace coppice::backend {

// Models of random weights with all layers alike: full width, one layer, fewer heads, fewer neurons. They take turns
// for `rounds` rounds after one untimed; a table entry is a difference of medians, divided by the number of layers.
// Every layer computes all its tokens here; that the classifier reads only [CLS] of the last one is left out, so that
// layers count alike. Needs a model of at least 2 layers (kInvalidUsage). kInterrupted when `stop` is set.
Result<prune::LatencyTable> measure_latency_table(const records::BertConfig& config, int64_t tokens, int64_t rounds,
                                                  model::WorkerPool& pool, const std::atomic<bool>& stop);

}  // namespace coppice::backend
