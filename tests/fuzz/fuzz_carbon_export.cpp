// Google's export and usage files: what is accepted holds only amounts that are finite and not negative, whose factors
// multiply out.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "native/footprint/compare.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice::footprint;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto usage = parse_usage(bytes, "input"); usage.ok()) {
    for (const UsageRow& row : *usage) FUZZ_CHECK(std::isfinite(row.usage.vcpu_seconds) && row.usage.vcpu_seconds >= 0);
  }
  const auto rows = parse_carbon_export(bytes, "input");
  if (!rows) return 0;
  std::vector<UsageRow> usage;
  for (const ExportRow& row : *rows) {
    FUZZ_CHECK(std::isfinite(row.carbon.location_kg) && row.carbon.location_kg >= 0);
    if (row.subject.region != "us-central1" || row.carbon.location_kg < 1e-9 || row.carbon.location_kg > 1e9) return 0;
    UsageRow used;
    used.month = row.month;
    used.subject = row.subject;
    used.usage.vcpu_seconds = 3.6e6;
    usage.push_back(used);
  }
  const auto comparisons = compare_with_export(*rows, usage, {});
  FUZZ_CHECK(comparisons.ok());
  for (const SubjectComparison& one : *comparisons) {
    double product = 1.0;
    for (const auto& factor : one.comparison.factors) product *= factor.value;
    FUZZ_CHECK(std::abs(product / *one.comparison.ratio - 1.0) < 1e-9);
  }
  return 0;
}
