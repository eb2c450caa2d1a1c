#include "shared/compare/side_messages.h"

#include <functional>
#include <map>

#include "shared/base/json.h"
#include "shared/compare/explanation_text.h"
#include "shared/compare/format.h"
#include "shared/compare/set_export.h"
#include "shared/compare/set_figures.h"
#include "shared/compare/text_panel.h"
#include "shared/text/utf8.h"

namespace coppice::compare {
namespace {

// In the list of disagreements; the export has all.
constexpr size_t kMostListed = 100;
constexpr size_t kExcerptBytes = 160;

constexpr const char* kReaderLabels[] = {"negative", "positive"};

bool is_comparing(const State& state) { return state.phase != RunPhase::kIdle && state.phase != RunPhase::kDone; }

SetFigures figures_now(const Comparison& comparison) {
  const State& state = comparison.state();
  const Result<energy::Intensity> intensity = find_grid(state.grid_id);
  return figures_of(comparison.side().set.set(), energy::find_device(state.device_id),
                    intensity.ok() ? &*intensity : nullptr);
}

std::string share_text(const Share& share) {
  return format_percent(share.value(), 1) + " (" + format_percent(share.interval.low, 1) + " to " +
         format_percent(share.interval.high, 1) + ")";
}

std::string excerpt(const std::string& text) {
  if (text.size() <= kExcerptBytes) return text;
  size_t end = kExcerptBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

const char* name_of(ExplainPhase phase) {
  switch (phase) {
    case ExplainPhase::kNone:
      return "none";
    case ExplainPhase::kRunning:
      return "running";
    case ExplainPhase::kDone:
      return "done";
    case ExplainPhase::kStopped:
      return "stopped";
  }
  return "";
}

const char* name_of(WalkPhase phase) {
  switch (phase) {
    case WalkPhase::kNone:
      return "none";
    case WalkPhase::kSearching:
      return "searching";
    case WalkPhase::kFound:
      return "found";
    case WalkPhase::kNoneLeft:
      return "none_left";
    case WalkPhase::kStopped:
      return "stopped";
  }
  return "";
}

const char* name_of(SetPhase phase) {
  switch (phase) {
    case SetPhase::kEmpty:
      return "empty";
    case SetPhase::kLoaded:
      return "loaded";
    case SetPhase::kRunning:
      return "running";
    case SetPhase::kPaused:
      return "paused";
    case SetPhase::kDone:
      return "done";
  }
  return "";
}

std::string walk_status(const Walk& walk, const reviews::ReviewFile& shipped, bool comparing) {
  const std::string total = std::to_string(shipped.reviews.size());
  switch (walk.phase) {
    case WalkPhase::kNone:
    case WalkPhase::kStopped:
      return "";
    case WalkPhase::kSearching:
      return (comparing ? "Waiting for the comparison: review " : "Looking for a disagreement: review ") +
             std::to_string(walk.at + 1) + " of " + total + ".";
    case WalkPhase::kNoneLeft:
      if (walk.found_so_far == 0)
        return "No disagreement: these models give one verdict on all " + total + " shipped reviews.";
      return "No disagreement left: the models differ on " + std::to_string(walk.found_so_far) + " of the " + total +
             " shipped reviews, and you have seen them. The search starts again from the first.";
    case WalkPhase::kFound:
      break;
  }
  std::string text = "Review " + std::to_string(walk.at + 1) + " of " + total + ": ";
  for (size_t i = 0; i < walk.verdicts.size(); ++i) {
    text += (i > 0 ? ", " : "") + walk.verdicts[i].id + " says " + kReaderLabels[walk.verdicts[i].label];
  }
  const std::optional<int> label = shipped.reviews[walk.at].label;
  return text + (label ? std::string("; its author meant it ") + kReaderLabels[*label] + "." : std::string("."));
}

std::string set_status(const ReviewSet& set, size_t done, bool comparing, bool loading) {
  if (set.phase == SetPhase::kEmpty) return "";
  const std::string total = format_integer(static_cast<int64_t>(set.file->reviews.size()));
  const std::string progress = format_integer(static_cast<int64_t>(done)) + " of " + total + " reviews";
  switch (set.phase) {
    case SetPhase::kEmpty:
      break;
    case SetPhase::kLoaded: {
      const int64_t labelled = set.file->labelled;
      const std::string labels = labelled == static_cast<int64_t>(set.file->reviews.size()) ? ", all with a label."
                                 : labelled == 0 ? ", without labels: agreement is shown, accuracy cannot be."
                                                 : ", " + format_integer(labelled) + " of them with a label.";
      return set.file->name + ": " + total + (set.file->reviews.size() == 1 ? " review" : " reviews") + labels;
    }
    case SetPhase::kRunning:
      if (comparing) return "Waiting for the comparison: " + progress + ".";
      if (loading) return "Loading the models: " + progress + ".";
      return "Running: " + progress + ".";
    case SetPhase::kPaused:
      return "Paused: " + progress + ".";
    case SetPhase::kDone:
      return (done == set.file->reviews.size() ? "Done: " : "Stopped: ") + progress + ".";
  }
  return "";
}

OrderedJson set_model_json(const SetModel& model, const SetModelFigures& figures, size_t done) {
  OrderedJson json;
  json["id"] = model.id;
  json["failed"] = model.failed;
  json["done"] = model.judgements.size();
  OrderedJson text;
  text["model"] = model.id;
  text["accuracy"] = figures.accuracy ? share_text(*figures.accuracy) : "–";
  text["difference"] = "–";
  if (figures.against_first) {
    const auto points = [](double share) { return format_effect(100 * share); };
    text["difference"] = points(figures.against_first->difference) + " points (" +
                         points(figures.against_first->interval.low) + " to " +
                         points(figures.against_first->interval.high) + ")";
  }
  text["agreement"] = figures.agreement_with_first ? share_text(*figures.agreement_with_first) : "–";
  text["time"] = figures.median_ms ? format_milliseconds(*figures.median_ms) + " (" +
                                         format_milliseconds(figures.middle_half_ms.low) + " to " +
                                         format_milliseconds(figures.middle_half_ms.high) + ")"
                                   : "–";
  text["energy"] = "–";
  if (figures.energy && done > 0) {
    const auto each = [&](energy::Joules joules) { return format_joules(joules.value() / static_cast<double>(done)); };
    text["energy"] =
        each(figures.energy->value) + " (" + each(figures.energy->low) + " to " + each(figures.energy->high) + ")";
  }
  if (model.failed) text["accuracy"] = "failed; see the list of models";
  json["text"] = text;
  return json;
}

OrderedJson set_json_of(const Comparison& comparison, bool comparing) {
  const ReviewSet& set = comparison.side().set.set();
  OrderedJson json;
  json["phase"] = name_of(set.phase);
  json["most_bytes"] = reviews::kMostBytes;
  if (set.phase == SetPhase::kEmpty) return json;
  const SetFigures figures = figures_now(comparison);
  bool loading = false;
  for (const SetModel& model : set.models) {
    loading |= !model.failed && comparison.state().models[model.model].phase != ModelPhase::kReady;
  }
  json["name"] = set.file->name;
  json["total"] = set.file->reviews.size();
  json["labelled"] = set.file->labelled;
  json["done"] = figures.done;
  json["status"] = set_status(set, figures.done, comparing, loading);
  json["agreement"] = figures.agreement ? share_text(*figures.agreement) : "–";
  json["columns"] = OrderedJson::array();
  const auto column = [&](const char* key, const char* title) {
    json["columns"].push_back({{"key", key}, {"title", title}});
  };
  column("model", "Model");
  if (set.file->labelled > 0) column("accuracy", "Accuracy here");
  if (set.file->labelled > 0) column("difference", "Against the first");
  column("agreement", "Agrees with the first");
  column("time", "Time per review");
  column("energy", "Energy per review (modelled)");
  json["models"] = OrderedJson::array();
  for (size_t place = 0; place < set.models.size(); ++place) {
    json["models"].push_back(set_model_json(set.models[place], figures.models[place], figures.done));
  }
  json["disagreements"] = figures.disagreements.size();
  json["disagreement_list"] = OrderedJson::array();
  for (const size_t index : figures.disagreements) {
    if (json["disagreement_list"].size() == kMostListed) break;
    const reviews::Review& review = set.file->reviews[index];
    OrderedJson item;
    item["index"] = index;
    item["line"] = review.line;
    item["text"] = excerpt(review.text);
    item["label"] = review.label ? kReaderLabels[*review.label] : "";
    item["verdicts"] = OrderedJson::array();
    for (const SetModel& model : set.models) {
      if (model.failed) continue;
      item["verdicts"].push_back(
          {{"id", model.id}, {"label", model.order.names[static_cast<size_t>(model.judgements[index].label())]}});
    }
    json["disagreement_list"].push_back(std::move(item));
  }
  return json;
}

std::string side_json(const Comparison& comparison) {
  const bool comparing = is_comparing(comparison.state());
  const SideWork& side = comparison.side();
  const Explanation& explanation = side.explainer.explanation();
  const Walk& walk = side.walk.walk();
  OrderedJson json;
  json["explanation"] = {{"phase", name_of(explanation.phase)},
                         {"runs_done", explanation.runs_done},
                         {"runs_planned", explanation.runs_planned},
                         {"of_this_text", explanation.text == comparison.text()}};
  json["walk"] = {{"phase", name_of(walk.phase)}, {"at", walk.at}, {"finds", walk.finds}, {"status", ""}};
  if (side.walk.shipped() != nullptr) json["walk"]["status"] = walk_status(walk, *side.walk.shipped(), comparing);
  json["set"] = set_json_of(comparison, comparing);
  return dump_json(json);
}

using SideHandler = std::function<Status(Comparison&)>;

const std::map<std::string, SideHandler>& side_handlers() {
  static const std::map<std::string, SideHandler> table = {
      {"explain", [](Comparison& comparison) { return comparison.explain(); }},
      {"explain_every_word", [](Comparison& comparison) { return comparison.explain_every_word(); }},
      {"stop_explaining",
       [](Comparison& comparison) {
         comparison.stop_explaining();
         return Status();
       }},
      {"find_disagreement", [](Comparison& comparison) { return comparison.find_disagreement(); }},
      {"stop_finding",
       [](Comparison& comparison) {
         comparison.stop_finding();
         return Status();
       }},
      {"set_use_shipped", [](Comparison& comparison) { return comparison.use_shipped_reviews(); }},
      {"set_start", [](Comparison& comparison) { return comparison.start_set(); }},
      {"set_pause", [](Comparison& comparison) { return comparison.pause_set(); }},
      {"set_resume", [](Comparison& comparison) { return comparison.resume_set(); }},
      {"set_stop", [](Comparison& comparison) { return comparison.stop_set(); }},
  };
  return table;
}

}  // namespace

std::optional<Status> apply_side_event(const std::string& type, Comparison& comparison) {
  const auto handler = side_handlers().find(type);
  if (handler == side_handlers().end()) return std::nullopt;
  return handler->second(comparison);
}

Result<std::string> answer_question(std::string_view json, const Comparison& comparison) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(json, "question"));
  JsonReader question(document, "question");
  const std::string ask = question.string("ask");
  COPPICE_RETURN_IF_ERROR(question.status());
  if (ask == "side") return side_json(comparison);
  if (ask == "text_panel") {
    return text_panel_json(comparison.text(), comparison.readers(), comparison.side().explainer.explanation(),
                           is_comparing(comparison.state()));
  }
  const ReviewSet& set = comparison.side().set.set();
  if (ask == "set_review") {
    const int64_t index = question.integer("index");
    COPPICE_RETURN_IF_ERROR(question.status());
    if (set.phase == SetPhase::kEmpty || index < 0 || index >= static_cast<int64_t>(set.file->reviews.size())) {
      return not_found("question: index: the set has no review " + std::to_string(index));
    }
    return set.file->reviews[static_cast<size_t>(index)].text;
  }
  if (ask == "set_csv" || ask == "set_json") {
    if (reviews_done(set) == 0) return invalid_usage("There is no result to export yet: run the set first.");
    if (ask == "set_csv") return set_csv(set);
    return set_json(set, figures_now(comparison), comparison.state());
  }
  return unsupported("question: ask: \"" + ask + "\" is not known");
}

}  // namespace coppice::compare
