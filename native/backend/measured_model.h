// A model whose single inferences are timed, by whichever engine. Without libtorch.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "native/backend/texts.h"
#include "native/backend/verdicts.h"
#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/records/manifest.h"

namespace coppice::backend {

struct PromptTimes {
  Verdict verdict;
  std::vector<double> milliseconds;
};

class MeasuredModel {
 public:
  virtual ~MeasuredModel() = default;
  MeasuredModel(const MeasuredModel&) = delete;
  MeasuredModel& operator=(const MeasuredModel&) = delete;

  virtual Result<Verdict> run(size_t prompt) = 0;
  // Called after the untimed runs: what the profile holds is of the timed ones.
  virtual void begin_timing() {}
  // Where the time went, empty where the engine does not tell.
  [[nodiscard]] virtual OrderedJson profile() const { return {}; }
  [[nodiscard]] virtual const records::Manifest& manifest() const = 0;
  [[nodiscard]] virtual const std::filesystem::path& path() const = 0;
  [[nodiscard]] virtual const std::string& weights_sha256() const = 0;
  // "libtorch" or "core", and after a comma its arithmetic where that is not float32.
  [[nodiscard]] virtual const char* engine() const = 0;

  std::vector<PromptTimes> prompts;  // one a prompt, in the order given

 protected:
  explicit MeasuredModel(size_t prompt_count) : prompts(prompt_count) {}
};

// Opens the folder, every file of which is checked first. BERT's prompts are tokenized: of them only the model is
// timed, of a linear one the reading of the text too, which is most of its work.
using ModelOpener = std::function<Result<std::unique_ptr<MeasuredModel>>(const std::filesystem::path& folder,
                                                                         const std::vector<Prompt>& prompts)>;

// A linear model's folder.
Result<std::unique_ptr<MeasuredModel>> open_measured_linear(const std::filesystem::path& folder,
                                                            const std::vector<Prompt>& prompts);

}  // namespace coppice::backend
