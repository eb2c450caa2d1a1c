// Occlusion: what a model says of a text with a part left out (Zeiler and Fergus 2014 for pictures; Li, Monroe and
// Jurafsky 2016, "Understanding Neural Networks through Representation Erasure", for words). The effect of a part is
//
//   effect = margin(whole) - margin(without it),   margin = logit of label 1 - logit of label 0
//
// in units of log-odds: above 0 the part speaks for label 1 (positive). What is left may be an odd sentence, and words
// that only count together share their effect unevenly: it says what moved this verdict, not what the words mean.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/text/span.h"
#include "shared/text/tokenizer.h"

namespace coppice::explain {

// The token ids without those of `part`. Tokens are taken out of what the model read of the whole text, which is what
// reading the shorter text gives, but that a text too long for the model does not move into the gap: one change at a
// time. encoding: with offsets.
std::vector<int32_t> without_tokens(const text::Encoding& encoding, text::Span part);

// True if the model read a token of `part`.
bool reads_any(const text::Encoding& encoding, text::Span part);

// The text with a space in place of these bytes, so that the words on both sides stay apart.
std::string without_bytes(std::string_view text, text::Span part);

inline double margin(const std::array<double, 2>& logits) { return logits[1] - logits[0]; }

// Probability of label 1.
double probability_of(double margin);

}  // namespace coppice::explain
