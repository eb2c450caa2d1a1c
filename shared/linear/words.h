// A text as words for a bag of n-grams, handed on as hashes.
//
// Letters are lower-cased and lose their accents by BERT's rules (shared/text/normalizer.h). A word is a run of code
// points that are neither white space nor punctuation; an apostrophe between two of them belongs to it ("don't").
// "!" and "?" are words of their own, as they carry mood; other punctuation only separates. Mark-up such as "<br />" is
// white space.
//
//   "It isn't <br />good!"  ->  it | isn't | good | !
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/stable_hash.h"
#include "shared/text/normalizer.h"
#include "shared/text/utf8.h"

namespace coppice::linear {

// Longest mark-up between "<" and ">", in bytes: "a < b and c > d" must not lose its middle.
inline constexpr size_t kLongestMarkup = 64;

// The position behind the mark-up that begins at text[at] == '<', or `at` if none does: "<", perhaps "/", a letter,
// and ">" before the next "<" and within kLongestMarkup bytes.
size_t end_of_markup(std::string_view text, size_t at);

// Takes code points and calls on_word(uint64_t hash) for each word. The same word has the same hash everywhere: FNV-1a
// over its normalised UTF-8, mixed.
template <typename OnWord>
class WordHasher {
 public:
  explicit WordHasher(OnWord on_word) : on_word_(std::move(on_word)) {}

  void accept(char32_t code_point) {
    const bool apostrophe = code_point == U'\'' || code_point == U'\u2019';
    if (apostrophe) {
      pending_apostrophe_ = in_word_;
      return;
    }
    const uint8_t flags = text::unicode::record_of(code_point).flags;
    if ((flags & (text::unicode::kSpace | text::unicode::kPunctuation)) == 0) {
      if (pending_apostrophe_) hash_ = fnv1a(hash_, '\'');
      pending_apostrophe_ = false;
      in_word_ = true;
      bytes_.clear();
      text::append_utf8(code_point, bytes_);
      for (const char byte : bytes_) hash_ = fnv1a(hash_, byte);
      return;
    }
    finish();
    if (code_point == U'!' || code_point == U'?') on_word_(mix64(fnv1a(kFnv1aStart, static_cast<char>(code_point))));
  }

  void finish() {
    if (in_word_) on_word_(mix64(hash_));
    hash_ = kFnv1aStart;
    in_word_ = false;
    pending_apostrophe_ = false;
  }

 private:
  OnWord on_word_;
  uint64_t hash_ = kFnv1aStart;
  bool in_word_ = false;
  bool pending_apostrophe_ = false;
  std::string bytes_;
};

template <typename OnWord>
void for_each_word(std::string_view text, OnWord&& on_word) {
  WordHasher hasher(on_word);
  const text::NormalizerOptions options;
  const auto accept = [&](char32_t code_point, text::Span) { hasher.accept(code_point); };
  size_t begin = 0;
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    const size_t end = end_of_markup(text, at);
    if (end == at) {
      ++at;
      continue;
    }
    text::normalize_into(text.substr(begin, at - begin), 0, options, accept);
    hasher.finish();
    begin = at = end;
  }
  text::normalize_into(text.substr(begin), 0, options, accept);
  hasher.finish();
}

}  // namespace coppice::linear
