// coppice predict: verdicts for single texts.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/texts.h"
#include "native/model/inference.h"

namespace coppice::backend {
namespace {

struct Verdict {
  model::Logits logits;
  int64_t tokens;
  bool truncated;
};

Verdict judge(ClassifierFolder& folder, const std::string& text, model::WorkerPool& pool) {
  const text::Encoding encoding = folder.tokenizer.encode(text, folder.encoding);
  model::TokenizedReviews one;
  one.ids = encoding.input_ids;
  one.offsets = {0, one.ids.size()};
  one.labels = {0};
  const std::vector<model::Logits> logits = model::predict(folder.model, one, one.tokens(), pool);
  return {logits[0], one.tokens(), encoding.truncated};
}

OrderedJson to_json(const ClassifierFolder& folder, const Verdict& verdict) {
  const bool positive = verdict.logits[1] > verdict.logits[0];
  const double score = model::positive_score(verdict.logits);
  OrderedJson json;
  json["model"] = folder.manifest.id;
  json["label"] = folder.manifest.labels[positive ? 1 : 0];
  json["score"] = positive ? score : 1 - score;
  json["logits"] = {verdict.logits[0], verdict.logits[1]};
  json["tokens"] = verdict.tokens;
  json["truncated"] = verdict.truncated;
  return json;
}

}  // namespace

Status run_predict(const cli::PredictOptions& options, const Invocation& invocation) {
  if (options.texts.empty() && options.file.empty()) {
    return invalid_usage("nothing to judge: give a TEXT, or --file lines.jsonl (- for standard input)");
  }
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder folder, open_classifier(options.model));
  model::WorkerPool pool(options.threads > 0 ? options.threads : 1);  // one text at a time
  const auto answer = [&](const std::string& text) -> Status {
    if (invocation.interrupted->load()) return interrupted("stopped");
    const OrderedJson json = to_json(folder, judge(folder, text, pool));
    if (options.json) {
      std::cout << dump_json(json) << std::endl;  // flushed: a caller may wait for each answer
    } else {
      std::cout << json["label"].get<std::string>() << "  " << json["score"].get<double>() << "  ("
                << json["tokens"].get<int64_t>() << " tokens" << (json["truncated"].get<bool>() ? ", cut" : "") << ")"
                << std::endl;
    }
    return {};
  };
  for (const std::string& text : options.texts) COPPICE_RETURN_IF_ERROR(answer(text));
  if (!options.file.empty()) return for_each_json_text(options.file, answer);
  return {};
}

}  // namespace coppice::backend
