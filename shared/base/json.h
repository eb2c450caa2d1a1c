// JSON for the core: nlohmann_json without exceptions, with errors that say where in the document.
//
//   COPPICE_ASSIGN_OR_RETURN(Json document, parse_json(text, "manifest.json"));
//   JsonReader reader(document, "manifest.json");
//   int64_t bytes = reader.integer("bytes");            // the first error is kept, later reads give zero values
//   if (!reader.status().ok()) return reader.status();  // "manifest.json: bytes: expected an integer, found a string"
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice {

using Json = nlohmann::json;
// Keeps members in the order they were written: for files people read.
using OrderedJson = nlohmann::ordered_json;

// Parses one document. `source` names it in the message (a file, "standard input, line 3"). Nesting deeper than 128 is
// refused so that hostile input cannot exhaust the stack.
Result<Json> parse_json(std::string_view text, const std::string& source);

// Serialises; bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump_json(const Json& document, int indent = -1);
std::string dump_json(const OrderedJson& document, int indent = -1);

// Reads members of one object and keeps the first error, so that a parser is a list of assignments with one check.
// Holds a reference: the document must outlive it.
class JsonReader {
 public:
  JsonReader(const Json& object, std::string where);

  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] bool has(std::string_view key) const;

  // Required members.
  std::string string(std::string_view key);
  int64_t integer(std::string_view key);
  double number(std::string_view key);
  bool boolean(std::string_view key);
  // The member itself, null with an error kept if it is missing.
  const Json& at(std::string_view key);
  std::vector<int64_t> integers(std::string_view key);
  std::vector<std::string> strings(std::string_view key);

  // Optional members: `fallback` when absent or null, an error when of another type.
  std::string string_or(std::string_view key, std::string fallback);
  int64_t integer_or(std::string_view key, int64_t fallback);
  double number_or(std::string_view key, double fallback);
  bool boolean_or(std::string_view key, bool fallback);

  // Adds an error of the caller's own about `key`, e.g. a value out of range.
  void fail(std::string_view key, const std::string& message);

 private:
  const Json* find(std::string_view key, const char* expected);

  const Json& object_;
  std::string where_;
  Status status_;
};

}  // namespace coppice
