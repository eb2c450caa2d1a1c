#include "native/backend/measured_model.h"
#include "native/linear/linear_folder.h"

namespace coppice::backend {
namespace {

class MeasuredLinear : public MeasuredModel {
 public:
  MeasuredLinear(linear::LinearFolder folder, const std::vector<Prompt>& prompts)
      : MeasuredModel(prompts.size()), folder_(std::move(folder)) {
    for (const Prompt& prompt : prompts) texts_.push_back(prompt.text);
  }

  Result<Verdict> run(size_t prompt) override {
    const linear::Judgement judgement = folder_.model.judge(texts_[prompt]);
    return Verdict{judgement.logits, judgement.words, false};
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

Result<std::unique_ptr<MeasuredModel>> open_measured_linear(const std::filesystem::path& folder,
                                                            const std::vector<Prompt>& prompts) {
  COPPICE_ASSIGN_OR_RETURN(linear::LinearFolder opened, linear::open_linear(folder));
  return std::unique_ptr<MeasuredModel>(std::make_unique<MeasuredLinear>(std::move(opened), prompts));
}

}  // namespace coppice::backend
