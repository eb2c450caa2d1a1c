// coppice: parses the command line and runs one subcommand. Small on purpose: it starts in milliseconds, links neither
// libtorch nor the libraries of downloads and ONNX; what needs those is done by coppice-torch or coppice-tools, which
// it runs.
#include <CLI/CLI.hpp>

#include "native/cli/command.h"
#include "native/cli/place_options.h"

int main(int argc, char** argv) {
  return coppice::cli::run_program(
      "Train, prune, measure and compare sentiment models, with the energy each step costs.", argc, argv,
      [argv](CLI::App& app, coppice::cli::Outcome& outcome) {
        app.set_version_flag("--version", "coppice " COPPICE_VERSION);
        coppice::cli::add_backend_commands(app, outcome, argv);
        const coppice::cli::LiveAccess live{nullptr, argv};
        coppice::cli::add_carbon(app, outcome, live);
        coppice::cli::add_detect(app, outcome);
        coppice::cli::add_footprint(app, outcome);
        coppice::cli::add_records(app, outcome);
        coppice::cli::add_sci(app, outcome, live);
        coppice::cli::add_tokenize(app, outcome);
        coppice::cli::add_tools_commands(app, outcome, argv);
        coppice::cli::add_track(app, outcome, live);
      });
}
