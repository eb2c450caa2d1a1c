// Bodies of POST /v1/classify: what is accepted keeps to the limits, whatever else comes is refused with a message.
#include <cstdint>
#include <string_view>

#include "native/serve/classify_request.h"
#include "shared/base/json.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice;
  const serve::ClassifyLimits limits{.body_bytes = 1 << 14, .texts = 3, .models = 2, .text_bytes = 64};
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto request = serve::parse_classify_request(body, limits);
  if (!request) {
    FUZZ_CHECK(request.status().code() == StatusCode::kInvalidInput);
    // The message goes into JSON: it must be UTF-8, which strict serialising insists on.
    FUZZ_CHECK(!Json::parse(Json(request.status().message()).dump(-1, ' ', false, Json::error_handler_t::ignore))
                    .is_discarded());
    FUZZ_CHECK(Json(request.status().message()).dump(-1, ' ', false, Json::error_handler_t::ignore) ==
               dump_json(Json(request.status().message())));
    return 0;
  }
  FUZZ_CHECK(!request->texts.empty() && request->texts.size() <= limits.texts);
  FUZZ_CHECK(request->models.size() <= limits.models);
  for (const std::string& text : request->texts) FUZZ_CHECK(!text.empty() && text.size() <= limits.text_bytes);
  // The document that was accepted is one for any other parser too, with the same texts.
  const Json document = Json::parse(body, nullptr, false);
  FUZZ_CHECK(document.is_object());
  if (document.contains("text")) FUZZ_CHECK(document["text"] == request->texts[0]);
  if (document.contains("texts")) FUZZ_CHECK(document["texts"] == Json(request->texts));
  return 0;
}
