#include "native/lifecycle/locate.h"

#include <algorithm>

namespace coppice::lifecycle {
namespace {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  // A string or escape that is cut off leaves the cursor behind the end.
  [[nodiscard]] size_t position() const { return std::min(at_, text_.size()); }
  void step() { ++at_; }

  // The characters of a string, escapes as they are written: names in our files need none.
  std::string_view string() {
    const size_t start = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    const std::string_view inner = text_.substr(start, std::min(at_, text_.size()) - start);
    ++at_;
    return inner;
  }

  void skip_value() {
    int depth = 0;
    do {
      skip_space();
      const char c = peek();
      if (c == '\0') return;
      if (c == '"') {
        string();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else if (c == ',' || c == ':') {
        ++at_;
      } else {
        while (at_ < text_.size() && std::string_view(",:]}[{\" \t\r\n").find(text_[at_]) == std::string_view::npos)
          ++at_;
      }
    } while (depth > 0);
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// Moves to the value of a member or entry of the value at the cursor; false if there is none.
bool enter(Cursor& cursor, const PathPart& part) {
  const bool by_name = std::holds_alternative<std::string>(part);
  if (cursor.peek() != (by_name ? '{' : '[')) return false;
  const char end = by_name ? '}' : ']';
  cursor.step();
  for (size_t index = 0;; ++index) {
    cursor.skip_space();
    if (cursor.peek() == end || cursor.peek() == '\0') return false;
    bool found = !by_name && index == std::get<size_t>(part);
    if (by_name) {
      found = cursor.string() == std::get<std::string>(part);
      cursor.skip_space();
      cursor.step();  // the colon
      cursor.skip_space();
    }
    if (found) return true;
    cursor.skip_value();
    cursor.skip_space();
    if (cursor.peek() == ',') cursor.step();
  }
}

}  // namespace

std::string to_string(const JsonPath& path) {
  std::string text;
  for (const PathPart& part : path) {
    if (std::holds_alternative<size_t>(part)) {
      text.append("[").append(std::to_string(std::get<size_t>(part))).append("]");
    } else {
      text.append(text.empty() ? "" : ".").append(std::get<std::string>(part));
    }
  }
  return text;
}

size_t line_of(std::string_view text, const JsonPath& path) {
  Cursor cursor(text);
  cursor.skip_space();
  size_t at = cursor.position();
  for (const PathPart& part : path) {
    if (!enter(cursor, part)) break;
    at = cursor.position();
  }
  return 1 + static_cast<size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace coppice::lifecycle
