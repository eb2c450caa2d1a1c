#include "native/backend/teacher.h"

#include <algorithm>
#include <iostream>
#include <memory>

#include "native/backend/classifier_folder.h"
#include "native/backend/layer_mapping.h"
#include "native/backend/progress.h"
#include "native/io/file.h"
#include "native/model/tokenized_reviews.h"

namespace coppice::backend {
namespace {

namespace fs = std::filesystem;

// Tokens computed at once, as in evaluation.
constexpr int64_t kTeacherBatchTokens = 2048;

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

// States of tokens can be compared only where both read the same tokens: a trimmed vocabulary spells some words with
// more of them.
Status check_same_tokens(const ClassifierFolder& teacher, const model::TokenizedReviews& texts,
                         const Student& student) {
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto theirs = texts.review(i);
    const auto own = student.reviews.review(i);
    const bool same = std::equal(theirs.begin(), theirs.end(), own.begin(), own.end(), [&](int32_t a, int32_t b) {
      return teacher.tokenizer.token(a) == student.tokenizer.token(b);
    });
    if (same) continue;
    return invalid_usage("--teacher-hidden tokens: training review " + std::to_string(i + 1) + " is " +
                         std::to_string(theirs.size()) + " tokens for the teacher and " + std::to_string(own.size()) +
                         " others for the student, whose vocabulary was trimmed. Compare --teacher-hidden cls, or trim "
                         "the vocabulary afterwards");
  }
  return {};
}

Result<train::HiddenStatesConfig> hidden_states_of(const cli::TrainOptions& options, const ClassifierFolder& teacher,
                                                   const Student& student, Json& description) {
  train::HiddenStatesConfig config;
  COPPICE_ASSIGN_OR_RETURN(config.rows, train::parse_hidden_rows(options.teacher_hidden));
  if (!config.active()) return config;
  config.weight = options.teacher_hidden_weight;
  const records::BertConfig& theirs = teacher.model.config();
  if (theirs.hidden_size != student.hidden_size) {
    return invalid_usage("--teacher " + teacher.path.string() + " has hidden_size " +
                         std::to_string(theirs.hidden_size) + ", the student " + std::to_string(student.hidden_size) +
                         ": hidden states cannot be compared; leave --teacher-hidden off");
  }
  COPPICE_ASSIGN_OR_RETURN(LayerMapping mapping,
                           map_layers(options.teacher_hidden_layers, student.layers, student.manifest,
                                      theirs.num_hidden_layers(), teacher.manifest.id, teacher.weights_sha256));
  config.pairs = std::move(mapping.pairs);
  description["layer_mapping"] = mapping.source;
  return config;
}

}  // namespace

Result<Teacher> ask_teacher(const cli::TrainOptions& options, const std::vector<data::Review>& reviews,
                            const std::string& reviews_sha256, const Student& student,
                            const text::EncodeOptions& encoding, const fs::path& checkpoints, model::WorkerPool& pool,
                            EnergyMeter& meter, const Invocation& invocation) {
  meter.begin_phase("teacher");
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder teacher, open_classifier(options.teacher));
  COPPICE_RETURN_IF_ERROR(check_fits(teacher, student.tokenizer, encoding.max_length));
  Teacher result;
  result.description = {{"model_id", teacher.manifest.id},
                        {"weights_sha256", teacher.weights_sha256},
                        {"precision", options.precision},
                        {"answers", "asked in this run"}};

  COPPICE_ASSIGN_OR_RETURN(result.hidden_states, hidden_states_of(options, teacher, student, result.description));
  const bool of_tokens = result.hidden_states.rows == train::HiddenRows::kTokens;
  const model::MatmulPrecision precision =
      options.precision == "bf16" ? model::MatmulPrecision::kBFloat16 : model::MatmulPrecision::kFloat32;

  Json identity = {teacher.weights_sha256, reviews_sha256, encoding.max_length, options.truncation, options.precision};
  if (result.hidden_states.rows == train::HiddenRows::kCls) {
    for (const train::LayerPair& pair : result.hidden_states.pairs) identity.push_back(pair.teacher);
  }
  const fs::path folder = options.teacher_answers.empty() ? checkpoints : fs::path(options.teacher_answers);
  const std::string fingerprint = sha256_hex(dump_json(identity)).substr(0, 16);
  const fs::path file = folder / ("teacher-" + fingerprint + ".safetensors");
  std::error_code error;
  const bool answered = fs::exists(file, error);
  if (answered) {
    COPPICE_ASSIGN_OR_RETURN(result.answers, train::load_answers(fingerprint, file));
    // A resumed run finds its own, which its record counts already.
    if (!(options.resume && options.teacher_answers.empty())) result.description["answers"] = "of an earlier run";
  }
  if (answered && !of_tokens) return result;
  model::TokenizedReviews texts = model::tokenize(teacher.tokenizer, reviews, encoding);
  if (of_tokens) COPPICE_RETURN_IF_ERROR(check_same_tokens(teacher, texts, student));
  const auto keep_for_tokens = [&] {
    if (!of_tokens) return;
    result.answers.live = train::live_states(std::make_shared<model::BertClassifier>(std::move(teacher.model)),
                                             std::make_shared<const model::TokenizedReviews>(std::move(texts)),
                                             result.hidden_states.pairs);
  };
  if (answered) {
    keep_for_tokens();
    return result;
  }
  Progress progress("teacher");
  COPPICE_ASSIGN_OR_RETURN(result.answers, train::ask_teacher(
                                               teacher.model, texts, kTeacherBatchTokens, pool,
                                               [&](size_t done) {
                                                 progress.update(
                                                     static_cast<double>(done), static_cast<double>(texts.size()),
                                                     std::to_string(done) + " reviews" + meter.energy_so_far_text());
                                               },
                                               *invocation.interrupted, precision, result.hidden_states));
  fs::create_directories(folder, error);
  if (error) return failed("cannot create " + folder.string() + ": " + error.message());
  COPPICE_RETURN_IF_ERROR(train::save_answers(result.answers, fingerprint, file));
  keep_for_tokens();
  return result;
}

}  // namespace coppice::backend
