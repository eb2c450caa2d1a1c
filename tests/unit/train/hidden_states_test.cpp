#include "native/train/hidden_states.h"

#include <torch/torch.h>

#include "native/train/trainer.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::train {
namespace {

using namespace testing_support;  // NOLINT: names of the test fixtures
using model::BertClassifier;

const std::atomic<bool> kNeverStopped{false};

HiddenStatesConfig one_pair(HiddenRows rows, double weight = 1) { return {rows, weight, {{0, 0}}}; }

// Reviews of 3 and 2 tokens, H = 2; the formula by hand.
TEST(HiddenStates, LossIsTheMeanOfSquaresOfEachReview) {
  const std::vector<int64_t> offsets = {0, 3, 5};
  const at::Tensor student = at::zeros({5, 2});
  const at::Tensor teacher = at::arange(10, at::kFloat).view({5, 2});
  // Squares by row: 0+1, 4+9, 16+25, 36+49, 64+81, each over H = 2.
  const double first = (0.5 + 6.5 + 20.5) / 3;
  const double second = (42.5 + 72.5) / 2;
  const auto loss = [&](const HiddenStatesConfig& config, const std::vector<at::Tensor>& of_teacher) {
    return hidden_states_loss({student, student}, of_teacher, offsets, config).item<double>();
  };
  EXPECT_NEAR(loss(one_pair(HiddenRows::kTokens), {teacher}), first + second, 1e-5);
  EXPECT_NEAR(loss(one_pair(HiddenRows::kTokens, 0.25), {teacher}), 0.25 * (first + second), 1e-5);
  const at::Tensor teacher_cls = cls_rows(teacher, offsets);
  EXPECT_NEAR(loss(one_pair(HiddenRows::kCls), {teacher_cls}), 0.5 + 42.5, 1e-5);
  // Two pairs: the mean over them, each with its own layer of the student.
  const HiddenStatesConfig two = {HiddenRows::kTokens, 1, {{0, 0}, {1, 3}}};
  const double other = hidden_states_loss({student, student + 1}, {teacher, teacher}, offsets, two).item<double>();
  const double alone =
      hidden_states_loss({student + 1}, {teacher}, offsets, one_pair(HiddenRows::kTokens)).item<double>();
  EXPECT_NEAR(other, (first + second + alone) / 2, 1e-5);
}

// In double precision, so that the difference quotient is exact to 1e-6.
TEST(HiddenStates, GradientIsThatOfFiniteDifferences) {
  const std::vector<int64_t> offsets = {0, 2, 6};
  at::manual_seed(3);
  for (const HiddenRows rows : {HiddenRows::kTokens, HiddenRows::kCls}) {
    const int64_t teacher_rows = rows == HiddenRows::kCls ? 2 : 6;
    const at::Tensor teacher = at::randn({teacher_rows, 4}, at::kDouble);
    const at::Tensor student = at::randn({6, 4}, at::kDouble).set_requires_grad(true);
    const HiddenStatesConfig config = one_pair(rows, 0.7);
    const auto loss = [&](const at::Tensor& state) { return hidden_states_loss({state}, {teacher}, offsets, config); };
    const at::Tensor gradient = torch::autograd::grad({loss(student)}, {student})[0];
    for (int64_t i = 0; i < student.numel(); ++i) {
      at::Tensor step = at::zeros_like(student).detach();
      step.view({-1})[i] = 1e-4;
      const double quotient = (loss(student.detach() + step) - loss(student.detach() - step)).item<double>() / 2e-4;
      EXPECT_NEAR(gradient.view({-1})[i].item<double>(), quotient, 1e-6) << to_string(rows) << " value " << i;
    }
  }
}

// Through the whole network: along the gradient the loss changes by its squared length.
TEST(HiddenStates, GradientReachesTheStudentsWeights) {
  BertClassifier student = load_tiny_bert();
  auto teacher = std::make_shared<BertClassifier>(student.config(), 99);
  auto reviews = std::make_shared<const model::TokenizedReviews>(made_up_reviews(6, 4));
  const HiddenStatesConfig config = one_pair(HiddenRows::kTokens, 2);
  const model::PackedBatch batch = pack_all(*reviews);
  std::vector<uint32_t> all(reviews->size());
  std::iota(all.begin(), all.end(), 0U);
  const std::vector<at::Tensor> states = live_states(teacher, reviews, config.pairs)(all);
  std::vector<at::Tensor> parameters;
  student.visit([&](const std::string&, at::Tensor& tensor, const std::vector<int64_t>&) {
    tensor.set_requires_grad(true);
    parameters.push_back(tensor);
  });
  const auto loss = [&] {
    return hidden_states_loss(student.forward_with_inner(batch).inner, states, batch.offsets, config);
  };
  const auto gradients = torch::autograd::grad({loss()}, parameters, {}, false, false, /*allow_unused=*/true);
  double squared_length = 0;
  size_t reached = 0;
  for (const at::Tensor& gradient : gradients) {
    if (!gradient.defined()) continue;
    squared_length += gradient.square().sum().item<double>();
    ++reached;
  }
  // The embeddings (word, position, type, LayerNorm) and the 16 tensors of the first of two layers.
  EXPECT_EQ(reached, 5U + 16U);
  const at::NoGradGuard no_grad;
  const double step = 1e-3 / std::sqrt(squared_length);
  const auto move = [&](double factor) {
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (gradients[i].defined()) parameters[i].add_(gradients[i], factor);
    }
  };
  move(step);
  const double above = loss().item<double>();
  move(-2 * step);
  const double below = loss().item<double>();
  // float32 sums over a step of 1e-3: three digits.
  EXPECT_NEAR((above - below) / (2 * step), squared_length, 0.01 * squared_length);
}

