#include "wasm/api/coppice_api.h"

#include <new>
#include <span>
#include <utility>

#include "shared/compare/messages.h"
#include "shared/compare/side_messages.h"
#include "shared/engine/calibration_kernel.h"
#include "shared/linear/linear_model.h"
#include "shared/reviews/packed_reviews.h"
#include "shared/text/tokenizer.h"
#include "wasm/api/handles.h"
#include "wasm/api/report.h"

struct coppice_tokenizer {
  coppice::text::Tokenizer tokenizer;
};

struct coppice_encoding {
  coppice::text::Encoding encoding;
};

struct coppice_linear {
  coppice::linear::LinearModel model;
};

struct coppice_reviews {
  std::string packed;
};

namespace {

using coppice::api::missing;
using coppice::api::report;

// An empty input may come as NULL: the heap has no address for nothing.
std::string_view view(const char* bytes, size_t length) {
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, length);
}

coppice_status give(std::string text, coppice_comparison* comparison, const char** json, size_t* length) {
  comparison->output = std::move(text);
  *json = comparison->output.data();
  *length = comparison->output.size();
  return COPPICE_OK;
}

}  // namespace

extern "C" {

coppice_status coppice_tokenizer_create(const char* vocab_txt, size_t length, int32_t lower_case,
                                        coppice_tokenizer** out) {
  if (out == nullptr) return report(missing("out"));
  *out = nullptr;
  coppice::text::TokenizerOptions options;
  options.do_lower_case = lower_case != 0;
  options.strip_accents = lower_case != 0;
  auto tokenizer = coppice::text::Tokenizer::create(view(vocab_txt, length), options);
  if (!tokenizer.ok()) return report(tokenizer.status());
  *out = new coppice_tokenizer{std::move(*tokenizer)};
  return COPPICE_OK;
}

void coppice_tokenizer_destroy(coppice_tokenizer* tokenizer) { delete tokenizer; }

coppice_status coppice_tokenizer_encode(const coppice_tokenizer* tokenizer, const char* text, size_t length,
                                        int32_t max_length, const char* truncation, coppice_encoding** out) {
  if (out == nullptr) return report(missing("out"));
  *out = nullptr;
  if (tokenizer == nullptr) return report(missing("tokenizer"));
  if (truncation == nullptr) return report(missing("truncation"));
  if (max_length < 0) return report(coppice::invalid_usage("max_length is negative"));
  const auto rule = coppice::text::parse_truncation(truncation);
  if (!rule.ok()) return report(rule.status());
  coppice::text::EncodeOptions options;
  options.max_length = max_length;
  options.truncation = *rule;
  *out = new coppice_encoding{tokenizer->tokenizer.encode(view(text, length), options)};
  return COPPICE_OK;
}

void coppice_encoding_destroy(coppice_encoding* encoding) { delete encoding; }

coppice_status coppice_encoding_ids(const coppice_encoding* encoding, const int32_t** ids, size_t* count) {
  if (encoding == nullptr || ids == nullptr || count == nullptr) return report(missing("encoding, ids or count"));
  *ids = encoding->encoding.input_ids.data();
  *count = encoding->encoding.input_ids.size();
  return COPPICE_OK;
}

coppice_status coppice_encoding_offsets(const coppice_encoding* encoding, const uint32_t** offsets, size_t* count) {
  if (encoding == nullptr || offsets == nullptr || count == nullptr) {
    return report(missing("encoding, offsets or count"));
  }
  static_assert(sizeof(coppice::text::Span) == 2 * sizeof(uint32_t));
  const auto& spans = encoding->encoding.offsets;
  *offsets = spans.empty() ? nullptr : &spans.front().begin;
  *count = 2 * spans.size();
  return COPPICE_OK;
}

coppice_status coppice_encoding_tokens_before_truncation(const coppice_encoding* encoding, uint32_t* out) {
  if (encoding == nullptr || out == nullptr) return report(missing("encoding or out"));
  *out = encoding->encoding.tokens_before_truncation;
  return COPPICE_OK;
}

coppice_status coppice_linear_create(const char* config_json, size_t config_length, const void* safetensors,
                                     size_t length, coppice_linear** out) {
  if (out == nullptr) return report(missing("out"));
  *out = nullptr;
  if (safetensors == nullptr) return report(missing("safetensors"));
  auto model = coppice::linear::LinearModel::create(
      view(config_json, config_length), std::span(static_cast<const std::byte*>(safetensors), length), "the model");
  if (!model.ok()) return report(model.status());
  *out = new coppice_linear{std::move(*model)};
  return COPPICE_OK;
}

void coppice_linear_destroy(coppice_linear* model) { delete model; }

coppice_status coppice_linear_judge(const coppice_linear* model, const char* text, size_t length, float* logits,
                                    uint32_t* words) {
  if (model == nullptr || logits == nullptr || words == nullptr) return report(missing("model, logits or words"));
  const coppice::linear::Judgement judgement = model->model.judge(view(text, length));
  logits[0] = judgement.logits[0];
  logits[1] = judgement.logits[1];
  *words = static_cast<uint32_t>(judgement.words);
  return COPPICE_OK;
}

coppice_status coppice_calibration_run(uint32_t rounds, double* operations, float* checksum) {
  if (operations == nullptr || checksum == nullptr) return report(missing("operations or checksum"));
  const coppice::engine::CalibrationRun run = coppice::engine::run_calibration_kernel(rounds);
  *operations = run.operations;
  *checksum = run.checksum;
  return COPPICE_OK;
}

coppice_status coppice_reviews_create(const char* name, const char* bytes, size_t length, coppice_reviews** out) {
  if (out == nullptr) return report(missing("out"));
  *out = nullptr;
  if (name == nullptr) return report(missing("name"));
  const auto file = coppice::reviews::parse_review_file(name, view(bytes, length));
  if (!file.ok()) return report(file.status());
  *out = new coppice_reviews{coppice::reviews::pack_reviews(*file)};
  return COPPICE_OK;
}

void coppice_reviews_destroy(coppice_reviews* reviews) { delete reviews; }

coppice_status coppice_reviews_packed(const coppice_reviews* reviews, const char** packed, size_t* length) {
  if (reviews == nullptr || packed == nullptr || length == nullptr) return report(missing("reviews, packed or length"));
  *packed = reviews->packed.data();
  *length = reviews->packed.size();
  return COPPICE_OK;
}

coppice_status coppice_comparison_create(coppice_comparison** out) {
  if (out == nullptr) return report(missing("out"));
  *out = new coppice_comparison();
  return COPPICE_OK;
}

void coppice_comparison_destroy(coppice_comparison* comparison) { delete comparison; }

coppice_status coppice_comparison_set_text(coppice_comparison* comparison, const char* text, size_t length) {
  if (comparison == nullptr) return report(missing("comparison"));
  comparison->comparison.set_text(view(text, length));
  return COPPICE_OK;
}

coppice_status coppice_comparison_fetched(coppice_comparison* comparison, int32_t request_id, const char* bytes,
                                          size_t length) {
  if (comparison == nullptr) return report(missing("comparison"));
  comparison->comparison.fetched(request_id, view(bytes, length));
  return COPPICE_OK;
}

coppice_status coppice_comparison_event(coppice_comparison* comparison, const char* json, size_t length) {
  if (comparison == nullptr) return report(missing("comparison"));
  return report(coppice::compare::apply_event(view(json, length), comparison->comparison));
}

coppice_status coppice_comparison_next_request(coppice_comparison* comparison, const char** json, size_t* length) {
  if (comparison == nullptr || json == nullptr || length == nullptr) return report(missing("comparison or output"));
  const auto request = comparison->comparison.next_request();
  return give(request ? coppice::compare::to_json(*request) : std::string(), comparison, json, length);
}

coppice_status coppice_comparison_view(coppice_comparison* comparison, const char** json, size_t* length) {
  if (comparison == nullptr || json == nullptr || length == nullptr) return report(missing("comparison or output"));
  return give(coppice::compare::view_json(comparison->comparison.state()), comparison, json, length);
}

uint32_t coppice_comparison_revision(const coppice_comparison* comparison) {
  return comparison == nullptr ? 0 : static_cast<uint32_t>(comparison->comparison.state().revision);
}

coppice_status coppice_comparison_choices(coppice_comparison* comparison, const char** json, size_t* length) {
  if (comparison == nullptr || json == nullptr || length == nullptr) return report(missing("comparison or output"));
  return give(coppice::compare::choices_json(), comparison, json, length);
}

coppice_status coppice_comparison_read_reviews(coppice_comparison* comparison, const char* name, const char* bytes,
                                               size_t length, int32_t shipped) {
  if (comparison == nullptr || name == nullptr) return report(missing("comparison or name"));
  return report(comparison->comparison.read_reviews(name, view(bytes, length), shipped != 0));
}

coppice_status coppice_comparison_add_reviews(coppice_comparison* comparison, const char* packed, size_t length,
                                              int32_t first) {
  if (comparison == nullptr) return report(missing("comparison"));
  return report(comparison->comparison.add_packed_reviews(view(packed, length), first != 0));
}

coppice_status coppice_comparison_use_added_reviews(coppice_comparison* comparison, const char* name) {
  if (comparison == nullptr || name == nullptr) return report(missing("comparison or name"));
  return report(comparison->comparison.use_added_reviews(name));
}

coppice_status coppice_comparison_ask(coppice_comparison* comparison, const char* question, size_t question_length,
                                      const char** answer, size_t* length) {
  if (comparison == nullptr || answer == nullptr || length == nullptr) return report(missing("comparison or output"));
  auto answered = coppice::compare::answer_question(view(question, question_length), comparison->comparison);
  if (!answered.ok()) return report(answered.status());
  return give(std::move(*answered), comparison, answer, length);
}

}  // extern "C"
