// coppice-tools: the subcommands of `coppice` that need the libraries of downloads, archives and ONNX, and
// carbon, sci and track where they ask the network (--live). `coppice` runs it and it speaks in that name.
#include <CLI/CLI.hpp>

#include "native/cli/command.h"
#include "native/cli/live_source.h"

int main(int argc, char** argv) {
  return coppice::cli::run_program("Downloads, archives and ONNX for coppice; type `coppice` instead.", argc, argv,
                                   [argv](CLI::App& app, coppice::cli::Outcome& outcome) {
                                     const coppice::cli::LiveAccess live{coppice::cli::live_source, argv};
                                     coppice::cli::add_carbon(app, outcome, live);
                                     coppice::cli::add_catalog(app, outcome);
                                     coppice::cli::add_compare(app, outcome, argv);
                                     coppice::cli::add_export(app, outcome);
                                     coppice::cli::add_fetch(app, outcome);
                                     coppice::cli::add_lifecycle(app, outcome, argv);
                                     coppice::cli::add_linear_commands(app, outcome, argv);
                                     coppice::cli::add_measure_url(app, outcome, argv);
                                     coppice::cli::add_report(app, outcome, argv);
                                     coppice::cli::add_sci(app, outcome, live);
                                     coppice::cli::add_track(app, outcome, live);
                                     coppice::cli::add_tune(app, outcome);
                                   });
}
