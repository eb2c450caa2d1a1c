// What judges reviews for the server: texts in, logits and counts out. One implementation a kind of model.
//
//   COPPICE_ASSIGN_OR_RETURN(auto classifier, open_classifier("models/linear-ngrams"));
//   const std::string_view texts[] = {"A quiet, beautiful film."};
//   COPPICE_ASSIGN_OR_RETURN(std::vector<Verdict> verdicts, classifier->classify(texts));
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice::serve {

struct Verdict {
  std::array<float, 2> logits{};  // by class: ModelInfo::labels
  int64_t tokens = 0;             // that were judged; words of a linear model
  bool truncated = false;         // the text is longer than what was judged
};

struct ModelInfo {
  std::string id;
  std::string architecture;           // "linear", "bert"
  std::array<std::string, 2> labels;  // by class
  int64_t parameters = 0;
};

class Classifier {
 public:
  Classifier() = default;
  Classifier(const Classifier&) = delete;
  Classifier& operator=(const Classifier&) = delete;
  virtual ~Classifier() = default;

  [[nodiscard]] virtual const ModelInfo& info() const = 0;

  // One verdict a text, in order; texts are UTF-8 and owned by the caller. Called by one thread at a time, which may
  // differ from call to call. A failure is of all texts.
  virtual Result<std::vector<Verdict>> classify(std::span<const std::string_view> texts) = 0;

  // One more that judges the same, with working memory of its own: both may be called at a time. From any thread.
  // kUnsupported where one is all there is.
  [[nodiscard]] virtual Result<std::unique_ptr<Classifier>> another() const {
    return unsupported(info().id + ": judges one batch at a time");
  }
};

// The model of a folder with a manifest, every file checked against its hash. kUnsupported for an architecture that
// this program has no classifier for.
Result<std::unique_ptr<Classifier>> open_classifier(const std::filesystem::path& folder);

}  // namespace coppice::serve
