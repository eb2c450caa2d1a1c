// Where a request's body ends. Whatever two servers could read differently is refused: on a connection that goes on,
// the rest of one body would be taken for the next request.
#pragma once

#include <cstddef>

#include "native/serve/api.h"
#include "shared/base/status.h"

namespace httplib {
struct Request;
}

namespace coppice::serve {

// Whether a body was announced in any way.
bool may_have_body(const httplib::Request& request);

// The length of the JSON body of a POST. The failure is for framing_answer alone.
Result<size_t> body_length(const httplib::Request& request, size_t most);

// 405, 400, 411, 413 or 415 with what to do. The body stays unread.
ApiAnswer framing_answer(const Status& status);

}  // namespace coppice::serve
