// A fixed piece of arithmetic to learn how fast a machine is: chains of float32 multiplications and additions on
// vectors of 128 bits that stay in registers. Timed by the caller, since the core reads no clock.
//
// What it measures is the peak of one thread at the vectors a browser has; a model's run also waits for memory.
#pragma once

#include <cstdint>

namespace coppice::engine {

struct CalibrationRun {
  double operations = 0;  // float32 multiplications and additions done
  float checksum = 0;     // of the results: finite, and the same for the same number of rounds
};

// rounds: at least 0; one is 64 operations.
CalibrationRun run_calibration_kernel(int64_t rounds);

}  // namespace coppice::engine
