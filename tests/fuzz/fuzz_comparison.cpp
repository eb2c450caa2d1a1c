// Run records of comparisons: whatever they hold, a card is made or the record is refused.
#include <cstdint>
#include <string>
#include <string_view>

#include "native/export/comparisons.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice;
  const auto record = records::parse_run_record({reinterpret_cast<const char*>(data), size}, "input");
  if (!record) return 0;
  records::Manifest manifest;
  manifest.files = {{"w", 1, std::string(64, 'a')}};  // what the seed's weights are called
  manifest.weights = {{"w", "onnx", "F16"}};
  const auto comparisons = read_comparisons({{"runs/input.json", *record}}, manifest);
  if (!comparisons) return 0;
  FUZZ_CHECK(comparisons->empty() == comparisons_text(*comparisons, manifest).empty());
  return 0;
}
