// coppice-tools: the subcommands of `coppice` that need the libraries of downloads, archives and ONNX. `coppice` runs
// it and it speaks in that name.
#include <CLI/CLI.hpp>

#include "native/cli/command.h"

int main(int argc, char** argv) {
  return coppice::cli::run_program("Downloads, archives and ONNX for coppice; type `coppice` instead.", argc, argv,
                                   [](CLI::App& app, coppice::cli::Outcome& outcome) {
                                     coppice::cli::add_catalog(app, outcome);
                                     coppice::cli::add_export(app, outcome);
                                     coppice::cli::add_fetch(app, outcome);
                                   });
}
