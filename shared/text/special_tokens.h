// The special tokens. Written literally in raw text, letter case and all, they stand for themselves before anything is
// normalised, as in Hugging Face tokenizers: "[SEP]" is id 102 even inside a word, "[sep]" is three ordinary words.
#pragma once

#include <array>
#include <string_view>

namespace coppice::text {

enum class SpecialToken { kPad, kUnk, kCls, kSep, kMask };

inline constexpr std::array<std::string_view, 5> kSpecialTokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

// Index into kSpecialTokens of the one that `text` begins with, or -1. None is a prefix of another.
inline int match_special_token(std::string_view text) {
  for (size_t k = 0; k < kSpecialTokens.size(); ++k) {
    if (text.substr(0, kSpecialTokens[k].size()) == kSpecialTokens[k]) return static_cast<int>(k);
  }
  return -1;
}

}  // namespace coppice::text
