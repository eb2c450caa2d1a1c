// coppice-torch: the libtorch backend. `coppice` runs it, with threads and BLAS kernels chosen in its environment; it
// takes the same words.
#include <c10/util/Exception.h>
#include <malloc.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <iostream>

#include "native/backend/commands.h"
#include "native/cli/command.h"

namespace {

std::atomic<bool> g_interrupted{false};

std::atomic<int64_t> g_interrupted_at_ms{0};
constexpr int64_t kSameRequestMs = 500;

// A second Ctrl-C ends it at once. But `timeout` and others signal a process and its group, which is one request that
// comes twice: what follows so soon is not a second one.
void on_signal(int signal_number) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t now_ms = int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  if (!g_interrupted.exchange(true)) {
    g_interrupted_at_ms.store(now_ms);
  } else if (now_ms - g_interrupted_at_ms.load() >= kSameRequestMs) {
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
  }
}

// libtorch frees and takes the same buffers of 1 to 30 MB in every layer. By default glibc returns each to the system
// and asks for zeroed pages again, a fifth of the time of a training step; so it keeps them.
void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most glibc takes
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  ::mallopt(M_TOP_PAD, 64 << 20);
}

int run(int argc, char** argv) {
  using namespace coppice;
  CLI::App app("The libtorch backend of coppice; type `coppice` instead.", "coppice-torch");
  app.require_subcommand(1);
  cli::TrainOptions train;
  cli::CalibrateOptions calibrate;
  cli::EvaluateOptions evaluate;
  cli::PredictOptions predict;
  cli::MeasureOptions measure;
  cli::PruneOptions prune;
  const CLI::App* train_command = cli::add_train_options(app, train);
  const CLI::App* calibrate_command = cli::add_calibrate_options(app, calibrate);
  const CLI::App* evaluate_command = cli::add_evaluate_options(app, evaluate);
  const CLI::App* predict_command = cli::add_predict_options(app, predict);
  const CLI::App* measure_command = cli::add_measure_options(app, measure);
  const CLI::App* prune_command = cli::add_prune_options(app, prune);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  backend::Invocation invocation{{argv, argv + argc}, &g_interrupted};
  invocation.arguments[0] = "coppice";
  const std::string command = app.get_subcommands().front()->get_name();
  Status status;
  if (train_command->parsed()) {
    status = backend::run_train(train, invocation);
  } else if (calibrate_command->parsed()) {
    status = backend::run_calibrate(calibrate, invocation);
  } else if (evaluate_command->parsed()) {
    status = backend::run_evaluate(evaluate, invocation);
  } else if (predict_command->parsed()) {
    status = backend::run_predict(predict, invocation);
  } else if (measure_command->parsed()) {
    status = backend::run_measure(measure, invocation);
  } else if (prune_command->parsed()) {
    status = backend::run_prune(prune, invocation);
  }
  return cli::report(command, status);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  try {
    return run(argc, argv);
  } catch (const c10::Error& error) {
    std::cerr << "coppice: libtorch: " << error.what_without_backtrace() << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << "coppice: " << error.what() << '\n';
    return 1;
  }
}
