#include "native/train/trainer.h"

#include <signal.h>
#include <sys/wait.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "native/train/epoch_order.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::train {
namespace {

using namespace testing_support;  // NOLINT: names of the test fixtures
using model::BertClassifier;

std::vector<at::Tensor> weights_of(BertClassifier& model) {
  std::vector<at::Tensor> weights;
  model.visit([&](const std::string&, at::Tensor& tensor, const std::vector<int64_t>&) {
    weights.push_back(tensor.detach().clone());
  });
  return weights;
}

bool same_bits(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!at::equal(a[i], b[i])) return false;
  }
  return a.size() == b.size();
}

TrainConfig tiny_config() {
  TrainConfig config;
  config.epochs = 3;
  config.batch_size = 8;
  config.micro_batch_tokens = 24;
  config.learning_rate = 5e-3;
  config.validations_per_epoch = 2;
  config.checkpoint_every_seconds = 0;  // after every step
  return config;
}

struct TrainedModel {
  Result<TrainResult> result;
  std::vector<at::Tensor> weights;
};

TrainedModel run_training(const std::filesystem::path& folder, const TrainConfig& config, int threads,
                          bool resume = false, const TrainEvents& events = {},
                          const std::atomic<bool>& interrupt = kNeverInterrupted) {
  BertClassifier model = load_tiny_bert();
  model.set_dropout(0.1);
  model::WorkerPool pool(threads);
  Result<TrainResult> result = train(model, made_up_reviews(64, 1), made_up_reviews(32, 2), config, {}, folder, "f",
                                     resume, events, pool, interrupt);
  return {std::move(result), weights_of(model)};
}

TEST(AdamW, FirstTenLossesAndFinalWeightsAreThoseOfTorch) {
  const Json expected = read_json(kTinyBert / "expected.json");
  const Json& truth = expected["adamw"];
  BertClassifier model = load_tiny_bert();
  const model::TokenizedReviews reviews = tiny_reviews(expected);
  const std::vector<int64_t> labels(reviews.labels.begin(), reviews.labels.end());
  model::WorkerPool pool(1);
  AdamWOptions options;
  options.weight_decay = truth["weight_decay"].get<double>();
  AdamW optimizer(model, options, {}, pool);
  for (size_t step = 0; step < 10; ++step) {
    const at::Tensor loss = at::cross_entropy_loss(model.forward(pack_all(reviews)), at::tensor(labels, at::kLong));
    // Differences of float32 rounding grow with each update of Adam, whose step does not shrink with the gradient.
    EXPECT_NEAR(loss.item<double>(), truth["losses"][step].get<double>(), 2e-5) << "step " << step;
    optimizer.accumulate(torch::autograd::grad({loss}, optimizer.parameters(), {}, false, false, true));
    const double norm = optimizer.gradient_norm();
    const double limit = truth["max_grad_norm"].get<double>();
    optimizer.step(truth["learning_rate"].get<double>(), norm > limit ? limit / (norm + 1e-6) : 1.0);
  }
  for (AdamW::Slot& slot : optimizer.slots()) {
    const std::vector<double> weights = truth["weights"][slot.name].get<std::vector<double>>();
    const at::Tensor flat = slot.parameter.detach().flatten();
    for (size_t i = 0; i < weights.size(); ++i) {
      // Key biases do not change the loss at all: their gradient is rounding noise, which Adam scales up to full steps.
      if (slot.name.ends_with("self.key.bias")) continue;
      EXPECT_NEAR(flat[static_cast<int64_t>(i)].item<double>(), weights[i], 2e-4) << slot.name << '[' << i << ']';
    }
  }
}

TEST(LinearSchedule, RisesThenFalls) {
  EXPECT_DOUBLE_EQ(linear_schedule(0, 10, 100), 0.1);
  EXPECT_DOUBLE_EQ(linear_schedule(9, 10, 100), 1.0);
  EXPECT_DOUBLE_EQ(linear_schedule(10, 10, 100), 1.0);
  EXPECT_DOUBLE_EQ(linear_schedule(55, 10, 100), 0.5);
  EXPECT_DOUBLE_EQ(linear_schedule(100, 10, 100), 0.0);
}

TEST(EpochOrder, IsAPermutationThatSeedAndEpochDecide) {
  const std::vector<uint32_t> order = epoch_order(1000, 1, 0);
  std::vector<int> seen(1000, 0);
  for (const uint32_t index : order) ++seen[index];
  for (const int count : seen) EXPECT_EQ(count, 1);
  EXPECT_EQ(order, epoch_order(1000, 1, 0));
  EXPECT_NE(order, epoch_order(1000, 1, 1));
  EXPECT_NE(order, epoch_order(1000, 2, 0));
}

