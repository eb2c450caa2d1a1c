// Calibration of static int8 scales as `coppice export` takes it: options, and the run of `coppice calibrate` that does
// it, as the forward passes need libtorch, which this program does not link.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace CLI {
class App;
}

namespace coppice::cli {

struct CalibrationArguments {
  std::string data;
  int64_t limit = 256;
  std::string method = "minmax";
  double percentile = 99.99;
};

void add_calibration_options(CLI::App& command, CalibrationArguments& arguments);
void append_words(const CalibrationArguments& arguments, std::vector<std::string>& words);

// Static scales need int8 weights and reviews to calibrate on; reviews without static scales are a mistake too.
Status check(const CalibrationArguments& arguments, bool is_static, bool int8_weights);

// What `coppice calibrate --json` answers for the model. Its energy is that of a child of this process.
Result<Json> calibrate(const std::filesystem::path& model, const CalibrationArguments& arguments);

}  // namespace coppice::cli