double distance(BertClassifier& student, BertClassifier& teacher, const model::TokenizedReviews& reviews) {
  const at::NoGradGuard no_grad;
  const model::PackedBatch batch = pack_all(reviews);
  return (student.hidden_states(batch, 1)[1] - teacher.hidden_states(batch, 1)[1]).square().mean().item<double>();
}

struct Trained {
  double distance = 0;
  std::vector<at::Tensor> weights;
};

Trained train_towards(const std::shared_ptr<BertClassifier>& teacher, const HiddenStatesConfig& inner, int threads,
                      const std::filesystem::path& folder) {
  model::WorkerPool pool(threads);
  const auto reviews = std::make_shared<const model::TokenizedReviews>(made_up_reviews(32, 1));
  Result<TeacherAnswers> answers =
      ask_teacher(*teacher, *reviews, 64, pool, {}, kNeverStopped, model::MatmulPrecision::kFloat32, inner);
  EXPECT_TRUE(answers.ok()) << answers.status().message();
  if (inner.rows == HiddenRows::kTokens) answers->live = live_states(teacher, reviews, inner.pairs);
  if (inner.rows == HiddenRows::kCls) {  // as a resumed run has them
    std::filesystem::create_directories(folder);
    EXPECT_TRUE(save_answers(*answers, "abc", folder / "answers").ok());
    answers = load_answers("abc", folder / "answers");
    EXPECT_TRUE(answers.ok()) << answers.status().message();
  }
  BertClassifier student = load_tiny_bert();
  TrainConfig config;
  config.epochs = 6;
  config.batch_size = 8;
  config.micro_batch_tokens = 24;
  config.learning_rate = 5e-3;
  config.validations_per_epoch = 1;
  config.distillation = {0.5, 2, 0, inner};
  const Result<TrainResult> result = train(student, *reviews, made_up_reviews(8, 2), config, {}, folder / "run", "f",
                                           false, {}, pool, kNeverStopped, &*answers);
  EXPECT_TRUE(result.ok()) << result.status().message();
  Trained trained{distance(student, *teacher, made_up_reviews(16, 3)), {}};
  student.visit([&](const std::string&, at::Tensor& tensor, const std::vector<int64_t>&) {
    trained.weights.push_back(tensor.detach().clone());
  });
  return trained;
}

