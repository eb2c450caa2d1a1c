// The C library from the outside: a place as JSON, a zero byte, a text, judged by a small linear model that every input
// builds anew; the same bytes as a manifest and as a file. Whatever they are, a call answers or says what is wrong.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "shared/core_api/core.h"
#include "shared/linear/linear_model.h"
#include "tests/fuzz/check.h"

namespace {

coppice_core_model* small_model() {
  coppice::linear::LinearConfig config;
  config.features.hash_bits = coppice::linear::kLeastHashBits;
  const std::string json = coppice::dump_json(coppice::linear::to_json(config));
  std::vector<float> weights(size_t{1} << coppice::linear::kLeastHashBits);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 7) - 3;
  const std::string tensors = coppice::linear::to_safetensors(coppice::linear::quantise(weights, 0.5));
  const coppice_core_file files[] = {{"config.json", json.data(), json.size(), 0},
                                     {"model.safetensors", tensors.data(), tensors.size(), 0}};
  coppice_core_model* model = nullptr;
  FUZZ_CHECK(coppice_core_model_create(files, 2, &model) == COPPICE_CORE_OK);
  return model;
}

// A failure has a text.
void check(coppice_core_status status) { FUZZ_CHECK(status == COPPICE_CORE_OK || *coppice_core_last_error() != 0); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static coppice_core_model* const model = small_model();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view place = input.substr(0, input.find('\0'));
  const std::string_view text = input.substr(std::min(size, place.size() + 1));
  const char* json = nullptr;
  size_t length = 0;
  const coppice_core_status status =
      coppice_core_classify_json(model, text.data(), text.size(), place.data(), place.size(), &json, &length);
  check(status);
  if (status == COPPICE_CORE_OK) {
    const auto answer = coppice::parse_json({json, length}, "answer");
    FUZZ_CHECK(answer.ok());
    const double probability = (*answer)["probability"].get<double>();
    FUZZ_CHECK(probability >= 0.5 && probability <= 1);
    FUZZ_CHECK((*answer)["energy"].is_null() || (*answer)["energy"]["low"] <= (*answer)["energy"]["high"]);
  }
  const char* paths = nullptr;
  check(coppice_core_needed_files(input.data(), size, &paths, &length));
  for (const char* path : {"manifest.json", "config.json", "vocab.txt"}) {
    const coppice_core_file files[] = {{path, data, size, 0},
                                       {"model.safetensors", text.data(), text.size(), 0},
                                       {"config.json", place.data(), place.size(), 0}};
    coppice_core_model* made = nullptr;
    const coppice_core_status created = coppice_core_model_create(files, 3, &made);
    check(created);
    FUZZ_CHECK((created == COPPICE_CORE_OK) == (made != nullptr));
    coppice_core_model_destroy(made);
  }
  return 0;
}
