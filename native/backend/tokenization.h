// What another vocabulary does to the same texts: how many words are split into more pieces, how many are unknown. For
// a vocabulary trimmed to one domain, read on another.
#pragma once

#include <optional>
#include <vector>

#include "native/data/review.h"
#include "shared/base/json.h"
#include "shared/text/tokenizer.h"

namespace coppice::backend {

bool same_vocabulary(const text::Tokenizer& a, const text::Tokenizer& b);

// Whole texts, without [CLS] and [SEP]; a word is what the pre-tokeniser cuts out (a word, a number, a sign):
// {"words","tokens","other_tokens","split_further" (words of more pieces here than there),"split_further_share",
//  "unknown" (words that are [UNK]),"unknown_share","other_unknown","unknown_here_only"}.
// Absent where the two do not cut the same words: case or accents treated otherwise.
std::optional<OrderedJson> compare_tokenization(const std::vector<data::Review>& reviews, const text::Tokenizer& here,
                                                const text::Tokenizer& there);

}  // namespace coppice::backend
