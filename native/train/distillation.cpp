#include "native/train/distillation.h"

#include <torch/torch.h>

#include <cstring>

#include "native/data/review.h"
#include "native/io/file.h"
#include "native/model/checkpoint.h"
#include "shared/engine/safetensors.h"

namespace coppice::train {

Result<TeacherAnswers> ask_teacher(model::BertClassifier& teacher, const model::TokenizedReviews& reviews,
                                   int64_t max_batch_tokens, model::WorkerPool& pool,
                                   const std::function<void(size_t done)>& on_progress, const std::atomic<bool>& stop,
                                   model::MatmulPrecision precision, const HiddenStatesConfig& inner) {
  // A pass of training, since only those have a precision; without dropout it computes what evaluation does.
  teacher.set_dropout(0);
  const model::TrainingPass mixed{.precision = precision};
  const model::TrainingPass* pass = precision == model::MatmulPrecision::kFloat32 ? nullptr : &mixed;
  const std::vector<std::vector<uint32_t>> batches = model::consecutive_batches(reviews, max_batch_tokens);
  TeacherAnswers answers;
  answers.logits.resize(reviews.size());
  answers.cls = at::empty({static_cast<int64_t>(reviews.size()), teacher.config().hidden_size}, at::kFloat);
  if (inner.rows == HiddenRows::kCls) {
    answers.inner_cls = at::empty(
        {static_cast<int64_t>(reviews.size()), static_cast<int64_t>(inner.pairs.size()), teacher.config().hidden_size},
        at::kFloat);
  }
  // In waves, so that progress and interruption are looked at between them.
  const size_t wave = static_cast<size_t>(pool.threads()) * 4;
  for (size_t begin = 0; begin < batches.size(); begin += wave) {
    if (stop.load()) return interrupted("stopped while the teacher was asked");
    const size_t end = std::min(begin + wave, batches.size());
    pool.run(end - begin, [&](size_t i) {
      const at::NoGradGuard no_grad;
      const std::vector<uint32_t>& indices = batches[begin + i];
      const model::PackedBatch batch = model::pack_reviews(reviews, indices);
      const model::ForwardOutput out =
          answers.inner_cls.defined() ? teacher.forward_with_inner(batch, pass) : teacher.forward_with_cls(batch, pass);
      const at::Tensor logits = out.logits.contiguous();
      const float* row = logits.data_ptr<float>();
      for (size_t k = 0; k < indices.size(); ++k) answers.logits[indices[k]] = {row[2 * k], row[2 * k + 1]};
      const auto count = static_cast<int64_t>(indices.size());
      answers.cls.narrow(0, indices.front(), count).copy_(out.cls);
      for (size_t p = 0; answers.inner_cls.defined() && p < inner.pairs.size(); ++p) {
        const auto layer = static_cast<size_t>(inner.pairs[p].teacher);
        answers.inner_cls.narrow(0, indices.front(), count)
            .select(1, static_cast<int64_t>(p))
            .copy_(layer < out.inner.size() ? cls_rows(out.inner[layer], batch.offsets) : out.cls);
      }
    });
    if (on_progress) on_progress(batches[end - 1].back() + 1);
  }
  return answers;
}

Status save_answers(const TeacherAnswers& answers, const std::string& fingerprint, const std::filesystem::path& file) {
  const at::Tensor logits = at::empty({static_cast<int64_t>(answers.logits.size()), 2}, at::kFloat);
  std::memcpy(logits.data_ptr<float>(), answers.logits.data(), answers.logits.size() * sizeof(model::Logits));
  model::NamedTensors tensors = {{"logits", logits}, {"cls", answers.cls}};
  if (answers.inner_cls.defined()) tensors.emplace_back("inner_cls", answers.inner_cls);
  return model::save_tensors(tensors, {{"fingerprint", fingerprint}}, file);
}

Result<TeacherAnswers> load_answers(const std::string& fingerprint, const std::filesystem::path& file) {
  COPPICE_ASSIGN_OR_RETURN(const MappedFile mapped, MappedFile::open(file));
  COPPICE_ASSIGN_OR_RETURN(const engine::SafetensorsFile parsed,
                           engine::parse_safetensors(mapped.bytes(), file.string()));
  const auto written_for = parsed.metadata.find("fingerprint");
  if (written_for == parsed.metadata.end() || written_for->second != fingerprint) {
    return invalid_usage(file.string() + " holds the answers of another teacher or to other reviews; remove it");
  }
  const auto logits = parsed.tensors.find("logits");
  const auto cls = parsed.tensors.find("cls");
  const auto fits = [](const engine::TensorView& view) {
    return view.dtype == engine::DType::kF32 && view.shape.size() == 2;
  };
  if (logits == parsed.tensors.end() || cls == parsed.tensors.end() || !fits(logits->second) || !fits(cls->second) ||
      logits->second.shape[1] != 2 || logits->second.shape[0] != cls->second.shape[0]) {
    return invalid_input(file.string() + ": expected logits (reviews, 2) and cls (reviews, H) as F32; remove the file");
  }
  TeacherAnswers answers;
  answers.logits.resize(static_cast<size_t>(logits->second.shape[0]));
  std::memcpy(answers.logits.data(), logits->second.bytes.data(), logits->second.bytes.size());
  answers.cls = at::empty({cls->second.shape[0], cls->second.shape[1]}, at::kFloat);
  std::memcpy(answers.cls.data_ptr<float>(), cls->second.bytes.data(), cls->second.bytes.size());
  const auto inner = parsed.tensors.find("inner_cls");
  if (inner != parsed.tensors.end()) {
    const engine::TensorView& view = inner->second;
    if (view.dtype != engine::DType::kF32 || view.shape.size() != 3 || view.shape[0] != cls->second.shape[0] ||
        view.shape[2] != cls->second.shape[1]) {
      return invalid_input(file.string() + ": expected inner_cls (reviews, pairs, H) as F32; remove the file");
    }
    answers.inner_cls = at::empty(view.shape, at::kFloat);
    std::memcpy(answers.inner_cls.data_ptr<float>(), view.bytes.data(), view.bytes.size());
  }
  return answers;
}

std::vector<at::Tensor> TeacherAnswers::inner_states(std::span<const uint32_t> indices) const {
  if (!inner_cls.defined()) return live(indices);
  const std::vector<int64_t> rows(indices.begin(), indices.end());
  return inner_cls.index_select(0, at::tensor(rows, at::kLong)).unbind(1);
}

at::Tensor training_loss(const model::ForwardOutput& student, const std::vector<int64_t>& labels,
                         std::span<const uint32_t> indices, const DistillationConfig& config,
                         const TeacherAnswers* answers) {
  const at::Tensor truth = at::cross_entropy_loss(student.logits, at::tensor(labels, at::kLong), {}, at::Reduction::Sum,
                                                  /*ignore_index=*/data::kUnlabelled);
  if (answers == nullptr || !config.active()) return truth;
  at::Tensor loss = truth * (1.0 - config.weight);
  if (config.weight > 0) {
    const at::Tensor teacher = at::empty({static_cast<int64_t>(indices.size()), 2}, at::kFloat);
    for (size_t k = 0; k < indices.size(); ++k) {
      std::memcpy(teacher.data_ptr<float>() + 2 * k, answers->logits[indices[k]].data(), sizeof(model::Logits));
    }
    const double t = config.temperature;
    const at::Tensor divergences =
        at::kl_div(at::log_softmax(student.logits / t, 1), at::softmax(teacher / t, 1), at::Reduction::None).sum(1);
    // Where there is no label the teacher has the label's share of the loss too.
    std::vector<float> weights;
    for (const int64_t label : labels) {
      weights.push_back(label == data::kUnlabelled ? 1.0F : static_cast<float>(config.weight));
    }
    loss = loss + (divergences * at::tensor(weights)).sum() * (t * t);
  }
  if (config.hidden_weight > 0) {
    const std::vector<int64_t> rows(indices.begin(), indices.end());
    const at::Tensor teacher = answers->cls.index_select(0, at::tensor(rows, at::kLong));
    const double per_value = config.hidden_weight / static_cast<double>(teacher.size(1));
    loss = loss + at::mse_loss(student.cls, teacher, at::Reduction::Sum) * per_value;
  }
  return loss;
}

}  // namespace coppice::train
