// How far two classifiers' accuracies on the same reviews may lie apart: Tango's score interval, and the test of
// non-inferiority that belongs to it.
//
// T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
// Statistics in Medicine 17 (1998), 891-908. The interval holds all differences that the score test does not reject.
// Unlike the bootstrap it has a width where the two never disagree, and it holds its level for a few dozen reviews; at
// a difference of 0 its statistic is McNemar's (1947).
#pragma once

#include <cstdint>

#include "shared/base/status.h"
#include "shared/metrics/robust.h"

namespace coppice::metrics {

// What a paired test knows of `n` reviews: those that only one of the two got right.
struct PairedCounts {
  int64_t n = 0;
  int64_t only_first_right = 0;
  int64_t only_second_right = 0;
};

struct PairedScore {
  double difference = 0.0;  // accuracy of second - first, in -1..1
  Interval interval;        // 95 %: where tango_statistic passes +-1.96, by bisection
};

// Refused: n < 1, counts below 0 or above n together.
Result<PairedScore> paired_score(const PairedCounts& counts);

// Tango's statistic of the hypothesis that second - first is `difference` (-1 < difference < 1): standard normal under
// it, positive where the observed difference is above it. 0 where observed and assumed difference are the same.
double tango_statistic(const PairedCounts& counts, double difference);

enum class NonInferiority {
  kShown,         // the interval lies above -margin
  kRefuted,       // the interval lies below -margin
  kInconclusive,  // the interval holds -margin
};

// "shown", "refuted", "inconclusive".
const char* to_string(NonInferiority verdict);

struct NonInferiorityTest {
  double margin = 0.0;   // of accuracy, in (0, 1): 0.005 is half a point
  double p_value = 1.0;  // one-sided, of "second is worse than first by the margin or more"
  NonInferiority verdict = NonInferiority::kInconclusive;
};

// By the 95 % interval: a one-sided test at 2.5 %.
Result<NonInferiorityTest> non_inferiority(const PairedCounts& counts, double margin);

}  // namespace coppice::metrics
