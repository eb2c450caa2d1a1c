// coppice compare: models side by side, and each against the baseline on the same reviews.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/base/status.h"

namespace coppice::compare_models {

struct CompareOptions {
  std::vector<std::string> models;
  std::string baseline;                  // id; empty: see summary.h
  std::vector<std::string> predictions;  // FILE or ID=FILE
  std::string data;                      // reviews, for slices and the texts of flips
  std::string split = "test";
  double margin_points = 0.5;  // of accuracy
  int64_t tokens = 256;        // length at which operations and energies are compared
  int resamples = 2000;
  std::string flips;  // file to write
  bool record = false;
  bool json = false;
  bool csv = false;
};

// `command`: the words as typed, for the record.
Status run_compare(const CompareOptions& options, const std::vector<std::string>& command);

}  // namespace coppice::compare_models
