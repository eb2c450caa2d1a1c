// train, evaluate, predict, measure and prune: options are checked here, the work is done by coppice-torch, which
// replaces this process, so that signals and exit code need no passing on.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "native/cli/backend_options.h"
#include "native/cli/command.h"
#include "native/cli/cpu_kernels.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

// Beside this program, or where COPPICE_TORCH_PROGRAM points.
Result<std::string> backend_program() {
  if (const char* named = std::getenv("COPPICE_TORCH_PROGRAM")) return std::string(named);
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return failed("cannot find this program's own folder: " + error.message());
  const fs::path beside = self.parent_path() / "coppice-torch";
  if (!fs::exists(beside)) {
    return failed(beside.string() +
                  " is not there; this command needs the libtorch backend. Build it with the preset " +
                  "\"release\" (cmake --preset release && cmake --build --preset release), or name it in " +
                  "COPPICE_TORCH_PROGRAM.");
  }
  return beside.string();
}

// Comes back only when it failed.
Status become_backend(char** argv) {
  COPPICE_ASSIGN_OR_RETURN(const std::string program, backend_program());
  for (const auto& [name, value] : backend_environment()) ::setenv(name.c_str(), value.c_str(), 0);
  ::execv(program.c_str(), argv);
  return failed("cannot run " + program + ": " + std::strerror(errno));
}

// Lives as long as the program: the parser writes into these.
struct AllOptions {
  TrainOptions train;
  EvaluateOptions evaluate;
  PredictOptions predict;
  MeasureOptions measure;
  PruneOptions prune;
};

}  // namespace

void add_backend_commands(CLI::App& app, Outcome& outcome, char** argv) {
  static AllOptions options;
  for (CLI::App* command : {add_train_options(app, options.train), add_prune_options(app, options.prune),
                            add_evaluate_options(app, options.evaluate), add_predict_options(app, options.predict),
                            add_measure_options(app, options.measure)}) {
    command->callback(
        [&outcome, argv, name = command->get_name()] { outcome.exit_code = report(name, become_backend(argv)); });
  }
}

}  // namespace coppice::cli
