#include "native/serve/bert_classifier.h"

#include <algorithm>

#include "native/io/file.h"
#include "shared/engine/classifier.h"
#include "shared/text/tokenizer.h"
#include "shared/text/tokenizer_config.h"

namespace coppice::serve {
namespace {

// Reviews of one call of the engine lie end to end in memory that is taken once: room for one of the longest length, or
// several that are shorter. More room costs memory at each start.
constexpr size_t kLongestReviewsACall = 1;
constexpr size_t kMostReviewsACall = 32;

// Constant, and shared by the classifiers of one model.
struct BertModel {
  ModelInfo info;
  text::Tokenizer tokenizer;
  text::EncodeOptions encode;
  engine::Classifier classifier;
  size_t most_tokens = 0;
};

class BertClassifier : public Classifier {
 public:
  BertClassifier(std::shared_ptr<const BertModel> model, engine::Session session)
      : model_(std::move(model)), session_(std::move(session)) {}

  static Result<std::unique_ptr<Classifier>> create(std::shared_ptr<const BertModel> model) {
    const engine::SessionOptions options{.most_tokens = model->most_tokens, .most_reviews = kMostReviewsACall};
    COPPICE_ASSIGN_OR_RETURN(engine::Session session, engine::Session::create(model->classifier, options));
    return std::unique_ptr<Classifier>(std::make_unique<BertClassifier>(std::move(model), std::move(session)));
  }
  [[nodiscard]] Result<std::unique_ptr<Classifier>> another() const override { return create(model_); }

  [[nodiscard]] const ModelInfo& info() const override { return model_->info; }

  Result<std::vector<Verdict>> classify(std::span<const std::string_view> texts) override {
    std::vector<text::Encoding> encodings(texts.size());
    for (size_t i = 0; i < texts.size(); ++i) model_->tokenizer.encode_into(texts[i], model_->encode, encodings[i]);
    std::vector<std::array<float, 2>> logits(texts.size());
    std::vector<std::span<const int32_t>> reviews;
    for (size_t begin = 0; begin < texts.size(); begin += reviews.size()) {
      reviews.clear();
      size_t tokens = 0;
      for (size_t i = begin; i < texts.size() && reviews.size() < kMostReviewsACall; ++i) {
        tokens += encodings[i].input_ids.size();
        if (tokens > model_->most_tokens) break;
        reviews.emplace_back(encodings[i].input_ids);
      }
      COPPICE_RETURN_IF_ERROR(session_.classify(reviews, std::span(logits).subspan(begin, reviews.size())));
    }
    std::vector<Verdict> verdicts;
    for (size_t i = 0; i < texts.size(); ++i) {
      verdicts.push_back({logits[i], static_cast<int64_t>(encodings[i].input_ids.size()), encodings[i].truncated});
    }
    return verdicts;
  }

 private:
  std::shared_ptr<const BertModel> model_;  // the session points to it
  engine::Session session_;
};

Result<text::Tokenizer> open_tokenizer(const std::filesystem::path& folder, const records::Manifest& manifest) {
  COPPICE_ASSIGN_OR_RETURN(const std::string vocabulary, read_file(folder / "vocab.txt"));
  text::TokenizerFiles files{vocabulary, std::nullopt, std::nullopt};
  std::string config;
  if (manifest.find_file("tokenizer_config.json") != nullptr) {
    COPPICE_ASSIGN_OR_RETURN(config, read_file(folder / "tokenizer_config.json"));
    files.tokenizer_config_json = config;
  }
  // tokenizer.json repeats the vocabulary and states what tokenizer_config.json does: reading it too would double the
  // time until the first answer.
  Result<text::Tokenizer> tokenizer = text::tokenizer_from_files(files);
  if (!tokenizer) return tokenizer.status().with_context(folder.string());
  return tokenizer;
}

}  // namespace

Result<std::unique_ptr<Classifier>> open_bert_classifier(const std::filesystem::path& folder,
                                                         const records::Manifest& manifest) {
  COPPICE_ASSIGN_OR_RETURN(const std::string config_text, read_file(folder / "config.json"));
  COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config,
                           records::parse_bert_config(config_text, (folder / "config.json").string()));
  COPPICE_ASSIGN_OR_RETURN(text::Tokenizer tokenizer, open_tokenizer(folder, manifest));
  const records::WeightsFile* weights = manifest.find_weights("onnx");
  if (weights == nullptr) weights = manifest.find_weights("safetensors");
  if (weights == nullptr) return invalid_input(folder.string() + ": manifest.json lists no weights file");
  const std::filesystem::path file = folder / weights->path;
  COPPICE_ASSIGN_OR_RETURN(const MappedFile bytes, MappedFile::open(file));
  COPPICE_ASSIGN_OR_RETURN(engine::Classifier loaded,
                           engine::Classifier::load(config, bytes.bytes(), file.string(), {}));
  text::EncodeOptions encode;
  encode.max_length = static_cast<int>(manifest.max_length);
  encode.truncation = manifest.truncation == "head_tail" ? text::Truncation::kHeadTail : text::Truncation::kHead;
  encode.with_offsets = false;
  ModelInfo info{manifest.id, "bert", {manifest.labels[0], manifest.labels[1]}, manifest.parameters.total};
  return BertClassifier::create(
      std::make_shared<const BertModel>(BertModel{std::move(info), std::move(tokenizer), encode, std::move(loaded),
                                                  kLongestReviewsACall * static_cast<size_t>(manifest.max_length)}));
}

}  // namespace coppice::serve
