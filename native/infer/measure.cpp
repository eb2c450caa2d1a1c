// coppice measure by the engine of the core: the same answer as by libtorch, and with --profile where the time went.
#include <array>
#include <span>

#include "native/backend/measure_models.h"
#include "native/export/model_folder.h"
#include "native/infer/commands.h"
#include "native/infer/core_folder.h"
#include "native/infer/thread_pool.h"
#include "shared/engine/kernel_costs.h"

namespace coppice::infer {
namespace {

using backend::MeasuredModel;
using backend::Prompt;
using backend::Verdict;
using engine::kOperators;
using engine::OperatorCost;

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

// What a profile was taken on: the highest rate of multiplications and additions seen of each kind of arithmetic on
// matrices that stay in the caches, of one thread.
struct Peak {
  double float32_gflops = 0;
  double int8_gops = 0;
};

class MeasuredCore : public MeasuredModel {
 public:
  MeasuredCore(CoreFolder folder, engine::Session session, const std::vector<Prompt>& prompts, bool profile, Peak peak,
               size_t threads)
      : MeasuredModel(prompts.size()),
        folder_(std::move(folder)),
        session_(std::move(session)),
        profile_(profile),
        peak_(peak),
        threads_(threads) {
    for (const Prompt& prompt : prompts) inputs_.push_back(folder_.tokenizer.encode(prompt.text, folder_.encoding));
    engine_ = std::string("core, ") + folder_.classifier->arithmetic() + ", " + engine::kernels::instruction_set();
  }

  Result<Verdict> run(size_t prompt) override {
    const std::span<const int32_t> review(inputs_[prompt].input_ids);
    Verdict verdict;
    verdict.tokens = static_cast<int64_t>(review.size());
    verdict.truncated = inputs_[prompt].truncated;
    COPPICE_RETURN_IF_ERROR(session_.classify({&review, 1}, {&verdict.logits, 1}));
    return verdict;
  }
  void begin_timing() override { before_ = session_.profile(); }
  const records::Manifest& manifest() const override { return folder_.manifest; }
  const std::filesystem::path& path() const override { return folder_.path; }
  const std::string& weights_sha256() const override { return folder_.weights_sha256; }
  const char* engine() const override { return engine_.c_str(); }

  OrderedJson profile() const override {
    if (!profile_) return {};
    OrderedJson layers = OrderedJson::array();
    OperatorCost all;
    std::array<OperatorCost, kOperators> by_operator{};
    const auto& after = session_.profile();
    for (size_t layer = 0; layer < after.size(); ++layer) {
      OrderedJson operators = OrderedJson::object();
      for (size_t i = 0; i < kOperators; ++i) {
        const OperatorCost cost = difference(after[layer][i], before_[layer][i]);
        if (cost.seconds <= 0 && cost.multiplications == 0) continue;
        operators[std::string(engine::name_of(static_cast<engine::Operator>(i)))] = to_json(cost);
        add(by_operator[i], cost);
        add(all, cost);
      }
      OrderedJson entry;
      if (layer + 1 < after.size()) {
        entry["layer"] = layer;
        entry["formats"] = formats_of(folder_.classifier->layers()[layer]);
      } else {
        entry["layer"] = nullptr;  // what is in no layer
      }
      entry["operators"] = std::move(operators);
      layers.push_back(std::move(entry));
    }
    OrderedJson json;
    json["instruction_set"] = engine::kernels::instruction_set();
    json["arithmetic"] = folder_.classifier->arithmetic();
    json["peak_gflops"] = {{"float32", peak_.float32_gflops},
                           {"int8", peak_.int8_gops},
                           {"method", "highest of dense products of 96 x 384 weights and 64 tokens, one thread"}};
    json["weights_bytes"] = folder_.classifier->bytes();
    json["session_bytes"] = session_.bytes();
    json["overall"] = to_json(all);
    json["operators"] = OrderedJson::object();
    for (size_t i = 0; i < kOperators; ++i) {
      OrderedJson entry = to_json(by_operator[i]);
      entry["share_of_time"] = share(by_operator[i].seconds, all.seconds);
      json["operators"][std::string(engine::name_of(static_cast<engine::Operator>(i)))] = std::move(entry);
    }
    json["layers"] = std::move(layers);
    return json;
  }

 private:
  static OperatorCost difference(const OperatorCost& a, const OperatorCost& b) {
    return {a.seconds - b.seconds, a.multiplications - b.multiplications,
            a.multiplications_done - b.multiplications_done};
  }
  static void add(OperatorCost& sum, const OperatorCost& cost) {
    sum.seconds += cost.seconds;
    sum.multiplications += cost.multiplications;
    sum.multiplications_done += cost.multiplications_done;
  }

  // Two operations a multiplication: it and its addition. Achieved: those that were done; "effective": as if the zeros
  // had been multiplied too.
  OrderedJson to_json(const OperatorCost& cost) const {
    OrderedJson json = {{"milliseconds", cost.seconds * 1000}};
    if (cost.multiplications == 0) return json;
    const auto all = static_cast<double>(cost.multiplications);
    const auto done = static_cast<double>(cost.multiplications_done);
    json["multiplications"] = cost.multiplications;
    json["skipped_share"] = 1 - done / all;
    json["gflops"] = share(done * 2e-9, cost.seconds);
    json["effective_gflops"] = share(all * 2e-9, cost.seconds);
    json["share_of_float32_peak"] =
        share(json["gflops"].get<double>(), peak_.float32_gflops * static_cast<double>(threads_));
    return json;
  }

  static OrderedJson formats_of(const engine::EncoderLayer& layer) {
    return {{"query", engine::name_of(layer.query.format())},
            {"key", engine::name_of(layer.key.format())},
            {"value", engine::name_of(layer.value.format())},
            {"attention_output", engine::name_of(layer.attention_output.format())},
            {"intermediate", engine::name_of(layer.intermediate.format())},
            {"output", engine::name_of(layer.output.format())}};
  }

  CoreFolder folder_;
  engine::Session session_;  // of folder_'s classifier, which stays where it is
  bool profile_;
  Peak peak_;
  size_t threads_;
  std::string engine_;
  std::vector<text::Encoding> inputs_;
  std::vector<std::array<OperatorCost, kOperators>> before_;
};

}  // namespace

Status run_measure(const cli::MeasureOptions& options, const backend::Invocation& invocation) {
  if (!options.latency_table.empty()) {
    return invalid_usage("--latency-table times libtorch's kernels; give --engine libtorch");
  }
  ThreadPool pool(options.threads);
  Peak peak;
  if (options.profile) {
    const engine::KernelRates rates = engine::measure_kernel_rates(&thread_cpu_seconds);
    peak = {rates.float32 * 2e-9, rates.int8 * 2e-9};
  }
  const auto open = [&](const std::filesystem::path& path,
                        const std::vector<Prompt>& prompts) -> Result<std::unique_ptr<MeasuredModel>> {
    COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, read_model_folder(path, Verify::kNothing));
    if (manifest.architecture == records::Architecture::kLinear) return backend::open_measured_linear(path, prompts);
    COPPICE_ASSIGN_OR_RETURN(CoreFolder folder, open_core(path));
    COPPICE_ASSIGN_OR_RETURN(engine::Session session,
                             single_session(folder, &pool, options.profile ? &monotonic_seconds : nullptr));
    return std::unique_ptr<MeasuredModel>(std::make_unique<MeasuredCore>(std::move(folder), std::move(session), prompts,
                                                                         options.profile, peak, pool.count()));
  };
  return backend::measure_models(options, invocation, static_cast<int>(pool.count()), open);
}

}  // namespace coppice::infer
