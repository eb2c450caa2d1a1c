// Third stage: a word to pieces, greedily the longest that the vocabulary has; pieces after the first are the entries
// written "##...". If some rest matches nothing, the whole word is [UNK].
//
//   "unaffable" with un, ##aff, ##able  ->  un ##aff ##able
//
// Two structures: a hash table of whole words of at most 16 bytes, which answers nine words in ten of ordinary text
// with one probe, and a byte trie for the others.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "shared/text/vocabulary.h"

namespace coppice::text {

// A word of at most 16 bytes, zero-padded, first byte lowest. Words never hold U+0000, so padding is unambiguous.
struct ShortWord {
  uint64_t low = 0;
  uint64_t high = 0;
};
constexpr size_t kShortWordBytes = 16;

struct Piece {
  int32_t id;
  uint32_t begin;  // bytes in the word
  uint32_t end;
};

class WordPiece {
 public:
  explicit WordPiece(const Vocabulary& vocabulary);

  // Id of `word` if it is an entry as a whole, else -1.
  [[nodiscard]] int32_t find_short(const ShortWord& word) const {
    for (size_t slot = slot_of(word);; slot = (slot + 1) & slot_mask_) {
      const Slot& candidate = slots_[slot];
      if (candidate.id < 0 || (candidate.word.low == word.low && candidate.word.high == word.high)) return candidate.id;
    }
  }

  // Splits `word` (UTF-8, normalised, not empty) and appends its pieces. False, with nothing appended, if it is [UNK].
  bool split(std::string_view word, std::vector<Piece>& pieces) const;

 private:
  struct Slot {
    ShortWord word;
    int32_t id = -1;
  };
  // A node's children are contiguous, in the order of their byte; labels_[n] is the byte that leads to node n.
  struct Node {
    uint32_t first_child = 0;
    uint32_t child_count = 0;
    int32_t id = -1;  // the entry that ends here
  };
  struct Match {
    int32_t id;
    size_t length;
  };
  static constexpr uint32_t kNone = 0;  // the first root: no node's child

  [[nodiscard]] size_t slot_of(const ShortWord& word) const {
    // Multiply-rotate mixing; the top bits depend on every byte.
    uint64_t hash = word.low * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 32;
    hash = (hash ^ word.high) * 0xD6E8FEB86659FD93ULL;
    return static_cast<size_t>(hash >> slot_shift_);
  }
  void build_hash(const Vocabulary& vocabulary);
  void build_trie(const Vocabulary& vocabulary);
  [[nodiscard]] uint32_t child_of(uint32_t node, uint8_t label) const;
  [[nodiscard]] Match longest_match(const std::array<uint32_t, 256>& root_children, std::string_view text) const;

  std::vector<Slot> slots_;
  size_t slot_mask_ = 0;
  int slot_shift_ = 0;
  std::vector<Node> nodes_;  // nodes 0 and 1 are the roots: word starts, continuations
  std::vector<uint8_t> labels_;
  std::array<uint32_t, 256> start_children_{};
  std::array<uint32_t, 256> continuation_children_{};
};

}  // namespace coppice::text
