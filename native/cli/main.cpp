// coppice: parses the command line and runs one subcommand. Small on purpose: it starts in milliseconds and never links
// libtorch; what needs libtorch is done by coppice-torch, which it runs.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

#include "native/cli/command.h"

namespace {

constexpr int kWorkFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 bad input data, 130 interrupted.\n"
    "With --json a command writes JSON to standard output and nothing else there; messages go to standard error.";

// Every help page states the exit codes, after what it says itself.
void add_exit_codes(CLI::App& app) {
  app.footer(app.get_footer() + kExitCodes);
  for (CLI::App* subcommand : app.get_subcommands({})) add_exit_codes(*subcommand);
}

int run(int argc, char** argv) {
  CLI::App app("Train, prune, measure and compare sentiment models, with the energy each step costs.", "coppice");
  app.set_version_flag("--version", "coppice " COPPICE_VERSION);
  app.require_subcommand(1);

  coppice::cli::Outcome outcome;
  coppice::cli::add_backend_commands(app, outcome, argv);
  coppice::cli::add_carbon(app, outcome);
  coppice::cli::add_catalog(app, outcome);
  coppice::cli::add_detect(app, outcome);
  coppice::cli::add_export(app, outcome);
  coppice::cli::add_fetch(app, outcome);
  coppice::cli::add_sci(app, outcome);
  coppice::cli::add_tokenize(app, outcome);
  coppice::cli::add_track(app, outcome);
  coppice::cli::add_tune(app, outcome);

  add_exit_codes(app);  // last: a subcommand takes over the footer its parent has when it is made
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has an exit code for each kind of mistake; ours is one. Help and version end here too, with success.
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  return outcome.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    // Only what no Status can carry, such as memory running out.
    std::cerr << "coppice: " << error.what() << '\n';
    return kWorkFailed;
  }
}
