// Whatever the bytes, the reader refuses them or gives views that lie inside them and do not overlap.
#include <cstdint>

#include "shared/engine/safetensors.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice::engine;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto file = parse_safetensors(bytes, "input");
  if (!file) return 0;
  size_t total = 0;
  for (const auto& [name, view] : file->tensors) {
    if (view.bytes.empty()) continue;
    FUZZ_CHECK(view.bytes.data() >= bytes.data() &&
               view.bytes.data() + view.bytes.size() <= bytes.data() + bytes.size());
    total += view.bytes.size();
    if (const auto values = to_floats(view, name); values.ok()) {
      FUZZ_CHECK(static_cast<int64_t>(values->size()) == view.elements());
    }
  }
  FUZZ_CHECK(total <= bytes.size());
  return 0;
}
