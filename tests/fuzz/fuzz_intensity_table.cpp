// Tables of carbon intensities: nothing breaks the reader, and what is accepted holds only values that make sense and
// answers for its own places.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "shared/base/csv.h"
#include "shared/energy/intensity_table.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CsvReader reader(text, "input");
  size_t records = 0;
  for (auto record = reader.next(); record && *record; record = reader.next()) {
    FUZZ_CHECK(!(*record)->cells.empty());
    FUZZ_CHECK(++records <= size);
  }
  const auto table = energy::IntensityTable::parse(text, "input");
  if (!table) {
    FUZZ_CHECK(table.status().message().find("input") == 0);
    return 0;
  }
  FUZZ_CHECK(table->size() > 0 && table->size() < records);
  for (const char* country : {"FRA", "USA", "WORLD", "DEU"}) {
    const energy::TableEntry* entry = table->country(country, 0);
    if (entry == nullptr) continue;
    FUZZ_CHECK(std::isfinite(entry->value.value()) && entry->value.value() > 0.0);
    FUZZ_CHECK(entry->value.value() <= energy::kMostGramsPerKwh);
    FUZZ_CHECK(table->country(country, entry->year) == entry);
  }
  return 0;
}
