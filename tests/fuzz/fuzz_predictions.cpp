// Files of predictions: what is accepted has scores and labels that can be compared, with itself to begin with.
#include <cstdint>
#include <string_view>

#include "native/compare/paired_report.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice::compare_models;
  const auto file = parse_predictions({reinterpret_cast<const char*>(data), size}, "input");
  if (!file) return 0;
  const auto order = match_reviews(*file, *file);
  FUZZ_CHECK(order.ok());
  PairedOptions options;
  options.resamples = 2;
  const auto report = compare_predictions(*file, *file, *order, {}, options);
  FUZZ_CHECK(report.ok());
  FUZZ_CHECK(report->score.difference == 0);
  FUZZ_CHECK(report->test.p_value == 1);
  return 0;
}