TEST(HiddenStates, TrainingMovesTheStudentsStatesTowardsTheTeachers) {
  const ScratchFolder folder;
  const auto teacher = std::make_shared<BertClassifier>(load_tiny_bert().config(), 7);
  BertClassifier untrained = load_tiny_bert();
  const double before = distance(untrained, *teacher, made_up_reviews(16, 3));
  const double without = train_towards(teacher, {}, 1, folder.path() / "off").distance;
  const double tokens = train_towards(teacher, one_pair(HiddenRows::kTokens), 1, folder.path() / "tokens").distance;
  const double cls = train_towards(teacher, one_pair(HiddenRows::kCls), 1, folder.path() / "cls").distance;
  EXPECT_LT(tokens, 0.7 * before);
  EXPECT_LT(tokens, 0.7 * without);
  EXPECT_LT(cls, without) << "[CLS] alone moves the other tokens' states too, through shared weights";
  EXPECT_LT(tokens, cls);
}

TEST(HiddenStates, WeightsDoNotDependOnTheThreads) {
  const ScratchFolder folder;
  const auto teacher = std::make_shared<BertClassifier>(load_tiny_bert().config(), 7);
  const Trained one = train_towards(teacher, one_pair(HiddenRows::kTokens), 1, folder.path() / "one");
  const Trained three = train_towards(teacher, one_pair(HiddenRows::kTokens), 3, folder.path() / "three");
  for (size_t i = 0; i < one.weights.size(); ++i) EXPECT_TRUE(at::equal(one.weights[i], three.weights[i])) << i;
}

TEST(HiddenStates, LiveStatesAreThoseOfTheMappedLayers) {
  const auto teacher = std::make_shared<BertClassifier>(load_tiny_bert());
  const auto reviews = std::make_shared<const model::TokenizedReviews>(made_up_reviews(4, 1));
  const std::vector<at::Tensor> states = live_states(teacher, reviews, {{0, 1}, {1, 0}})(std::vector<uint32_t>{2, 0});
  const at::NoGradGuard no_grad;
  const std::vector<uint32_t> indices = {2, 0};
  const std::vector<at::Tensor> all = teacher->hidden_states(model::pack_reviews(*reviews, indices));
  ASSERT_EQ(states.size(), 2U);
  EXPECT_TRUE(at::equal(states[0], all[2]));
  EXPECT_TRUE(at::equal(states[1], all[1]));
}

TEST(HiddenStates, WhatCannotBeComparedIsRefused) {
  const auto code = [](const HiddenStatesConfig& config) { return check(config, 3).code(); };
  EXPECT_EQ(code({}), StatusCode::kOk);
  EXPECT_EQ(code({HiddenRows::kCls, 1, {{0, 0}, {1, 4}}}), StatusCode::kOk);
  EXPECT_EQ(code({HiddenRows::kCls, 1, {}}), StatusCode::kInvalidUsage);
  EXPECT_EQ(code({HiddenRows::kCls, 0, {{0, 0}}}), StatusCode::kInvalidUsage);
  EXPECT_EQ(code({HiddenRows::kCls, 1, {{2, 2}}}), StatusCode::kInvalidUsage) << "the last layer";
  EXPECT_FALSE(parse_hidden_rows("all").ok());

  const ScratchFolder folder;
  model::WorkerPool pool(1);
  BertClassifier student = load_tiny_bert();
  const model::TokenizedReviews reviews = made_up_reviews(8, 1);
  TeacherAnswers answers;
  answers.logits.resize(8);
  answers.cls = at::zeros({8, student.config().hidden_size});
  const auto refusal = [&](const HiddenStatesConfig& inner) {
    TrainConfig config;
    config.distillation = {0, 2, 0, inner};
    return train(student, reviews, reviews, config, {}, folder.path() / "run", "f", false, {}, pool, kNeverStopped,
                 &answers)
        .status();
  };
  EXPECT_EQ(refusal(one_pair(HiddenRows::kTokens)).code(), StatusCode::kInvalidUsage) << "not asked for";
  answers.inner_cls = at::zeros({8, 2, student.config().hidden_size});
  EXPECT_EQ(refusal(one_pair(HiddenRows::kCls)).code(), StatusCode::kInvalidInput) << "of other layers";
  answers.cls = at::zeros({8, 3});
  EXPECT_NE(refusal(one_pair(HiddenRows::kCls)).message().find("hidden_size is 3"), std::string::npos);
}

}  // namespace
}  // namespace coppice::train
