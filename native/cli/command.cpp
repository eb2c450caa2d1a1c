#include "native/cli/command.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

namespace coppice::cli {
namespace {

constexpr int kWorkFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 bad input data, 130 interrupted.\n"
    "With --json a command writes JSON to standard output and nothing else there; messages go to standard error.";

// In every help, after what it says itself.
void state_exit_codes(CLI::App& app) {
  app.footer(app.get_footer() + kExitCodes);
  for (CLI::App* subcommand : app.get_subcommands({})) state_exit_codes(*subcommand);
}

int parse_and_run(CLI::App& app, int argc, char** argv, const std::function<void(CLI::App&, Outcome&)>& add) {
  app.require_subcommand(1);
  Outcome outcome;
  add(app, outcome);
  state_exit_codes(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has an exit code for each kind of mistake; ours is one. Help and version end here too, with success.
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  return outcome.exit_code;
}

}  // namespace

int exit_code_of(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kInvalidUsage:
      return 2;
    case StatusCode::kInvalidInput:
    case StatusCode::kNotFound:
    case StatusCode::kUnsupported:
      return 3;
    case StatusCode::kInterrupted:
      return 130;
    case StatusCode::kFailed:
      return 1;
  }
  return 1;
}

int report(const std::string& command, const Status& status) {
  if (!status.ok()) std::cerr << "coppice " << command << ": " << status.message() << '\n';
  return exit_code_of(status);
}

std::vector<std::string> typed_words(char** argv) {
  std::vector<std::string> words{"coppice"};
  for (char** word = argv + 1; *word != nullptr; ++word) words.emplace_back(*word);
  return words;
}

int run_program(const std::string& description, int argc, char** argv,
                const std::function<void(CLI::App&, Outcome&)>& add) {
  try {
    CLI::App app(description, "coppice");
    return parse_and_run(app, argc, argv, add);
  } catch (const std::exception& error) {
    // Only what no Status can carry, such as memory running out.
    std::cerr << "coppice: " << error.what() << '\n';
    return kWorkFailed;
  }
}

}  // namespace coppice::cli
