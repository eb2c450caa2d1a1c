// BERT for sequence classification on this project's own kernels: natively and in WebAssembly, from the bytes of a
// model folder's weights.
//
//   COPPICE_ASSIGN_OR_RETURN(const Classifier classifier, Classifier::load(config, bytes, "models/m/onnx/model.onnx",
//   {})); COPPICE_ASSIGN_OR_RETURN(Session session, Session::create(classifier, {.most_tokens = 512})); const
//   std::span<const int32_t> review(input_ids); std::array<float, 2> logits;
//   COPPICE_RETURN_IF_ERROR(session.classify({&review, 1}, {&logits, 1}));
//
// A classifier is constant and may be shared by threads; a session belongs to one caller at a time. classify allocates
// nothing. Reviews of one call lie end to end without padding, and each has the logits it would have alone, but for the
// order in which float32 rounds. The last layer is computed for [CLS] only, since nothing else reaches the logits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shared/base/status.h"
#include "shared/engine/activation_scales.h"
#include "shared/engine/linear.h"
#include "shared/engine/weights.h"
#include "shared/records/bert_config.h"

namespace coppice::engine {

// Who runs the parts of one operator. The engine knows no threads; natively a pool implements this.
class Threads {
 public:
  virtual ~Threads() = default;
  [[nodiscard]] virtual size_t count() const = 0;  // at least 1, constant
  // Calls part(0) ... part(parts - 1), each once, on any thread, and returns when all are done. parts <= count().
  virtual void run(size_t parts, const std::function<void(size_t part)>& part) = 0;
};

struct ClassifierOptions {
  KernelCosts costs;  // by which the format of each matrix is chosen, where `measure_costs` is not set
  // Fills in the members that `choice` is made by; called at most once for each choice, and only where there is one
  // (kernel_costs.h).
  std::function<void(FormatChoice choice, KernelCosts& costs)> measure_costs;
  // Weights and working memory of one review of the longest length may take so much; 0: as much as there is.
  int64_t memory_limit_bytes = 0;
  // Compute a file of int8 weights in float32 instead of in its own arithmetic.
  bool int8_as_float32 = false;
};

struct LayerNormWeights {
  std::vector<float> weight;  // (hidden_size)
  std::vector<float> bias;
};

struct EncoderLayer {
  size_t heads = 0;
  Linear query, key, value;  // (heads * head_size, hidden_size)
  Linear attention_output;   // (hidden_size, heads * head_size)
  LayerNormWeights attention_norm;
  Linear intermediate;  // (intermediate_size, hidden_size)
  Linear output;        // (hidden_size, intermediate_size)
  LayerNormWeights output_norm;
};

class Classifier {
 public:
  // From the bytes of a safetensors or an ONNX file (weights.h), which are no longer needed afterwards. A file with
  // int8 weights is computed in 8 bits, with its static scales of activations or, without, ONNX's dynamic ones of each
  // review. Errors: the file's (names and shapes against `config`), values that are not finite, too little memory.
  static Result<Classifier> load(const records::BertConfig& config, std::span<const std::byte> bytes,
                                 const std::string& source, const ClassifierOptions& options);
  // The same, computing with the weights where they lie: `bytes` are overwritten, also where this fails, and must
  // outlive the classifier. A dense file then takes little more memory than its bytes.
  static Result<Classifier> load_in_place(const records::BertConfig& config, std::span<std::byte> bytes,
                                          const std::string& source, const ClassifierOptions& options);

  [[nodiscard]] const records::BertConfig& config() const { return config_; }
  [[nodiscard]] const std::vector<EncoderLayer>& layers() const { return layers_; }
  // "float32", "float32 from int8 weights", "int8 weights and activations" or "... of static scale", as records state
  // it.
  [[nodiscard]] const char* arithmetic() const;
  [[nodiscard]] size_t bytes() const;  // of memory held by the weights, wherever they are

