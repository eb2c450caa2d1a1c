// Errors as values. No library of ours throws across a public function, and none calls exit.
//
//   Result<Vocabulary> vocabulary = load_vocabulary(bytes);
//   if (!vocabulary) return vocabulary.status();
//   use(*vocabulary);
//
// A message says what was read, where, what was expected, and what to do next:
//   "models/dense/config.json: hidden_size is 384 but num_attention_heads is 7; hidden_size must be a multiple of it.
//    Take config.json and model.safetensors from the same checkpoint."
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace coppice {

// What kind of failure, for callers that act on it. Programs turn it into their exit code.
enum class StatusCode {
  kOk,
  kInvalidInput,  // the bytes given are wrong: exit code 3
  kInvalidUsage,  // the call makes no sense, whatever the data: exit code 2
  kNotFound,      // a file, a name or a place does not exist
  kUnsupported,   // well formed, but not something this version does
  kFailed,        // the work failed (disk full, NaN loss, network): exit code 1
  kInterrupted,   // stopped on request, state kept: exit code 130
};

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] bool ok() const { return code_ == StatusCode::kOk; }
  [[nodiscard]] StatusCode code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

  // The same failure seen from one level up: "models/dense: " + message.
  [[nodiscard]] Status with_context(const std::string& where) const {
    return ok() ? *this : Status(code_, where + ": " + message_);
  }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status invalid_input(std::string message) { return {StatusCode::kInvalidInput, std::move(message)}; }
inline Status invalid_usage(std::string message) { return {StatusCode::kInvalidUsage, std::move(message)}; }
inline Status not_found(std::string message) { return {StatusCode::kNotFound, std::move(message)}; }
inline Status unsupported(std::string message) { return {StatusCode::kUnsupported, std::move(message)}; }
inline Status failed(std::string message) { return {StatusCode::kFailed, std::move(message)}; }
inline Status interrupted(std::string message) { return {StatusCode::kInterrupted, std::move(message)}; }

// A value or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {
    assert(!status_.ok() && "a Result without a value needs a failure");
  }  // NOLINT

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Status& status() const { return status_; }

  T& operator*() & { return value_.value(); }
  const T& operator*() const& { return value_.value(); }
  T&& operator*() && { return std::move(value_.value()); }
  T* operator->() { return &value_.value(); }
  const T* operator->() const { return &value_.value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace coppice

// Hand a failure on to the caller: COPPICE_RETURN_IF_ERROR(write(...)).
#define COPPICE_RETURN_IF_ERROR(expression)                        \
  do {                                                             \
    if (::coppice::Status status_ = (expression); !status_.ok()) { \
      return status_;                                              \
    }                                                              \
  } while (false)

// Bind the value or hand the failure on: COPPICE_ASSIGN_OR_RETURN(auto config, parse_config(text)).
#define COPPICE_CONCAT_INNER(a, b) a##b
#define COPPICE_CONCAT(a, b) COPPICE_CONCAT_INNER(a, b)
#define COPPICE_ASSIGN_OR_RETURN(declaration, expression) \
  COPPICE_ASSIGN_OR_RETURN_IMPL(COPPICE_CONCAT(result_, __LINE__), declaration, expression)
#define COPPICE_ASSIGN_OR_RETURN_IMPL(result, declaration, expression) \
  auto result = (expression);                                          \
  if (!(result).ok()) return (result).status();                        \
  declaration = std::move(*(result))
