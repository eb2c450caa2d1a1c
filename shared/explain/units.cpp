#include "shared/explain/units.h"

#include <utility>

#include "shared/linear/words.h"
#include "shared/text/unicode/unicode_data.h"
#include "shared/text/utf8.h"

namespace coppice::explain {
namespace {

bool ends_sentence(char32_t c) { return c == U'.' || c == U'!' || c == U'?' || c == U'\u2026' || c == U'\u3002'; }
bool ends_clause(char32_t c) {
  return c == U',' || c == U';' || c == U':' || c == U'\u2013' || c == U'\u2014' || c == U'(' || c == U')';
}
bool is_apostrophe(char32_t c) { return c == U'\'' || c == U'\u2019'; }

class UnitFinder {
 public:
  explicit UnitFinder(std::string_view text) : text_(text) {}

  Units find() {
    size_t at = 0;
    while (at < text_.size()) {
      if (text_[at] == '<') {
        const size_t behind = linear::end_of_markup(text_, at);
        if (behind != at) {
          end_word();
          end_sentence(at);
          at = behind;
          continue;
        }
      }
      const text::DecodedCodePoint decoded = text::decode_utf8(text_, at);
      accept(decoded.code_point, at, at + decoded.length);
      at += decoded.length;
    }
    end_word();
    end_sentence(text_.size());
    return std::move(units_);
  }

 private:
  void accept(char32_t code_point, size_t begin, size_t end) {
    const uint8_t flags = text::unicode::record_of(code_point).flags;
    if (is_apostrophe(code_point) && in_word_) return;  // of the word only if another letter follows
    if ((flags & (text::unicode::kSpace | text::unicode::kPunctuation)) == 0) {
      if ((flags & text::unicode::kCjkIdeograph) != 0) {
        end_word();
        begin_word(begin, end);
        end_word();
        return;
      }
      if (!in_word_) begin_word(begin, end);
      word_end_ = end;
      return;
    }
    end_word();
    if (code_point == U'!' || code_point == U'?') {
      if (mark_end_ == begin && !units_.words.empty()) {
        units_.words.back().end = static_cast<uint32_t>(end);  // "?!" is one
      } else {
        units_.words.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      }
      mark_end_ = end;
    }
    if (code_point == U'\n' || ((flags & text::unicode::kSpace) != 0 && closed_)) return end_sentence(begin);
    if (ends_sentence(code_point)) closed_ = true;
    if (ends_clause(code_point)) note_clause(end);
  }

  void begin_word(size_t begin, size_t end) {
    closed_ = false;  // "3.5" and "www.example" go on
    in_word_ = true;
    word_begin_ = begin;
    word_end_ = end;
  }

  void end_word() {
    if (!in_word_) return;
    in_word_ = false;
    units_.words.push_back({static_cast<uint32_t>(word_begin_), static_cast<uint32_t>(word_end_)});
    const size_t words = units_.words.size() - first_word_;
    if (words < kLongestSentence) return;
    // Too long: cut behind the last comma if that leaves something on both sides, else here.
    if (clause_words_ > first_word_ && clause_words_ < units_.words.size()) {
      close(clause_end_, clause_words_);
    } else {
      close(word_end_, units_.words.size());
    }
  }

  void note_clause(size_t end) {
    clause_end_ = end;
    clause_words_ = units_.words.size();
  }

  void end_sentence(size_t at) {
    closed_ = false;
    close(at, units_.words.size());
  }

  void close(size_t at, size_t words) {
    if (words > first_word_) {
      units_.sentences.push_back({{units_.words[first_word_].begin, static_cast<uint32_t>(at)}, first_word_, words});
    }
    first_word_ = words;
    clause_words_ = 0;
  }

  std::string_view text_;
  Units units_;
  size_t first_word_ = 0;  // of the sentence
  size_t word_begin_ = 0;
  size_t word_end_ = 0;
  size_t mark_end_ = SIZE_MAX;
  size_t clause_end_ = 0;
  size_t clause_words_ = 0;  // words before the last comma
  bool in_word_ = false;
  bool closed_ = false;  // a full stop was seen, and no word since
};

}  // namespace

Units find_units(std::string_view text) { return UnitFinder(text).find(); }

}  // namespace coppice::explain
