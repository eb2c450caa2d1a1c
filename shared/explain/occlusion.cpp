#include "shared/explain/occlusion.h"

#include <cmath>

namespace coppice::explain {
namespace {

// Spans of tokens lie within words, and parts are made of whole words: where a token begins decides. [CLS] and [SEP]
// have no bytes.
bool lies_in(text::Span token, text::Span part) {
  return token.end > token.begin && token.begin >= part.begin && token.begin < part.end;
}

}  // namespace

std::vector<int32_t> without_tokens(const text::Encoding& encoding, text::Span part) {
  std::vector<int32_t> ids;
  ids.reserve(encoding.input_ids.size());
  for (size_t i = 0; i < encoding.input_ids.size(); ++i) {
    if (!lies_in(encoding.offsets[i], part)) ids.push_back(encoding.input_ids[i]);
  }
  return ids;
}

bool reads_any(const text::Encoding& encoding, text::Span part) {
  for (const text::Span token : encoding.offsets) {
    if (lies_in(token, part)) return true;
  }
  return false;
}

std::string without_bytes(std::string_view text, text::Span part) {
  std::string rest(text.substr(0, part.begin));
  rest += ' ';
  rest += text.substr(part.end);
  return rest;
}

double probability_of(double margin) { return 1.0 / (1.0 + std::exp(-margin)); }

}  // namespace coppice::explain
