#include "native/train/distillation.h"

#include <torch/torch.h>

#include <array>
#include <cmath>
#include <fstream>

#include "native/train/trainer.h"
#include "tests/unit/model/tiny_bert.h"

namespace coppice::train {
namespace {

using namespace testing_support;  // NOLINT: names of the test fixtures
using model::BertClassifier;

// The formula of distillation.h by hand, in double precision.
double expected_loss(const std::vector<std::array<double, 2>>& student, const std::vector<int>& labels,
                     const std::vector<std::array<double, 2>>& teacher, double weight, double temperature) {
  const auto log_softmax = [](const std::array<double, 2>& z, int c) {
    return z[static_cast<size_t>(c)] - std::log(std::exp(z[0]) + std::exp(z[1]));
  };
  double loss = 0;
  for (size_t i = 0; i < student.size(); ++i) {
    loss -= (1 - weight) * log_softmax(student[i], labels[i]);
    const std::array<double, 2> s = {student[i][0] / temperature, student[i][1] / temperature};
    const std::array<double, 2> t = {teacher[i][0] / temperature, teacher[i][1] / temperature};
    for (int c = 0; c < 2; ++c) {
      const double p = std::exp(log_softmax(t, c));
      loss += weight * temperature * temperature * p * (log_softmax(t, c) - log_softmax(s, c));
    }
  }
  return loss;
}

TEST(Distillation, LossIsThatOfThePaper) {
  const std::vector<std::array<double, 2>> student = {{1.5, -0.25}, {-0.5, 2.0}, {0.0, 0.125}};
  // The micro-batch holds reviews 2, 0 and 3 of the training set.
  const std::vector<uint32_t> indices = {2, 0, 3};
  TeacherAnswers answers;
  answers.logits = {{0.5F, -1.0F}, {9.0F, 9.0F}, {2.0F, -2.0F}, {-0.75F, 0.25F}};
  answers.cls = at::arange(8, at::kFloat).view({4, 2});
  const std::vector<std::array<double, 2>> teacher = {{2.0, -2.0}, {0.5, -1.0}, {-0.75, 0.25}};
  const std::vector<int> labels = {0, 1, 1};
  model::ForwardOutput out;
  out.logits = at::tensor({1.5F, -0.25F, -0.5F, 2.0F, 0.0F, 0.125F}).view({3, 2});
  out.cls = at::zeros({3, 2});
  for (const double weight : {0.0, 0.3, 1.0}) {
    for (const double temperature : {1.0, 2.0, 5.0}) {
      DistillationConfig config{weight, temperature, 0};
      const double loss = training_loss(out, {0, 1, 1}, indices, config, &answers).item<double>();
      EXPECT_NEAR(loss, expected_loss(student, labels, teacher, weight, temperature), 1e-5)
          << weight << " " << temperature;
    }
  }
  // Hidden states: the mean over the two values of (0 - h)^2, h being (4, 5), (0, 1) and (6, 7).
  const double plain = training_loss(out, {0, 1, 1}, indices, {0, 2, 0}, &answers).item<double>();
  const double hidden = training_loss(out, {0, 1, 1}, indices, {0, 2, 0.5}, &answers).item<double>();
  EXPECT_NEAR(hidden - plain, 0.5 * (41.0 + 1.0 + 85.0) / 2.0, 1e-4);
}

TEST(Distillation, WithoutALabelTheTeacherAloneCounts) {
  TeacherAnswers answers;
  answers.logits = {{2.0F, -2.0F}, {0.5F, -1.0F}, {-0.75F, 0.25F}};
  answers.cls = at::zeros({3, 2});
  model::ForwardOutput out;
  out.logits = at::tensor({1.5F, -0.25F, -0.5F, 2.0F, 0.0F, 0.125F}).view({3, 2});
  out.cls = at::zeros({3, 2});
  const std::vector<uint32_t> indices = {0, 1, 2};
  const double loss = training_loss(out, {0, data::kUnlabelled, 1}, indices, {0.3, 2, 0}, &answers).item<double>();
  // The labelled two by the formula with weight 0.3, the other one by the teacher's part with weight 1.
  const double labelled = expected_loss({{1.5, -0.25}, {0.0, 0.125}}, {0, 1}, {{2.0, -2.0}, {-0.75, 0.25}}, 0.3, 2);
  const double unlabelled = expected_loss({{-0.5, 2.0}}, {0}, {{0.5, -1.0}}, 1, 2);
  EXPECT_NEAR(loss, labelled + unlabelled, 1e-5);
}

TEST(Distillation, ATeacherIsAskedInTheOrderOfTheReviewsWhateverTheBatches) {
  BertClassifier teacher = load_tiny_bert();
  const model::TokenizedReviews reviews = made_up_reviews(20, 1);
  model::WorkerPool pool(2);
  const Result<TeacherAnswers> small = ask_teacher(teacher, reviews, 20, pool, {}, kNeverInterrupted);
  const Result<TeacherAnswers> large = ask_teacher(teacher, reviews, 4096, pool, {}, kNeverInterrupted);
  ASSERT_TRUE(small.ok() && large.ok());
  const std::vector<model::Logits> alone = model::predict(teacher, reviews, 4096, pool);
  ASSERT_EQ(small->logits.size(), 20U);
  for (size_t i = 0; i < alone.size(); ++i) {
    for (size_t c = 0; c < 2; ++c) EXPECT_NEAR(small->logits[i][c], alone[i][c], 1e-5) << i;
  }
  EXPECT_TRUE(at::allclose(small->cls, large->cls, 1e-4, 1e-5));
  const std::atomic<bool> stop{true};
  EXPECT_EQ(ask_teacher(teacher, reviews, 20, pool, {}, stop).status().code(), StatusCode::kInterrupted);
}

TEST(Distillation, AnswersInMixedPrecisionAreNearAndWithoutDropout) {
  BertClassifier teacher = load_tiny_bert();
  const model::TokenizedReviews reviews = made_up_reviews(20, 1);
  model::WorkerPool pool(2);
  const auto ask = [&](model::MatmulPrecision precision) {
    return ask_teacher(teacher, reviews, 64, pool, {}, kNeverInterrupted, precision);
  };
  const Result<TeacherAnswers> exact = ask(model::MatmulPrecision::kFloat32);
  teacher.set_dropout(0.5);
  const Result<TeacherAnswers> mixed = ask(model::MatmulPrecision::kBFloat16);
  ASSERT_TRUE(exact.ok() && mixed.ok());
  EXPECT_FALSE(at::equal(exact->cls, mixed->cls));
  EXPECT_LT((exact->cls - mixed->cls).abs().max().item<double>(), 0.1);
}

TEST(Distillation, AnswersAreKeptForTheSameTeacherOnly) {
  const ScratchFolder folder;
  BertClassifier teacher = load_tiny_bert();
  model::WorkerPool pool(1);
  const Result<TeacherAnswers> answers = ask_teacher(teacher, made_up_reviews(5, 1), 64, pool, {}, kNeverInterrupted);
  const std::filesystem::path file = folder.path() / "teacher.safetensors";
  ASSERT_TRUE(save_answers(*answers, "abc", file).ok());
  const Result<TeacherAnswers> again = load_answers("abc", file);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->logits, answers->logits);
  EXPECT_TRUE(at::equal(again->cls, answers->cls));
  EXPECT_EQ(load_answers("other", file).status().code(), StatusCode::kInvalidUsage);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3);
  EXPECT_FALSE(load_answers("abc", file).ok());
}

