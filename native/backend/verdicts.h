// What any classifier's logits become: verdicts, predictions in a file, metrics. Without libtorch, so that the linear
// model answers in the same words as BERT.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "native/backend/data_share.h"
#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/records/manifest.h"

namespace coppice::backend {

using Logits = std::array<float, 2>;  // negative, positive

// Probability of the positive label.
double positive_score(const Logits& logits);

inline bool is_positive(const Logits& logits) { return logits[1] > logits[0]; }

struct Verdict {
  Logits logits{};
  int64_t tokens = 0;  // words for a linear model
  bool truncated = false;
};

// {"model","engine","label","score","logits","tokens","truncated"}; engine: "libtorch" or "core".
OrderedJson to_json(const records::Manifest& manifest, const Verdict& verdict, const char* engine);

// To standard output: the JSON on one line, or a line for people. Flushed, since a caller may wait for each answer.
void print_verdict(const OrderedJson& verdict, bool as_json);

// One JSON line per review: {"id","label","prediction","score","logits","text_hash"}; score is the probability of
// positive, text_hash the stable hash of the text (shared/base/stable_hash.h), 16 hexadecimal digits. The first line
// also has {"model","weights_sha256","test_set"}: whose predictions these are, on which reviews. `coppice compare`
// reads it.
Status write_predictions(const std::string& path, const DataSelection& selection, const std::vector<Logits>& logits,
                         const std::string& model_id, const std::string& weights_sha256);

// Metrics with intervals, as `coppice evaluate --json` prints them, but for the counts of tokens.
Result<OrderedJson> metrics_of(const DataSelection& selection, const std::vector<Logits>& logits);

}  // namespace coppice::backend
