// One request whose answer is a small document in memory, with headers of the caller's (libcurl). For what is larger,
// or must survive a bad network, there is download.h.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared/base/status.h"

namespace coppice::net {

struct GetRequest {
  std::string url;                                           // http or https
  std::vector<std::pair<std::string, std::string>> headers;  // may hold secrets: they are in no message
  double timeout_seconds = 10.0;                             // for all of it
  size_t max_bytes = size_t{1} << 20;
  std::optional<std::string> body = {};  // sent by POST; without it GET
};

struct GetReply {
  long code = 0;  // HTTP status
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
};

// The answer, whatever its code. Redirects are not followed: headers must not reach another host. Statuses: kFailed
// when there is no answer (no network, time-out, a certificate that cannot be checked) or it is too large,
// kInvalidUsage for what is no address or a header with a line end, kInterrupted on Ctrl-C.
Result<GetReply> http_get(const GetRequest& request);

// The same, many times: the connection is kept for the next request to the same server. One thread at a time.
class HttpConnection {
 public:
  HttpConnection();
  HttpConnection(HttpConnection&&) noexcept;
  HttpConnection& operator=(HttpConnection&&) noexcept;
  ~HttpConnection();
  Result<GetReply> send(const GetRequest& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coppice::net
