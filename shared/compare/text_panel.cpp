#include "shared/compare/text_panel.h"

#include <algorithm>
#include <cmath>

#include "shared/base/json.h"
#include "shared/compare/explanation_text.h"
#include "shared/compare/format.h"
#include "shared/explain/occlusion.h"

namespace coppice::compare {
namespace {

// A stretch without marks that is longer than this shows its begin and end only: one that was read, and one that was
// not.
constexpr size_t kLongestRead = 4000;
constexpr size_t kLongestUnread = 900;

constexpr size_t kMostTopWords = 8;

size_t at_character(std::string_view text, size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

// The bytes that a model did not read; empty if it read all.
text::Span unread_part(const text::Encoding& encoding, const records::Manifest& manifest, size_t text_size) {
  if (!encoding.truncated) return {0, 0};
  const Result<text::Truncation> rule = text::parse_truncation(manifest.truncation);
  const text::KeptTokens kept =
      text::tokens_to_keep(encoding.tokens_before_truncation - 2, static_cast<int>(manifest.max_length),
                           rule.ok() ? *rule : text::Truncation::kHead);
  const uint32_t begin = kept.head > 0 ? encoding.offsets[kept.head].end : 0;
  const uint32_t end = kept.tail > 0 ? encoding.offsets[kept.head + 1].begin : static_cast<uint32_t>(text_size);
  return {begin, std::max(begin, end)};
}

class SegmentWriter {
 public:
  SegmentWriter(std::string_view text, const text::Encoding* encoding, text::Span unread, int32_t unknown_id)
      : text_(text), encoding_(encoding), unread_(unread), unknown_id_(unknown_id) {}

  // The bytes up to `end` as one segment, or more where reading stops or starts within. marks: members for each.
  void write(size_t end, const OrderedJson& marks) {
    for (const size_t border : {size_t{unread_.begin}, size_t{unread_.end}}) {
      if (unread_.end > unread_.begin && border > at_ && border < end) write_one(border, marks);
    }
    write_one(end, marks);
  }
  [[nodiscard]] size_t at() const { return at_; }
  OrderedJson take() { return std::move(segments_); }

 private:
  void write_one(size_t end, const OrderedJson& marks) {
    if (end <= at_) return;
    const std::string_view part = text_.substr(at_, end - at_);
    OrderedJson segment = marks.is_object() ? marks : OrderedJson::object();
    segment["read"] = at_ < unread_.begin || at_ >= unread_.end;
    const size_t longest = segment["read"].get<bool>() ? kLongestRead : kLongestUnread;
    if (part.size() > longest) {
      const size_t first = at_character(part, longest / 3);
      const size_t last = at_character(part, part.size() - longest / 3);
      segment["text"] = std::string(part.substr(0, first)) + " … " + std::string(part.substr(last));
      segment["hidden"] = last - first;
    } else {
      segment["text"] = part;
      if (encoding_ != nullptr && segment["read"].get<bool>()) add_pieces(end, segment);
    }
    segments_.push_back(std::move(segment));
    at_ = end;
  }

  void add_pieces(size_t end, OrderedJson& segment) {
    const auto& offsets = encoding_->offsets;
    OrderedJson pieces = OrderedJson::array();
    OrderedJson unknown = OrderedJson::array();
    size_t from = at_;
    while (token_ < offsets.size() && (offsets[token_].end <= offsets[token_].begin || offsets[token_].begin < at_)) {
      ++token_;
    }
    for (; token_ < offsets.size() && offsets[token_].end > offsets[token_].begin && offsets[token_].begin < end;
         ++token_) {
      const size_t token_begin = offsets[token_].begin;
      if (token_begin > from) pieces.push_back(text_.substr(from, token_begin - from));  // white space
      const size_t token_end = std::clamp<size_t>(offsets[token_].end, token_begin, end);
      if (encoding_->input_ids[token_] == unknown_id_) unknown.push_back(pieces.size());
      pieces.push_back(text_.substr(token_begin, token_end - token_begin));
      from = token_end;
    }
    if (from < end && from > at_) pieces.push_back(text_.substr(from, end - from));
    if (pieces.size() > 1) segment["pieces"] = pieces;
    if (!unknown.empty()) segment["unknown"] = unknown;
  }

  std::string_view text_;
  const text::Encoding* encoding_;
  text::Span unread_;
  int32_t unknown_id_;
  OrderedJson segments_ = OrderedJson::array();
  size_t at_ = 0;
  size_t token_ = 0;
};

OrderedJson marks_of(const Explanation& explanation, const ExplainedModel& model, size_t word, size_t sentence,
                     double largest) {
  OrderedJson marks = OrderedJson::object();
  marks["word"] = word;
  std::optional<double> effect = model.words[word];
  const bool by_word = effect.has_value();
  if (!by_word && sentence < model.sentences.size()) effect = model.sentences[sentence];
  if (!effect) return marks;
  marks["by"] = by_word ? "word" : "sentence";
  marks["effect"] = *effect;
  marks["level"] = strength_of(*effect, largest);
  if (by_word) {
    const double without = model.margin - *effect;
    marks["turns"] = (without > 0) != (model.margin > 0);
    marks["detail"] = format_effect(*effect) + ": from " + format_probability(explain::probability_of(model.margin)) +
                      " to " + format_probability(explain::probability_of(without)) + " " + model.order.names[1] +
                      " without it";
  } else {
    const explain::Sentence& whole = explanation.units.sentences[sentence];
    marks["detail"] = format_effect(*effect) + " for the " + std::to_string(whole.end_word - whole.first_word) +
                      " words of its sentence together";
  }
  return marks;
}

OrderedJson segments_of(std::string_view text, const ModelReader& model, const Explanation* explanation,
                        const ExplainedModel* explained) {
  text::Encoding encoding;
  text::Span unread{0, 0};
  const bool linear = is_linear(*model.manifest);
  if (!linear) {
    encoding = encode_text(*model.manifest, *model.tokenizer, text, true);
    unread = unread_part(encoding, *model.manifest, text.size());
  }
  SegmentWriter writer(text, linear ? nullptr : &encoding, unread, linear ? -1 : model.tokenizer->special_ids().unk);
  if (explained != nullptr) {
    const double largest = largest_effect(*explanation);
    size_t sentence = 0;
    for (size_t word = 0; word < explanation->units.words.size(); ++word) {
      const text::Span span = explanation->units.words[word];
      while (sentence < explanation->units.sentences.size() &&
             word >= explanation->units.sentences[sentence].end_word) {
        ++sentence;
      }
      writer.write(span.begin, {});
      writer.write(span.end, marks_of(*explanation, *explained, word, sentence, largest));
    }
  }
  writer.write(text.size(), {});
  return writer.take();
}

std::string read_line(const ModelRow& row) {
  const std::string units =
      is_linear(row) ? (row.tokens == 1 ? " word" : " words") : (row.tokens_whole == 1 ? " token" : " tokens");
  if (!row.truncated) return "Read all of it: " + format_integer(row.tokens) + units + ".";
  return "Read " + format_integer(row.tokens) + " of " + format_integer(row.tokens_whole) + units + ": " +
         (row.truncation == "head_tail" ? "the start and the end." : "the start.");
}

}  // namespace

std::string text_panel_json(std::string_view text, std::span<const ModelReader> models, const Explanation& explanation,
                            bool comparing) {
  const bool explained = explanation.phase != ExplainPhase::kNone && explanation.text == text;
  OrderedJson json;
  json["explained"] = explained;
  json["status"] = explained ? explain_status(explanation, comparing) : "";
  json["words_left"] = explained ? explanation.words_left : 0;
  json["differences"] = OrderedJson::array();
  if (explained) json["differences"] = differences(explanation);
  json["models"] = OrderedJson::array();
  for (size_t i = 0; i < models.size(); ++i) {
    const ModelReader& model = models[i];
    if (!model.row->selected || !model.described) continue;
    const ExplainedModel* of_this = nullptr;
    for (const ExplainedModel& each : explanation.models) {
      if (explained && each.model == i) of_this = &each;
    }
    OrderedJson entry;
    entry["id"] = model.row->id;
    entry["read"] = read_line(*model.row);
    entry["linear"] = is_linear(*model.manifest);
    if (of_this != nullptr) {
      entry["summary"] = summary_of(explanation, *of_this);
      entry["verdict"] = of_this->order.names[of_this->margin > 0 ? 1 : 0] + ", " +
                         format_probability(explain::probability_of(std::abs(of_this->margin)));
      entry["words"] = OrderedJson::array();
      for (const WordEffect& each : top_words(explanation, *of_this, kMostTopWords)) {
        entry["words"].push_back(
            {{"word", each.word},
             {"name", each.name},
             {"effect", each.effect},
             {"text", format_effect(each.effect)},
             {"without", format_probability(each.probability_without) + " " + of_this->order.names[1]},
             {"turns", each.turns_verdict}});
      }
    }
    entry["segments"] = segments_of(text, model, &explanation, of_this);
    json["models"].push_back(std::move(entry));
  }
  return dump_json(json);
}

}  // namespace coppice::compare
