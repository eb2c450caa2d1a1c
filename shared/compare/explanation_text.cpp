#include "shared/compare/explanation_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "shared/compare/format.h"
#include "shared/explain/occlusion.h"

namespace coppice::compare {
namespace {

// Effects closer than this share of the largest one are told as alike.
constexpr double kAlike = 0.15;

std::string lower_ascii(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lowered;
}

std::string ordinal(size_t n) {
  const size_t tens = n % 100;
  const char* ending = "th";
  if (tens < 11 || tens > 13) ending = n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
  return std::to_string(n) + ending;
}

std::string name_of(const Explanation& explanation, size_t word) {
  const auto text_of = [&](size_t i) {
    const text::Span span = explanation.units.words[i];
    return std::string_view(explanation.text).substr(span.begin, span.end - span.begin);
  };
  const std::string wanted = lower_ascii(text_of(word));
  size_t times = 0;
  size_t place = 0;
  for (size_t i = 0; i < explanation.units.words.size(); ++i) {
    if (lower_ascii(text_of(i)) != wanted) continue;
    ++times;
    if (i == word) place = times;
  }
  std::string name(text_of(word));
  return times > 1 ? name + " (" + ordinal(place) + ")" : name;
}

std::string quoted_name(const Explanation& explanation, size_t word) { return "“" + name_of(explanation, word) + "”"; }

WordEffect describe_effect(const Explanation& explanation, const ExplainedModel& model, size_t word) {
  WordEffect described;
  described.word = word;
  described.name = name_of(explanation, word);
  described.effect = *model.words[word];
  const double without = model.margin - described.effect;
  described.probability_without = explain::probability_of(without);
  described.turns_verdict = (without > 0) != (model.margin > 0);
  return described;
}

// "from 12.3 % to 61.0 % positive"
std::string move_text(const ExplainedModel& model, size_t word) {
  return "from " + format_probability(explain::probability_of(model.margin)) + " to " +
         format_probability(explain::probability_of(model.margin - *model.words[word])) + " " + model.order.names[1];
}

std::string difference_between(const Explanation& explanation, const ExplainedModel& first,
                               const ExplainedModel& other) {
  std::optional<size_t> furthest;
  double largest = 0;
  double most = 0;
  for (size_t word = 0; word < first.words.size(); ++word) {
    if (!first.words[word] || !other.words[word]) continue;
    largest = std::max({largest, std::abs(*first.words[word]), std::abs(*other.words[word])});
    const double apart = std::abs(*first.words[word] - *other.words[word]);
    if (!furthest || apart > most) {
      furthest = word;
      most = apart;
    }
  }
  if (!furthest) return "";
  if (most <= kAlike * largest) {
    return first.id + " and " + other.id + " weigh the words much alike: no word moves one of them much more.";
  }
  return quoted_name(explanation, *furthest) + " counts most differently: without it " + first.id + " goes " +
         move_text(first, *furthest) + ", " + other.id + " " + move_text(other, *furthest) + ".";
}

}  // namespace

std::string format_effect(double effect) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f", std::abs(effect));
  return (effect < 0 ? "−" : "+") + std::string(buffer);
}

double largest_effect(const Explanation& explanation) {
  const auto largest_of = [&](auto member) {
    double largest = 0;
    for (const ExplainedModel& model : explanation.models) {
      for (const std::optional<double>& effect : model.*member)
        largest = std::max(largest, std::abs(effect.value_or(0)));
    }
    return largest;
  };
  const double words = largest_of(&ExplainedModel::words);
  return words > 0 ? words : largest_of(&ExplainedModel::sentences);  // no word yet: the sentences by themselves
}

int strength_of(double effect, double largest) {
  if (largest <= 0) return 0;
  const double share = std::abs(effect) / largest;
  return share < 0.06 ? 0 : share < 0.2 ? 1 : share < 0.45 ? 2 : share < 0.7 ? 3 : 4;
}

std::vector<WordEffect> top_words(const Explanation& explanation, const ExplainedModel& model, size_t most) {
  std::vector<size_t> order;
  double largest = 0;
  for (size_t word = 0; word < model.words.size(); ++word) {
    if (!model.words[word]) continue;
    order.push_back(word);
    largest = std::max(largest, std::abs(*model.words[word]));
  }
  std::erase_if(order, [&](size_t word) { return std::abs(*model.words[word]) < largest / 20 || largest == 0; });
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return std::abs(*model.words[a]) > std::abs(*model.words[b]); });
  if (order.size() > most) order.resize(most);
  std::vector<WordEffect> top;
  for (const size_t word : order) top.push_back(describe_effect(explanation, model, word));
  return top;
}

std::string summary_of(const Explanation& explanation, const ExplainedModel& model) {
  const std::vector<WordEffect> top = top_words(explanation, model, model.words.size());
  std::string summary;
  for (const int label : {1, 0}) {
    const auto strongest =
        std::find_if(top.begin(), top.end(), [&](const WordEffect& each) { return (each.effect > 0) == (label == 1); });
    if (strongest == top.end()) continue;
    summary += (summary.empty() ? "" : ", ") + quoted_name(explanation, strongest->word) +
               (summary.empty() ? " speaks most for " : " most for ") + model.order.names[static_cast<size_t>(label)];
  }
  if (summary.empty()) return "";
  summary += ".";
  std::string turning;
  int count = 0;
  for (const WordEffect& each : top) {
    if (!each.turns_verdict || ++count > 3) continue;
    turning += (turning.empty() ? "" : " or ") + quoted_name(explanation, each.word);
  }
  if (turning.empty()) return summary;
  return summary + " Without " + turning + " it would say " + model.order.names[model.margin > 0 ? 0 : 1] + ".";
}

std::vector<std::string> differences(const Explanation& explanation) {
  std::vector<std::string> sentences;
  for (size_t i = 1; i < explanation.models.size(); ++i) {
    std::string sentence = difference_between(explanation, explanation.models[0], explanation.models[i]);
    if (!sentence.empty()) sentences.push_back(std::move(sentence));
  }
  return sentences;
}

std::string explain_status(const Explanation& explanation, bool comparing) {
  const std::string progress =
      std::to_string(explanation.runs_done) + " of " + std::to_string(explanation.runs_planned);
  switch (explanation.phase) {
    case ExplainPhase::kNone:
      return "";
    case ExplainPhase::kRunning:
      if (comparing) return "Waiting for the comparison, which is not to be disturbed: " + progress + " runs done.";
      return "Leaving out words, one run each: " + progress + ".";
    case ExplainPhase::kStopped:
      return "Stopped after " + std::to_string(explanation.runs_done) + " runs.";
    case ExplainPhase::kDone:
      break;
  }
  std::string text = "Done: " + std::to_string(explanation.runs_done) + " runs.";
  if (explanation.words_left > 0) {
    text += " The text is long: each sentence was left out, then the words of those that count most. " +
            format_integer(static_cast<int64_t>(explanation.words_left)) + " words are judged by their sentence only.";
  }
  return text;
}

}  // namespace coppice::compare
