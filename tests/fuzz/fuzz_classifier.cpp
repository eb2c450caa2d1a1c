// A BERT classifier's two files: config.json, a zero byte, the weights (safetensors or ONNX). Whatever they hold, they
// are refused or make a model that judges any tokens with finite logits or says that it cannot.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "shared/engine/classifier.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice;
  using namespace coppice::engine;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  if (zero == std::string_view::npos) return 0;
  const auto config = records::parse_bert_config(input.substr(0, zero), "config.json");
  if (!config) return 0;
  const std::string_view weights = input.substr(zero + 1);
  for (const bool as_float32 : {false, true}) {
    ClassifierOptions options;
    options.memory_limit_bytes = int64_t{64} << 20;
    options.int8_as_float32 = as_float32;
    const auto classifier =
        Classifier::load(*config, std::as_bytes(std::span(weights.data(), weights.size())), "input", options);
    if (!classifier) {
      FUZZ_CHECK(!classifier.status().message().empty());
      return 0;
    }
    SessionOptions room;
    room.most_tokens = static_cast<size_t>(std::min<int64_t>(config->max_position_embeddings, 20));
    auto session = Session::create(*classifier, room);
    FUZZ_CHECK(session.ok());
    const auto last = static_cast<int32_t>(config->vocab_size - 1);
    const std::vector<int32_t> ids = {0, last, last / 2, 1 % (last + 1), 0, last, 0};
    for (const size_t length : {size_t{1}, ids.size()}) {
      if (length > room.most_tokens) continue;
      const std::span<const int32_t> review(ids.data(), length);
      std::array<float, 2> logits{};
      const Status status = session->classify({&review, 1}, {&logits, 1});
      FUZZ_CHECK(!status.ok() || (std::isfinite(logits[0]) && std::isfinite(logits[1])));
    }
  }
  return 0;
}
