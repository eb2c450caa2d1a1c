// Vocabulary trimming: only the tokens that a corpus uses stay (Abdaoui et al. 2020, arXiv 2010.05609, did so by
// language). The embeddings of a small BERT are half of its bytes.
//
// Every text stays tokenizable: special tokens and all single characters, at the beginning of a word and inside one,
// are kept whatever their count, so that a word whose token went is spelled from smaller pieces, as WordPiece spells
// any rare word. A word is [UNK] after trimming only if it holds a character the old vocabulary had no token for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "native/prune/plan.h"
#include "shared/base/status.h"
#include "shared/text/tokenizer.h"

namespace coppice::prune {

// How often each id occurs in the texts, whole, without [CLS] and [SEP].
struct TokenCounts {
  std::vector<int64_t> of_id;
  int64_t total = 0;
};
TokenCounts count_tokens(const text::Tokenizer& tokenizer, const std::vector<std::string_view>& texts);

struct TrimmedVocabulary {
  std::vector<int32_t> kept;  // ids in the old vocabulary, ascending: the new id is the index
  std::string vocab_txt;
  VocabularyPlan plan;
};

// Keeps what occurs at least `min_count` times, or with `keep_tokens` above 0 the most frequent so that so many tokens
// are left in all (of equal counts the lower id). Errors (kInvalidUsage): min_count below 1; keep_tokens below what
// every text needs, which is named.
Result<TrimmedVocabulary> trim_vocabulary(const text::Tokenizer& tokenizer, const TokenCounts& counts,
                                          int64_t min_count, int64_t keep_tokens);

}  // namespace coppice::prune
