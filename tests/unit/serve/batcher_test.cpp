#include "native/serve/batcher.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/unit/serve/gated_classifier.h"

namespace coppice::serve {
namespace {

class BatcherTest : public testing::Test {
 protected:
  std::unique_ptr<Batcher> made(const BatchLimits& limits) {
    return std::make_unique<Batcher>(std::make_unique<GatedClassifier>(gate_), limits,
                                     [this](size_t texts) { counted_ += texts; });
  }
  static std::future<Result<std::vector<Verdict>>> ask(Batcher& batcher, std::vector<std::string> texts) {
    return std::async(std::launch::async, [&batcher, texts = std::move(texts)] { return batcher.classify(texts); });
  }
  static void wait_until_waiting(const Batcher& batcher, size_t texts) {
    while (batcher.waiting() < texts) std::this_thread::yield();
  }
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::atomic<size_t> counted_ = 0;
};

TEST_F(BatcherTest, ALoneRequestIsJudgedAtOnce) {
  const auto batcher = made({});
  const auto verdicts = batcher->classify({"abc", "de"});
  ASSERT_TRUE(verdicts.ok()) << verdicts.status().message();
  ASSERT_EQ(verdicts->size(), 2U);
  EXPECT_EQ((*verdicts)[0].logits[1], 3.0F);
  EXPECT_EQ((*verdicts)[1].logits[1], 2.0F);
  EXPECT_EQ(counted_, 2U);
}

TEST_F(BatcherTest, WhatArrivesMeanwhileIsJudgedTogetherAndEachGetsItsOwn) {
  const auto batcher = made({});
  gate_->close();
  auto first = ask(*batcher, {"x"});
  gate_->wait_for_run(1);
  std::vector<std::future<Result<std::vector<Verdict>>>> others;
  for (size_t length = 1; length <= 5; ++length) {
    others.push_back(ask(*batcher, {std::string(length, 'a'), "zz"}));
    wait_until_waiting(*batcher, 2 * length);
  }
  gate_->let_through();
  EXPECT_TRUE(first.get().ok());
  for (size_t length = 1; length <= 5; ++length) {
    const auto verdicts = others[length - 1].get();
    ASSERT_TRUE(verdicts.ok());
    ASSERT_EQ(verdicts->size(), 2U);
    EXPECT_EQ((*verdicts)[0].tokens, static_cast<int64_t>(length));
  }
  EXPECT_EQ(gate_->run_sizes, (std::vector<size_t>{1, 10}));
}

TEST_F(BatcherTest, AsManyRunsGoAtATimeAsThereAreWorkers) {
  const auto batcher = made({.workers = 2});
  gate_->close();
  auto first = ask(*batcher, {"x"});
  gate_->wait_for_run(1);
  auto second = ask(*batcher, {"yy"});
  gate_->wait_for_run(2);  // beside the first
  auto third = ask(*batcher, {"z"});
  auto fourth = ask(*batcher, {"z"});
  wait_until_waiting(*batcher, 2);  // both workers are busy
  gate_->let_through();
  for (auto* asked : {&first, &second, &third, &fourth}) EXPECT_TRUE(asked->get().ok());
  EXPECT_EQ(counted_, 4U);
}

TEST_F(BatcherTest, AModelThatCannotBeDoubledServesAllByOne) {
  class Single : public GatedClassifier {
   public:
    using GatedClassifier::GatedClassifier;
    [[nodiscard]] Result<std::unique_ptr<Classifier>> another() const override { return Classifier::another(); }
  };
  Batcher batcher(std::make_unique<Single>(gate_), {.workers = 4}, nullptr);
  gate_->close();
  auto first = ask(batcher, {"x"});
  gate_->wait_for_run(1);
  auto second = ask(batcher, {"yy"});
  wait_until_waiting(batcher, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(batcher.waiting(), 1U);
  gate_->let_through();
  EXPECT_TRUE(first.get().ok() && second.get().ok());
}

TEST_F(BatcherTest, ARunEndsWhereItsTextFillsTheEngine) {
  const auto batcher = made({.texts_a_run = 64, .bytes_a_run = 100});
  gate_->close();
  auto first = ask(*batcher, {"x"});
  gate_->wait_for_run(1);
  std::vector<std::future<Result<std::vector<Verdict>>>> others;
  for (size_t i = 1; i <= 3; ++i) {
    others.push_back(ask(*batcher, {std::string(i == 3 ? 500 : 50, 'a')}));
    wait_until_waiting(*batcher, i);
  }
  gate_->let_through();
  EXPECT_TRUE(first.get().ok());
  for (auto& other : others) EXPECT_TRUE(other.get().ok());
  // Fifty and fifty bytes; then one that is larger than the limit, by itself.
  EXPECT_EQ(gate_->run_sizes, (std::vector<size_t>{1, 2, 1}));
}

TEST_F(BatcherTest, ARunsWorkIsSharedByTokens) {
  const auto batcher = made({});
  gate_->close();
  auto first = ask(*batcher, {"x"});
  gate_->wait_for_run(1);
  Work small;
  Work large;
  auto one = std::async(std::launch::async, [&] { return batcher->classify({"a"}, &small); });
  wait_until_waiting(*batcher, 1);
  auto other = std::async(std::launch::async, [&] { return batcher->classify({"bbb", "b"}, &large); });
  wait_until_waiting(*batcher, 3);
  gate_->let_through();
  EXPECT_TRUE(first.get().ok() && one.get().ok() && other.get().ok());
  // Tokens and one more for each text: 2 of 8, and 4 + 2 of them.
  EXPECT_GT(small.cpu_time.value(), 0.0);
  EXPECT_NEAR(large.cpu_time.value() / small.cpu_time.value(), 3.0, 1e-9);
  EXPECT_NEAR(large.duration.value() / small.duration.value(), 3.0, 1e-9);
}

TEST_F(BatcherTest, ARunTakesWholeRequestsUpToItsLimit) {
  const auto batcher = made({.texts_a_run = 4, .texts_waiting = 100, .longest_seconds = 60});
  gate_->close();
  std::vector<std::future<Result<std::vector<Verdict>>>> all;
  all.push_back(ask(*batcher, {"x"}));
  gate_->wait_for_run(1);
  size_t waiting = 0;
  for (const size_t count : {3, 1, 2, 9}) {
    all.push_back(ask(*batcher, std::vector<std::string>(count, "y")));
    wait_until_waiting(*batcher, waiting += count);
  }
  gate_->let_through();
  for (auto& one : all) EXPECT_TRUE(one.get().ok());
  EXPECT_EQ(gate_->run_sizes, (std::vector<size_t>{1, 4, 2, 9}));  // one larger than the limit goes alone
}

TEST_F(BatcherTest, AFullQueueRefusesAndLosesNothing) {
  const auto batcher = made({.texts_a_run = 64, .texts_waiting = 3, .longest_seconds = 60});
  gate_->close();
  auto running = ask(*batcher, {"x"});
  gate_->wait_for_run(1);
  auto waiting = ask(*batcher, {"a", "b"});
  wait_until_waiting(*batcher, 2);
  const auto refused = batcher->classify({"c", "d"});
  EXPECT_EQ(refused.status().code(), StatusCode::kUnsupported);
  EXPECT_NE(refused.status().message().find("2 texts wait"), std::string::npos);
  gate_->let_through();
  EXPECT_TRUE(running.get().ok());
  EXPECT_EQ(waiting.get()->size(), 2U);
}

TEST_F(BatcherTest, WhoWaitsTooLongIsToldAndItsTextsAreNotJudged) {
  const auto batcher = made({.texts_a_run = 64, .texts_waiting = 9, .longest_seconds = 0.5});
  gate_->close();
  auto first = ask(*batcher, {"x"});
  gate_->wait_for_run(1);
  const auto late = batcher->classify({"y"});
  EXPECT_EQ(late.status().code(), StatusCode::kInterrupted);
  gate_->let_through();
  first.wait();  // in time or not, by how quickly it wakes
  EXPECT_TRUE(batcher->classify({"z"}).ok());
  EXPECT_EQ(gate_->run_sizes, (std::vector<size_t>{1, 1}));
}

TEST_F(BatcherTest, AFailureIsTheRunsAndTheNextIsWell) {
  const auto batcher = made({});
  gate_->failure = failed("no memory");
  EXPECT_EQ(batcher->classify({"x"}).status().message(), "no memory");
  gate_->failure.reset();
  EXPECT_TRUE(batcher->classify({"x"}).ok());
}

TEST_F(BatcherTest, AStopFinishesTheRunAndTellsWhoWaits) {
  auto batcher = made({});
  gate_->close();
  auto running = ask(*batcher, {"x"});
  gate_->wait_for_run(1);
  auto waiting = ask(*batcher, {"y"});
  wait_until_waiting(*batcher, 1);
  auto stop = std::async(std::launch::async, [&] { batcher.reset(); });
  EXPECT_EQ(waiting.get().status().code(), StatusCode::kInterrupted);  // while the run still goes on
  gate_->let_through();
  EXPECT_TRUE(running.get().ok());
  stop.get();
}

}  // namespace
}  // namespace coppice::serve
