#include "native/backend/verdicts.h"

#include <cmath>
#include <iostream>

#include "native/io/file.h"
#include "shared/base/hex_hash.h"
#include "shared/metrics/binary.h"

namespace coppice::backend {
namespace {

constexpr size_t kWriteBytes = size_t{1} << 20;

}  // namespace

double positive_score(const Logits& logits) {
  return 1.0 / (1.0 + std::exp(static_cast<double>(logits[0]) - static_cast<double>(logits[1])));
}

OrderedJson to_json(const records::Manifest& manifest, const Verdict& verdict, const char* engine) {
  const bool positive = is_positive(verdict.logits);
  const double score = positive_score(verdict.logits);
  OrderedJson json;
  json["model"] = manifest.id;
  json["engine"] = engine;
  json["label"] = manifest.labels[positive ? 1 : 0];
  json["score"] = positive ? score : 1 - score;
  json["logits"] = {verdict.logits[0], verdict.logits[1]};
  json["tokens"] = verdict.tokens;
  json["truncated"] = verdict.truncated;
  return json;
}

void print_verdict(const OrderedJson& verdict, bool as_json) {
  if (as_json) {
    std::cout << dump_json(verdict) << std::endl;
    return;
  }
  std::cout << verdict["label"].get<std::string>() << "  " << verdict["score"].get<double>() << "  ("
            << verdict["tokens"].get<int64_t>() << " tokens" << (verdict["truncated"].get<bool>() ? ", cut" : "") << ")"
            << std::endl;
}

Status write_predictions(const std::string& path, const DataSelection& selection, const std::vector<Logits>& logits,
                         const std::string& model_id, const std::string& weights_sha256) {
  return write_file_atomically(path, [&](const ByteSink& write) -> Status {
    std::string lines;
    for (size_t i = 0; i < logits.size(); ++i) {
      const data::Review& review = selection.reviews[i];
      OrderedJson line = {{"id", review.id},
                          {"label", review.label},
                          {"prediction", is_positive(logits[i]) ? 1 : 0},
                          {"score", positive_score(logits[i])},
                          {"logits", {logits[i][0], logits[i][1]}},
                          {"text_hash", hex_hash(review.text)}};
      if (i == 0) {
        line["model"] = model_id;
        line["weights_sha256"] = weights_sha256;
        line["test_set"] = to_json(selection);
      }
      lines += dump_json(line) + "\n";
      if (lines.size() > kWriteBytes) {
        COPPICE_RETURN_IF_ERROR(write(lines));
        lines.clear();
      }
    }
    return write(lines);
  });
}

Result<OrderedJson> metrics_of(const DataSelection& selection, const std::vector<Logits>& logits) {
  std::vector<int> labels;
  std::vector<int> predictions;
  std::vector<double> scores;
  for (size_t i = 0; i < logits.size(); ++i) {
    labels.push_back(selection.reviews[i].label);
    scores.push_back(positive_score(logits[i]));
    predictions.push_back(is_positive(logits[i]) ? 1 : 0);
  }
  COPPICE_ASSIGN_OR_RETURN(const metrics::BinaryMetrics values, metrics::evaluate_binary(labels, scores, predictions));
  COPPICE_ASSIGN_OR_RETURN(const metrics::BinaryIntervals intervals,
                           metrics::binary_intervals(labels, scores, predictions));
  return metrics::to_json(values, &intervals);
}

}  // namespace coppice::backend
