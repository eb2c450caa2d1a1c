// Runs models on the engine of the core, one review a line, for tests/bench/engine/run.mjs, which lets them take turns
// with ONNX Runtime.
//
//   engine_bench FOLDER...      first a line a folder: {"load_ms","weights_bytes","session_bytes","formats":{...}}
//   engine_bench --profile FOLDER...   at the end also a line a folder: milliseconds and multiplications by operator,
//   all runs
//                                      together, and the peak of dense products on what stays in the caches
//   stdin: "MODEL ID ID ..."    MODEL the number of the folder; answers {"cpu_ms","wall_ms","logits"}
//
// One thread. CPU time is the thread's own, so that other work of the machine does not count. Files are not checked
// against the manifest; load_ms is reading, parsing and packing.
#include <time.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <vector>

#include "shared/base/json.h"
#include "shared/engine/classifier.h"
#include "shared/engine/kernel_costs.h"

namespace {

using namespace coppice;

double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
double cpu_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }
double wall_seconds() { return seconds_of(CLOCK_MONOTONIC); }

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Opened {
  std::unique_ptr<engine::Classifier> classifier;
  engine::Session session;
};

Result<Opened> open(const std::string& folder, bool profile) {
  COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config,
                           records::parse_bert_config(read(folder + "/config.json"), folder + "/config.json"));
  const std::string file = folder + "/onnx/model.onnx";
  const std::string bytes = read(file);
  engine::ClassifierOptions options;
  options.measure_costs = [](engine::FormatChoice choice, engine::KernelCosts& costs) {
    engine::measure_kernel_costs(&cpu_seconds, choice, costs);
  };
  COPPICE_ASSIGN_OR_RETURN(
      engine::Classifier classifier,
      engine::Classifier::load(config, std::as_bytes(std::span<const char>(bytes)), file, options));
  auto kept = std::make_unique<engine::Classifier>(std::move(classifier));
  COPPICE_ASSIGN_OR_RETURN(engine::Session session,
                           engine::Session::create(*kept, {.now = profile ? &cpu_seconds : nullptr}));
  return Opened{std::move(kept), std::move(session)};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Opened> models;
  const bool profile = argc > 1 && std::string(argv[1]) == "--profile";
  for (int i = profile ? 2 : 1; i < argc; ++i) {
    const double start = cpu_seconds();
    Result<Opened> opened = open(argv[i], profile);
    if (!opened) {
      std::cerr << opened.status().message() << '\n';
      return 3;
    }
    const double load_ms = (cpu_seconds() - start) * 1000;
    std::map<std::string, int> formats;
    for (const engine::EncoderLayer& layer : opened->classifier->layers()) {
      for (const engine::Linear* linear :
           {&layer.query, &layer.key, &layer.value, &layer.attention_output, &layer.intermediate, &layer.output}) {
        ++formats[std::string(engine::name_of(linear->format()))];
      }
    }
    std::cout << dump_json(OrderedJson{{"load_ms", load_ms},
                                       {"weights_bytes", opened->classifier->bytes()},
                                       {"session_bytes", opened->session.bytes()},
                                       {"instruction_set", engine::kernels::instruction_set()},
                                       {"formats", formats}})
              << std::endl;
    models.push_back(*std::move(opened));
  }
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    size_t model = 0;
    words >> model;
    std::vector<int32_t> ids;
    for (int32_t id = 0; words >> id;) ids.push_back(id);
    if (model >= models.size()) {
      std::cerr << "no model " << model << '\n';
      return 2;
    }
    const std::span<const int32_t> review(ids);
    std::array<float, 2> logits{};
    const double wall = wall_seconds();
    const double cpu = cpu_seconds();
    const Status status = models[model].session.classify({&review, 1}, {&logits, 1});
    const double cpu_ms = (cpu_seconds() - cpu) * 1000;
    const double wall_ms = (wall_seconds() - wall) * 1000;
    if (!status.ok()) {
      std::cerr << status.message() << '\n';
      return 1;
    }
    std::cout << dump_json(OrderedJson{{"cpu_ms", cpu_ms}, {"wall_ms", wall_ms}, {"logits", logits}}) << std::endl;
  }
  for (const Opened& model : models) {
    if (!profile) break;
    OrderedJson operators;
    for (size_t i = 0; i < engine::kOperators; ++i) {
      engine::OperatorCost sum;
      for (const auto& layer : model.session.profile()) {
        sum.seconds += layer[i].seconds;
        sum.multiplications_done += layer[i].multiplications_done;
      }
      operators[std::string(engine::name_of(static_cast<engine::Operator>(i)))] = {
          {"ms", sum.seconds * 1000}, {"multiplications_done", sum.multiplications_done}};
    }
    const engine::KernelRates peak = engine::measure_kernel_rates(&cpu_seconds);
    std::cout << dump_json(OrderedJson{
                     {"operators", operators},
                     {"peak_multiplications_per_ms", {{"float32", peak.float32 / 1000}, {"int8", peak.int8 / 1000}}}})
              << std::endl;
  }
  return 0;
}
