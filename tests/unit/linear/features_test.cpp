#include "shared/linear/features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace coppice::linear {
namespace {

FeatureOptions options(int64_t bits, int64_t max_ngram = 2, Weighting weighting = Weighting::kBinary,
                       Norm norm = Norm::kNone) {
  return {bits, max_ngram, weighting, norm};
}

std::vector<Feature> features(const std::string& text, const FeatureOptions& how) {
  return features_of(ngrams_of(text, how.max_ngram), how);
}

TEST(Features, NgramsAreHashedToRecordedBuckets) {
  const TextNgrams ngrams = ngrams_of("Not good", 2);
  EXPECT_EQ(ngrams.words, 2);
  // "not", "good" and "not good", worked out apart as in words_test.cpp: the upper 26 bits of the hashes, sorted.
  EXPECT_EQ(ngrams.buckets, (std::vector<uint32_t>{10566911, 16838374, 64760330}));
}

TEST(Features, OrderMattersWithinAnNgram) {
  const auto not_good = ngrams_of("not good", 2).buckets;
  const auto good_not = ngrams_of("good not", 2).buckets;
  EXPECT_NE(not_good, good_not);
  EXPECT_EQ(ngrams_of("not good", 1).buckets, ngrams_of("good not", 1).buckets);
  EXPECT_EQ(ngrams_of("a b c d", 3).buckets.size(), 4U + 3 + 2);
  EXPECT_EQ(ngrams_of("a", 3).buckets.size(), 1U);
  EXPECT_TRUE(ngrams_of("", 2).buckets.empty());
}

TEST(Features, FewerBitsAreTheUpperOnes) {
  const TextNgrams ngrams = ngrams_of("one two three two one", 2);
  const auto wide = features_of(ngrams, options(26));
  const auto narrow = features_of(ngrams, options(8));
  ASSERT_FALSE(narrow.empty());
  for (const Feature& feature : narrow) EXPECT_LT(feature.bucket, 256U);
  for (const Feature& feature : wide) {
    const bool kept = std::any_of(narrow.begin(), narrow.end(),
                                  [&](const Feature& other) { return other.bucket == feature.bucket >> 18; });
    EXPECT_TRUE(kept);
  }
  EXPECT_TRUE(std::is_sorted(narrow.begin(), narrow.end(),
                             [](const Feature& a, const Feature& b) { return a.bucket < b.bucket; }));
}

TEST(Features, WeightingAndNorm) {
  const auto binary = features("good good good bad", options(26, 1));
  ASSERT_EQ(binary.size(), 2U);
  EXPECT_EQ(binary[0].value, 1.0F);
  EXPECT_EQ(binary[1].value, 1.0F);
  const auto sublinear = features("good good good bad", options(26, 1, Weighting::kSublinear));
  const float often = std::max(sublinear[0].value, sublinear[1].value);
  EXPECT_FLOAT_EQ(often, 1.0F + std::log(3.0F));
  const auto unit = features("good good good bad", options(26, 1, Weighting::kSublinear, Norm::kL2));
  EXPECT_NEAR(unit[0].value * unit[0].value + unit[1].value * unit[1].value, 1.0, 1e-6);
  EXPECT_TRUE(features("", options(26, 1, Weighting::kSublinear, Norm::kL2)).empty());
}

}  // namespace
}  // namespace coppice::linear
