#include "shared/text/tokenizer.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>
#include <thread>

#include "tests/unit/text/text_fixtures.h"

namespace coppice::text {
namespace {

// The toy vocabulary of google-research/bert's own test, with the special tokens in front.
constexpr std::string_view kToyVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nwant\n##want\n##ed\nwa\nun\nrunn\n##ing\n,\nlow\n##\u00e9\nNa\n\u4e2d\n";

Tokenizer toy(TokenizerOptions options = {}) {
  Result<Tokenizer> tokenizer = Tokenizer::create(kToyVocabulary, options);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  return std::move(*tokenizer);
}

std::string pieces(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options = {}) {
  std::string out;
  for (const int32_t id : tokenizer.encode(text, options).input_ids) {
    out += (out.empty() ? "" : " ") + std::string(tokenizer.token(id));
  }
  return out;
}

TEST(Tokenizer, SplitsIntoTheLongestPieces) {
  EXPECT_EQ(pieces(toy(), "UNwant\u00e9d,running"), "[CLS] un ##want ##ed , runn ##ing [SEP]");
  EXPECT_EQ(pieces(toy(), "unwantedX running"), "[CLS] [UNK] runn ##ing [SEP]");
  EXPECT_EQ(pieces(toy(), "wa want wan wanted"), "[CLS] wa want [UNK] want ##ed [SEP]");
  EXPECT_EQ(pieces(toy(), ""), "[CLS] [SEP]");
  EXPECT_EQ(pieces(toy(), " \t\r\n\x01\u200b"), "[CLS] [SEP]");
  EXPECT_EQ(pieces(toy(), "x\u4e2dwa"), "[CLS] [UNK] \u4e2d wa [SEP]");
}

TEST(Tokenizer, CasedModelsKeepCaseAndAccents) {
  const Tokenizer cased = toy({.do_lower_case = false, .strip_accents = false});
  EXPECT_EQ(pieces(cased, "Na na low\u00e9 lowe"), "[CLS] Na [UNK] low ##\u00e9 [UNK] [SEP]");
  EXPECT_EQ(pieces(toy(), "Na"), "[CLS] [UNK] [SEP]");
  EXPECT_EQ(pieces(toy({.tokenize_chinese_chars = false}), "wa\u4e2d"), "[CLS] [UNK] [SEP]");
}

TEST(Tokenizer, LongestWord) {
  const std::string at_limit(100, 'a');
  const Encoding encoding = bert_uncased().encode(at_limit, {});
  EXPECT_GT(encoding.input_ids.size(), 3U);
  const Encoding above = bert_uncased().encode(at_limit + "a", {});
  EXPECT_EQ(above.input_ids, (std::vector<int32_t>{101, 100, 102}));
  EXPECT_EQ(above.offsets[1], (Span{0, 101}));
  // Counted in code points after normalisation: 100 letters each with an accent are not too long.
  std::string accented;
  for (int k = 0; k < 100; ++k) accented += "\u00e1";
  EXPECT_EQ(bert_uncased().encode(accented, {}).input_ids, encoding.input_ids);
  // A limit below the fast path's word length.
  EXPECT_EQ(pieces(toy({.max_word_code_points = 3}), "want wa,un"), "[CLS] [UNK] wa , un [SEP]");
  EXPECT_FALSE(Tokenizer::create(kToyVocabulary, {.max_word_code_points = 0}).ok());
}

TEST(Tokenizer, SpecialTokensInRawText) {
  EXPECT_EQ(pieces(toy(), "wa[SEP]un[sep]"), "[CLS] wa [SEP] un [UNK] [UNK] [UNK] [SEP]");
  EXPECT_EQ(pieces(toy(), "[[MASK]"), "[CLS] [UNK] [MASK] [SEP]");
  EXPECT_EQ(pieces(toy(), "[PAD"), "[CLS] [UNK] [UNK] [SEP]");
  EXPECT_EQ(bert_uncased().encode("a[CLS]", {}).offsets[2], (Span{1, 6}));
  // A byte that is not UTF-8 inside breaks the literal, as U+FFFD would; beside it it does not.
  EXPECT_EQ(pieces(toy(), "[SE\xffP]"), "[CLS] [UNK] [UNK] [UNK] [SEP]");
  EXPECT_EQ(pieces(toy(), "\xe2[SEP]\xff"), "[CLS] [SEP] [SEP]");
}

TEST(Tokenizer, TruncationKeepsHeadOrHeadAndTail) {
  const std::string text = "low low low wa wa wa un un un want want want";
  const Tokenizer tokenizer = toy();
  const Encoding full = tokenizer.encode(text, {});
  EXPECT_EQ(full.tokens_before_truncation, 14U);
  EXPECT_FALSE(full.truncated);
  EXPECT_EQ(pieces(tokenizer, text, {.max_length = 14}), pieces(tokenizer, text));
  EXPECT_EQ(pieces(tokenizer, text, {.max_length = 7}), "[CLS] low low low wa wa [SEP]");
  // A room of 9: two from the head, seven from the tail.
  EXPECT_EQ(pieces(tokenizer, text, {.max_length = 11, .truncation = Truncation::kHeadTail}),
            "[CLS] low low wa un un un want want want [SEP]");
  const Encoding cut = tokenizer.encode(text, {.max_length = 11, .truncation = Truncation::kHeadTail});
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(cut.tokens_before_truncation, 14U);
  EXPECT_EQ(cut.offsets.size(), 11U);
  EXPECT_EQ(cut.offsets[2], (Span{4, 7}));
  EXPECT_EQ(cut.offsets[3], (Span{18, 20}));
  EXPECT_EQ(cut.offsets[10], (Span{0, 0}));
  for (const int shortest : {1, 2}) EXPECT_EQ(pieces(tokenizer, text, {.max_length = shortest}), "[CLS] [SEP]");
  EXPECT_EQ(pieces(tokenizer, text, {.max_length = 3, .truncation = Truncation::kHeadTail}), "[CLS] want [SEP]");
  EXPECT_EQ(pieces(tokenizer, "", {.max_length = 2}), "[CLS] [SEP]");
}

TEST(Tokenizer, TruncationNames) {
  EXPECT_EQ(*parse_truncation("head"), Truncation::kHead);
  EXPECT_EQ(*parse_truncation("head_tail"), Truncation::kHeadTail);
  EXPECT_EQ(truncation_name(Truncation::kHead), "head");
  EXPECT_EQ(truncation_name(Truncation::kHeadTail), "head_tail");
  EXPECT_FALSE(parse_truncation("tail").ok());
}

// Cuts the text with the offsets: what lies there, normalised, is the piece.
void expect_offsets_cut_the_pieces(std::string_view text) {
  const Tokenizer& tokenizer = bert_uncased();
  const Encoding encoding = tokenizer.encode(text, {});
  ASSERT_EQ(encoding.offsets.size(), encoding.input_ids.size());
  EXPECT_EQ(encoding.offsets.front(), (Span{0, 0}));
  EXPECT_EQ(encoding.offsets.back(), (Span{0, 0}));
  uint32_t previous = 0;
  for (size_t k = 1; k + 1 < encoding.input_ids.size(); ++k) {
    const Span span = encoding.offsets[k];
    ASSERT_LT(span.begin, span.end);
    ASSERT_LE(span.end, text.size());
    ASSERT_LE(previous, span.begin) << text;  // in order
    previous = span.begin;
    const int32_t id = encoding.input_ids[k];
    const std::string_view cut = text.substr(span.begin, span.end - span.begin);
    std::string_view piece = tokenizer.token(id);
    if (id == tokenizer.special_ids().unk || cut == piece) continue;  // [UNK], or a special token written out
    if (piece.size() > 2 && piece.substr(0, 2) == "##") piece.remove_prefix(2);
    std::string normalized;
    for (const char32_t c : normalize(cut, {}).code_points) {
      if (c != U' ') append_utf8(c, normalized);
    }
    // A decomposed character, such as a Hangul syllable, may be shared by two pieces; both then have all of it.
    const bool shared = span.begin < encoding.offsets[k - 1].end ||
                        (k + 2 < encoding.offsets.size() && encoding.offsets[k + 1].begin < span.end);
    if (shared) {
      EXPECT_NE(normalized.find(piece), std::string::npos) << "'" << cut << "' lacks '" << piece << "' in: " << text;
    } else {
      EXPECT_EQ(normalized, piece) << "'" << cut << "' in: " << text;
    }
  }
}

TEST(TokenizerOffsets, CutThePiecesOutOfEveryGoldenText) {
  for (const Json& golden : read_json_lines("tests/golden/tokenizer_golden.jsonl")) {
    expect_offsets_cut_the_pieces(golden["text"].get<std::string>());
  }
  for (const Json& golden : read_json_lines("tests/golden/pair_golden.jsonl")) {
    expect_offsets_cut_the_pieces(golden["text"].get<std::string>());
  }
}

TEST(TokenizerOffsets, AsciiPiecesAreExactlyTheBytes) {
  const std::string text = "Unaffable! HITCHCOCKIAN's  <br />";
  const Encoding encoding = bert_uncased().encode(text, {});
  std::string glued;
  for (const Span span : encoding.offsets) glued += text.substr(span.begin, span.end - span.begin);
  EXPECT_EQ(glued, "Unaffable!HITCHCOCKIAN's<br/>");
}

TEST(TokenizerOffsets, NormalisedCharactersPointAtTheirSource) {
  //                       0123 45      8   (bytes)
  const std::string text = "Caf\u00e9 na\u0308ive\u200b\u4e2d";
  const Encoding encoding = bert_uncased().encode(text, {});
  ASSERT_EQ(encoding.input_ids.size(), 5U);
  EXPECT_EQ(encoding.offsets[1], (Span{0, 5}));
  EXPECT_EQ(encoding.offsets[2], (Span{6, 13}));
  EXPECT_EQ(encoding.offsets[3], (Span{16, 19}));
}

TEST(Tokenizer, AnyBytesAreAccepted) {
  std::mt19937 random(7);
  Encoding encoding;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes)
      c = static_cast<char>(round % 2 == 0 ? random() : "[SEP] a\xC3\xA9\xE2\x82\xAC\n"[random() % 13]);
    bert_uncased().encode_into(bytes, {}, encoding);
    // The same as if invalid bytes had been replaced by U+FFFD beforehand.
    EXPECT_EQ(encoding.input_ids, bert_uncased().encode(replace_invalid_utf8(bytes), {}).input_ids);
    EXPECT_EQ(encoding.input_ids, bert_uncased().encode(bytes, {.with_offsets = false}).input_ids);
    for (const Span span : encoding.offsets) EXPECT_LE(span.end, bytes.size());
  }
}

