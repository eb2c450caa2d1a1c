#include "native/model/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "native/model/tokenized_reviews.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::model {
namespace {

TEST(WorkerPool, CallsEachIndexOnceAgainAndAgain) {
  WorkerPool pool(3);
  EXPECT_EQ(pool.threads(), 3);
  for (size_t round = 0; round < 50; ++round) {
    std::vector<std::atomic<int>> calls(round);
    pool.run(round, [&](size_t i) { ++calls[i]; });
    for (const std::atomic<int>& count : calls) EXPECT_EQ(count.load(), 1);
  }
}

TEST(WorkerPool, HandsOnTheFirstExceptionAndGoesOn) {
  WorkerPool pool(2);
  EXPECT_THROW(pool.run(8,
                        [](size_t i) {
                          if (i == 3) throw std::runtime_error("third");
                        }),
               std::runtime_error);
  std::atomic<int> calls{0};
  pool.run(5, [&](size_t) { ++calls; });
  EXPECT_EQ(calls.load(), 5);
}

TEST(BalancedMicroBatches, HoldEveryReviewOnceInPartsOfAlikeSize) {
  const TokenizedReviews reviews = testing_support::made_up_reviews(200, 9);
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < reviews.size(); ++i) order.push_back(i);
  const auto parts = balanced_micro_batches(reviews, order, 400);
  std::vector<int> seen(reviews.size(), 0);
  int64_t least = INT64_MAX;
  int64_t most = 0;
  for (const auto& part : parts) {
    int64_t tokens = 0;
    for (const uint32_t index : part) {
      ++seen[index];
      tokens += static_cast<int64_t>(reviews.review(index).size());
    }
    least = std::min(least, tokens);
    most = std::max(most, tokens);
  }
  for (const int count : seen) EXPECT_EQ(count, 1);
  EXPECT_LE(most - least, 10);  // at most the longest review
  EXPECT_EQ(parts.size(), static_cast<size_t>((reviews.tokens() + 399) / 400));
}

TEST(BalancedMicroBatches, MoreRoomThanReviewsGivesNoEmptyPart) {
  const TokenizedReviews reviews = testing_support::made_up_reviews(2, 1);
  const std::vector<uint32_t> order = {0, 1};
  for (const auto& part : balanced_micro_batches(reviews, order, 1)) EXPECT_FALSE(part.empty());
}

}  // namespace
}  // namespace coppice::model
