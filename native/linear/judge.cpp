// coppice evaluate and coppice predict for a linear model.
#include "native/backend/evaluation.h"
#include "native/linear/commands.h"
#include "native/linear/linear_judge.h"

namespace coppice::linear {
namespace {

backend::OpenJudge opener(int threads) {
  return [threads](const std::string& path) { return open_linear_judge(path, threads); };
}

}  // namespace

Status run_evaluate(const cli::EvaluateOptions& options, const backend::Invocation& invocation) {
  if (!options.against.empty()) {
    return invalid_usage("--against: " + options.model +
                         " is a linear model; give it as --against and the BERT-type model as --model");
  }
  return backend::evaluate_with(opener(options.threads), options, invocation);
}

Status run_predict(const cli::PredictOptions& options, const backend::Invocation& invocation) {
  return backend::predict_with(opener(1), options, invocation);
}

}  // namespace coppice::linear
