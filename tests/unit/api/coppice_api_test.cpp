#include "wasm/api/coppice_api.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace {

const std::string kVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nfilm\ngood\n";

TEST(CoppiceApi, TokenisesAndGivesOffsets) {
  coppice_tokenizer* tokenizer = nullptr;
  ASSERT_EQ(coppice_tokenizer_create(kVocabulary.data(), kVocabulary.size(), 1, &tokenizer), COPPICE_OK);
  const std::string text = "A Good film";
  coppice_encoding* encoding = nullptr;
  ASSERT_EQ(coppice_tokenizer_encode(tokenizer, text.data(), text.size(), 0, "head", &encoding), COPPICE_OK);
  const int32_t* ids = nullptr;
  size_t count = 0;
  ASSERT_EQ(coppice_encoding_ids(encoding, &ids, &count), COPPICE_OK);
  EXPECT_EQ(std::vector<int32_t>(ids, ids + count), (std::vector<int32_t>{2, 5, 7, 6, 3}));
  const uint32_t* offsets = nullptr;
  ASSERT_EQ(coppice_encoding_offsets(encoding, &offsets, &count), COPPICE_OK);
  EXPECT_EQ(std::vector<uint32_t>(offsets, offsets + count), (std::vector<uint32_t>{0, 0, 0, 1, 2, 6, 7, 11, 0, 0}));
  uint32_t whole = 0;
  ASSERT_EQ(coppice_encoding_tokens_before_truncation(encoding, &whole), COPPICE_OK);
  EXPECT_EQ(whole, 5U);
  coppice_encoding_destroy(encoding);
  coppice_tokenizer_destroy(tokenizer);
}

TEST(CoppiceApi, RunsTheCalibrationKernel) {
  double operations = 0;
  float checksum = 0;
  ASSERT_EQ(coppice_calibration_run(10, &operations, &checksum), COPPICE_OK);
  EXPECT_EQ(operations, 640);
  EXPECT_GT(checksum, 0);
  EXPECT_EQ(coppice_calibration_run(10, nullptr, &checksum), COPPICE_INVALID_USAGE);
}

TEST(CoppiceApi, FailuresHaveACodeAndAText) {
  coppice_tokenizer* tokenizer = nullptr;
  EXPECT_EQ(coppice_tokenizer_create("", 0, 1, &tokenizer), COPPICE_INVALID_INPUT);
  EXPECT_EQ(tokenizer, nullptr);
  EXPECT_GT(std::strlen(coppice_last_error()), 10U);
  ASSERT_EQ(coppice_tokenizer_create(kVocabulary.data(), kVocabulary.size(), 1, &tokenizer), COPPICE_OK);
  coppice_encoding* encoding = nullptr;
  EXPECT_NE(coppice_tokenizer_encode(tokenizer, "a", 1, 0, "middle", &encoding), COPPICE_OK);
  EXPECT_EQ(coppice_tokenizer_encode(tokenizer, "a", 1, -1, "head", &encoding), COPPICE_INVALID_USAGE);
  EXPECT_EQ(encoding, nullptr);
  coppice_tokenizer_destroy(tokenizer);
}

TEST(CoppiceApi, NullIsRefusedEverywhere) {
  const char* json = nullptr;
  size_t length = 0;
  EXPECT_EQ(coppice_tokenizer_create("x", 1, 1, nullptr), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_create(nullptr), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_set_text(nullptr, "", 0), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_fetched(nullptr, 1, "", 0), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_event(nullptr, "", 0), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_next_request(nullptr, &json, &length), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_view(nullptr, &json, &length), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_choices(nullptr, &json, &length), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_encoding_ids(nullptr, nullptr, nullptr), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_revision(nullptr), 0U);
  coppice_tokenizer_destroy(nullptr);
  coppice_encoding_destroy(nullptr);
  coppice_comparison_destroy(nullptr);
}

TEST(CoppiceApi, AComparisonGivesRequestsAndAView) {
  coppice_comparison* comparison = nullptr;
  ASSERT_EQ(coppice_comparison_create(&comparison), COPPICE_OK);
  const char* json = nullptr;
  size_t length = 0;
  ASSERT_EQ(coppice_comparison_next_request(comparison, &json, &length), COPPICE_OK);
  EXPECT_EQ(std::string(json, length), R"({"id":1,"kind":"fetch","model":"","path":"catalog.json"})");
  ASSERT_EQ(coppice_comparison_next_request(comparison, &json, &length), COPPICE_OK);
  EXPECT_EQ(length, 0U);
  const uint32_t before = coppice_comparison_revision(comparison);
  ASSERT_EQ(coppice_comparison_fetched(comparison, 1, "{", 1), COPPICE_OK);  // a bad catalog is state, not a bad call
  EXPECT_GT(coppice_comparison_revision(comparison), before);
  ASSERT_EQ(coppice_comparison_view(comparison, &json, &length), COPPICE_OK);
  EXPECT_NE(std::string(json, length).find("catalog_problem\":\"models/catalog.json"), std::string::npos);
  const std::string event = "{\"type\":\"start\"}";
  EXPECT_NE(coppice_comparison_event(comparison, event.data(), event.size()), COPPICE_OK);
  ASSERT_EQ(coppice_comparison_set_text(comparison, "\xff\xfe not UTF-8 \0 with zero", 25), COPPICE_OK);
  coppice_comparison_destroy(comparison);
}

