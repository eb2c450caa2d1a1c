#include "native/train/trainer.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "native/io/file.h"
#include "native/model/checkpoint.h"
#include "native/model/inference.h"
#include "native/train/epoch_order.h"
#include "native/train/training_state.h"
#include "shared/engine/weights.h"

namespace coppice::train {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using model::BertClassifier;
using model::TokenizedReviews;

struct Plan {
  int64_t steps_per_epoch;
  int64_t total_steps;
  int64_t warmup_steps;
  int64_t steps_between_validations;
};

Plan make_plan(const TrainConfig& config, size_t reviews) {
  Plan plan{};
  plan.steps_per_epoch = (static_cast<int64_t>(reviews) + config.batch_size - 1) / config.batch_size;
  plan.total_steps = std::max<int64_t>(1, std::llround(config.epochs * static_cast<double>(plan.steps_per_epoch)));
  if (config.max_steps > 0) plan.total_steps = std::min(plan.total_steps, config.max_steps);
  plan.warmup_steps = std::llround(config.warmup_ratio * static_cast<double>(plan.total_steps));
  plan.steps_between_validations =
      std::max<int64_t>(1, plan.steps_per_epoch / std::max<int64_t>(1, config.validations_per_epoch));
  return plan;
}

class Loop {
 public:
  Loop(BertClassifier& model, const TokenizedReviews& training, const TokenizedReviews& validation,
       const TrainConfig& config, const Masks& masks, fs::path folder, std::string fingerprint,
       const TrainEvents& events, model::WorkerPool& pool, const std::atomic<bool>& interrupt,
       const TeacherAnswers* teacher)
      : model_(model),
        training_(training),
        validation_(validation),
        config_(config),
        folder_(std::move(folder)),
        fingerprint_(std::move(fingerprint)),
        events_(events),
        pool_(pool),
        interrupt_(interrupt),
        teacher_(teacher),
        plan_(make_plan(config, training.size())),
        optimizer_(model, config.adamw, masks, pool) {
    if (config.pruning.active()) {
      pruning_.emplace(config.pruning, engine::encoder_matrices(model.config()), optimizer_, plan_.total_steps);
    }
  }

  Status start(bool resume) {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) return failed("cannot create " + folder_.string() + ": " + error.message());
    const bool found = fs::exists(checkpoint_file());
    if (found && !resume) {
      return invalid_usage(folder_.string() +
                           " holds the checkpoint of an unfinished run. Continue it with --resume, or "
                           "remove the folder to start again.");
    }
    if (found) {
      COPPICE_ASSIGN_OR_RETURN(state_,
                               load_training_state(optimizer_, more_tensors(), fingerprint_, checkpoint_file()));
    }
    if (pruning_) COPPICE_RETURN_IF_ERROR(pruning_->restore());
    last_checkpoint_ = Clock::now();
    return {};
  }

  Result<TrainResult> run() {
    phase("train");
    while (state_.step < plan_.total_steps) {
      COPPICE_RETURN_IF_ERROR(one_step());
      bool stop_early = false;
      if (state_.step % plan_.steps_between_validations == 0 || state_.step == plan_.total_steps) {
        COPPICE_ASSIGN_OR_RETURN(stop_early, validate());
      }
      if (stop_early) return finish(true);
      if (events_.should_stop) {
        if (const std::optional<std::string> reason = events_.should_stop()) return pause(*reason);
      }
      if (interrupt_.load()) return pause("interrupted");
      const std::chrono::duration<double> since = Clock::now() - last_checkpoint_;
      if (since.count() >= config_.checkpoint_every_seconds) COPPICE_RETURN_IF_ERROR(checkpoint());
    }
    return finish(false);
  }

 private:
  [[nodiscard]] fs::path checkpoint_file() const { return folder_ / "checkpoint.safetensors"; }
  // What a checkpoint holds beside weights and moments.
  model::NamedTensors more_tensors() {
    model::NamedTensors tensors;
    if (!pruning_) return tensors;
    for (const GradualPruning::NamedScore& named : pruning_->scores()) {
      tensors.emplace_back("movement." + named.name, named.score);
    }
    return tensors;
  }
  [[nodiscard]] fs::path best_file() const { return folder_ / "best.safetensors"; }
  void phase(const std::string& name) const {
    if (events_.on_phase) events_.on_phase(name);
  }

