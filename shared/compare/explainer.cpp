#include "shared/compare/explainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "shared/compare/format.h"
#include "shared/explain/occlusion.h"

namespace coppice::compare {

Status Explainer::start(std::string_view text, std::span<const ModelReader> models) {
  std::vector<ExplainedModel> explained;
  std::vector<text::Encoding> encodings;
  for (size_t i = 0; i < models.size(); ++i) {
    const ModelReader& model = models[i];
    if (!model.row->selected || !model.row->verdict || !model.described) continue;
    ExplainedModel each;
    each.model = i;
    each.id = model.row->id;
    each.order = label_order(*model.manifest);
    each.margin = each.order.sign * explain::margin(model.row->verdict->logits);
    explained.push_back(std::move(each));
    encodings.push_back(is_linear(*model.manifest) ? text::Encoding{}
                                                   : encode_text(*model.manifest, *model.tokenizer, text, true));
  }
  if (explained.empty()) return invalid_usage("There is no verdict to explain yet: compare first.");
  explain::Units units = explain::find_units(text);
  if (units.words.size() > kMostWordsExplained) {
    return invalid_usage("This text has " + format_integer(static_cast<int64_t>(units.words.size())) +
                         " words; a verdict is explained for up to " +
                         format_integer(static_cast<int64_t>(kMostWordsExplained)) + ". Shorten it and compare again.");
  }
  if (units.words.empty()) return invalid_usage("There is no word in this text to leave out.");

  explanation_ = {};
  explanation_.phase = ExplainPhase::kRunning;
  explanation_.text.assign(text);
  explanation_.units = std::move(units);
  explanation_.models = std::move(explained);
  encodings_ = std::move(encodings);
  tasks_.clear();
  out_.reset();
  const size_t words = explanation_.units.words.size();
  const size_t sentences = explanation_.units.sentences.size();
  word_planned_.assign(words, false);
  word_read_.assign(explanation_.models.size(), std::vector<bool>(words, true));
  for (size_t place = 0; place < explanation_.models.size(); ++place) {
    explanation_.models[place].words.resize(words);
    explanation_.models[place].sentences.resize(sentences);
    if (encodings_[place].input_ids.empty()) continue;  // a linear model reads all
    for (size_t word = 0; word < words; ++word) {
      word_read_[place][word] = explain::reads_any(encodings_[place], explanation_.units.words[word]);
    }
  }
  if (words > kWordsAtOnce) {
    for (size_t sentence = 0; sentence < sentences; ++sentence) {
      for (size_t place = 0; place < explanation_.models.size(); ++place) add_task({place, sentence, true});
    }
    explanation_.words_left = words;
  } else {
    std::vector<size_t> all(words);
    std::iota(all.begin(), all.end(), size_t{0});
    add_words(all);
  }
  finish_if_done();
  return {};
}

Status Explainer::every_word() {
  if (explanation_.phase == ExplainPhase::kNone || explanation_.words_left == 0) {
    return invalid_usage("Every word of this text has been left out already.");
  }
  explanation_.phase = ExplainPhase::kRunning;
  add_next_words(explanation_.words_left);
  finish_if_done();
  return {};
}

void Explainer::stop() {
  if (explanation_.phase != ExplainPhase::kRunning) return;
  // What was planned and not done is left, so that it can be asked for.
  for (const Task& task : tasks_) {
    if (!task.sentence) word_planned_[task.index] = false;
  }
  if (out_ && !out_->sentence) word_planned_[out_->index] = false;
  explanation_.words_left = static_cast<size_t>(std::count(word_planned_.begin(), word_planned_.end(), false));
  explanation_.runs_planned = explanation_.runs_done;
  tasks_.clear();
  out_.reset();
  explanation_.phase = ExplainPhase::kStopped;
}

void Explainer::add_task(Task task) {
  const ExplainedModel& model = explanation_.models[task.place];
  if (model.failed) return;
  if (task.sentence) {
    const explain::Sentence& sentence = explanation_.units.sentences[task.index];
    bool read = false;
    for (size_t word = sentence.first_word; word < sentence.end_word; ++word) read |= word_read_[task.place][word];
    if (!read) return;
  } else if (!word_read_[task.place][task.index] || model.words[task.index]) {
    return;
  }
  tasks_.push_back(task);
  ++explanation_.runs_planned;
}

void Explainer::add_words(const std::vector<size_t>& words) {
  for (const size_t word : words) {
    word_planned_[word] = true;
    for (size_t place = 0; place < explanation_.models.size(); ++place) add_task({place, word, false});
  }
  explanation_.words_left = static_cast<size_t>(std::count(word_planned_.begin(), word_planned_.end(), false));
}

// The words of the sentences with the largest effects, in reading order within each.
void Explainer::add_next_words(size_t most) {
  const auto& sentences = explanation_.units.sentences;
  std::vector<double> weight(sentences.size(), 0);
  for (size_t i = 0; i < sentences.size(); ++i) {
    for (const ExplainedModel& model : explanation_.models) {
      if (model.sentences[i]) weight[i] = std::max(weight[i], std::abs(*model.sentences[i]));
    }
  }
  std::vector<size_t> order(sentences.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return weight[a] > weight[b]; });
  std::vector<size_t> words;
  for (const size_t sentence : order) {
    for (size_t word = sentences[sentence].first_word; word < sentences[sentence].end_word; ++word) {
      if (word_planned_[word] || words.size() == most) continue;
      words.push_back(word);
    }
  }
  add_words(words);
}