TEST(Train, LearnsWhatThereIsToLearn) {
  const ScratchFolder folder;
  TrainConfig config = tiny_config();
  config.epochs = 12;
  const TrainedModel run = run_training(folder.path() / "run", config, 2);
  ASSERT_TRUE(run.result.ok()) << run.result.status().message();
  EXPECT_GE(run.result->best.validation_accuracy, 0.9);
  EXPECT_EQ(run.result->steps, 96);
}

TEST(Train, LearnsInBfloat16) {
  const ScratchFolder folder;
  TrainConfig config = tiny_config();
  config.epochs = 12;
  config.precision = model::MatmulPrecision::kBFloat16;
  const TrainedModel run = run_training(folder.path() / "run", config, 2);
  ASSERT_TRUE(run.result.ok()) << run.result.status().message();
  EXPECT_GE(run.result->best.validation_accuracy, 0.9);
}

TEST(Train, WeightsDoNotDependOnTheNumberOfThreads) {
  const ScratchFolder folder;
  for (const auto precision : {model::MatmulPrecision::kFloat32, model::MatmulPrecision::kBFloat16}) {
    TrainConfig config = tiny_config();
    config.precision = precision;
    const std::string name = std::to_string(static_cast<int>(precision));
    const TrainedModel one = run_training(folder.path() / ("one" + name), config, 1);
    const TrainedModel three = run_training(folder.path() / ("three" + name), config, 3);
    ASSERT_TRUE(one.result.ok() && three.result.ok());
    EXPECT_TRUE(same_bits(one.weights, three.weights));
  }
}

TEST(AdamW, MicroBatchesAddUpToTheGradientOfTheWholeBatch) {
  const model::TokenizedReviews reviews = made_up_reviews(16, 1);
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < reviews.size(); ++i) order.push_back(i);
  const auto gradients_with = [&](int64_t micro_batch_tokens) {
    BertClassifier model = load_tiny_bert();
    model::WorkerPool pool(1);
    AdamW optimizer(model, {}, {}, pool);
    for (const std::vector<uint32_t>& part : model::balanced_micro_batches(reviews, order, micro_batch_tokens)) {
      std::vector<int64_t> labels;
      for (const uint32_t index : part) labels.push_back(reviews.labels[index]);
      const at::Tensor loss = at::cross_entropy_loss(model.forward(model::pack_reviews(reviews, part)),
                                                     at::tensor(labels, at::kLong), {}, at::Reduction::Sum) /
                              static_cast<double>(order.size());
      optimizer.accumulate(torch::autograd::grad({loss}, optimizer.parameters(), {}, false, false, true));
    }
    std::vector<at::Tensor> gradients;
    for (AdamW::Slot& slot : optimizer.slots()) gradients.push_back(slot.gradient);
    return gradients;
  };
  const std::vector<at::Tensor> whole = gradients_with(100000);
  const std::vector<at::Tensor> parts = gradients_with(24);
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_LT((whole[i] - parts[i]).abs().max().item<double>(), 1e-6) << i;  // float32 sums in another order
  }
}

TEST(Train, AKilledRunResumedEndsWithTheSameWeights) {
  const ScratchFolder folder;
  const TrainedModel never_killed = run_training(folder.path() / "straight", tiny_config(), 1);
  ASSERT_TRUE(never_killed.result.ok());
  const std::filesystem::path run = folder.path() / "killed";
  // Killed without warning at several steps: in a child, since SIGKILL leaves nobody to clean up.
  for (const int64_t kill_at : {2, 7, 15}) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      TrainEvents events;
      events.on_step = [&](const StepInfo& step) {
        if (step.step == kill_at) ::kill(::getpid(), SIGKILL);
      };
      (void)run_training(run, tiny_config(), 1, true, events);
      ::_exit(1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child should have been killed at step " << kill_at;
  }
  const TrainedModel resumed = run_training(run, tiny_config(), 1, true);
  ASSERT_TRUE(resumed.result.ok()) << resumed.result.status().message();
  EXPECT_TRUE(same_bits(never_killed.weights, resumed.weights));
  EXPECT_EQ(resumed.result->tokens, never_killed.result->tokens);
  EXPECT_EQ(resumed.result->history.size(), never_killed.result->history.size());
}

