#include "native/backend/tokenization.h"

namespace coppice::backend {
namespace {

struct Words {
  std::vector<int> pieces;    // of each word
  std::vector<char> unknown;  // whether it is [UNK]
  int64_t tokens = 0;
};

Words words_of(const text::Tokenizer& tokenizer, const std::string& text, text::Encoding& scratch) {
  text::EncodeOptions options;
  options.with_offsets = false;
  tokenizer.encode_into(text, options, scratch);
  Words words;
  for (size_t i = 1; i + 1 < scratch.input_ids.size(); ++i) {
    const int32_t id = scratch.input_ids[i];
    const std::string_view token = tokenizer.token(id);
    ++words.tokens;
    // A word's first piece has no "##"; the sign "#" twice is two words.
    if (token.starts_with("##") && !words.pieces.empty()) {
      ++words.pieces.back();
    } else {
      words.pieces.push_back(1);
      words.unknown.push_back(id == tokenizer.special_ids().unk ? 1 : 0);
    }
  }
  return words;
}

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

}  // namespace

bool same_vocabulary(const text::Tokenizer& a, const text::Tokenizer& b) {
  if (a.vocab_size() != b.vocab_size()) return false;
  for (int32_t id = 0; id < a.vocab_size(); ++id) {
    if (a.token(id) != b.token(id)) return false;
  }
  return true;
}

std::optional<OrderedJson> compare_tokenization(const std::vector<data::Review>& reviews, const text::Tokenizer& here,
                                                const text::Tokenizer& there) {
  const text::TokenizerOptions& a = here.options();
  const text::TokenizerOptions& b = there.options();
  if (a.do_lower_case != b.do_lower_case || a.strip_accents != b.strip_accents ||
      a.tokenize_chinese_chars != b.tokenize_chinese_chars) {
    return std::nullopt;
  }
  int64_t words = 0;
  int64_t tokens = 0;
  int64_t other_tokens = 0;
  int64_t split_further = 0;
  int64_t unknown = 0;
  int64_t other_unknown = 0;
  int64_t unknown_here_only = 0;
  text::Encoding scratch;
  for (const data::Review& review : reviews) {
    const Words own = words_of(here, review.text, scratch);
    const Words other = words_of(there, review.text, scratch);
    if (own.pieces.size() != other.pieces.size()) return std::nullopt;
    words += static_cast<int64_t>(own.pieces.size());
    tokens += own.tokens;
    other_tokens += other.tokens;
    for (size_t i = 0; i < own.pieces.size(); ++i) {
      split_further += own.pieces[i] > other.pieces[i] ? 1 : 0;
      unknown += own.unknown[i];
      other_unknown += other.unknown[i];
      unknown_here_only += own.unknown[i] != 0 && other.unknown[i] == 0 ? 1 : 0;
    }
  }
  OrderedJson json;
  json["words"] = words;
  json["tokens"] = tokens;
  json["other_tokens"] = other_tokens;
  json["split_further"] = split_further;
  json["split_further_share"] = share(split_further, words);
  json["unknown"] = unknown;
  json["unknown_share"] = share(unknown, words);
  json["other_unknown"] = other_unknown;
  json["unknown_here_only"] = unknown_here_only;
  return json;
}

}  // namespace coppice::backend
