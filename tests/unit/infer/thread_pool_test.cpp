#include "native/infer/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "tests/unit/engine/toy_model.h"

namespace coppice::infer {
namespace {

TEST(ThreadPool, RunsEachPartOnceAndWaits) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.count(), static_cast<size_t>(threads));
    for (size_t round = 0; round < 200; ++round) {
      const size_t parts = round % static_cast<size_t>(threads) + 1;
      std::vector<std::atomic<int>> calls(parts);
      pool.run(parts, [&](size_t part) { ++calls[part]; });
      for (const std::atomic<int>& count : calls) ASSERT_EQ(count.load(), 1);
    }
  }
  EXPECT_GE(ThreadPool(0).count(), 1U);
}

TEST(ThreadPool, TheEngineGivesTheSameBitsOnIt) {
  engine::ToyModel model = engine::ToyModel::random(engine::toy_config(), 11, 0.5);
  const std::string bytes = model.bytes();
  const auto classifier =
      engine::Classifier::load(model.config, std::as_bytes(std::span<const char>(bytes)), "toy", {});
  ASSERT_TRUE(classifier.ok()) << classifier.status().message();
  const std::vector<int32_t> ids = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  const std::span<const int32_t> review(ids);
  std::array<float, 2> alone{};
  auto single = engine::Session::create(*classifier, {});
  ASSERT_TRUE(single.ok() && single->classify({&review, 1}, {&alone, 1}).ok());
  ThreadPool pool(4);
  auto session = engine::Session::create(*classifier, {.threads = &pool});
  ASSERT_TRUE(session.ok());
  for (int round = 0; round < 50; ++round) {
    std::array<float, 2> logits{};
    ASSERT_TRUE(session->classify({&review, 1}, {&logits, 1}).ok());
    ASSERT_EQ(logits, alone);
  }
}

}  // namespace
}  // namespace coppice::infer