  // The reviews of one step: the epoch's permutation, cut into batches. The last batch of an epoch may be smaller.
  std::vector<uint32_t> batch_of(int64_t step) {
    const int64_t epoch = step / plan_.steps_per_epoch;
    if (epoch != order_epoch_) {
      order_ = epoch_order(training_.size(), config_.seed, epoch);
      order_epoch_ = epoch;
    }
    const auto begin = static_cast<size_t>((step % plan_.steps_per_epoch) * config_.batch_size);
    const size_t end = std::min(begin + static_cast<size_t>(config_.batch_size), order_.size());
    return {order_.begin() + static_cast<std::ptrdiff_t>(begin), order_.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  struct Micro {
    double loss = 0;
    std::vector<at::Tensor> gradients;
  };

  // Forward and backward of some reviews of the step. The loss is their part of the batch's mean.
  Micro run_micro_batch(const std::vector<uint32_t>& indices, uint64_t number, size_t batch_size) {
    const model::TrainingPass pass{config_.seed, static_cast<uint64_t>(state_.step), number, config_.precision};
    std::vector<int64_t> labels;
    for (const uint32_t index : indices) labels.push_back(training_.labels[index]);
    const HiddenStatesConfig& inner = config_.distillation.inner;
    const model::PackedBatch packed = model::pack_reviews(training_, indices);
    const model::ForwardOutput out =
        inner.active() ? model_.forward_with_inner(packed, &pass) : model_.forward_with_cls(packed, &pass);
    at::Tensor sum = training_loss(out, labels, indices, config_.distillation, teacher_);
    if (inner.active()) {
      sum = sum + hidden_states_loss(out.inner, teacher_->inner_states(indices), packed.offsets, inner);
    }
    const at::Tensor loss = sum / static_cast<double>(batch_size);
    Micro micro;
    micro.gradients = torch::autograd::grad({loss}, parameters_, /*grad_outputs=*/{}, /*retain_graph=*/false,
                                            /*create_graph=*/false, /*allow_unused=*/true);
    micro.loss = loss.item<double>();
    return micro;
  }

  Status one_step() {
    const auto start = Clock::now();
    const std::vector<uint32_t> batch = batch_of(state_.step);
    const auto micro_batches = model::balanced_micro_batches(training_, batch, config_.micro_batch_tokens);
    double loss = 0;
    const auto wave = static_cast<size_t>(pool_.threads());
    for (size_t begin = 0; begin < micro_batches.size(); begin += wave) {
      std::vector<Micro> micros(std::min(wave, micro_batches.size() - begin));
      pool_.run(micros.size(),
                [&](size_t i) { micros[i] = run_micro_batch(micro_batches[begin + i], begin + i, batch.size()); });
      for (Micro& micro : micros) {
        optimizer_.accumulate(std::move(micro.gradients));
        loss += micro.loss;
      }
    }
    for (const uint32_t index : batch) {
      state_.tokens += static_cast<int64_t>(training_.review(index).size());
      tokens_here_ += static_cast<int64_t>(training_.review(index).size());
    }
    const double norm = optimizer_.gradient_norm();
    if (!std::isfinite(loss) || !std::isfinite(norm)) return diverged(loss);
    if (pruning_) pruning_->see_gradients();
    const double learning_rate =
        config_.learning_rate * linear_schedule(state_.step, plan_.warmup_steps, plan_.total_steps);
    optimizer_.step(learning_rate, norm > config_.max_grad_norm ? config_.max_grad_norm / (norm + 1e-6) : 1.0);
    step_seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
    ++state_.step;
    if (pruning_) {
      COPPICE_ASSIGN_OR_RETURN(const bool sparser, pruning_->after_step(state_.step));
      if (sparser) state_.has_best = false;
    }
    state_.loss_sum += loss;
    ++state_.loss_count;
    if (events_.on_step) {
      events_.on_step({state_.step, plan_.total_steps, tokens_here_, loss, learning_rate, norm});
    }
    return {};
  }

  Status diverged(double loss) const {
    std::string message = "the loss is " + std::to_string(loss) + " at step " + std::to_string(state_.step + 1) +
                          " of " + std::to_string(plan_.total_steps) +
                          "; training stopped. Try a lower --learning-rate (it is " +
                          std::to_string(config_.learning_rate) + ") or more warm-up.";
    message += fs::exists(checkpoint_file()) ? " The last good checkpoint is kept in " + folder_.string() + "."
                                             : " No checkpoint had been written yet.";
    return failed(message);
  }

  // True when patience has run out.
  Result<bool> validate() {
    phase("validate");
    const std::vector<model::Logits> logits = model::predict(model_, validation_, config_.micro_batch_tokens, pool_);
    double loss = 0;
    int64_t correct = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      const double score = model::positive_score(logits[i]);
      const double of_label = validation_.labels[i] == 1 ? score : 1 - score;
      loss -= std::log(std::max(of_label, 1e-300));
      correct += (logits[i][1] > logits[i][0]) == (validation_.labels[i] == 1) ? 1 : 0;
    }
    const auto n = static_cast<double>(std::max<size_t>(1, logits.size()));
    ValidationPoint point;
    point.step = state_.step;
    point.epoch = static_cast<double>(state_.step) / static_cast<double>(plan_.steps_per_epoch);
    point.train_loss = state_.loss_count > 0 ? state_.loss_sum / static_cast<double>(state_.loss_count) : 0;
    point.validation_loss = loss / n;
    point.validation_accuracy = static_cast<double>(correct) / n;
    if (pruning_) point.sparsity = pruning_->sparsity();
    state_.loss_sum = 0;
    state_.loss_count = 0;
    state_.history.push_back(point);
    if (!state_.has_best || point.validation_accuracy > state_.best.validation_accuracy) {
      COPPICE_RETURN_IF_ERROR(model::save_weights(model_, best_file()));
      state_.best = point;
      state_.has_best = true;
      state_.validations_without_gain = 0;
    } else {
      ++state_.validations_without_gain;
    }
    if (events_.on_validation) events_.on_validation(point);
    phase("train");
    const bool may_stop = !pruning_ || pruning_->done(state_.step);
    return may_stop && config_.patience > 0 && state_.validations_without_gain >= config_.patience;
  }

  Status checkpoint() {
    phase("checkpoint");
    COPPICE_RETURN_IF_ERROR(save_training_state(state_, optimizer_, more_tensors(), fingerprint_, checkpoint_file()));
    last_checkpoint_ = Clock::now();
    phase("train");
    return {};
  }

  Status pause(const std::string& reason) {
    COPPICE_RETURN_IF_ERROR(checkpoint());
    return interrupted(reason + " after step " + std::to_string(state_.step) + " of " +
                       std::to_string(plan_.total_steps) + "; the checkpoint is in " + folder_.string() +
                       ", continue with --resume");
  }

  Result<TrainResult> finish(bool stopped_early) {
    COPPICE_RETURN_IF_ERROR(restore_weights(optimizer_, best_file()));
    for (AdamW::Slot& slot : optimizer_.slots()) slot.parameter.set_requires_grad(false);
    TrainResult result;
    result.steps = state_.step;
    result.tokens = state_.tokens;
    result.tokens_per_second = step_seconds_ > 0 ? static_cast<double>(tokens_here_) / step_seconds_ : 0;
    result.stopped_early = stopped_early;
    result.best = state_.best;
    result.history = state_.history;
    return result;
  }

  BertClassifier& model_;
  const TokenizedReviews& training_;
  const TokenizedReviews& validation_;
  const TrainConfig& config_;
  fs::path folder_;
  std::string fingerprint_;
  const TrainEvents& events_;
  model::WorkerPool& pool_;
  const std::atomic<bool>& interrupt_;
  const TeacherAnswers* teacher_;
  Plan plan_;
  AdamW optimizer_;
  std::optional<GradualPruning> pruning_;
  std::vector<at::Tensor> parameters_ = optimizer_.parameters();
  TrainingState state_;
  std::vector<uint32_t> order_;
  int64_t order_epoch_ = -1;
  int64_t tokens_here_ = 0;
  double step_seconds_ = 0;
  Clock::time_point last_checkpoint_;
};

Status check(const DistillationConfig& config, size_t reviews, const TeacherAnswers* teacher,
             const records::BertConfig& student) {
  if (!(config.weight >= 0 && config.weight <= 1)) return invalid_usage("the teacher's weight must be in 0..1");
  if (!(config.temperature > 0)) return invalid_usage("the temperature must be above 0");
  if (!(config.hidden_weight >= 0)) return invalid_usage("the weight of hidden states must not be negative");
  if (!config.active()) return {};
  if (teacher == nullptr) return invalid_usage("distillation needs a teacher");
  if (teacher->logits.size() != reviews) {
    return invalid_input("the teacher answered " + std::to_string(teacher->logits.size()) + " reviews, but there are " +
                         std::to_string(reviews) + " to train on");
  }
  if ((config.hidden_weight > 0 || config.inner.active()) && teacher->cls.size(1) != student.hidden_size) {
    return invalid_usage("the teacher's hidden_size is " + std::to_string(teacher->cls.size(1)) + ", the student's " +
                         std::to_string(student.hidden_size) + ": hidden states cannot be compared; leave them out");
  }
  COPPICE_RETURN_IF_ERROR(check(config.inner, student.num_hidden_layers()));
  if (!config.inner.active()) return {};
  const bool kept = teacher->inner_cls.defined();
  if (kept && teacher->inner_cls.size(1) != static_cast<int64_t>(config.inner.pairs.size())) {
    return invalid_input("the teacher answered for " + std::to_string(teacher->inner_cls.size(1)) + " layers, but " +
                         std::to_string(config.inner.pairs.size()) + " are compared");
  }
  if (kept == (config.inner.rows == HiddenRows::kTokens) || (!kept && !teacher->live)) {
    return invalid_usage("the teacher was not asked for the hidden states that are compared");
  }
  return {};
}

Status check(const TrainConfig& config, const TokenizedReviews& training, const TokenizedReviews& validation) {
  if (training.size() == 0) return invalid_input("there are no reviews to train on");
  if (validation.size() == 0)
    return invalid_input("there are no reviews to validate on; the best checkpoint could not be chosen");
  if (config.batch_size < 1) return invalid_usage("batch size must be at least 1");
  if (config.micro_batch_tokens < 1) return invalid_usage("micro-batch tokens must be at least 1");
  if (!(config.epochs > 0)) return invalid_usage("epochs must be above 0");
  if (!(config.learning_rate > 0)) return invalid_usage("the learning rate must be above 0");
  if (!(config.warmup_ratio >= 0 && config.warmup_ratio < 1))
    return invalid_usage("the warm-up ratio must be in [0, 1)");
  if (!(config.max_grad_norm > 0)) return invalid_usage("the largest gradient norm must be above 0");
  return {};
}

}  // namespace

