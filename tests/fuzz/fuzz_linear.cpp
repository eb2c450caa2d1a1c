// A linear model's two files: config.json, a zero byte, model.safetensors. Whatever they hold, they are refused or make
// a model that judges any text with numbers. Without a zero byte the input is a text.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "shared/linear/linear_model.h"
#include "shared/linear/words.h"
#include "tests/fuzz/check.h"

namespace {

using namespace coppice::linear;

void check_text(std::string_view text) {
  for (const int64_t max_ngram : {1, 2, 3}) {
    const TextNgrams ngrams = ngrams_of(text, max_ngram);
    FUZZ_CHECK(ngrams.words <= static_cast<int64_t>(text.size()) * 3);  // an ideograph is spaced, a mark may decompose
    FUZZ_CHECK(static_cast<int64_t>(ngrams.buckets.size()) <= ngrams.words * max_ngram);
    double squares = 0;
    for (const Feature& feature : features_of(ngrams, {kLeastHashBits, max_ngram, Weighting::kSublinear, Norm::kL2})) {
      FUZZ_CHECK(feature.bucket < (1U << kLeastHashBits));
      squares += static_cast<double>(feature.value) * feature.value;
    }
    FUZZ_CHECK(ngrams.words == 0 || std::fabs(squares - 1) < 1e-3);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  if (zero == std::string_view::npos) {
    check_text(input);
    return 0;
  }
  const std::string_view tensors = input.substr(zero + 1);
  const auto model =
      LinearModel::create(input.substr(0, zero), std::as_bytes(std::span(tensors.data(), tensors.size())), "input");
  if (!model) return 0;
  const std::string written = coppice::dump_json(to_json(model->config()));
  FUZZ_CHECK(parse_linear_config(written, "written").ok());
  for (const std::string_view text : {std::string_view(), std::string_view("It isn't good!"), input}) {
    const Judgement judgement = model->judge(text);
    FUZZ_CHECK(!std::isnan(judgement.logits[0]) && !std::isnan(judgement.logits[1]));
  }
  return 0;
}
