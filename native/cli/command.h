// How the subcommands of `coppice` plug in: one file each (cmd_NAME.cpp) with one function that adds itself to the
// parser. The parser runs the callback; the callback stores its outcome in `exit`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "shared/base/status.h"

namespace coppice::cli {

// Exit codes, documented in --help: 0 done, 1 the work failed, 2 wrong usage, 3 bad input data, 130 interrupted.
int exit_code_of(const Status& status);

// Prints "coppice NAME: message" to standard error if the status is a failure, and returns its exit code.
int report(const std::string& command, const Status& status);

// Where the chosen subcommand leaves its exit code.
struct Outcome {
  int exit_code = 0;
};

// One line each, in the order of --help. `Outcome` outlives the parser.
void add_tokenize(CLI::App& app, Outcome& outcome);
void add_fetch(CLI::App& app, Outcome& outcome);
void add_carbon(CLI::App& app, Outcome& outcome);
void add_detect(CLI::App& app, Outcome& outcome);
void add_export(CLI::App& app, Outcome& outcome);
void add_catalog(CLI::App& app, Outcome& outcome);
void add_sci(CLI::App& app, Outcome& outcome);
void add_track(CLI::App& app, Outcome& outcome);
void add_tune(CLI::App& app, Outcome& outcome);
// train, evaluate, predict, prune, measure: options are parsed here, the work is done by coppice-torch.
// `argv` is handed on as it is.
void add_backend_commands(CLI::App& app, Outcome& outcome, char** argv);

}  // namespace coppice::cli
