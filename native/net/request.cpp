#include "native/net/request.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "native/net/curl_handle.h"
#include "native/net/interrupt.h"

namespace coppice::net {
namespace {

// What the callbacks fill.
struct Receiver {
  GetReply reply;
  size_t max_bytes = 0;
  bool too_large = false;
};

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

size_t on_header(char* data, size_t, size_t size, void* target) {
  auto* receiver = static_cast<Receiver*>(target);
  const std::string_view line(data, size);
  if (line.substr(0, 5) == "HTTP/") receiver->reply.headers.clear();  // "100 Continue" came before
  if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    receiver->reply.headers[name] = trimmed(line.substr(colon + 1));
  }
  return size;
}

size_t on_body(char* data, size_t, size_t size, void* target) {
  auto* receiver = static_cast<Receiver*>(target);
  if (receiver->reply.body.size() + size > receiver->max_bytes) {
    receiver->too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  receiver->reply.body.append(data, size);
  return size;
}

int on_progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return interrupt_requested() ? 1 : 0; }

Status no_answer(const GetRequest& request, const Receiver& receiver, CURLcode code, const std::string& reason) {
  const std::string where = request.url + ": ";
  if (interrupt_requested()) return interrupted(where + "stopped");
  if (receiver.too_large) {
    return failed(where + "the answer is larger than " + std::to_string(request.max_bytes) + " bytes");
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return failed(where + "no answer within " + std::to_string(static_cast<int>(request.timeout_seconds)) + " s");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return invalid_usage(where + reason + "; expected an http or https address");
    default:
      return failed(where + reason);
  }
}

}  // namespace

struct HttpConnection::State {
  CurlHandle curl;
};

HttpConnection::HttpConnection() : state_(std::make_unique<State>()) {}
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;
HttpConnection& HttpConnection::operator=(HttpConnection&&) noexcept = default;
HttpConnection::~HttpConnection() = default;

Result<GetReply> http_get(const GetRequest& request) { return HttpConnection().send(request); }

Result<GetReply> HttpConnection::send(const GetRequest& request) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CurlHandle& curl = state_->curl;
  if (!curl) curl.reset(curl_easy_init());
  if (started != CURLE_OK || !curl) return failed("cannot start libcurl");
  curl_easy_reset(curl.get());  // options, not connections
  CurlList headers;
  for (const auto& [name, value] : request.headers) {
    const std::string line = name + ": " + value;
    if (line.find_first_of("\r\n") != std::string::npos || line.find('\0') != std::string::npos) {
      return invalid_usage(request.url + ": the header " + name + " would hold a line end");
    }
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  }
  Receiver receiver;
  receiver.max_bytes = request.max_bytes;
  char reason[CURL_ERROR_SIZE] = "";
  CURL* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  if (request.body) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body->data());
  }
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "coppice/0.1");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(request.timeout_seconds * 1000.0)));
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &receiver);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  const CURLcode code = curl_easy_perform(handle);
  if (code != CURLE_OK) {
    return no_answer(request, receiver, code, reason[0] != '\0' ? reason : curl_easy_strerror(code));
  }
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &receiver.reply.code);
  return std::move(receiver.reply);
}

}  // namespace coppice::net
