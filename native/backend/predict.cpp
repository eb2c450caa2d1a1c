// coppice predict: verdicts for single texts.
#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/texts.h"
#include "native/backend/verdicts.h"
#include "native/model/inference.h"

namespace coppice::backend {
namespace {

Verdict judge(ClassifierFolder& folder, const std::string& text, model::WorkerPool& pool) {
  const text::Encoding encoding = folder.tokenizer.encode(text, folder.encoding);
  model::TokenizedReviews one;
  one.ids = encoding.input_ids;
  one.offsets = {0, one.ids.size()};
  one.labels = {0};
  const std::vector<model::Logits> logits = model::predict(folder.model, one, one.tokens(), pool);
  return {logits[0], one.tokens(), encoding.truncated};
}

}  // namespace

Status run_predict(const cli::PredictOptions& options, const Invocation& invocation) {
  if (options.texts.empty() && options.file.empty()) {
    return invalid_usage("nothing to judge: give a TEXT, or --file lines.jsonl (- for standard input)");
  }
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder folder, open_classifier(options.model, Arithmetic::kAsExported));
  model::WorkerPool pool(options.threads > 0 ? options.threads : 1);  // one text at a time
  const auto answer = [&](const std::string& text) -> Status {
    if (invocation.interrupted->load()) return interrupted("stopped");
    print_verdict(to_json(folder.manifest, judge(folder, text, pool), "libtorch"), options.json);
    return {};
  };
  for (const std::string& text : options.texts) COPPICE_RETURN_IF_ERROR(answer(text));
  if (!options.file.empty()) return for_each_json_text(options.file, answer);
  return {};
}

}  // namespace coppice::backend
