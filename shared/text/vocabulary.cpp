#include "shared/text/vocabulary.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "shared/text/special_tokens.h"
#include "shared/text/utf8.h"

namespace coppice::text {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 28;  // the largest BERT vocabularies are about 5 MB

std::string at_line(size_t zero_based) { return "line " + std::to_string(zero_based + 1); }

// The first eight bytes as one number that orders like the bytes do.
uint64_t sort_key(std::string_view token) {
  uint64_t key = 0;
  for (size_t k = 0; k < 8; ++k) key = (key << 8) | (k < token.size() ? static_cast<uint8_t>(token[k]) : 0);
  return key;
}

}  // namespace

Result<Vocabulary> Vocabulary::parse(std::string_view vocab_txt) {
  if (vocab_txt.empty()) {
    return invalid_input("the vocabulary is empty; expected one token a line, as in the vocab.txt of a BERT model");
  }
  if (vocab_txt.size() > kMaxBytes) {
    return invalid_input("the vocabulary has " + std::to_string(vocab_txt.size()) +
                         " bytes; a vocab.txt has a few hundred thousand. Is this another file?");
  }
  if (vocab_txt.substr(0, 3) == "\xEF\xBB\xBF") {
    return invalid_input("the vocabulary begins with a byte order mark; save it as plain UTF-8");
  }
  if (const size_t bad = find_invalid_utf8(vocab_txt); bad != std::string_view::npos) {
    const auto line =
        static_cast<size_t>(std::count(vocab_txt.begin(), vocab_txt.begin() + static_cast<std::ptrdiff_t>(bad), '\n'));
    return invalid_input("the vocabulary is not UTF-8 at byte " + std::to_string(bad) + " (" + at_line(line) +
                         "); expected a text file with one token a line");
  }

  Vocabulary vocabulary;
  vocabulary.text_.assign(vocab_txt.begin(), vocab_txt.end());
  for (size_t begin = 0; begin < vocab_txt.size();) {
    const size_t newline = std::min(vocab_txt.find('\n', begin), vocab_txt.size());
    size_t end = newline;
    if (end > begin && vocab_txt[end - 1] == '\r') --end;
    if (end == begin) {
      return invalid_input("the vocabulary's " + at_line(vocabulary.tokens_.size()) +
                           " is empty; each line must hold the token whose id is the line's number");
    }
    vocabulary.tokens_.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end - begin)});
    begin = newline + 1;
  }
  COPPICE_RETURN_IF_ERROR(vocabulary.sort_and_check_unique());
  COPPICE_RETURN_IF_ERROR(vocabulary.find_special_tokens());
  return vocabulary;
}

Status Vocabulary::sort_and_check_unique() {
  struct Entry {
    uint64_t key;
    int32_t id;
  };
  std::vector<Entry> entries;
  entries.reserve(tokens_.size());
  for (int32_t id = 0; id < size(); ++id) entries.push_back({sort_key(token(id)), id});
  std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    if (a.key != b.key) return a.key < b.key;
    const std::string_view left = token(a.id);
    const std::string_view right = token(b.id);
    return left != right ? left < right : a.id < b.id;
  });
  sorted_ids_.reserve(entries.size());
  for (const Entry& entry : entries) {
    if (!sorted_ids_.empty() && token(sorted_ids_.back()) == token(entry.id)) {
      return invalid_input("the vocabulary has '" + std::string(token(entry.id)) + "' twice, on " +
                           at_line(static_cast<size_t>(sorted_ids_.back())) + " and " +
                           at_line(static_cast<size_t>(entry.id)) +
                           "; a token has one id. Take vocab.txt from the model");
    }
    sorted_ids_.push_back(entry.id);
  }
  return {};
}

Status Vocabulary::find_special_tokens() {
  std::array<int32_t, kSpecialTokens.size()> ids{};
  std::string missing;
  for (size_t k = 0; k < kSpecialTokens.size(); ++k) {
    ids[k] = find(kSpecialTokens[k]);
    if (ids[k] < 0) missing += (missing.empty() ? "" : ", ") + std::string(kSpecialTokens[k]);
  }
  if (!missing.empty()) {
    return invalid_input("the vocabulary (" + std::to_string(size()) + " lines) lacks " + missing +
                         "; expected the vocab.txt of a BERT model, which has [PAD], [UNK], [CLS], [SEP] and [MASK]");
  }
  special_ids_ = {ids[0], ids[1], ids[2], ids[3], ids[4]};
  return {};
}

std::string_view Vocabulary::token(int32_t id) const {
  if (id < 0 || id >= size()) return {};
  const Range range = tokens_[static_cast<size_t>(id)];
  return {text_.data() + range.begin, range.length};
}

int32_t Vocabulary::find(std::string_view wanted) const {
  const auto it = std::lower_bound(sorted_ids_.begin(), sorted_ids_.end(), wanted,
                                   [&](int32_t id, std::string_view value) { return token(id) < value; });
  return it != sorted_ids_.end() && token(*it) == wanted ? *it : -1;
}

}  // namespace coppice::text
