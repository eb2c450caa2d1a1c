// The file that `coppice evaluate --predictions FILE` writes: what one model said of each review.
//
//   {"id","label","prediction","score","text_hash"?,...} a line; score is the probability of positive. The first line
//   may also have "model", "weights_sha256" and "test_set" (native/backend/verdicts.h). Other members are passed over,
//   so that files of older versions and of other tools are read too.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/records/manifest.h"

namespace coppice::compare_models {

struct Prediction {
  std::string id;
  int label = 0;
  int predicted = 0;
  double score = 0.0;     // probability of class 1
  std::string text_hash;  // empty: the file does not say
  [[nodiscard]] bool right() const { return label == predicted; }
};

struct PredictionFile {
  std::string source;  // its path, for messages
  std::optional<std::string> model;
  std::optional<std::string> weights_sha256;
  std::optional<records::DataShare> test_set;
  std::vector<Prediction> rows;

  [[nodiscard]] double accuracy() const;
};

// Errors name file and line: no JSON, a member missing, a label or prediction that is not 0 or 1, a score that is not a
// number in 0..1 (JSON has no NaN; null and "nan" are refused), a prediction that its score contradicts, an id twice,
// an empty file.
Result<PredictionFile> parse_predictions(std::string_view bytes, const std::string& source);
Result<PredictionFile> read_predictions(const std::filesystem::path& path);

// For each row of `first`, in its order, the row of `second` on the same review, by id. Refused: reviews that only one
// file has (counted, one named), other labels or texts under the same id, test sets whose hashes differ.
Result<std::vector<size_t>> match_reviews(const PredictionFile& first, const PredictionFile& second);

}  // namespace coppice::compare_models
