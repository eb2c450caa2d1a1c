// What of a text is left out in turn: words, and the sentences they stand in.
//
//   "It isn't good! A pity."  ->  words      It | isn't | good | ! | A | pity
//                                 sentences  It isn't good!  |  A pity.
//
// A word is what shared/linear takes for one: a run of code points that are neither white space nor punctuation, with
// an apostrophe between two of them; "!" and "?" are words, as they carry mood; mark-up such as "<br />" is none. A CJK
// ideograph is a word of its own, as BERT reads it. A sentence ends after . ! ? or … before white space, at a line end
// or at mark-up; one of more than kLongestSentence words is cut, at a comma or the like where there is one.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "shared/text/span.h"

namespace coppice::explain {

inline constexpr size_t kLongestSentence = 24;  // words

struct Sentence {
  text::Span span;  // with its punctuation; sentences do not overlap and stand in order
  size_t first_word = 0;
  size_t end_word = 0;  // one past its last
};

struct Units {
  std::vector<text::Span> words;
  std::vector<Sentence> sentences;
};

// Any bytes below 4 GiB.
Units find_units(std::string_view text);

}  // namespace coppice::explain