TEST(Train, AnInterruptWritesACheckpointAndSaysSo) {
  const ScratchFolder folder;
  std::atomic<bool> interrupt{false};
  TrainEvents events;
  events.on_step = [&](const StepInfo& step) { interrupt = step.step == 5; };
  TrainConfig config = tiny_config();
  config.checkpoint_every_seconds = 1e9;
  const TrainedModel stopped = run_training(folder.path() / "run", config, 1, false, events, interrupt);
  ASSERT_FALSE(stopped.result.ok());
  EXPECT_EQ(stopped.result.status().code(), StatusCode::kInterrupted);
  EXPECT_NE(stopped.result.status().message().find("--resume"), std::string::npos);
  const TrainedModel straight = run_training(folder.path() / "straight", config, 1);
  const TrainedModel resumed = run_training(folder.path() / "run", config, 1, true);
  ASSERT_TRUE(resumed.result.ok()) << resumed.result.status().message();
  EXPECT_TRUE(same_bits(straight.weights, resumed.weights));
}

TEST(Train, ACheckpointOfAnotherRunIsRefused) {
  const ScratchFolder folder;
  TrainConfig config = tiny_config();
  TrainEvents events;
  events.should_stop = [] { return std::optional<std::string>("budget"); };
  ASSERT_FALSE(run_training(folder.path() / "run", config, 1, false, events).result.ok());
  const TrainedModel fresh = run_training(folder.path() / "run", config, 1, /*resume=*/false);
  ASSERT_FALSE(fresh.result.ok());
  EXPECT_EQ(fresh.result.status().code(), StatusCode::kInvalidUsage);
  BertClassifier model = load_tiny_bert();
  model::WorkerPool pool(1);
  const Result<TrainResult> other =
      train(model, made_up_reviews(64, 1), made_up_reviews(8, 2), config, {}, folder.path() / "run",
            "another fingerprint", true, {}, pool, kNeverInterrupted);
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.status().message().find("another fingerprint"), std::string::npos);
}

TEST(Train, ANanLossStopsAndKeepsTheLastCheckpoint) {
  const ScratchFolder folder;
  const std::filesystem::path run = folder.path() / "run";
  BertClassifier model = load_tiny_bert();
  model::WorkerPool pool(1);
  TrainEvents events;
  events.on_step = [&](const StepInfo& step) {
    if (step.step != 4) return;
    model.visit([&](const std::string& name, at::Tensor& tensor, const std::vector<int64_t>&) {
      const at::NoGradGuard no_grad;
      if (name == "classifier.bias") tensor.fill_(std::numeric_limits<float>::quiet_NaN());
    });
  };
  TrainConfig config = tiny_config();
  config.checkpoint_every_seconds = 1e9;
  TrainConfig with_checkpoint = config;
  const std::atomic<bool> interrupted{true};
  ASSERT_EQ(train(model, made_up_reviews(64, 1), made_up_reviews(8, 2), with_checkpoint, {}, run, "f", false, {}, pool,
                  interrupted)
                .status()
                .code(),
            StatusCode::kInterrupted);
  const Result<std::string> before = read_file(run / "checkpoint.safetensors");
  ASSERT_TRUE(before.ok());
  const Result<TrainResult> result = train(model, made_up_reviews(64, 1), made_up_reviews(8, 2), config, {}, run, "f",
                                           true, events, pool, kNeverInterrupted);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kFailed);
  EXPECT_NE(result.status().message().find("nan at step 5"), std::string::npos) << result.status().message();
  EXPECT_EQ(*read_file(run / "checkpoint.safetensors"), *before);
}

TEST(Train, EarlyStoppingKeepsTheBestWeights) {
  const ScratchFolder folder;
  TrainConfig config = tiny_config();
  config.epochs = 50;
  config.patience = 3;
  const TrainedModel run = run_training(folder.path() / "run", config, 2);
  ASSERT_TRUE(run.result.ok()) << run.result.status().message();
  EXPECT_TRUE(run.result->stopped_early);
  for (const ValidationPoint& point : run.result->history) {
    EXPECT_LE(point.validation_accuracy, run.result->best.validation_accuracy);
  }
}

TEST(Train, MaskedWeightsStayZero) {
  const ScratchFolder folder;
  BertClassifier model = load_tiny_bert();
  const std::string name = "bert.encoder.layer.1.output.dense.weight";
  Masks masks;
  model.visit([&](const std::string& parameter, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (parameter != name) return;
    masks[name] = tensor.abs().gt(0.2).to(at::kFloat);
    tensor.mul_(masks[name]);
  });
  model::WorkerPool pool(2);
  ASSERT_TRUE(train(model, made_up_reviews(64, 1), made_up_reviews(8, 2), tiny_config(), masks, folder.path() / "run",
                    "f", false, {}, pool, kNeverInterrupted)
                  .ok());
  model.visit([&](const std::string& parameter, at::Tensor& tensor, const std::vector<int64_t>&) {
    if (parameter != name) return;
    EXPECT_TRUE(at::equal(tensor.ne(0), masks[name].ne(0)));
  });
}

}  // namespace
}  // namespace coppice::train
