// "Why the verdict?": each word of the review left out in turn, for every selected model (shared/explain/occlusion.h).
//
// A text of up to kWordsAtOnce words is done word by word. Of a longer one the sentences are left out first; then come
// the words of the sentences that moved a verdict most, kWordsAtOnce of them; every word only when that is asked for.
// All models take the same words, so that they can be compared, but for those that a model did not read.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/compare/side_run.h"
#include "shared/explain/units.h"
#include "shared/text/tokenizer.h"

namespace coppice::compare {

inline constexpr size_t kWordsAtOnce = 80;
inline constexpr size_t kMostWordsExplained = 4000;  // IMDb's longest review has 2,500

enum class ExplainPhase { kNone, kRunning, kDone, kStopped };

// Of one model. Effects are in log-odds, above 0 for positive; absent: not done, or not read by the model.
struct ExplainedModel {
  size_t model = 0;
  std::string id;
  LabelOrder order;
  double margin = 0;  // of the whole text, above 0 for positive
  std::vector<std::optional<double>> words;
  std::vector<std::optional<double>> sentences;
  bool failed = false;
};

struct Explanation {
  ExplainPhase phase = ExplainPhase::kNone;
  std::string text;
  explain::Units units;
  std::vector<ExplainedModel> models;
  int runs_done = 0;
  int runs_planned = 0;
  size_t words_left = 0;  // not left out one by one, as the text is long
};

class Explainer {
 public:
  [[nodiscard]] const Explanation& explanation() const { return explanation_; }

  // Explains the verdicts that the selected models gave on `text`. Refused without a verdict, or for too long a text.
  Status start(std::string_view text, std::span<const ModelReader> models);
  // Goes on with the words that were left; refused when there are none.
  Status every_word();
  void stop();  // keeps what is done

  [[nodiscard]] bool wants(size_t model) const;
  std::optional<SideRun> next_run(std::span<const ModelReader> models);
  void answer(const RunAnswer& answer);
  void run_lost();
  void model_failed(size_t model);

 private:
  struct Task {
    size_t place;  // in explanation_.models
    size_t index;  // of a word, or of a sentence
    bool sentence;
  };
  void add_words(const std::vector<size_t>& words);
  void add_next_words(size_t most);
  void add_task(Task task);
  [[nodiscard]] text::Span span_of(const Task& task) const;
  void finish_if_done();

  Explanation explanation_;
  std::vector<text::Encoding> encodings_;     // beside explanation_.models; empty of a linear model
  std::vector<std::vector<bool>> word_read_;  // (models, words)
  std::vector<bool> word_planned_;
  std::deque<Task> tasks_;
  std::optional<Task> out_;
};

}  // namespace coppice::compare
