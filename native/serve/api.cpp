#include "native/serve/api.h"

#include <chrono>
#include <cmath>

#include "shared/base/json.h"

namespace coppice::serve {
namespace {

OrderedJson to_json(const Verdict& verdict, const ModelInfo& model) {
  const size_t label = verdict.logits[1] > verdict.logits[0] ? 1 : 0;
  const double gap = static_cast<double>(verdict.logits[label]) - static_cast<double>(verdict.logits[1 - label]);
  OrderedJson json;
  json["label"] = model.labels[label];
  json["score"] = 1.0 / (1.0 + std::exp(-gap));
  json["logits"] = verdict.logits;
  json["tokens"] = verdict.tokens;
  json["truncated"] = verdict.truncated;
  return json;
}

ApiAnswer of_failure(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnsupported: {
      ApiAnswer answer = error_answer(429, "busy", status.message());
      answer.retry_after_seconds = 1;
      return answer;
    }
    case StatusCode::kInterrupted: {
      ApiAnswer answer = error_answer(503, "unavailable", status.message());
      answer.retry_after_seconds = 1;
      return answer;
    }
    default:
      return error_answer(500, "failed", status.message());
  }
}

}  // namespace

ApiAnswer error_answer(int status, const char* code, const std::string& message) {
  OrderedJson json;
  json["error"] = {{"code", code}, {"message", message}};
  ApiAnswer answer;
  answer.status = status;
  answer.body = dump_json(json) + "\n";
  return answer;
}

Api::Api(std::vector<std::unique_ptr<Classifier>> classifiers, const ClassifyLimits& limits, const BatchLimits& batches,
         std::shared_ptr<EnergyAccount> account)
    : limits_(limits),
      account_(std::move(account)),
      models_(std::move(classifiers), batches, [this](size_t texts) { metrics_.count_run(texts); }) {}

ApiAnswer Api::classify(std::string_view body) {
  const energy::Seconds cpu_start = thread_cpu_time();
  const Result<ClassifyRequest> request = parse_classify_request(body, limits_);
  if (!request) return error_answer(400, "invalid_request", request.status().message());
  if (models_.empty()) return error_answer(503, "no_model", "no model is loaded: this server only hands out the page");
  std::vector<Batcher*> wanted;
  for (const std::string& id : request->models) {
    Batcher* found = models_.find(id);
    if (found == nullptr)
      return error_answer(404, "unknown_model", "this model is not served; GET /v1/models lists those that are");
    wanted.push_back(found);
  }
  if (wanted.empty()) {
    for (const auto& model : models_.all()) wanted.push_back(model.get());
  }
  OrderedJson json;
  json["models"] = OrderedJson::array();
  Work all;
  const auto charge = [&](const std::string& model, const Work& work) {
    all = {all.cpu_time + work.cpu_time, all.duration + work.duration};
    if (!account_) return std::optional<WorkEnergy>();
    std::optional<WorkEnergy> cost = account_->energy_of(work);
    account_->count(model, *cost);
    return cost;
  };
  for (Batcher* model : wanted) {
    const auto start = std::chrono::steady_clock::now();
    Work work;
    const Result<std::vector<Verdict>> verdicts = model->classify(request->texts, &work);
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    if (!verdicts) return of_failure(verdicts.status());
    metrics_.count_texts(model->info().id, verdicts->size());
    const std::optional<WorkEnergy> cost = charge(model->info().id, work);
    OrderedJson one;
    one["model"] = model->info().id;
    one["milliseconds"] = time.count();
    one["verdicts"] = OrderedJson::array();
    for (const Verdict& verdict : *verdicts) one["verdicts"].push_back(to_json(verdict, model->info()));
    if (request->include_usage) one["usage"] = usage_json(work, cost);
    json["models"].push_back(std::move(one));
  }
  // Reading and answering are this thread's, which did nothing else but wait.
  const energy::Seconds own = thread_cpu_time() - cpu_start;
  charge("", {own, own});
  if (request->include_usage) {
    json["usage"] = usage_json(all, account_ ? std::optional(account_->energy_of(all)) : std::nullopt);
    if (account_ && account_->intensity()) json["usage"]["intensity"] = energy::to_json(*account_->intensity());
  }
  ApiAnswer answer;
  answer.body = dump_json(json) + "\n";
  answer.texts = request->texts.size();
  return answer;
}

ApiAnswer Api::models() const {
  OrderedJson json;
  json["models"] = OrderedJson::array();
  for (const auto& model : models_.all()) {
    const ModelInfo& info = model->info();
    json["models"].push_back({{"id", info.id},
                              {"architecture", info.architecture},
                              {"labels", info.labels},
                              {"parameters", info.parameters}});
  }
  ApiAnswer answer;
  answer.body = dump_json(json) + "\n";
  return answer;
}

std::string Api::prometheus() const {
  std::string gauges =
      "# HELP coppice_texts_waiting Texts that wait for a model.\n# TYPE coppice_texts_waiting gauge\n";
  for (const auto& model : models_.all()) {
    gauges.append("coppice_texts_waiting{model=\"").append(model->info().id).append("\"} ");
    gauges.append(std::to_string(model->waiting())).append("\n");
  }
  if (account_) gauges.append(account_->prometheus());
  return metrics_.prometheus(gauges);
}

}  // namespace coppice::serve
