#include "native/serve/linear_classifier.h"

#include "native/io/file.h"
#include "shared/linear/linear_model.h"

namespace coppice::serve {
namespace {

class LinearClassifier : public Classifier {
 public:
  LinearClassifier(ModelInfo info, linear::LinearModel model) : info_(std::move(info)), model_(std::move(model)) {}

  [[nodiscard]] const ModelInfo& info() const override { return info_; }

  Result<std::vector<Verdict>> classify(std::span<const std::string_view> texts) override {
    std::vector<Verdict> verdicts;
    verdicts.reserve(texts.size());
    for (const std::string_view text : texts) {
      const linear::Judgement judgement = model_.judge(text);
      verdicts.push_back({judgement.logits, judgement.words, false});
    }
    return verdicts;
  }

 private:
  ModelInfo info_;
  linear::LinearModel model_;
};

}  // namespace

Result<std::unique_ptr<Classifier>> open_linear_classifier(const std::filesystem::path& folder,
                                                           const records::Manifest& manifest) {
  COPPICE_ASSIGN_OR_RETURN(const std::string config, read_file(folder / "config.json"));
  COPPICE_ASSIGN_OR_RETURN(const MappedFile weights, MappedFile::open(folder / linear::kWeightsFileName));
  COPPICE_ASSIGN_OR_RETURN(linear::LinearModel model,
                           linear::LinearModel::create(config, weights.bytes(), folder.string()));
  ModelInfo info{manifest.id, "linear", model.config().labels, model.parameters()};
  return std::unique_ptr<Classifier>(std::make_unique<LinearClassifier>(std::move(info), std::move(model)));
}

}  // namespace coppice::serve
