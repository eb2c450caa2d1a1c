#include "native/backend/teacher.h"

#include <iostream>

#include "native/backend/classifier_folder.h"
#include "native/backend/progress.h"
#include "native/io/file.h"
#include "native/model/tokenized_reviews.h"

namespace coppice::backend {
namespace {

namespace fs = std::filesystem;

// Tokens computed at once, as in evaluation.
constexpr int64_t kBatchTokens = 2048;

Status check_fits(const ClassifierFolder& teacher, const text::Tokenizer& student, int max_length) {
  const std::string where = "--teacher " + teacher.path.string();
  const text::TokenizerOptions& theirs = teacher.tokenizer.options();
  if (theirs.do_lower_case != student.options().do_lower_case ||
      theirs.strip_accents != student.options().strip_accents) {
    return invalid_usage(where +
                         " treats case or accents otherwise than the student: its answers would be about other " +
                         "texts. Take a teacher with the same tokenizer.");
  }
  for (int32_t id = 0; id < student.vocab_size(); ++id) {
    if (teacher.tokenizer.vocabulary().find(student.token(id)) >= 0) continue;
    return invalid_usage(where + " has another vocabulary: it lacks the student's \"" + std::string(student.token(id)) +
                         "\". Take a teacher whose vocabulary holds all of the student's.");
  }
  if (max_length > teacher.model.config().max_position_embeddings) {
    return invalid_usage(where + " reads at most " + std::to_string(teacher.model.config().max_position_embeddings) +
                         " tokens, --max-length is " + std::to_string(max_length));
  }
  return {};
}

}  // namespace

Result<Teacher> ask_teacher(const cli::TrainOptions& options, const std::vector<data::Review>& reviews,
                            const std::string& reviews_sha256, const text::Tokenizer& student,
                            const text::EncodeOptions& encoding, const fs::path& checkpoints, model::WorkerPool& pool,
                            EnergyMeter& meter, const Invocation& invocation) {
  meter.begin_phase("teacher");
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder teacher, open_classifier(options.teacher));
  COPPICE_RETURN_IF_ERROR(check_fits(teacher, student, encoding.max_length));
  Teacher result;
  result.description = {{"model_id", teacher.manifest.id},
                        {"weights_sha256", teacher.weights_sha256},
                        {"precision", options.precision},
                        {"answers", "asked in this run"}};

  const Json identity = {teacher.weights_sha256, reviews_sha256, encoding.max_length, options.truncation,
                         options.precision};
  const fs::path folder = options.teacher_answers.empty() ? checkpoints : fs::path(options.teacher_answers);
  const std::string fingerprint = sha256_hex(dump_json(identity)).substr(0, 16);
  const fs::path file = folder / ("teacher-" + fingerprint + ".safetensors");
  std::error_code error;
  if (fs::exists(file, error)) {
    COPPICE_ASSIGN_OR_RETURN(result.answers, train::load_answers(fingerprint, file));
    // A resumed run finds its own, which its record counts already.
    if (!(options.resume && options.teacher_answers.empty())) result.description["answers"] = "of an earlier run";
    return result;
  }
  const model::TokenizedReviews texts = model::tokenize(teacher.tokenizer, reviews, encoding);
  Progress progress("teacher");
  COPPICE_ASSIGN_OR_RETURN(
      result.answers,
      train::ask_teacher(
          teacher.model, texts, kBatchTokens, pool,
          [&](size_t done) {
            progress.update(static_cast<double>(done), static_cast<double>(texts.size()),
                            std::to_string(done) + " reviews" + meter.energy_so_far_text());
          },
          *invocation.interrupted,
          options.precision == "bf16" ? model::MatmulPrecision::kBFloat16 : model::MatmulPrecision::kFloat32));
  fs::create_directories(folder, error);
  if (error) return failed("cannot create " + folder.string() + ": " + error.message());
  COPPICE_RETURN_IF_ERROR(train::save_answers(result.answers, fingerprint, file));
  return result;
}

}  // namespace coppice::backend
