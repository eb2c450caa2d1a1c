// coppice measure --url, in coppice-tools: it needs libcurl.
#include <CLI/CLI.hpp>

#include "native/cli/backend_options.h"
#include "native/cli/command.h"
#include "native/load/measure_url.h"

namespace coppice::cli {

void add_measure_url(CLI::App& app, Outcome& outcome, char** argv) {
  static MeasureOptions options;  // outlives the parser
  CLI::App* command = add_measure_options(app, options);
  command->callback([&outcome, argv] {
    outcome.exit_code =
        report("measure", options.load.url.empty() ? invalid_usage("type `coppice measure` for models of this machine")
                                                   : load::run_measure_url(options, typed_words(argv)));
  });
}

}  // namespace coppice::cli
