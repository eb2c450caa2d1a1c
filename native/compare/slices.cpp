#include "native/compare/slices.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <set>

#include "shared/linear/words.h"

namespace coppice::compare_models {
namespace {

// Sorted. Forms without their apostrophe are how reviews are often typed ("cant" and "wont" are rare as other words).
constexpr auto kNegations = std::to_array<std::string_view>(
    {"aint",   "arent",   "barely",  "cannot",   "cant",     "couldnt", "didnt",  "doesnt",  "dont", "hadnt",
     "hardly", "hasnt",   "havent",  "isnt",     "neither",  "never",   "no",     "nobody",  "none", "nor",
     "not",    "nothing", "nowhere", "scarcely", "shouldnt", "wasnt",   "werent", "without", "wont", "wouldnt"});

// Sorted.
constexpr auto kContrasts =
    std::to_array<std::string_view>({"albeit", "although", "but", "despite", "however", "nevertheless", "nonetheless",
                                     "notwithstanding", "tho", "though", "whereas", "yet"});

constexpr std::string_view kTypographicApostrophe = "\xE2\x80\x99";

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct Range {
  const char* name;
  int64_t low;
  int64_t high;  // included
};

constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();
// Half of IMDb's reviews are below 175 words, a tenth above 450; 256 tokens are about 200 words.
constexpr auto kWordRanges = std::to_array<Range>({{"up to 100 words", 0, 100},
                                                   {"101 to 200 words", 101, 200},
                                                   {"201 to 400 words", 201, 400},
                                                   {"over 400 words", 401, kNoEnd}});
constexpr auto kNegationRanges =
    std::to_array<Range>({{"no negation", 0, 0}, {"1 to 3 negations", 1, 3}, {"4 or more negations", 4, kNoEnd}});
constexpr auto kContrastRanges =
    std::to_array<Range>({{"no contrast", 0, 0}, {"1 to 2 contrasts", 1, 2}, {"3 or more contrasts", 3, kNoEnd}});

void add(std::vector<Slice>& slices, const char* family, std::string name, size_t reviews,
         const std::function<bool(size_t)>& belongs) {
  Slice slice{family, std::move(name), {}};
  for (size_t i = 0; i < reviews; ++i) {
    if (belongs(i)) slice.members.push_back(static_cast<uint32_t>(i));
  }
  slices.push_back(std::move(slice));
}

template <size_t N>
void add_ranges(std::vector<Slice>& slices, const char* family, const std::array<Range, N>& ranges,
                const std::vector<LexicalCounts>& counts, int64_t LexicalCounts::*member) {
  for (const Range& range : ranges) {
    add(slices, family, range.name, counts.size(),
        [&](size_t i) { return counts[i].*member >= range.low && counts[i].*member <= range.high; });
  }
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    while (!word.empty() && word.back() == '\'') word.pop_back();
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '<') {
      finish();
      const size_t end = linear::end_of_markup(text, at);
      at = end == at ? at + 1 : end;
      continue;
    }
    const bool typographic = text.substr(at, kTypographicApostrophe.size()) == kTypographicApostrophe;
    if (typographic || text[at] == '\'') {
      if (!word.empty()) word += '\'';
      at += typographic ? kTypographicApostrophe.size() : 1;
      continue;
    }
    if (is_word_byte(text[at])) {
      word += lower(text[at]);
    } else {
      finish();
    }
    ++at;
  }
  finish();
  return words;
}

bool is_negation(std::string_view word) {
  return word.ends_with("n't") || std::binary_search(kNegations.begin(), kNegations.end(), word);
}

bool is_contrast(std::string_view word) { return std::binary_search(kContrasts.begin(), kContrasts.end(), word); }

LexicalCounts count_words(std::string_view text) {
  LexicalCounts counts;
  for (const std::string& word : words_of(text)) {
    ++counts.words;
    counts.negations += is_negation(word) ? 1 : 0;
    counts.contrasts += is_contrast(word) ? 1 : 0;
  }
  return counts;
}

std::vector<Slice> make_slices(std::span<const int> labels, const ReviewTraits& traits) {
  static_assert(std::is_sorted(kNegations.begin(), kNegations.end()));
  static_assert(std::is_sorted(kContrasts.begin(), kContrasts.end()));
  std::vector<Slice> slices;
  add(slices, "label", "negative reviews", labels.size(), [&](size_t i) { return labels[i] == 0; });
  add(slices, "label", "positive reviews", labels.size(), [&](size_t i) { return labels[i] == 1; });
  if (!traits.counts.empty()) {
    add_ranges(slices, "words", kWordRanges, traits.counts, &LexicalCounts::words);
    add_ranges(slices, "negation", kNegationRanges, traits.counts, &LexicalCounts::negations);
    add_ranges(slices, "contrast", kContrastRanges, traits.counts, &LexicalCounts::contrasts);
  }
  const std::set<std::string> kinds(traits.kinds.begin(), traits.kinds.end());
  for (const std::string& kind : kinds) {
    if (kind.empty()) continue;
    add(slices, "kind", kind, traits.kinds.size(), [&](size_t i) { return traits.kinds[i] == kind; });
  }
  return slices;
}

}  // namespace coppice::compare_models