TEST(Tokenizer, MegabyteReviewsTakeLinearTime) {
  const size_t size = 1 << 20;
  const auto repeat = [&](std::string_view part) {
    std::string out;
    while (out.size() < size) out += part;
    return out;
  };
  const std::clock_t start = std::clock();
  for (const std::string_view part : {"a", "great film ", "[", "[SEP]", "\xff", "\u0301", "\u302e\U00016ff0", "\u4e2d",
                                      "\ud55c", "\u00e9", "\u200b", " ", "!", "aaaaaaaaaaaaaaaaa "}) {
    const std::string text = repeat(part);
    const Encoding encoding = bert_uncased().encode(text, {.max_length = 256});
    EXPECT_LE(encoding.input_ids.size(), 256U);
  }
  // Processor time: about 0.1 s in a release build, 2 s under sanitizers; anything quadratic takes minutes.
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 60.0);
  EXPECT_EQ(bert_uncased().encode(repeat("a"), {}).input_ids, (std::vector<int32_t>{101, 100, 102}));
  EXPECT_EQ(bert_uncased().encode(repeat("great film "), {}).tokens_before_truncation, 2U * ((size + 10) / 11) + 2U);
}

TEST(Tokenizer, ReusedEncodingAndCopiesGiveTheSame) {
  Encoding encoding;
  bert_uncased().encode_into("a first, longer text", {.max_length = 4}, encoding);
  bert_uncased().encode_into("film", {.with_offsets = false}, encoding);
  EXPECT_EQ(encoding.input_ids, (std::vector<int32_t>{101, 2143, 102}));
  EXPECT_TRUE(encoding.offsets.empty());
  EXPECT_FALSE(encoding.truncated);
  Tokenizer moved = toy();
  const Tokenizer copy = moved;
  const Tokenizer last = std::move(moved);
  EXPECT_EQ(pieces(copy, "wanted"), "[CLS] want ##ed [SEP]");
  EXPECT_EQ(pieces(last, "wanted"), "[CLS] want ##ed [SEP]");
}

TEST(Tokenizer, ThreadsShareOne) {
  const std::string text = "Caf\u00e9 Hitchcockian unaffable [SEP] \ud55c";
  const Encoding expected = bert_uncased().encode(text, {});
  std::vector<std::thread> threads;
  std::array<bool, 4> same{};
  for (size_t t = 0; t < same.size(); ++t) {
    threads.emplace_back([&, t] {
      same[t] = true;
      for (int k = 0; k < 200; ++k)
        same[t] = same[t] && bert_uncased().encode(text, {}).input_ids == expected.input_ids;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool equal : same) EXPECT_TRUE(equal);
}

}  // namespace
}  // namespace coppice::text