 private:
  friend class Session;
  class Homes;
  static Result<Classifier> load_into(const records::BertConfig& config, std::span<const std::byte> bytes,
                                      std::byte* in_place, const std::string& source, const ClassifierOptions& options);
  Status load_tables(const TensorMap& tensors, const Homes& homes);
  // One row of word embeddings in float32.
  void word_row(int32_t id, float* out) const;

  records::BertConfig config_;
  bool int8_file_ = false;
  bool int8_products_ = false;
  std::optional<std::vector<ActivationScale>> activation_scales_;
  DType word_type_ = DType::kF32;  // kF32, kF16 or kI8 with word_scales_
  AlignedBytes words_;             // (vocab_size, hidden_size)
  std::vector<float> word_scales_;
  std::vector<float> positions_;  // (max_position_embeddings, hidden_size), token type 0 added
  LayerNormWeights embedding_norm_;
  std::vector<EncoderLayer> layers_;
  Linear pooler_;                  // (hidden_size, hidden_size)
  std::vector<float> classifier_;  // (2, hidden_size)
  std::array<float, 2> classifier_bias_{};
};

enum class Operator {
  kEmbeddings,
  kQuantize,
  kProjections,  // query, key and value
  kAttention,
  kAttentionOutput,
  kIntermediate,  // with GELU
  kOutput,
  kLayerNorm,
  kClassifier,  // pooler and classifier
};
inline constexpr size_t kOperators = 9;
std::string_view name_of(Operator of);

struct OperatorCost {
  double seconds = 0;
  int64_t multiplications = 0;       // of full matrices, and of attention
  int64_t multiplications_done = 0;  // without the zeros that were skipped
};

struct SessionOptions {
  size_t most_tokens = 512;  // of all reviews of one call
  size_t most_reviews = 1;
  Threads* threads = nullptr;  // null: the caller's thread alone. Must outlive the session
  // Seconds of a clock that never goes back; null: no profile. The core has no clock of its own.
  double (*now)() = nullptr;
};

class Session {
 public:
  // `classifier` must outlive the session. All memory is taken here.
  static Result<Session> create(const Classifier& classifier, const SessionOptions& options);

  // reviews: input_ids with [CLS] and [SEP]; logits: one a review, (negative, positive). Refused: no reviews or too
  // many, an empty review, one longer than max_position_embeddings, more tokens than the session has room for, an id
  // outside the vocabulary, logits that are not finite.
  Status classify(std::span<const std::span<const int32_t>> reviews, std::span<std::array<float, 2>> logits);

  // Sums over all calls: layer 0, 1, ..., and last what is in no layer. Empty without a clock.
  [[nodiscard]] const std::vector<std::array<OperatorCost, kOperators>>& profile() const { return profile_; }
  [[nodiscard]] size_t bytes() const { return arena_.size(); }

 private:
  class Run;
  explicit Session(const Classifier& classifier, const SessionOptions& options)
      : classifier_(&classifier), options_(options) {}
  Status cut_arena();

  const Classifier* classifier_;
  SessionOptions options_;
  AlignedBytes arena_;
  // Views into the arena, named after what they hold; (features, tokens) of at most most_tokens tokens.
  kernels::Activations x_, y_, query_, key_, value_, context_, wide_;
  kernels::Activations cls_, cls_y_;  // [CLS] of each review
  kernels::QuantizedActivations quantized_, cls_quantized_;
  float* rows_ = nullptr;     // (tokens embedded together, hidden_size)
  float* scratch_ = nullptr;  // scratch_floats_ of each thread
  size_t scratch_floats_ = 0;
  std::vector<kernels::StoredRange> ranges_;  // of each thread
  std::vector<size_t> offsets_;               // first token of each review, and the end
  std::vector<std::array<OperatorCost, kOperators>> profile_;
};

// Bytes of a session's memory.
size_t session_bytes(const records::BertConfig& config, const SessionOptions& options);

}  // namespace coppice::engine
