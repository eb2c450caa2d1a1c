// Whatever the bytes, the reader refuses them or gives views that lie inside them and have the size of their shape.
#include <cstdint>

#include "shared/engine/onnx_reader.h"
#include "shared/engine/weights.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice::engine;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  if (const auto weights = parse_weights(bytes, "input")) {
    for (const auto& [name, view] : *weights) {
      const auto floats = to_floats(view, name);  // int8 among them, times their scales
      FUZZ_CHECK(!floats || static_cast<int64_t>(floats->size()) == view.elements());
    }
  }
  const auto file = parse_onnx(bytes, "input");
  if (!file) return 0;
  for (const auto& [name, view] : file->tensors) {
    FUZZ_CHECK(!name.empty());
    int64_t elements = 1;
    for (const int64_t dimension : view.shape) elements *= dimension;
    FUZZ_CHECK(elements == view.elements());
    if (view.bytes.empty()) continue;
    FUZZ_CHECK(view.bytes.data() >= bytes.data() &&
               view.bytes.data() + view.bytes.size() <= bytes.data() + bytes.size());
    FUZZ_CHECK(count_nonzero(view) <= view.elements());
  }
  return 0;
}
