// What a model's own records say of it against another model on the same reviews (`coppice compare --record`), for its
// card.
//
// Members of a "compare" record that are read: inputs.baseline_id, .weights_sha256, .test_set; results as
// native/compare/paired_report.h writes them.
#pragma once

#include <string>
#include <vector>

#include "native/export/run_recorder.h"
#include "shared/base/status.h"
#include "shared/records/manifest.h"

namespace coppice {

struct ComparedSlice {
  std::string name;
  int64_t n = 0;
  double baseline_accuracy = 0;
  double accuracy = 0;
  records::MetricValue difference;  // of accuracy, this model - the baseline
  double p_adjusted = 1;
};

struct Comparison {
  std::string run;  // path of the record
  std::string baseline_id;
  records::DataShare test_set;
  int64_t n = 0;
  double baseline_accuracy = 0;
  double accuracy = 0;
  records::MetricValue difference;
  int64_t only_baseline_right = 0;
  int64_t only_model_right = 0;
  double p_value = 1;
  double margin = 0;
  std::string non_inferiority;  // "shown", "refuted", "inconclusive"
  double baseline_ece = 0;
  double ece = 0;
  int64_t slices_tested = 0;
  std::vector<ComparedSlice> worse;  // by the paired test after Holm's adjustment, as recorded
  std::vector<ComparedSlice> better;
};

// The latest for each baseline and test set, oldest first; those of weights that have changed since are left out, as
// their scores are. Errors name the record and the member.
Result<std::vector<Comparison>> read_comparisons(const std::vector<StoredRun>& runs, const records::Manifest& manifest);

// The card's sections "Against its parent" (or "Against `id`"); empty without comparisons.
std::string comparisons_text(const std::vector<Comparison>& comparisons, const records::Manifest& manifest);

}  // namespace coppice
