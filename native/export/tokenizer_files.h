// The tokenizer's files of a model folder: read as one, and written for other tools.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "shared/base/status.h"
#include "shared/text/tokenizer.h"

namespace coppice {

// vocab.txt with tokenizer_config.json and tokenizer.json where they are there. A tokenizer.json must hold the same
// vocabulary as vocab.txt and no added tokens but the five special ones.
Result<text::Tokenizer> read_tokenizer_files(const std::filesystem::path& folder);

// tokenizer.json of Hugging Face's `tokenizers`: BertNormalizer, BertPreTokenizer, WordPiece, [CLS] A [SEP] B [SEP].
// Without truncation and padding, so that whoever reads it decides about both.
std::string tokenizer_json(const text::Tokenizer& tokenizer);

// tokenizer_config.json of a BertTokenizer; `max_length` becomes model_max_length.
std::string tokenizer_config_json(const text::Tokenizer& tokenizer, int64_t max_length);

// model_max_length of tokenizer_config.json, 0 if there is none that is a sensible number of tokens.
Result<int64_t> read_model_max_length(const std::filesystem::path& folder);

}  // namespace coppice
