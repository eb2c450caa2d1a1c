#include "shared/text/wordpiece.h"

#include <algorithm>

namespace coppice::text {
namespace {

constexpr std::string_view kContinuation = "##";
constexpr uint32_t kStartRoot = 0;
constexpr uint32_t kContinuationRoot = 1;

bool is_continuation(std::string_view token) {
  return token.size() > kContinuation.size() && token.substr(0, kContinuation.size()) == kContinuation;
}

ShortWord make_short_word(std::string_view word) {
  ShortWord out;
  for (size_t k = 0; k < word.size(); ++k) {
    const auto byte = static_cast<uint64_t>(static_cast<uint8_t>(word[k]));
    (k < 8 ? out.low : out.high) |= byte << (8 * (k % 8));
  }
  return out;
}

}  // namespace

WordPiece::WordPiece(const Vocabulary& vocabulary) {
  build_hash(vocabulary);
  build_trie(vocabulary);
}

void WordPiece::build_hash(const Vocabulary& vocabulary) {
  // At most half full, so that a probe for an absent word ends soon.
  int bits = 4;
  while ((size_t{1} << bits) < 2 * static_cast<size_t>(vocabulary.size())) ++bits;
  slots_.resize(size_t{1} << bits);
  slot_mask_ = slots_.size() - 1;
  slot_shift_ = 64 - bits;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    const std::string_view token = vocabulary.token(id);
    // An entry with U+0000 can match no text, and its padding would be ambiguous.
    if (is_continuation(token) || token.size() > kShortWordBytes || token.find('\0') != std::string_view::npos)
      continue;
    const ShortWord word = make_short_word(token);
    size_t slot = slot_of(word);
    while (slots_[slot].id >= 0) slot = (slot + 1) & slot_mask_;
    slots_[slot] = {word, id};
  }
}

void WordPiece::build_trie(const Vocabulary& vocabulary) {
  // Breadth first over ranges of the sorted vocabulary: all entries in a range share the bytes that lead to its node.
  const std::vector<int32_t>& sorted = vocabulary.sorted_ids();
  struct Range {
    size_t begin, end;  // in `list`
    uint32_t depth;     // bytes shared
    uint32_t node;
  };
  std::vector<std::string_view> list;  // start entries, then continuations without their ##
  std::vector<int32_t> ids;
  for (const bool continuation : {false, true}) {
    for (const int32_t id : sorted) {
      const std::string_view token = vocabulary.token(id);
      if (is_continuation(token) != continuation) continue;
      list.push_back(continuation ? token.substr(kContinuation.size()) : token);
      ids.push_back(id);
    }
  }
  const auto continuations = static_cast<size_t>(
      std::count_if(sorted.begin(), sorted.end(), [&](int32_t id) { return is_continuation(vocabulary.token(id)); }));
  const size_t starts = list.size() - continuations;

  nodes_.resize(2);
  labels_.resize(2);
  std::vector<Range> queue{{0, starts, 0, kStartRoot}, {starts, list.size(), 0, kContinuationRoot}};
  for (size_t head = 0; head < queue.size(); ++head) {
    const Range range = queue[head];
    size_t k = range.begin;
    if (k < range.end && list[k].size() == range.depth) nodes_[range.node].id = ids[k++];
    nodes_[range.node].first_child = static_cast<uint32_t>(nodes_.size());
    while (k < range.end) {
      const size_t begin = k;
      const char label = list[k][range.depth];
      while (k < range.end && list[k][range.depth] == label) ++k;
      queue.push_back({begin, k, range.depth + 1, static_cast<uint32_t>(nodes_.size())});
      nodes_.emplace_back();
      labels_.push_back(static_cast<uint8_t>(label));
      ++nodes_[range.node].child_count;
    }
  }
  for (uint32_t byte = 0; byte < 256; ++byte) {
    start_children_[byte] = child_of(kStartRoot, static_cast<uint8_t>(byte));
    continuation_children_[byte] = child_of(kContinuationRoot, static_cast<uint8_t>(byte));
  }
}

uint32_t WordPiece::child_of(uint32_t node, uint8_t label) const {
  const Node& parent = nodes_[node];
  for (uint32_t k = 0; k < parent.child_count; ++k) {
    const uint32_t child = parent.first_child + k;
    if (labels_[child] >= label) return labels_[child] == label ? child : kNone;
  }
  return kNone;
}

WordPiece::Match WordPiece::longest_match(const std::array<uint32_t, 256>& root_children, std::string_view text) const {
  Match best{-1, 0};
  uint32_t node = root_children[static_cast<uint8_t>(text[0])];
  for (size_t length = 1; node != kNone; ++length) {
    if (nodes_[node].id >= 0) best = {nodes_[node].id, length};
    if (length == text.size()) break;
    node = child_of(node, static_cast<uint8_t>(text[length]));
  }
  return best;
}

bool WordPiece::split(std::string_view word, std::vector<Piece>& pieces) const {
  const size_t before = pieces.size();
  for (size_t begin = 0; begin < word.size();) {
    const Match match = longest_match(begin == 0 ? start_children_ : continuation_children_, word.substr(begin));
    if (match.id < 0) {
      pieces.resize(before);
      return false;
    }
    pieces.push_back({match.id, static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + match.length)});
    begin += match.length;
  }
  return true;
}

}  // namespace coppice::text
