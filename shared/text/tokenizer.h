// The BERT WordPiece tokenizer: any bytes to token ids and the bytes behind each.
//
//   COPPICE_ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::create(vocab_txt));
//   Encoding encoding = tokenizer.encode("Great film!", {.max_length = 256, .truncation = Truncation::kHeadTail});
//   encoding.input_ids  ->  101 2307 2143 999 102
//   encoding.offsets    ->  {0,0} {0,5} {6,10} {10,11} {0,0}
//
// Oracle: Hugging Face `tokenizers` 0.23.3 with BertNormalizer, BertPreTokenizer and WordPiece, equal id by id but
// where its Unicode tables are out of date (normalizer.h). A Tokenizer does not change after create(): any number of
// threads may encode with it at once.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/text/normalizer.h"
#include "shared/text/span.h"
#include "shared/text/truncation.h"
#include "shared/text/vocabulary.h"
#include "shared/text/wordpiece.h"

namespace coppice::text {

constexpr int kMaxWordCodePoints = 10000;

// Defaults are those of the uncased models. tokenizer_config.h reads them from a model's files.
struct TokenizerOptions {
  bool do_lower_case = true;
  bool strip_accents = true;
  bool tokenize_chinese_chars = true;
  int max_word_code_points = 100;  // a longer word is one [UNK]; 1 to kMaxWordCodePoints
};

struct EncodeOptions {
  // Longest result, [CLS] and [SEP] included; 0 for no truncation. Below 2 it acts as 2: both are always there.
  int max_length = 0;
  Truncation truncation = Truncation::kHead;
  bool with_offsets = true;
};

struct Encoding {
  std::vector<int32_t> input_ids;         // (T): [CLS] ... [SEP]
  std::vector<Span> offsets;              // (T): bytes of the text behind each id, {0,0} for the added [CLS] and [SEP];
                                          // empty without with_offsets
  uint32_t tokens_before_truncation = 0;  // [CLS] and [SEP] included
  bool truncated = false;
};

class Tokenizer {
 public:
  // `vocab_txt`: the content of vocab.txt; what is refused is at Vocabulary::parse.
  static Result<Tokenizer> create(std::string_view vocab_txt, TokenizerOptions options = {});

  // Never fails: bytes that are not UTF-8 are dropped (utf8.h). Offsets are 32 bits: of a text above 4 GiB only the
  // first 4 GiB are read.
  [[nodiscard]] Encoding encode(std::string_view text, const EncodeOptions& options) const;
  // The same into an Encoding that is used again, so that a loop does not allocate.
  void encode_into(std::string_view text, const EncodeOptions& options, Encoding& out) const;

  // Empty for an id outside [0, vocab_size).
  [[nodiscard]] std::string_view token(int32_t id) const { return vocabulary_.token(id); }
  [[nodiscard]] int32_t vocab_size() const { return vocabulary_.size(); }
  [[nodiscard]] const SpecialIds& special_ids() const { return vocabulary_.special_ids(); }
  [[nodiscard]] const Vocabulary& vocabulary() const { return vocabulary_; }
  [[nodiscard]] const TokenizerOptions& options() const { return options_; }

 private:
  Tokenizer(Vocabulary vocabulary, TokenizerOptions options);
  template <bool kWithOffsets>
  void tokenize(std::string_view text, Encoding& out) const;

  Vocabulary vocabulary_;
  TokenizerOptions options_;
  NormalizerOptions normalizer_options_;
  WordPiece wordpiece_;
  std::array<uint8_t, 256> folded_{};           // letters and digits as the model sees them; 0 for every other byte
  std::array<int32_t, 128> punctuation_ids_{};  // of ASCII punctuation: the entry's id or [UNK]
  std::array<int32_t, 5> special_token_ids_{};  // in the order of kSpecialTokens
};

}  // namespace coppice::text
