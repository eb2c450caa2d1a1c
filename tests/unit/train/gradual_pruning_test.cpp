#include "native/train/gradual_pruning.h"

#include <signal.h>
#include <sys/wait.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cmath>

#include "native/train/trainer.h"
#include "shared/engine/weights.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::train {
namespace {

using namespace testing_support;  // NOLINT: names of the test fixtures
using model::BertClassifier;

constexpr int64_t kEncoderWeights = 2 * (4 * 8 * 8 + 2 * 8 * 16);

TrainConfig pruning_config(prune::Score score) {
  TrainConfig config;
  config.epochs = 6;
  config.batch_size = 8;
  config.micro_batch_tokens = 24;
  config.learning_rate = 5e-3;
  config.validations_per_epoch = 2;
  config.checkpoint_every_seconds = 0;  // after every step
  config.pruning.sparsity = 0.75;
  config.pruning.score = score;
  config.pruning.every_steps = 4;
  return config;
}

struct PrunedRun {
  Result<TrainResult> result;
  std::vector<at::Tensor> encoder;  // its matrices afterwards
};

PrunedRun run_pruning(const std::filesystem::path& folder, const TrainConfig& config, bool resume = false,
                      const TrainEvents& events = {}) {
  BertClassifier model = load_tiny_bert();
  model.set_dropout(0.1);
  model::WorkerPool pool(1);
  Result<TrainResult> result = train(model, made_up_reviews(64, 1), made_up_reviews(32, 2), config, {}, folder, "f",
                                     resume, events, pool, kNeverInterrupted);
  const std::vector<std::string> names = engine::encoder_matrices(model.config());
  PrunedRun run{std::move(result), {}};
  model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (std::find(names.begin(), names.end(), name) != names.end()) run.encoder.push_back(tensor.detach().clone());
  });
  return run;
}

int64_t zeros_of(const PrunedRun& run) {
  int64_t zeros = 0;
  for (const at::Tensor& tensor : run.encoder) zeros += tensor.eq(0).sum().item<int64_t>();
  return zeros;
}

TEST(CubicSparsity, IsTheScheduleOfThePaper) {
  GradualPruningConfig config;
  config.sparsity = 0.8;
  config.begin = 0.1;
  config.end = 0.6;
  EXPECT_DOUBLE_EQ(cubic_sparsity(config, 99, 1000), 0);
  EXPECT_DOUBLE_EQ(cubic_sparsity(config, 100, 1000), 0);
  EXPECT_NEAR(cubic_sparsity(config, 350, 1000), 0.8 * (1 - 0.125), 1e-12);
  EXPECT_NEAR(cubic_sparsity(config, 475, 1000), 0.8 * (1 - 1.0 / 64), 1e-12);
  EXPECT_DOUBLE_EQ(cubic_sparsity(config, 600, 1000), 0.8);
  EXPECT_DOUBLE_EQ(cubic_sparsity(config, 1000, 1000), 0.8);
}

TEST(GradualPruning, EndsWithExactlyTheShareAskedForWhateverTheScore) {
  const ScratchFolder folder;
  for (const auto score : {prune::Score::kMagnitude, prune::Score::kMovement, prune::Score::kFisher}) {
    TrainConfig config = pruning_config(score);
    config.epochs = 20;
    const PrunedRun run = run_pruning(folder.path() / std::string(prune::to_string(score)), config);
    ASSERT_TRUE(run.result.ok()) << run.result.status().message();
    EXPECT_EQ(zeros_of(run), std::llround(0.75 * kEncoderWeights)) << prune::to_string(score);
    EXPECT_GE(run.result->best.validation_accuracy, 0.8) << "there is something to learn with a quarter of the weights";
    EXPECT_DOUBLE_EQ(run.result->best.sparsity, 0.75) << "the best weights must not be those of a denser model";
    double before = 0;
    for (const ValidationPoint& point : run.result->history) {
      EXPECT_GE(point.sparsity, before);
      before = point.sparsity;
    }
    EXPECT_LT(run.result->history[1].sparsity, 0.75) << "gradual";
  }
}

TEST(GradualPruning, BlocksGoAsAWhole) {
  const ScratchFolder folder;
  TrainConfig config = pruning_config(prune::Score::kMagnitude);
  config.pruning.pattern = *prune::parse_pattern("1x4");
  config.pruning.scope = prune::Scope::kMatrix;
  const PrunedRun run = run_pruning(folder.path() / "run", config);
  ASSERT_TRUE(run.result.ok()) << run.result.status().message();
  for (const at::Tensor& tensor : run.encoder) {
    const at::Tensor zeros = tensor.view({-1, 4}).eq(0).sum(1);
    EXPECT_TRUE(zeros.eq(0).logical_or(zeros.eq(4)).all().item<bool>());
    EXPECT_EQ(zeros.sum().item<int64_t>(), tensor.numel() / 4 * 3);
  }
}

TEST(GradualPruning, AKilledRunResumedEndsWithTheSameWeights) {
  const ScratchFolder folder;
  const TrainConfig config = pruning_config(prune::Score::kMovement);
  const PrunedRun never_killed = run_pruning(folder.path() / "straight", config);
  ASSERT_TRUE(never_killed.result.ok());
  const std::filesystem::path place = folder.path() / "killed";
  for (const int64_t kill_at : {3, 13, 30}) {  // before the first pruning, between two, after the last
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      TrainEvents events;
      events.on_step = [&](const StepInfo& step) {
        if (step.step == kill_at) ::kill(::getpid(), SIGKILL);
      };
      (void)run_pruning(place, config, true, events);
      ::_exit(1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child should have been killed at step " << kill_at;
  }
  const PrunedRun resumed = run_pruning(place, config, true);
  ASSERT_TRUE(resumed.result.ok()) << resumed.result.status().message();
  for (size_t m = 0; m < resumed.encoder.size(); ++m) {
    EXPECT_TRUE(at::equal(resumed.encoder[m], never_killed.encoder[m])) << m;
  }
}

TEST(GradualPruning, WhatCannotBeIsRefused) {
  const auto code = [](auto change) {
    GradualPruningConfig config;
    config.sparsity = 0.8;
    change(config);
    return check(config).code();
  };
  EXPECT_EQ(code([](auto&) {}), StatusCode::kOk);
  EXPECT_EQ(code([](auto& c) { c.sparsity = 1; }), StatusCode::kInvalidUsage);
  EXPECT_EQ(code([](auto& c) { c.sparsity = std::nan(""); }), StatusCode::kInvalidUsage);
  EXPECT_EQ(code([](auto& c) { c.begin = 0.7; }), StatusCode::kInvalidUsage);
  EXPECT_EQ(code([](auto& c) { c.end = 1.1; }), StatusCode::kInvalidUsage);
  EXPECT_EQ(code([](auto& c) { c.every_steps = 0; }), StatusCode::kInvalidUsage);
  EXPECT_EQ(code([](auto& c) { c.pattern = *prune::parse_pattern("2:4"); }), StatusCode::kInvalidUsage);
}

}  // namespace
}  // namespace coppice::train
