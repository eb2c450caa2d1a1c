// The HTTP API as OpenAPI 3.1, served at /openapi.json. Limits and fields are those of classify_request.h and api.h; a
// test holds it to both.
#pragma once

#include <string_view>

namespace coppice::serve {

std::string_view openapi_document();

}  // namespace coppice::serve
