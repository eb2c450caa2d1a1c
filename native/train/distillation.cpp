#include "native/train/distillation.h"

#include <torch/torch.h>

#include <cstring>

#include "native/io/file.h"
#include "native/model/checkpoint.h"
#include "shared/engine/safetensors.h"

namespace coppice::train {

Result<TeacherAnswers> ask_teacher(model::BertClassifier& teacher, const model::TokenizedReviews& reviews,
                                   int64_t max_batch_tokens, model::WorkerPool& pool,
                                   const std::function<void(size_t done)>& on_progress, const std::atomic<bool>& stop,
                                   model::MatmulPrecision precision) {
  // A pass of training, since only those have a precision; without dropout it computes what evaluation does.
  teacher.set_dropout(0);
  const model::TrainingPass mixed{.precision = precision};
  const model::TrainingPass* pass = precision == model::MatmulPrecision::kFloat32 ? nullptr : &mixed;
  const std::vector<std::vector<uint32_t>> batches = model::consecutive_batches(reviews, max_batch_tokens);
  TeacherAnswers answers;
  answers.logits.resize(reviews.size());
  answers.cls = at::empty({static_cast<int64_t>(reviews.size()), teacher.config().hidden_size}, at::kFloat);
  // In waves, so that progress and interruption are looked at between them.
  const size_t wave = static_cast<size_t>(pool.threads()) * 4;
  for (size_t begin = 0; begin < batches.size(); begin += wave) {
    if (stop.load()) return interrupted("stopped while the teacher was asked");
    const size_t end = std::min(begin + wave, batches.size());
    pool.run(end - begin, [&](size_t i) {
      const at::NoGradGuard no_grad;
      const std::vector<uint32_t>& indices = batches[begin + i];
      const model::ForwardOutput out = teacher.forward_with_cls(model::pack_reviews(reviews, indices), pass);
      const at::Tensor logits = out.logits.contiguous();
      const float* row = logits.data_ptr<float>();
      for (size_t k = 0; k < indices.size(); ++k) answers.logits[indices[k]] = {row[2 * k], row[2 * k + 1]};
      answers.cls.narrow(0, indices.front(), static_cast<int64_t>(indices.size())).copy_(out.cls);
    });
    if (on_progress) on_progress(batches[end - 1].back() + 1);
  }
  return answers;
}

Status save_answers(const TeacherAnswers& answers, const std::string& fingerprint, const std::filesystem::path& file) {
  const at::Tensor logits = at::empty({static_cast<int64_t>(answers.logits.size()), 2}, at::kFloat);
  std::memcpy(logits.data_ptr<float>(), answers.logits.data(), answers.logits.size() * sizeof(model::Logits));
  return model::save_tensors({{"logits", logits}, {"cls", answers.cls}}, {{"fingerprint", fingerprint}}, file);
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
  return answers;
}

at::Tensor training_loss(const model::ForwardOutput& student, const std::vector<int64_t>& labels,
                         std::span<const uint32_t> indices, const DistillationConfig& config,
                         const TeacherAnswers* answers) {
  const at::Tensor truth =
      at::cross_entropy_loss(student.logits, at::tensor(labels, at::kLong), {}, at::Reduction::Sum);
  if (answers == nullptr || !config.active()) return truth;
  at::Tensor loss = truth * (1.0 - config.weight);
  if (config.weight > 0) {
    const at::Tensor teacher = at::empty({static_cast<int64_t>(indices.size()), 2}, at::kFloat);
    for (size_t k = 0; k < indices.size(); ++k) {
      std::memcpy(teacher.data_ptr<float>() + 2 * k, answers->logits[indices[k]].data(), sizeof(model::Logits));
    }
    const double t = config.temperature;
    const at::Tensor divergence =
        at::kl_div(at::log_softmax(student.logits / t, 1), at::softmax(teacher / t, 1), at::Reduction::Sum);
    loss = loss + divergence * (config.weight * t * t);
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
