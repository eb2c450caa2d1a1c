#include "native/backend/measured_model.h"

#include "native/backend/classifier_folder.h"
#include "native/export/model_folder.h"
#include "native/linear/linear_folder.h"
#include "native/model/inference.h"

namespace coppice::backend {
namespace {

class MeasuredBert : public MeasuredModel {
 public:
  MeasuredBert(ClassifierFolder folder, const std::vector<Prompt>& prompts)
      : MeasuredModel(prompts.size()), folder_(std::move(folder)) {
    for (const Prompt& prompt : prompts) {
      const text::Encoding encoding = folder_.tokenizer.encode(prompt.text, folder_.encoding);
      model::TokenizedReviews one;
      one.ids = encoding.input_ids;
      one.offsets = {0, encoding.input_ids.size()};
      one.labels = {0};
      one.truncated = encoding.truncated ? 1 : 0;
      inputs_.push_back(std::move(one));
    }
  }

  Verdict run(size_t prompt, model::WorkerPool& pool) override {
    const model::TokenizedReviews& input = inputs_[prompt];
    return {model::predict(folder_.model, input, input.tokens(), pool)[0], input.tokens(), input.truncated > 0};
  }
  const records::Manifest& manifest() const override { return folder_.manifest; }
  const std::filesystem::path& path() const override { return folder_.path; }
  const std::string& weights_sha256() const override { return folder_.weights_sha256; }
  // Rounding activations would take time that no engine of integers needs, so it is left out, and said.
  const char* engine() const override {
    return folder_.arithmetic == "float32" ? "libtorch" : "libtorch, float32 from int8 weights";
  }

 private:
  ClassifierFolder folder_;
  std::vector<model::TokenizedReviews> inputs_;
};

class MeasuredLinear : public MeasuredModel {
 public:
  MeasuredLinear(linear::LinearFolder folder, const std::vector<Prompt>& prompts)
      : MeasuredModel(prompts.size()), folder_(std::move(folder)) {
    for (const Prompt& prompt : prompts) texts_.push_back(prompt.text);
  }

  Verdict run(size_t prompt, model::WorkerPool&) override {
    const linear::Judgement judgement = folder_.model.judge(texts_[prompt]);
    return {judgement.logits, judgement.words, false};
  }
  const records::Manifest& manifest() const override { return folder_.manifest; }
  const std::filesystem::path& path() const override { return folder_.path; }
  const std::string& weights_sha256() const override { return folder_.weights_sha256; }
  const char* engine() const override { return "core"; }

 private:
  linear::LinearFolder folder_;
  std::vector<std::string> texts_;
};

}  // namespace

Result<std::unique_ptr<MeasuredModel>> MeasuredModel::open(const std::filesystem::path& folder,
                                                           const std::vector<Prompt>& prompts) {
  COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, read_model_folder(folder, Verify::kNothing));
  if (manifest.architecture == records::Architecture::kLinear) {
    COPPICE_ASSIGN_OR_RETURN(linear::LinearFolder opened, linear::open_linear(folder));
    return std::unique_ptr<MeasuredModel>(std::make_unique<MeasuredLinear>(std::move(opened), prompts));
  }
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder opened, open_classifier(folder));
  return std::unique_ptr<MeasuredModel>(std::make_unique<MeasuredBert>(std::move(opened), prompts));
}

}  // namespace coppice::backend
