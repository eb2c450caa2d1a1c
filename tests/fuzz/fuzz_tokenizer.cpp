// The input up to the first 0xFE byte is a vocabulary (after the special tokens), the rest a text; without such a byte
// it is all text, and the vocabulary that of BERT's letters. Encoding holds its promises whatever both are.
#include <cstdint>
#include <string>
#include <string_view>

#include "shared/text/tokenizer.h"
#include "shared/text/tokenizer_config.h"
#include "shared/text/utf8.h"
#include "tests/fuzz/check.h"

namespace {

using namespace coppice::text;

constexpr std::string_view kSpecials = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
constexpr std::string_view kLetters =
    "a\nb\ne\ni\nthe\nfilm\ngood\n##a\n##ing\n##s\n##e\n!\n,\n.\n<\nbr\n/"
    "\n>\n'\n\xe4\xb8\xad\n##\xe1\x86\xa8\n\xe1\x84\x80"
    "\xe1\x85\xa1\n";

void check(const Tokenizer& tokenizer, std::string_view text) {
  const Encoding full = tokenizer.encode(text, {});
  FUZZ_CHECK(full.input_ids.size() == full.offsets.size());
  FUZZ_CHECK(full.input_ids.size() == full.tokens_before_truncation && !full.truncated);
  FUZZ_CHECK(full.input_ids.front() == tokenizer.special_ids().cls);
  FUZZ_CHECK(full.input_ids.back() == tokenizer.special_ids().sep);
  for (size_t k = 1; k + 1 < full.input_ids.size(); ++k) {
    FUZZ_CHECK(full.input_ids[k] >= 0 && full.input_ids[k] < tokenizer.vocab_size());
    FUZZ_CHECK(full.offsets[k].begin < full.offsets[k].end && full.offsets[k].end <= text.size());
  }
  FUZZ_CHECK(tokenizer.encode(text, {.with_offsets = false}).input_ids == full.input_ids);
  FUZZ_CHECK(tokenizer.encode(replace_invalid_utf8(text), {}).input_ids == full.input_ids);
  // White space round a text changes nothing: the fast path and the stages agree on where words end.
  FUZZ_CHECK(tokenizer.encode(" " + std::string(text) + "\n", {}).input_ids == full.input_ids);

  for (const Truncation truncation : {Truncation::kHead, Truncation::kHeadTail}) {
    const Encoding cut = tokenizer.encode(text, {.max_length = 9, .truncation = truncation});
    FUZZ_CHECK(cut.truncated == (full.input_ids.size() > 9));
    FUZZ_CHECK(cut.input_ids.size() == (cut.truncated ? 9 : full.input_ids.size()));
    FUZZ_CHECK(cut.tokens_before_truncation == full.tokens_before_truncation);
    FUZZ_CHECK(cut.offsets.size() == cut.input_ids.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t split = input.find('\xFE');
  if (split == std::string_view::npos) {
    static const Tokenizer uncased = *Tokenizer::create(std::string(kSpecials) + std::string(kLetters));
    static const Tokenizer cased = *Tokenizer::create(
        std::string(kSpecials) + std::string(kLetters),
        {.do_lower_case = false, .strip_accents = false, .tokenize_chinese_chars = false, .max_word_code_points = 5});
    check(uncased, input);
    check(cased, input);
    // The readers of settings must refuse or accept, no more.
    (void)options_from_tokenizer_config(input, "input");
    (void)options_from_tokenizer_json(input, "input");
    return 0;
  }
  const std::string_view entries = input.substr(0, split);
  (void)Tokenizer::create(entries);
  const coppice::Result<Tokenizer> tokenizer = Tokenizer::create(std::string(kSpecials) + std::string(entries));
  if (tokenizer) check(*tokenizer, input.substr(split + 1));
  return 0;
}
