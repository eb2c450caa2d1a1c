// Tokenizer settings from a Hugging Face model folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shared/base/status.h"
#include "shared/text/tokenizer.h"

namespace coppice::text {

// From the content of tokenizer_config.json: do_lower_case (default true), strip_accents (absent or null: follows
// do_lower_case), tokenize_chinese_chars (default true). Refused: a tokenizer_class that is not BERT's, special tokens
// under other names. `source` names the file in messages.
Result<TokenizerOptions> options_from_tokenizer_config(std::string_view json, const std::string& source);

// From the content of tokenizer.json: normalizer (BertNormalizer: lowercase, strip_accents, handle_chinese_chars) and
// model (WordPiece: max_input_chars_per_word). Refused: any other normalizer, pre-tokenizer, model or continuation
// prefix, and clean_text false.
Result<TokenizerOptions> options_from_tokenizer_json(std::string_view json, const std::string& source);

// The files of one model folder that concern the tokenizer; the two JSON files may be absent.
struct TokenizerFiles {
  std::string_view vocab_txt;
  std::optional<std::string_view> tokenizer_config_json;
  std::optional<std::string_view> tokenizer_json;
};

// A setting that both JSON files state must be the same in both; one that neither states has the default.
Result<Tokenizer> tokenizer_from_files(const TokenizerFiles& files);

}  // namespace coppice::text