TEST(CoppiceApi, ASetReadElsewhereIsTakenInParts) {
  coppice_reviews* reviews = nullptr;
  const std::string file = "1\tgood film\n0\tbad film\n";
  EXPECT_EQ(coppice_reviews_create("a.tsv", "no tab", 6, &reviews), COPPICE_INVALID_INPUT);
  EXPECT_EQ(reviews, nullptr);
  EXPECT_NE(std::strstr(coppice_last_error(), "a.tsv, line 1"), nullptr);
  EXPECT_EQ(coppice_reviews_create(nullptr, file.data(), file.size(), &reviews), COPPICE_INVALID_USAGE);
  ASSERT_EQ(coppice_reviews_create("a.tsv", file.data(), file.size(), &reviews), COPPICE_OK);
  const char* packed = nullptr;
  size_t size = 0;
  ASSERT_EQ(coppice_reviews_packed(reviews, &packed, &size), COPPICE_OK);
  const size_t first = 12 + std::strlen("good film");

  coppice_comparison* comparison = nullptr;
  ASSERT_EQ(coppice_comparison_create(&comparison), COPPICE_OK);
  EXPECT_NE(coppice_comparison_use_added_reviews(comparison, "a.tsv"), COPPICE_OK) << "none were added";
  ASSERT_EQ(coppice_comparison_add_reviews(comparison, packed, size, 1), COPPICE_OK);  // given up half way
  ASSERT_EQ(coppice_comparison_add_reviews(comparison, packed, first, 1), COPPICE_OK);
  ASSERT_EQ(coppice_comparison_add_reviews(comparison, packed + first, size - first, 0), COPPICE_OK);
  EXPECT_EQ(coppice_comparison_add_reviews(comparison, "cut", 3, 0), COPPICE_INVALID_INPUT);
  ASSERT_EQ(coppice_comparison_use_added_reviews(comparison, "a.tsv"), COPPICE_OK);
  const char* answer = nullptr;
  size_t length = 0;
  const std::string side = R"({"ask":"side"})";
  ASSERT_EQ(coppice_comparison_ask(comparison, side.data(), side.size(), &answer, &length), COPPICE_OK);
  EXPECT_NE(std::string(answer, length).find("a.tsv: 2 reviews, all with a label."), std::string::npos);
  coppice_reviews_destroy(reviews);
  coppice_comparison_destroy(comparison);
}

TEST(CoppiceApi, ReviewsAreReadAndQuestionsAnswered) {
  coppice_comparison* comparison = nullptr;
  ASSERT_EQ(coppice_comparison_create(&comparison), COPPICE_OK);
  const std::string file = "1\tgood film\n0\tbad film\n";
  EXPECT_EQ(coppice_comparison_read_reviews(comparison, "a.tsv", "no tab", 6, 0), COPPICE_INVALID_INPUT);
  EXPECT_NE(std::strstr(coppice_last_error(), "a.tsv, line 1"), nullptr);
  ASSERT_EQ(coppice_comparison_read_reviews(comparison, "a.tsv", file.data(), file.size(), 0), COPPICE_OK);
  EXPECT_EQ(coppice_comparison_read_reviews(nullptr, "a.tsv", file.data(), file.size(), 0), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_read_reviews(comparison, nullptr, file.data(), file.size(), 0), COPPICE_INVALID_USAGE);
  const char* answer = nullptr;
  size_t length = 0;
  const std::string question = R"({"ask":"set_review","index":1})";
  ASSERT_EQ(coppice_comparison_ask(comparison, question.data(), question.size(), &answer, &length), COPPICE_OK);
  EXPECT_EQ(std::string(answer, length), "bad film");
  const std::string side = R"({"ask":"side"})";
  ASSERT_EQ(coppice_comparison_ask(comparison, side.data(), side.size(), &answer, &length), COPPICE_OK);
  EXPECT_NE(std::string(answer, length).find("a.tsv: 2 reviews, all with a label."), std::string::npos);
  EXPECT_EQ(coppice_comparison_ask(comparison, "{}", 2, &answer, &length), COPPICE_INVALID_INPUT);
  EXPECT_EQ(coppice_comparison_ask(comparison, side.data(), side.size(), nullptr, &length), COPPICE_INVALID_USAGE);
  EXPECT_EQ(coppice_comparison_ask(nullptr, side.data(), side.size(), &answer, &length), COPPICE_INVALID_USAGE);
  coppice_comparison_destroy(comparison);
}

TEST(CoppiceApi, MemoryForInputsComesAndGoes) {
  void* memory = coppice_alloc(10);
  ASSERT_NE(memory, nullptr);
  std::memset(memory, 1, 10);
  coppice_release(memory);
  coppice_release(nullptr);
}

}  // namespace
