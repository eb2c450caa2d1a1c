// The body of POST /v1/classify, read strictly and without building a document of it first:
//   {"text":"...","model":"linear-ngrams"}                  one review, one model
//   {"texts":["...","..."],"models":["a","b"]}              many, several; without either: every model
//   {"text":"...","include_usage":true}                     with what the answer cost
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice::serve {

struct ClassifyLimits {
  size_t body_bytes = size_t{1} << 20;
  size_t texts = 256;
  size_t models = 16;
  size_t text_bytes = size_t{200} << 10;  // IMDb's longest review has 14 kB
};

struct ClassifyRequest {
  std::vector<std::string> texts;   // one or more, none empty, UTF-8
  std::vector<std::string> models;  // as asked for; empty: every model
  bool include_usage = false;       // the answer tells its time, energy and carbon
};

// kInvalidInput with the member: not JSON, not UTF-8, a member twice, unknown, of another type or missing, text and
// texts (model and models) together, too many or too long texts.
Result<ClassifyRequest> parse_classify_request(std::string_view body, const ClassifyLimits& limits);

}  // namespace coppice::serve
