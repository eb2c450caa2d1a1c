#include "native/serve/classify_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace coppice::serve {
namespace {

using nlohmann::json;

constexpr const char* kUsage = "include_usage";

// nlohmann's parser calls it piece by piece: nesting and doubled members are seen before anything is stored.
class RequestReader : public nlohmann::json_sax<json> {
 public:
  explicit RequestReader(const ClassifyLimits& limits) : limits_(limits) {}

  bool null() override { return wrong("null"); }
  bool boolean(bool value) override {
    if (depth_ != 1 || member_ != kUsage) return wrong("true or false");
    request_.include_usage = value;
    return true;
  }
  bool number_integer(number_integer_t) override { return wrong("a number"); }
  bool number_unsigned(number_unsigned_t) override { return wrong("a number"); }
  bool number_float(number_float_t, const string_t&) override { return wrong("a number"); }
  bool binary(binary_t&) override { return wrong("bytes"); }

  bool start_object(std::size_t) override {
    if (depth_ != 0) return wrong("an object");
    depth_ = 1;
    return true;
  }
  bool end_object() override {
    depth_ = 0;
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ != 1 || !is_list()) return wrong("an array");
    depth_ = 2;
    return true;
  }
  bool end_array() override {
    depth_ = 1;
    return true;
  }
  bool key(string_t& name) override {
    if (name != "text" && name != "texts" && name != "model" && name != "models" && name != kUsage) {
      return fail("\"" + shortened(name) + "\" is no member; expected text or texts, model or models if any, and " +
                  kUsage + " if wanted");
    }
    member_ = name;
    if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) return fail(member_ + ": is there twice");
    seen_.push_back(name);
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ == 0 || (depth_ == 1) == is_list() || member_ == kUsage) return wrong("a string");
    const bool text = member_.starts_with("text");
    std::vector<std::string>& into = text ? request_.texts : request_.models;
    const size_t most = text ? limits_.texts : limits_.models;
    if (value.empty()) return fail(member_ + ": a string is empty");
    if (into.size() == most) return fail(member_ + ": more than " + std::to_string(most) + "; send them in parts");
    if (text && value.size() > limits_.text_bytes) {
      return fail(member_ + ": a text of " + std::to_string(value.size()) + " bytes; at most " +
                  std::to_string(limits_.text_bytes) + " are taken");
    }
    into.push_back(std::move(value));
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail("not valid JSON in UTF-8 at byte " + std::to_string(position));
  }

  Result<ClassifyRequest> finish() && {
    if (!fault_.empty()) return invalid_input(fault_);
    const auto has = [&](const char* name) { return std::find(seen_.begin(), seen_.end(), name) != seen_.end(); };
    if (has("text") && has("texts")) return invalid_input("text and texts together; give one of them");
    if (has("model") && has("models")) return invalid_input("model and models together; give one of them");
    if (request_.texts.empty()) return invalid_input("no text; expected {\"text\":\"...\"} or {\"texts\":[\"...\"]}");
    if (has("models") && request_.models.empty())
      return invalid_input("models: is empty; leave it out for every model");
    return std::move(request_);
  }
  [[nodiscard]] bool faulty() const { return !fault_.empty(); }

 private:
  // The fault first found is the one that is told.
  bool fail(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
    return false;
  }
  bool wrong(const char* found) {
    if (depth_ == 0) return fail(std::string("expected an object, found ").append(found));
    std::string what = member_;
    if (member_ == kUsage && depth_ == 1) return fail(what.append(": expected true or false, found ").append(found));
    what.append(depth_ == 2 || !is_list() ? ": expected a string, found " : ": expected an array of strings, found ");
    return fail(what.append(found));
  }
  [[nodiscard]] bool is_list() const { return member_.ends_with('s'); }
  // Whole code points only: the message must stay UTF-8.
  static std::string shortened(const std::string& text) {
    size_t end = std::min<size_t>(text.size(), 40);
    while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
  }

  const ClassifyLimits& limits_;
  ClassifyRequest request_;
  std::vector<std::string> seen_;
  std::string member_;
  std::string fault_;
  int depth_ = 0;  // 1: in the object, 2: in an array of it
};

}  // namespace

Result<ClassifyRequest> parse_classify_request(std::string_view body, const ClassifyLimits& limits) {
  if (body.size() > limits.body_bytes) return invalid_input("the body is larger than can be taken");
  RequestReader reader(limits);
  if (!json::sax_parse(body, &reader) && !reader.faulty()) return invalid_input("not valid JSON");
  return std::move(reader).finish();
}

}  // namespace coppice::serve