OrderedJson to_json(const TrainConfig& config) {
  OrderedJson json;
  json["epochs"] = config.epochs;
  json["max_steps"] = config.max_steps;
  json["batch_size"] = config.batch_size;
  json["micro_batch_tokens"] = config.micro_batch_tokens;
  json["learning_rate"] = config.learning_rate;
  json["warmup_ratio"] = config.warmup_ratio;
  json["max_grad_norm"] = config.max_grad_norm;
  json["adam_beta1"] = config.adamw.beta1;
  json["adam_beta2"] = config.adamw.beta2;
  json["adam_epsilon"] = config.adamw.epsilon;
  json["weight_decay"] = config.adamw.weight_decay;
  json["seed"] = config.seed;
  json["validations_per_epoch"] = config.validations_per_epoch;
  json["patience"] = config.patience;
  json["precision"] = config.precision == model::MatmulPrecision::kBFloat16 ? "bf16" : "fp32";
  if (config.distillation.active()) {
    json["distillation"] = {{"weight", config.distillation.weight},
                            {"temperature", config.distillation.temperature},
                            {"hidden_weight", config.distillation.hidden_weight}};
    if (config.distillation.inner.active()) {
      json["distillation"]["hidden_states"] = to_json(config.distillation.inner);
    }
  }
  if (config.pruning.active()) json["pruning"] = to_json(config.pruning);
  return json;
}

Result<TrainResult> train(BertClassifier& model, const TokenizedReviews& training, const TokenizedReviews& validation,
                          const TrainConfig& config, const Masks& masks, const fs::path& folder,
                          const std::string& fingerprint, bool resume, const TrainEvents& events,
                          model::WorkerPool& pool, const std::atomic<bool>& interrupt, const TeacherAnswers* teacher) {
  COPPICE_RETURN_IF_ERROR(check(config, training, validation));
  COPPICE_RETURN_IF_ERROR(check(config.pruning));
  COPPICE_RETURN_IF_ERROR(check(config.distillation, training.size(), teacher, model.config()));
  Loop loop(model, training, validation, config, masks, folder, fingerprint, events, pool, interrupt, teacher);
  COPPICE_RETURN_IF_ERROR(loop.start(resume));
  return loop.run();
}

}  // namespace coppice::train