// The teacher holds the contrary of every label: whom the student followed shows on the contrary's validation reviews.
TEST(Distillation, AStudentLearnsWhatTheTeacherThinks) {
  const ScratchFolder folder;
  model::WorkerPool pool(2);
  const model::TokenizedReviews training = made_up_reviews(64, 1);
  model::TokenizedReviews contrary = made_up_reviews(32, 2);
  for (int& label : contrary.labels) label = 1 - label;
  TeacherAnswers answers;
  for (const int label : training.labels)
    answers.logits.push_back(label == 1 ? model::Logits{2, -2} : model::Logits{-2, 2});
  answers.cls = at::zeros({64, load_tiny_bert().config().hidden_size});
  const auto agreement_with_teacher = [&](double weight) {
    BertClassifier student = load_tiny_bert();
    TrainConfig config;
    config.epochs = 12;
    config.batch_size = 8;
    config.learning_rate = 5e-3;
    config.distillation = {weight, 1.0, 0};
    const Result<TrainResult> result =
        train(student, training, contrary, config, {}, folder.path() / std::to_string(weight), "f", false, {}, pool,
              kNeverInterrupted, &answers);
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result->history.back().validation_accuracy;
  };
  EXPECT_GE(agreement_with_teacher(1.0), 0.9);
  EXPECT_LE(agreement_with_teacher(0.0), 0.1);
}

TEST(Distillation, IsRefusedWhereItCannotWork) {
  const ScratchFolder folder;
  BertClassifier student = load_tiny_bert();
  model::WorkerPool pool(1);
  const model::TokenizedReviews reviews = made_up_reviews(8, 1);
  TeacherAnswers answers;
  answers.logits.resize(8);
  answers.cls = at::zeros({8, 3});
  const auto code = [&](DistillationConfig distillation, const TeacherAnswers* teacher) {
    TrainConfig config;
    config.distillation = distillation;
    return train(student, reviews, reviews, config, {}, folder.path() / "run", "f", false, {}, pool, kNeverInterrupted,
                 teacher)
        .status()
        .code();
  };
  EXPECT_EQ(code({0.5, 2, 0}, nullptr), StatusCode::kInvalidUsage);
  EXPECT_EQ(code({1.5, 2, 0}, &answers), StatusCode::kInvalidUsage);
  EXPECT_EQ(code({0.5, 0, 0}, &answers), StatusCode::kInvalidUsage);
  EXPECT_EQ(code({0.5, 2, -1}, &answers), StatusCode::kInvalidUsage);
  EXPECT_EQ(code({0.5, 2, 1}, &answers), StatusCode::kInvalidUsage);  // another hidden_size
  answers.logits.resize(7);
  EXPECT_EQ(code({0.5, 2, 0}, &answers), StatusCode::kInvalidInput);
}

}  // namespace
}  // namespace coppice::train
