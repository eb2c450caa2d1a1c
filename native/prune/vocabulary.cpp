#include "native/prune/vocabulary.h"

#include <algorithm>
#include <numeric>

namespace coppice::prune {
namespace {

// Characters of UTF-8 text: all bytes but continuation bytes.
size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// What a text may need however rare it is.
bool is_fallback(const text::SpecialIds& special, int32_t id, std::string_view token) {
  if (id == special.pad || id == special.unk || id == special.cls || id == special.sep || id == special.mask) {
    return true;
  }
  if (token.starts_with("##") && token.size() > 2) token.remove_prefix(2);
  return characters(token) == 1;
}

}  // namespace

TokenCounts count_tokens(const text::Tokenizer& tokenizer, const std::vector<std::string_view>& texts) {
  TokenCounts counts;
  counts.of_id.assign(static_cast<size_t>(tokenizer.vocab_size()), 0);
  text::Encoding encoding;
  text::EncodeOptions options;
  options.with_offsets = false;
  for (const std::string_view text : texts) {
    tokenizer.encode_into(text, options, encoding);
    for (size_t i = 1; i + 1 < encoding.input_ids.size(); ++i) {
      ++counts.of_id[static_cast<size_t>(encoding.input_ids[i])];
      ++counts.total;
    }
  }
  return counts;
}

Result<TrimmedVocabulary> trim_vocabulary(const text::Tokenizer& tokenizer, const TokenCounts& counts,
                                          int64_t min_count, int64_t keep_tokens) {
  if (min_count < 1) return invalid_usage("--min-count: expected 1 or more");
  std::vector<uint8_t> keep(counts.of_id.size(), 0);
  int64_t fallback = 0;
  std::vector<int32_t> others;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (is_fallback(tokenizer.special_ids(), id, tokenizer.token(id))) {
      keep[static_cast<size_t>(id)] = 1;
      ++fallback;
    } else if (counts.of_id[static_cast<size_t>(id)] >= min_count) {
      others.push_back(id);
    }
  }
  if (keep_tokens > 0) {
    if (keep_tokens < fallback) {
      return invalid_usage("--keep-tokens is " + std::to_string(keep_tokens) +
                           ", but special tokens and single characters, which keep every text readable, are " +
                           std::to_string(fallback) + " already. Ask for that or more.");
    }
    std::stable_sort(others.begin(), others.end(), [&](int32_t a, int32_t b) {
      return counts.of_id[static_cast<size_t>(a)] > counts.of_id[static_cast<size_t>(b)];
    });
    others.resize(std::min(others.size(), static_cast<size_t>(keep_tokens - fallback)));
  }
  for (const int32_t id : others) keep[static_cast<size_t>(id)] = 1;
  TrimmedVocabulary trimmed;
  int64_t covered = 0;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (keep[static_cast<size_t>(id)] == 0) continue;
    trimmed.kept.push_back(id);
    trimmed.vocab_txt += std::string(tokenizer.token(id)) + "\n";
    covered += counts.of_id[static_cast<size_t>(id)];
  }
  trimmed.plan.min_count = min_count;
  trimmed.plan.keep_tokens = keep_tokens;
  trimmed.plan.tokens_before = tokenizer.vocab_size();
  trimmed.plan.tokens_after = static_cast<int64_t>(trimmed.kept.size());
  trimmed.plan.fallback_tokens = fallback;
  trimmed.plan.coverage = counts.total == 0 ? 1.0 : static_cast<double>(covered) / static_cast<double>(counts.total);
  return trimmed;
}

}  // namespace coppice::prune
