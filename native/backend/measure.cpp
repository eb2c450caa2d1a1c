// coppice measure by libtorch, and the latency table of its kernels.
#include <algorithm>
#include <iostream>

#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/latency_table.h"
#include "native/backend/measure_models.h"
#include "native/backend/measured_bert.h"
#include "native/energy/system.h"
#include "native/io/file.h"

namespace coppice::backend {
namespace {

// A table of one model's shape, for pruning by time.
Status run_latency_table(const cli::MeasureOptions& options, const Invocation& invocation) {
  if (options.models.size() != 1) return invalid_usage("--latency-table is of one --model");
  COPPICE_ASSIGN_OR_RETURN(const ClassifierFolder folder, open_classifier(options.models.front()));
  model::WorkerPool pool(1);
  COPPICE_ASSIGN_OR_RETURN(
      prune::LatencyTable table,
      measure_latency_table(folder.model.config(), options.tokens, options.repeats, pool, *invocation.interrupted));
  table.machine = energy::read_cpu_info({}).model_name;
  const std::string text = dump_json(prune::to_json(table), 2) + "\n";
  COPPICE_RETURN_IF_ERROR(write_file_atomically(options.latency_table, text));
  if (options.json) {
    std::cout << dump_json(prune::to_json(table)) << '\n';
  } else {
    std::cout << text;
  }
  return {};
}

}  // namespace

Status run_measure(const cli::MeasureOptions& options, const Invocation& invocation) {
  if (!options.latency_table.empty()) return run_latency_table(options, invocation);
  model::WorkerPool pool(std::max(1, options.threads));
  return measure_models(options, invocation, pool.threads(),
                        [&](const std::filesystem::path& folder, const std::vector<Prompt>& prompts) {
                          return open_measured_bert(folder, prompts, pool);
                        });
}

}  // namespace coppice::backend
