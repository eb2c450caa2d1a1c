// catalog, compare, export, fetch, lifecycle, quantize, report, train-linear and tune: done by coppice-tools, which
// replaces this process. They need the libraries of downloads, archives and ONNX, 40 of them, which cost every start of
// `coppice` 9 ms of CPU time and 10 MB of memory.
#include <CLI/CLI.hpp>

#include "native/cli/command.h"
#include "native/cli/sibling.h"

namespace coppice::cli {

void add_tools_commands(CLI::App& app, Outcome& outcome, char** argv) {
  const struct {
    const char* name;
    const char* description;
  } commands[] = {
      {"catalog", kCatalogDescription}, {"compare", kCompareDescription},          {"export", kExportDescription},
      {"fetch", kFetchDescription},     {"lifecycle", kLifecycleDescription},      {"quantize", kQuantizeDescription},
      {"report", kReportDescription},   {"train-linear", kTrainLinearDescription}, {"tune", kTuneDescription}};
  for (const auto& [listed, description] : commands) {
    const char* name = listed;  // clang 14 captures no structured binding
    CLI::App* command = app.add_subcommand(name, description);
    // Every word after the name, --help included, is for coppice-tools to judge.
    command->set_help_flag();
    command->prefix_command();
    command->callback([&outcome, argv, name] { outcome.exit_code = report(name, become_tools(argv)); });
  }
}

}  // namespace coppice::cli
