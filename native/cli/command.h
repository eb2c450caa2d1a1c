// How the subcommands of `coppice` plug in: one file each (cmd_NAME.cpp) with one function that adds itself to the
// parser. The parser runs the callback; the callback stores its outcome in `exit`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shared/base/status.h"

namespace CLI {
class App;  // its header costs seconds to compile: for the sources alone
}

namespace coppice::cli {

struct LiveAccess;  // place_options.h

// Exit codes, documented in --help: 0 done, 1 the work failed, 2 wrong usage, 3 bad input data, 130 interrupted.
int exit_code_of(const Status& status);

// Prints "coppice NAME: message" to standard error if the status is a failure, and returns its exit code.
int report(const std::string& command, const Status& status);

// The words of the command line as they were typed, "coppice" for the path of the program: for records.
std::vector<std::string> typed_words(char** argv);

// Where the chosen subcommand leaves its exit code.
struct Outcome {
  int exit_code = 0;
};

// The body of main: `add` adds the subcommands to the parser, one of which must then be asked for. Returns the exit
// code.
int run_program(const std::string& description, int argc, char** argv,
                const std::function<void(CLI::App&, Outcome&)>& add);

// One line each, in the order of --help. `Outcome` outlives the parser.
void add_tokenize(CLI::App& app, Outcome& outcome);
void add_carbon(CLI::App& app, Outcome& outcome, const LiveAccess& live);
void add_detect(CLI::App& app, Outcome& outcome);
void add_footprint(CLI::App& app, Outcome& outcome);
void add_records(CLI::App& app, Outcome& outcome);
void add_sci(CLI::App& app, Outcome& outcome, const LiveAccess& live);
void add_track(CLI::App& app, Outcome& outcome, const LiveAccess& live);
// train, evaluate, predict, prune, measure: options are parsed here, the work is done by coppice-torch, or for a linear
// model by coppice-tools. `argv` is handed on as it is.
void add_backend_commands(CLI::App& app, Outcome& outcome, char** argv);
// catalog, compare, export, fetch, lifecycle, report, train-linear, tune: done by coppice-tools; `argv` is handed on as
// it is. So are carbon, sci and track with --live.
void add_tools_commands(CLI::App& app, Outcome& outcome, char** argv);

// Of coppice-tools. The descriptions are what `coppice --help` says too.
inline constexpr const char* kCatalogDescription = "List and verify the model folders beside catalog.json";
inline constexpr const char* kCompareDescription = "Models side by side: accuracy, size, energy, and where they differ";
inline constexpr const char* kExportDescription = "Write a trained model as it is shipped: ONNX, model card, manifest";
inline constexpr const char* kQuantizeDescription =
    "The same with weights rounded to int8, for a smaller and faster model";
inline constexpr const char* kFetchDescription = "Get the data set or a base model";
inline constexpr const char* kLifecycleDescription = "All of it in one go, from the data to the report, resumable";
inline constexpr const char* kReportDescription =
    "The life cycle told from its records: one page, every number traceable";
inline constexpr const char* kTrainLinearDescription = "Train a linear model over word n-grams, in seconds";
inline constexpr const char* kTuneDescription = "Search training options: grid, random, successive halving";
void add_catalog(CLI::App& app, Outcome& outcome);
void add_compare(CLI::App& app, Outcome& outcome, char** argv);
void add_export(CLI::App& app, Outcome& outcome);  // and quantize
void add_fetch(CLI::App& app, Outcome& outcome);
void add_report(CLI::App& app, Outcome& outcome, char** argv);
void add_lifecycle(CLI::App& app, Outcome& outcome, char** argv);
// train-linear; evaluate and predict of a linear model.
void add_linear_commands(CLI::App& app, Outcome& outcome, char** argv);
void add_measure_url(CLI::App& app, Outcome& outcome, char** argv);  // measure --url
void add_tune(CLI::App& app, Outcome& outcome);

}  // namespace coppice::cli
