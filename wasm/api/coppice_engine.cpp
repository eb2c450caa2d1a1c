// The engine behind the C ABI. A handle is one model with the memory of one review.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "shared/base/json.h"
#include "shared/engine/classifier.h"
#include "wasm/api/report.h"
#include "wasm/platform/clock.h"
#include "wasm/platform/kernel_costs.h"
#include "wasm/platform/threads.h"

namespace {

using namespace coppice;
using api::missing;
using api::report;
using platform::kMemoryLimitBytes;
using platform::seconds;

}  // namespace

struct coppice_engine {
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> file;
  std::unique_ptr<engine::Classifier> classifier;  // reads what lies in `file`
  std::optional<engine::Session> session;
  int64_t reviews = 0;
  int64_t tokens = 0;
  std::string output;
};

namespace {

Status open(std::string_view config_json, std::span<std::byte> weights, const std::string& source, uint32_t most_tokens,
            coppice_engine& out) {
  COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config, records::parse_bert_config(config_json, "config.json"));
  engine::ClassifierOptions options;
  options.measure_costs = &platform::measure_costs;
  options.memory_limit_bytes = kMemoryLimitBytes;
  COPPICE_ASSIGN_OR_RETURN(engine::Classifier classifier,
                           engine::Classifier::load_in_place(config, weights, source, options));
  out.classifier = std::make_unique<engine::Classifier>(std::move(classifier));
  engine::SessionOptions session;
  session.most_tokens = static_cast<size_t>(config.max_position_embeddings);
  if (most_tokens > 0) session.most_tokens = std::min<size_t>(session.most_tokens, most_tokens);
  session.now = &seconds;
  session.threads = platform::threads();
  COPPICE_ASSIGN_OR_RETURN(out.session, engine::Session::create(*out.classifier, session));
  return {};
}

// Both are asked for with the first profile, so that loading does not wait for them.
const engine::KernelRates& rates_here() {
  static const engine::KernelRates rates = engine::measure_kernel_rates(&seconds);
  return rates;
}
const engine::KernelCosts& costs_here() {
  static const engine::KernelCosts costs = engine::measure_kernel_costs(&seconds, platform::kFirstCalls);
  return costs;
}

void count_formats(const engine::EncoderLayer& layer, std::map<std::string, int>& formats) {
  for (const engine::Linear* linear :
       {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.intermediate, &layer.output}) {
    ++formats[std::string(engine::name_of(linear->format()))];
  }
}

void add(engine::OperatorCost& sum, const engine::OperatorCost& cost) {
  sum.seconds += cost.seconds;
  sum.multiplications += cost.multiplications;
  sum.multiplications_done += cost.multiplications_done;
}

OrderedJson to_json(const engine::OperatorCost& cost) {
  return {{"milliseconds", cost.seconds * 1000},
          {"multiplications", cost.multiplications},
          {"multiplications_done", cost.multiplications_done}};
}

// The last entry is of what is in no layer.
OrderedJson layers_of(const coppice_engine& engine) {
  OrderedJson layers = OrderedJson::array();
  const auto& profile = engine.session->profile();
  for (size_t i = 0; i < profile.size(); ++i) {
    engine::OperatorCost sum;
    for (const engine::OperatorCost& cost : profile[i]) add(sum, cost);
    std::map<std::string, int> formats;
    if (i < engine.classifier->layers().size()) count_formats(engine.classifier->layers()[i], formats);
    layers.push_back(to_json(sum));
    layers.back()["formats"] = formats;
  }
  return layers;
}

