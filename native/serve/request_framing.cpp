#include "native/serve/request_framing.h"

#include <httplib.h>

#include <algorithm>
#include <charconv>

namespace coppice::serve {
namespace {

// A status of HTTP and a code in front of the message: "413 too_large the body ...".
Status refused(const char* status_and_code, const std::string& message) {
  return invalid_input(std::string(status_and_code).append(" ").append(message));
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_json(std::string_view type) {
  std::string name(type.substr(0, type.find(';')));
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name == "application/json";
}

}  // namespace

bool may_have_body(const httplib::Request& request) {
  const std::string length = request.get_header_value("Content-Length");
  const bool odd = std::any_of(request.headers.begin(), request.headers.end(),
                               [](const auto& header) { return !is_token(header.first); });
  return (!length.empty() && length != "0") || request.get_header_value_count("Content-Length") > 1 ||
         request.has_header("Transfer-Encoding") || odd;
}

Result<size_t> body_length(const httplib::Request& request, size_t most) {
  if (request.method != "POST") return refused("405 method_not_allowed", "POST a JSON document here");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return refused("400 bad_header", "the name of a header holds characters that none may have");
  }
  const bool chunked = request.has_header("Transfer-Encoding");
  const size_t lengths = request.get_header_value_count("Content-Length");
  if (lengths > 1 || (lengths == 1 && chunked)) {
    return refused("400 bad_length", "more than one statement of the body's length");
  }
  if (chunked || lengths == 0) return refused("411 length_required", "state the body's length in Content-Length");
  const std::string text = request.get_header_value("Content-Length");
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos && !text.empty();
  if (!digits || (error != std::errc() && error != std::errc::result_out_of_range)) {
    return refused("400 bad_length", "Content-Length is no number");
  }
  if (error != std::errc() || length > most) {
    return refused("413 too_large",
                   "the body is larger than " + std::to_string(most) + " bytes; send the texts in parts");
  }
  if (request.has_header("Content-Encoding")) return refused("415 unsupported_type", "send the body uncompressed");
  if (!is_json(request.get_header_value("Content-Type"))) {
    return refused("415 unsupported_type", "expected the header Content-Type: application/json");
  }
  return length;
}

ApiAnswer framing_answer(const Status& status) {
  const std::string& text = status.message();
  const size_t first = text.find(' ');
  const size_t second = text.find(' ', first + 1);
  return error_answer(std::stoi(text.substr(0, first)), text.substr(first + 1, second - first - 1).c_str(),
                      text.substr(second + 1));
}

}  // namespace coppice::serve
