#include "shared/base/json.h"

#include <cmath>

namespace coppice {
namespace {

constexpr int kMaxDepth = 128;

// True if brackets nest deeper than kMaxDepth outside strings. A scan before parsing, since nlohmann_json recurses when
// it destroys a value and a callback that rejects depth would silently drop members instead.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// nlohmann reports errors only through exceptions or a SAX consumer; the consumer also works with -fno-exceptions.
class ErrorPosition : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    position_ = position;
    return false;
  }
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  std::size_t position_ = 0;
};

std::string type_with_article(const Json& value) {
  const std::string name = value.type_name();
  if (name == "null") return "null";
  return (name == "array" || name == "object" ? "an " : "a ") + name;
}

const Json kNull;

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& source) {
  if (too_deep(text)) {
    return invalid_input(source + ": nested deeper than " + std::to_string(kMaxDepth) +
                         " levels; this is no file of ours");
  }
  Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_discarded()) return document;
  ErrorPosition error;
  Json::sax_parse(text, &error);
  size_t line = 1;
  for (size_t i = 0; i < error.position() && i < text.size(); ++i) line += text[i] == '\n' ? 1 : 0;
  return invalid_input(source + ": not valid JSON at byte " + std::to_string(error.position()) + " (line " +
                       std::to_string(line) + ")" + (text.empty() ? ": it is empty" : "") +
                       "; the file may be cut short or of another kind");
}

std::string dump_json(const Json& document, int indent) {
  return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string dump_json(const OrderedJson& document, int indent) {
  return document.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

JsonReader::JsonReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object())
    status_ = invalid_input(where_ + ": expected an object, found " + type_with_article(object_));
}

bool JsonReader::has(std::string_view key) const {
  if (!object_.is_object()) return false;
  const auto it = object_.find(key);
  return it != object_.end() && !it->is_null();
}

void JsonReader::fail(std::string_view key, const std::string& message) {
  if (status_.ok()) status_ = invalid_input(where_ + ": " + std::string(key) + ": " + message);
}

const Json* JsonReader::find(std::string_view key, const char* expected) {
  if (!object_.is_object()) return nullptr;
  const auto it = object_.find(key);
  if (it == object_.end()) {
    fail(key, std::string("missing; expected ") + expected);
    return nullptr;
  }
  return &*it;
}

const Json& JsonReader::at(std::string_view key) {
  const Json* value = find(key, "a value");
  return value == nullptr ? kNull : *value;
}

std::string JsonReader::string(std::string_view key) {
  const Json* value = find(key, "a string");
  if (value == nullptr) return {};
  if (!value->is_string()) {
    fail(key, "expected a string, found " + type_with_article(*value));
    return {};
  }
  return value->get<std::string>();
}

int64_t JsonReader::integer(std::string_view key) {
  const Json* value = find(key, "an integer");
  if (value == nullptr) return 0;
  if (!value->is_number_integer()) {
    fail(key, "expected an integer, found " + type_with_article(*value));
    return 0;
  }
  if (value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
    fail(key, "the integer is too large");
    return 0;
  }
  return value->get<int64_t>();
}

double JsonReader::number(std::string_view key) {
  const Json* value = find(key, "a number");
  if (value == nullptr) return 0;
  if (!value->is_number()) {
    fail(key, "expected a number, found " + type_with_article(*value));
    return 0;
  }
  return value->get<double>();
}

bool JsonReader::boolean(std::string_view key) {
  const Json* value = find(key, "true or false");
  if (value == nullptr) return false;
  if (!value->is_boolean()) {
    fail(key, "expected true or false, found " + type_with_article(*value));
    return false;
  }
  return value->get<bool>();
}

std::vector<int64_t> JsonReader::integers(std::string_view key) {
  const Json* value = find(key, "an array of integers");
  std::vector<int64_t> numbers;
  if (value == nullptr) return numbers;
  if (!value->is_array()) {
    fail(key, "expected an array of integers, found " + type_with_article(*value));
    return numbers;
  }
  for (const Json& element : *value) {
    if (!element.is_number_integer()) {
      fail(key, "expected an array of integers, found " + type_with_article(element) + " in it");
      return {};
    }
    numbers.push_back(element.get<int64_t>());
  }
  return numbers;
}

std::vector<std::string> JsonReader::strings(std::string_view key) {
  const Json* value = find(key, "an array of strings");
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (!value->is_array()) {
    fail(key, "expected an array of strings, found " + type_with_article(*value));
    return texts;
  }
  for (const Json& element : *value) {
    if (!element.is_string()) {
      fail(key, "expected an array of strings, found " + type_with_article(element) + " in it");
      return {};
    }
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

std::string JsonReader::string_or(std::string_view key, std::string fallback) {
  return has(key) ? string(key) : std::move(fallback);
}
int64_t JsonReader::integer_or(std::string_view key, int64_t fallback) { return has(key) ? integer(key) : fallback; }
double JsonReader::number_or(std::string_view key, double fallback) { return has(key) ? number(key) : fallback; }
bool JsonReader::boolean_or(std::string_view key, bool fallback) { return has(key) ? boolean(key) : fallback; }

}  // namespace coppice
