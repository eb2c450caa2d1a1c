#include "shared/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "shared/text/pre_tokenizer.h"
#include "shared/text/special_tokens.h"

namespace coppice::text {
namespace {

constexpr Span kAddedToken{0, 0};

// Keeps kept.head elements after the first and kept.tail before the last.
template <typename T>
void keep_ends(std::vector<T>& values, KeptTokens kept) {
  const auto head_end = values.begin() + 1 + kept.head;
  const auto tail_begin = values.end() - 1 - kept.tail;
  values.erase(head_end, tail_begin);
}

}  // namespace

Result<Tokenizer> Tokenizer::create(std::string_view vocab_txt, TokenizerOptions options) {
  if (options.max_word_code_points < 1 || options.max_word_code_points > kMaxWordCodePoints) {
    return invalid_input("longest word of " + std::to_string(options.max_word_code_points) +
                         " code points: expected 1 to " + std::to_string(kMaxWordCodePoints));
  }
  COPPICE_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::parse(vocab_txt));
  return Tokenizer(std::move(vocabulary), options);
}

Tokenizer::Tokenizer(Vocabulary vocabulary, TokenizerOptions options)
    : vocabulary_(std::move(vocabulary)),
      options_(options),
      normalizer_options_{.lowercase = options.do_lower_case,
                          .strip_accents = options.strip_accents,
                          .space_cjk_characters = options.tokenize_chinese_chars},
      wordpiece_(vocabulary_) {
  const SpecialIds& ids = vocabulary_.special_ids();
  special_token_ids_ = {ids.pad, ids.unk, ids.cls, ids.sep, ids.mask};
  for (size_t byte = 0; byte < 128; ++byte) {
    const char c = static_cast<char>(byte);
    const AsciiClass kind = ascii_class_of(c);
    if (kind == AsciiClass::kWord) {
      const bool lower = options.do_lower_case && c >= 'A' && c <= 'Z';
      folded_[byte] = static_cast<uint8_t>(lower ? c - 'A' + 'a' : c);
    } else if (kind == AsciiClass::kPunctuation) {
      const int32_t id = vocabulary_.find({&c, 1});
      punctuation_ids_[byte] = id < 0 ? ids.unk : id;
    }
  }
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  Encoding encoding;
  encode_into(text, options, encoding);
  return encoding;
}

void Tokenizer::encode_into(std::string_view text, const EncodeOptions& options, Encoding& out) const {
  text = text.substr(0, UINT32_MAX);
  out.input_ids.clear();
  out.offsets.clear();
  out.input_ids.push_back(special_ids().cls);
  if (options.with_offsets) {
    out.offsets.push_back(kAddedToken);
    tokenize<true>(text, out);
    out.offsets.push_back(kAddedToken);
  } else {
    tokenize<false>(text, out);
  }
  out.input_ids.push_back(special_ids().sep);

  out.tokens_before_truncation = static_cast<uint32_t>(out.input_ids.size());
  out.truncated = false;
  if (options.max_length <= 0) return;
  const uint32_t count = out.tokens_before_truncation - 2;
  const KeptTokens kept = tokens_to_keep(count, options.max_length, options.truncation);
  if (kept.head + kept.tail == count) return;
  out.truncated = true;
  keep_ends(out.input_ids, kept);
  if (options.with_offsets) keep_ends(out.offsets, kept);
}

// One pass over the text. A word of at most 16 ASCII letters and digits between ASCII white space or punctuation (most
// of English) is looked up as it is read. Anything else, up to the next ASCII white space or punctuation, goes through
// the stages one by one: those characters end a word whatever surrounds them, and no normalisation reaches across them.
template <bool kWithOffsets>
void Tokenizer::tokenize(std::string_view text, Encoding& out) const {
  std::vector<Piece> pieces;
  WordBuffer word_buffer(options_.max_word_code_points);
  const int32_t unk = special_ids().unk;
  const size_t longest_short_word =
      std::min<size_t>(kShortWordBytes, static_cast<size_t>(options_.max_word_code_points));

  const auto add = [&](int32_t id, uint32_t begin, uint32_t end) {
    out.input_ids.push_back(id);
    if constexpr (kWithOffsets) out.offsets.push_back({begin, end});
  };
  const auto add_word = [&](const WordBuffer& word) {
    pieces.clear();
    if (word.too_long() || !wordpiece_.split(word.bytes(), pieces)) {
      add(unk, word.extent().begin, word.extent().end);
      return;
    }
    for (const Piece& piece : pieces) {
      const Span span = kWithOffsets ? word.raw_span(piece.begin, piece.end) : Span{};
      add(piece.id, span.begin, span.end);
    }
  };
  PreTokenizer pre_tokenizer(word_buffer, add_word);

  const auto ends_region = [](char c) {
    const AsciiClass kind = ascii_class_of(c);
    return kind == AsciiClass::kSpace || kind == AsciiClass::kPunctuation;
  };

  for (size_t i = 0; i < text.size();) {
    const char first = text[i];
    const AsciiClass kind = ascii_class_of(first);
    const auto begin = static_cast<uint32_t>(i);
    if (kind == AsciiClass::kSpace) {
      ++i;
      continue;
    }
    if (kind == AsciiClass::kPunctuation) {
      const int special = first == '[' ? match_special_token(text.substr(i)) : -1;
      if (special >= 0) {
        const auto length = static_cast<uint32_t>(kSpecialTokens[static_cast<size_t>(special)].size());
        add(special_token_ids_[static_cast<size_t>(special)], begin, begin + length);
        i += length;
      } else {
        add(punctuation_ids_[static_cast<uint8_t>(first)], begin, begin + 1);
        ++i;
      }
      continue;
    }

    ShortWord word;
    size_t length = 0;
    const size_t limit = std::min(longest_short_word, text.size() - i);
    for (; length < limit; ++length) {
      const uint64_t folded = folded_[static_cast<uint8_t>(text[i + length])];
      if (folded == 0) break;
      (length < 8 ? word.low : word.high) |= folded << (8 * (length % 8));
    }
    size_t end = i + length;
    if (length > 0 && (end == text.size() || ends_region(text[end]))) {
      if (const int32_t id = wordpiece_.find_short(word); id >= 0) {
        add(id, begin, static_cast<uint32_t>(end));
      } else {
        std::array<char, kShortWordBytes> bytes;
        for (size_t k = 0; k < length; ++k) bytes[k] = static_cast<char>(folded_[static_cast<uint8_t>(text[i + k])]);
        pieces.clear();
        if (wordpiece_.split({bytes.data(), length}, pieces)) {
          for (const Piece& piece : pieces) add(piece.id, begin + piece.begin, begin + piece.end);
        } else {
          add(unk, begin, static_cast<uint32_t>(end));
        }
      }
      i = end;
      continue;
    }

    while (end < text.size() && !ends_region(text[end])) ++end;
    normalize_into(text.substr(i, end - i), begin, normalizer_options_,
                   [&](char32_t code_point, Span span) { pre_tokenizer.accept(code_point, span); });
    pre_tokenizer.finish();
    i = end;
  }
}

}  // namespace coppice::text