text::Span Explainer::span_of(const Task& task) const {
  return task.sentence ? explanation_.units.sentences[task.index].span : explanation_.units.words[task.index];
}

bool Explainer::wants(size_t model) const {
  return std::any_of(tasks_.begin(), tasks_.end(),
                     [&](const Task& task) { return explanation_.models[task.place].model == model; });
}

std::optional<SideRun> Explainer::next_run(std::span<const ModelReader> models) {
  const auto next = std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& task) {
    return models[explanation_.models[task.place].model].ready();
  });
  if (next == tasks_.end()) return std::nullopt;
  out_ = *next;
  tasks_.erase(next);
  SideRun run;
  run.model = explanation_.models[out_->place].model;
  const text::Encoding& encoding = encodings_[out_->place];
  if (encoding.input_ids.empty()) {
    run.reading.text = explain::without_bytes(explanation_.text, span_of(*out_));
  } else {
    run.reading.input_ids = explain::without_tokens(encoding, span_of(*out_));
  }
  return run;
}

void Explainer::answer(const RunAnswer& answer) {
  if (!out_) return;  // stopped or started anew since
  ExplainedModel& model = explanation_.models[out_->place];
  const double effect = model.margin - model.order.sign * explain::margin(answer.logits);
  (out_->sentence ? model.sentences : model.words)[out_->index] = effect;
  const bool last_sentence = out_->sentence && tasks_.empty();
  out_.reset();
  ++explanation_.runs_done;
  if (last_sentence) add_next_words(kWordsAtOnce);
  finish_if_done();
}

void Explainer::run_lost() {
  if (!out_) return;
  tasks_.push_front(*out_);  // unless its model failed, which is said after this
  out_.reset();
}

void Explainer::model_failed(size_t model) {
  bool sentences_open = false;
  for (const Task& task : tasks_) sentences_open |= task.sentence;
  for (size_t place = 0; place < explanation_.models.size(); ++place) {
    if (explanation_.models[place].model != model) continue;
    explanation_.models[place].failed = true;
    const size_t gone = std::erase_if(tasks_, [&](const Task& task) { return task.place == place; });
    explanation_.runs_planned -= static_cast<int>(gone);
    if (out_ && out_->place == place) {
      out_.reset();
      --explanation_.runs_planned;
    }
  }
  if (explanation_.phase != ExplainPhase::kRunning) return;
  if (sentences_open && tasks_.empty() && !out_) add_next_words(kWordsAtOnce);
  finish_if_done();
}

void Explainer::finish_if_done() {
  if (explanation_.phase == ExplainPhase::kRunning && tasks_.empty() && !out_) explanation_.phase = ExplainPhase::kDone;
}

}  // namespace coppice::compare
