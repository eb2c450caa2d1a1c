// The answers of the HTTP API, without HTTP: bodies in, status and JSON out. The description for clients is openapi.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "native/serve/classify_request.h"
#include "native/serve/energy_account.h"
#include "native/serve/metrics.h"
#include "native/serve/model_set.h"

namespace coppice::serve {

struct ApiAnswer {
  int status = 200;
  std::string body;             // JSON
  int retry_after_seconds = 0;  // 0: the header is left out
  size_t texts = 0;             // judged
};

// {"error":{"code","message"}} and its status; the code is a word that clients can act on.
ApiAnswer error_answer(int status, const char* code, const std::string& message);

class Api {
 public:
  // `account` may be nullptr: answers then tell times and no energy.
  Api(std::vector<std::unique_ptr<Classifier>> classifiers, const ClassifyLimits& limits, const BatchLimits& batches,
      std::shared_ptr<EnergyAccount> account = nullptr);

  [[nodiscard]] const ClassifyLimits& limits() const { return limits_; }
  Metrics& metrics() { return metrics_; }

  // Blocks while the models judge; from any thread.
  //   {"models":[{"model","milliseconds","verdicts":[{"label","score","logits","tokens","truncated"},...]},...]}
  // with include_usage "usage" in each model and, with "intensity" if the place is known, beside them (usage_json).
  // 400 for a request that makes no sense, 404 for an unknown model, 429 where too many wait, 503 where none is loaded,
  // it took too long or the server stops, 500 where a model fails.
  ApiAnswer classify(std::string_view body);
  // {"models":[{"id","architecture","labels","parameters"},...]}
  [[nodiscard]] ApiAnswer models() const;
  [[nodiscard]] std::string prometheus() const;

 private:
  ClassifyLimits limits_;
  std::shared_ptr<EnergyAccount> account_;
  Metrics metrics_;
  ModelSet models_;
};

}  // namespace coppice::serve
