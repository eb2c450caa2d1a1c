// Second stage: normalised code points to words. White space ends a word and is dropped; each punctuation character is
// a word of its own (BertPreTokenizer).
//
//   "can't stop"  ->  can | ' | t | stop
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/text/span.h"
#include "shared/text/unicode/unicode_data.h"
#include "shared/text/utf8.h"

namespace coppice::text {

// What a byte of raw text means when the text round it is ASCII.
enum class AsciiClass : uint8_t {
  kOther,        // a control character or part of a longer code point: needs the normaliser
  kWord,         // letter or digit
  kSpace,        // space, tab, LF, CR
  kPunctuation,  // !-/ :-@ [-` {-~
};

constexpr std::array<AsciiClass, 256> make_ascii_classes() {
  std::array<AsciiClass, 256> classes{};
  for (int c = 0x21; c < 0x7F; ++c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    classes[static_cast<size_t>(c)] = alphanumeric ? AsciiClass::kWord : AsciiClass::kPunctuation;
  }
  for (const char c : {' ', '\t', '\n', '\r'}) classes[static_cast<size_t>(c)] = AsciiClass::kSpace;
  return classes;
}
inline constexpr std::array<AsciiClass, 256> kAsciiClasses = make_ascii_classes();

inline AsciiClass ascii_class_of(char c) { return kAsciiClasses[static_cast<uint8_t>(c)]; }

// One word under construction. It keeps at most `max_code_points`: a longer word is [UNK] whatever it holds, so only
// its extent matters and a hostile text without spaces costs no memory.
class WordBuffer {
 public:
  explicit WordBuffer(int max_code_points) : max_code_points_(static_cast<size_t>(max_code_points)) {}

  void append(char32_t code_point, Span span) {
    if (count_ == 0) extent_ = span;
    // Reordered marks may come from before or after their neighbour, hence both comparisons.
    if (span.begin < extent_.begin) extent_.begin = span.begin;
    if (span.end > extent_.end) extent_.end = span.end;
    if (count_ < max_code_points_) {
      starts_.push_back(static_cast<uint32_t>(bytes_.size()));
      spans_.push_back(span);
      append_utf8(code_point, bytes_);
    }
    ++count_;
  }
  void clear() {
    count_ = 0;
    bytes_.clear();
    starts_.clear();
    spans_.clear();
  }

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] bool too_long() const { return count_ > max_code_points_; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }  // UTF-8, normalised
  [[nodiscard]] Span extent() const { return extent_; }            // in the raw text
  // Raw text behind the normalised bytes [begin, end), both on code point boundaries.
  [[nodiscard]] Span raw_span(uint32_t begin, uint32_t end) const;

 private:
  size_t max_code_points_;
  size_t count_ = 0;
  Span extent_{};
  std::string bytes_;
  std::vector<uint32_t> starts_;  // offset in bytes_ of each code point
  std::vector<Span> spans_;
};

// Takes code points and calls on_word(const WordBuffer&) for each word. finish() hands over the last.
template <typename OnWord>
class PreTokenizer {
 public:
  PreTokenizer(WordBuffer& word, OnWord on_word) : word_(word), on_word_(std::move(on_word)) { word_.clear(); }

  void accept(char32_t code_point, Span span) {
    const uint8_t flags = unicode::record_of(code_point).flags;
    if ((flags & (unicode::kSpace | unicode::kPunctuation)) == 0) {
      word_.append(code_point, span);
      return;
    }
    finish();
    if ((flags & unicode::kPunctuation) != 0) {
      word_.append(code_point, span);
      finish();
    }
  }
  void finish() {
    if (word_.empty()) return;
    on_word_(word_);
    word_.clear();
  }

 private:
  WordBuffer& word_;
  OnWord on_word_;
};

}  // namespace coppice::text
