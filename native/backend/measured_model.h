// A model whose single inferences are timed: BERT by libtorch, or a linear one by the core.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "native/backend/texts.h"
#include "native/backend/verdicts.h"
#include "native/model/worker_pool.h"
#include "shared/base/status.h"
#include "shared/records/manifest.h"

namespace coppice::backend {

struct PromptTimes {
  Verdict verdict;
  std::vector<double> milliseconds;
};

class MeasuredModel {
 public:
  // Every file of the folder is checked first, and BERT's prompts are tokenized: of them only the model is timed, of a
  // linear one the reading of the text too, which is most of its work.
  static Result<std::unique_ptr<MeasuredModel>> open(const std::filesystem::path& folder,
                                                     const std::vector<Prompt>& prompts);
  virtual ~MeasuredModel() = default;
  MeasuredModel(const MeasuredModel&) = delete;
  MeasuredModel& operator=(const MeasuredModel&) = delete;

  virtual Verdict run(size_t prompt, model::WorkerPool& pool) = 0;
  [[nodiscard]] virtual const records::Manifest& manifest() const = 0;
  [[nodiscard]] virtual const std::filesystem::path& path() const = 0;
  [[nodiscard]] virtual const std::string& weights_sha256() const = 0;
  [[nodiscard]] virtual const char* engine() const = 0;  // "libtorch" or "core"

  std::vector<PromptTimes> prompts;  // one a prompt, in the order given

 protected:
  explicit MeasuredModel(size_t prompt_count) : prompts(prompt_count) {}
};

}  // namespace coppice::backend
