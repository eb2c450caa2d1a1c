#include "native/backend/measured_bert.h"

#include "native/backend/classifier_folder.h"
#include "native/export/model_folder.h"
#include "native/model/inference.h"

namespace coppice::backend {
namespace {

class MeasuredBert : public MeasuredModel {
 public:
  MeasuredBert(ClassifierFolder folder, const std::vector<Prompt>& prompts, model::WorkerPool& pool)
      : MeasuredModel(prompts.size()), folder_(std::move(folder)), pool_(pool) {
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

  Result<Verdict> run(size_t prompt) override {
    const model::TokenizedReviews& input = inputs_[prompt];
    return Verdict{model::predict(folder_.model, input, input.tokens(), pool_)[0], input.tokens(), input.truncated > 0};
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
  model::WorkerPool& pool_;
  std::vector<model::TokenizedReviews> inputs_;
};

}  // namespace

Result<std::unique_ptr<MeasuredModel>> open_measured_bert(const std::filesystem::path& folder,
                                                          const std::vector<Prompt>& prompts, model::WorkerPool& pool) {
  COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, read_model_folder(folder, Verify::kNothing));
  if (manifest.architecture == records::Architecture::kLinear) return open_measured_linear(folder, prompts);
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder opened, open_classifier(folder));
  return std::unique_ptr<MeasuredModel>(std::make_unique<MeasuredBert>(std::move(opened), prompts, pool));
}

}  // namespace coppice::backend
