#include "native/compare/predictions.h"

#include <gtest/gtest.h>

#include "tests/unit/compare_models/made_predictions.h"

namespace coppice::compare_models {
namespace {

std::string line(const std::string& id, const std::string& members) {
  return "{\"id\":\"" + id + "\"," + members + "}\n";
}

const std::string kGood = R"("label":1,"prediction":1,"score":0.9,"logits":[-1,1])";

std::string error_of(const std::string& text) {
  const auto file = parse_predictions(text, "p.jsonl");
  EXPECT_FALSE(file.ok()) << text;
  return file.ok() ? "" : file.status().message();
}

TEST(Predictions, OldFilesAndNewOnesAreRead) {
  const auto old =
      parse_predictions(line("a", kGood) + "\n" + line("b", R"("label":1,"prediction":0,"score":0.1)"), "p.jsonl");
  ASSERT_TRUE(old.ok()) << old.status().message();
  EXPECT_EQ(old->rows.size(), 2U);
  EXPECT_FALSE(old->model || old->weights_sha256 || old->test_set);
  EXPECT_EQ(old->accuracy(), 0.5);

  const std::string sha(64, 'a');
  const auto with_header = parse_predictions(
      line("a", kGood +
                    R"(,"text_hash":"00ff","model":"dense","weights_sha256":"w","test_set":{"name":"imdb","split":)" +
                    R"("test","sha256":")" + sha + R"(","examples":1})"),
      "p.jsonl");
  ASSERT_TRUE(with_header.ok()) << with_header.status().message();
  EXPECT_EQ(with_header->model, "dense");
  EXPECT_EQ(with_header->weights_sha256, "w");
  EXPECT_EQ(with_header->test_set->sha256, sha);
  EXPECT_EQ(with_header->rows[0].text_hash, "00ff");
}

TEST(Predictions, WhatIsWrongIsNamedWithItsLine) {
  EXPECT_NE(error_of("").find("no prediction"), std::string::npos);
  EXPECT_NE(error_of(line("a", kGood) + "{\"id\":").find("p.jsonl:2"), std::string::npos);
  EXPECT_NE(error_of(line("a", kGood) + line("b", kGood) + line("a", kGood)).find("p.jsonl:1"), std::string::npos);
  EXPECT_NE(error_of(line("a", R"("label":1,"prediction":1)")).find("score"), std::string::npos);
  for (const char* score : {"null", "\"nan\"", "1.5", "-0.1"}) {
    EXPECT_NE(error_of(line("a", R"("label":1,"prediction":1,"score":)" + std::string(score))).find("score"),
              std::string::npos);
  }
  error_of(line("a", R"("label":1,"prediction":1,"score":NaN)"));  // no JSON
  EXPECT_NE(error_of(line("a", R"("label":2,"prediction":1,"score":0.9)")).find("label"), std::string::npos);
  EXPECT_NE(error_of(line("a", R"("label":1,"prediction":1,"score":0.2)")).find("more probable"), std::string::npos);
  // A file cut short after it was written.
  EXPECT_NE(error_of(line("a", kGood + R"(,"test_set":{"name":"imdb","split":"test","examples":3})")).find("missing"),
            std::string::npos);
}

TEST(Predictions, AreMatchedByIdWhateverTheirOrder) {
  const PredictionFile first = made_predictions({"11", "00", "10"});
  PredictionFile second = first;
  std::swap(second.rows[0], second.rows[2]);
  const auto order = match_reviews(first, second);
  ASSERT_TRUE(order.ok()) << order.status().message();
  EXPECT_EQ(*order, (std::vector<size_t>{2, 1, 0}));
}

TEST(Predictions, OfOtherReviewsAreRefused) {
  const PredictionFile first = made_predictions({"11", "00", "10"}, "a.jsonl");
  PredictionFile second = made_predictions({"11", "00"}, "b.jsonl");
  EXPECT_NE(
      match_reviews(first, second).status().message().find("b.jsonl: lacks 1 of the 3 reviews of a.jsonl, \"r2\""),
      std::string::npos);
  EXPECT_NE(match_reviews(second, first).status().message().find("b.jsonl: lacks 1"), std::string::npos);
  second = made_predictions({"11", "01", "00"}, "b.jsonl");
  EXPECT_NE(match_reviews(first, second).status().message().find("\"r2\" has label 0"), std::string::npos);

  second = first;
  second.rows[1].text_hash = "1";
  EXPECT_TRUE(match_reviews(first, second).ok());  // the other does not say
  PredictionFile hashed = first;
  hashed.rows[1].text_hash = "2";
  EXPECT_NE(match_reviews(hashed, second).status().message().find("another text"), std::string::npos);

  second.test_set = records::DataShare{"imdb", "test", std::string(64, 'b'), 3, 1.0};
  hashed.test_set = records::DataShare{"imdb", "test", std::string(64, 'c'), 3, 1.0};
  EXPECT_NE(match_reviews(hashed, second).status().message().find("another test set"), std::string::npos);
}

}  // namespace
}  // namespace coppice::compare_models