OrderedJson profile_of(const coppice_engine& engine) {
  OrderedJson json;
  json["version"] = COPPICE_VERSION;
  json["instruction_set"] = engine::kernels::instruction_set();
  json["arithmetic"] = engine.classifier->arithmetic();
  json["weights_bytes"] = engine.classifier->bytes();
  json["session_bytes"] = engine.session->bytes();
  std::map<std::string, int> formats;
  for (const engine::EncoderLayer& layer : engine.classifier->layers()) count_formats(layer, formats);
  json["formats"] = formats;
  const engine::KernelCosts& costs = costs_here();
  json["costs"] = {{"float16", costs.float16},           {"sparse", costs.sparse},
                   {"blocks4x1", costs.blocks4x1},       {"int8", costs.int8},
                   {"sparse_quads", costs.sparse_quads}, {"sparse_pairs", costs.sparse_pairs}};
  if (std::isfinite(costs.int8_blocks)) json["costs"]["int8_blocks"] = costs.int8_blocks;  // of products of bytes
  // Two operations a multiplication: it and its addition. The peak is one thread's, times their number.
  const double threads = platform::threads() == nullptr ? 1 : static_cast<double>(platform::threads()->count());
  json["peak_gflops"] = {{"float32", rates_here().float32 * 2e-9 * threads},
                         {"int8", rates_here().int8 * 2e-9 * threads}};
  json["reviews"] = engine.reviews;
  json["tokens"] = engine.tokens;
  json["operators"] = OrderedJson::array();
  for (size_t i = 0; i < engine::kOperators; ++i) {
    engine::OperatorCost sum;
    for (const auto& layer : engine.session->profile()) add(sum, layer[i]);
    OrderedJson entry = {{"name", engine::name_of(static_cast<engine::Operator>(i))}};
    entry.update(to_json(sum));
    json["operators"].push_back(std::move(entry));
  }
  json["layers"] = layers_of(engine);
  return json;
}

}  // namespace

extern "C" {

coppice_status coppice_engine_create(const char* config_json, size_t config_length, void* weights, size_t length,
                                     const char* source, uint32_t most_tokens, coppice_engine** out) {
  auto made = std::make_unique<coppice_engine>();
  made->file.reset(weights);
  if (out == nullptr) return report(missing("out"));
  *out = nullptr;
  if (config_json == nullptr || weights == nullptr || source == nullptr) {
    return report(missing("config_json, weights or source"));
  }
  const std::span<std::byte> bytes(static_cast<std::byte*>(weights), length);
  const Status status = open({config_json, config_length}, bytes, source, most_tokens, *made);
  if (!status.ok()) return report(status);
  *out = made.release();
  return COPPICE_OK;
}

void coppice_engine_destroy(coppice_engine* engine) { delete engine; }

coppice_status coppice_engine_classify(coppice_engine* engine, const int32_t* ids, size_t count, float* logits) {
  if (engine == nullptr || ids == nullptr || logits == nullptr) return report(missing("engine, ids or logits"));
  const std::span<const int32_t> review(ids, count);
  std::array<float, 2> pair{};
  const Status status = engine->session->classify({&review, 1}, {&pair, 1});
  if (!status.ok()) return report(status);
  ++engine->reviews;
  engine->tokens += static_cast<int64_t>(count);
  logits[0] = pair[0];
  logits[1] = pair[1];
  return COPPICE_OK;
}

coppice_status coppice_engine_about(const char** json, size_t* length) {
  if (json == nullptr || length == nullptr) return report(missing("json or length"));
  static const std::string about =
      dump_json(OrderedJson{{"version", COPPICE_VERSION}, {"instruction_set", engine::kernels::instruction_set()}});
  *json = about.data();
  *length = about.size();
  return COPPICE_OK;
}

uint32_t coppice_engine_use_threads(uint32_t count) { return static_cast<uint32_t>(platform::use_threads(count)); }

void coppice_engine_read_signed_bytes(void) { engine::kernels::read_signed_bytes(); }

coppice_status coppice_engine_profile(coppice_engine* engine, const char** json, size_t* length) {
  if (engine == nullptr || json == nullptr || length == nullptr) return report(missing("engine, json or length"));
  engine->output = dump_json(profile_of(*engine));
  *json = engine->output.data();
  *length = engine->output.size();
  return COPPICE_OK;
}

}  // extern "C"
