// Parts of a test set by stated rules: the label, the length, negation, contrast, and a kind that the data names. The
// rules are lexical: words are counted, nothing is understood. docs/statistics.md says them in full; who changes a rule
// raises kSliceRules.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::compare_models {

inline constexpr int kSliceRules = 1;

// A word is a run of ASCII letters, digits and bytes of other characters, with apostrophes (' or U+2019) inside it;
// ASCII letters are lower-cased, everything else separates, and mark-up such as "<br />" is white space.
std::vector<std::string> words_of(std::string_view text);

// One of the words listed in slices.cpp, or ending in n't.
bool is_negation(std::string_view word);
// "but", "however", ...: listed in slices.cpp.
bool is_contrast(std::string_view word);

struct LexicalCounts {
  int64_t words = 0;
  int64_t negations = 0;
  int64_t contrasts = 0;
};
LexicalCounts count_words(std::string_view text);

struct Slice {
  std::string family;             // "label", "words", "negation", "contrast", "kind"
  std::string name;               // "101 to 200 words"
  std::vector<uint32_t> members;  // indices of reviews; may be empty
};

// What is known of each review beside its label, in the order of the labels.
struct ReviewTraits {
  std::vector<LexicalCounts> counts;  // empty: the texts are not known
  std::vector<std::string> kinds;     // empty: the data names none
};

// Every slice of every family that can be formed, empty ones too; kinds in the order of the alphabet.
std::vector<Slice> make_slices(std::span<const int> labels, const ReviewTraits& traits);

}  // namespace coppice::compare_models
