// Answers of Electricity Maps: what is accepted is about the zone asked for and makes sense.
#include <cstdint>
#include <string_view>

#include "shared/energy/electricity_maps.h"
#include "shared/energy/intensity_table.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto zone = energy::electricity_maps_zone(text.substr(0, 40));
  if (zone) FUZZ_CHECK(energy::electricity_maps_path(*zone).find_first_of(" \r\n#/", 26) == std::string::npos);
  const auto live = energy::parse_electricity_maps(text, "FR", "input");
  if (!live) return 0;
  FUZZ_CHECK(live->live && live->live->zone == "FR");
  FUZZ_CHECK(live->value.value() >= 0.0 && live->value.value() <= energy::kMostGramsPerKwh);
  FUZZ_CHECK(live->live->as_of.size() < 64 && live->live->as_of.back() == 'Z');
  FUZZ_CHECK(!dump_json(to_json(*live)).empty());
  return 0;
}
