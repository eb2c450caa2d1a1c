#include "native/records/quick_json.h"

#include <simdjson.h>

#include <algorithm>

namespace coppice::records {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr size_t kMaxDepth = 128;  // so deep `converted` recurses
constexpr size_t kLeastCapacity = size_t{256} << 10;

Json converted(element value) {
  switch (value.type()) {
    case element_type::OBJECT: {
      Json object = Json::object();
      for (const auto [key, member] : simdjson::dom::object(value)) object[std::string(key)] = converted(member);
      return object;
    }
    case element_type::ARRAY: {
      Json array = Json::array();
      for (const element item : simdjson::dom::array(value)) array.push_back(converted(item));
      return array;
    }
    case element_type::INT64: {
      // nlohmann_json's own parser makes numbers without a sign unsigned.
      const int64_t number = value.get_int64().value_unsafe();
      return number < 0 ? Json(number) : Json(static_cast<uint64_t>(number));
    }
    case element_type::UINT64:
      return value.get_uint64().value_unsafe();
    case element_type::DOUBLE:
      return value.get_double().value_unsafe();
    case element_type::STRING:
      return std::string(value.get_string().value_unsafe());
    case element_type::BOOL:
      return value.get_bool().value_unsafe();
    case element_type::NULL_VALUE:
      return nullptr;
  }
  return nullptr;
}

}  // namespace

Result<Json> quick_parse_json(std::string_view text, const std::string& source) {
  thread_local simdjson::dom::parser parser;
  if (parser.capacity() < text.size() &&
      parser.allocate(std::max(text.size(), kLeastCapacity), kMaxDepth) != simdjson::SUCCESS) {
    return parse_json(text, source);
  }
  element document;
  // What it refuses, among it what is beyond 64 bits or too deep, is for the parser of everything else to say.
  if (parser.parse(simdjson::padded_string(text)).get(document) != simdjson::SUCCESS) return parse_json(text, source);
  return converted(document);
}

}  // namespace coppice::records
