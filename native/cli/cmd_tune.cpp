// coppice tune: grid, random search and successive halving over runs of `coppice train`.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "native/cli/backend_options.h"
#include "native/cli/backend_program.h"
#include "native/cli/command.h"
#include "native/io/file.h"
#include "native/tune/tune.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

// EX_TEMPFAIL of sysexits.h: nothing is wrong, try again later.
constexpr int kWaitingForOtherShards = 75;

struct TuneArguments {
  std::string base;
  std::string prune_from;
  std::string data;
  std::string output;
  std::string method = "grid";
  std::string space_file;
  std::vector<std::string> axes = std::vector<std::string>(tune::axis_rules().size());
  std::vector<const CLI::Option*> axis_options;
  uint64_t seed = 1;
  size_t trials = 0;
  tune::HalvingOptions halving;
  int64_t train_limit = 0;
  double energy_budget_joules = 0;
  double time_budget_seconds = 0;
  std::string shard;
  int64_t shards = 0;
  double wait_seconds = 0;
  bool keep_models = false;
  bool retry_failed = false;
  bool resume = false;
  bool dry_run = false;
  bool json = false;
  std::vector<std::string> merge;
};

Result<tune::SearchSpace> space_of(const TuneArguments& arguments) {
  std::vector<tune::Axis> axes;
  if (!arguments.space_file.empty()) {
    COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(arguments.space_file));
    COPPICE_ASSIGN_OR_RETURN(axes, tune::parse_space_file(bytes, arguments.space_file));
  }
  for (size_t i = 0; i < tune::axis_rules().size(); ++i) {
    if (arguments.axis_options[i]->count() == 0) continue;
    COPPICE_ASSIGN_OR_RETURN(tune::Axis axis, tune::parse_axis(tune::axis_rules()[i], arguments.axes[i]));
    axes.push_back(std::move(axis));
  }
  return tune::make_space(std::move(axes));
}

// Every option that is none of tune's goes to `coppice train`, whose own parser says whether it can be.
Status check_train_arguments(const std::vector<std::string>& arguments) {
  TrainOptions train;
  CLI::App app("", "coppice");
  add_train_options(app, train);
  std::vector<std::string> words = {"train", "--base", "b", "--data", "d", "--output", "o"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::reverse(words.begin(), words.end());  // as CLI11 wants a vector
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return invalid_usage(std::string("an option for `coppice train`: ") + error.what());
  }
  return {};
}

Result<tune::TuneOptions> options_of(const TuneArguments& arguments, const std::vector<std::string>& for_train) {
  if (arguments.base.empty() == arguments.prune_from.empty()) {
    return invalid_usage("give --base MODEL, or --prune-from DENSE_MODEL with --sparsity");
  }
  if (arguments.data.empty()) return invalid_usage("--data is required");
  COPPICE_RETURN_IF_ERROR(check_train_arguments(for_train));
  tune::TuneOptions options;
  COPPICE_ASSIGN_OR_RETURN(options.plan.method, tune::parse_method(arguments.method));
  COPPICE_ASSIGN_OR_RETURN(options.plan.space, space_of(arguments));
  if (options.plan.method != tune::Method::kHalving &&
      (arguments.halving.rungs > 0 || arguments.halving.min_reviews > 0)) {
    return invalid_usage("--min-reviews and --rungs are for --method halving");
  }
  options.plan.seed = arguments.seed;
  options.plan.trials = arguments.trials;
  options.plan.halving = arguments.halving;
  options.plan.most_reviews = arguments.train_limit;
  options.runner.prune_first = !arguments.prune_from.empty();
  options.runner.base = options.runner.prune_first ? arguments.prune_from : arguments.base;
  options.runner.data = arguments.data;
  options.runner.train_arguments = for_train;
  options.output = arguments.output;
  COPPICE_ASSIGN_OR_RETURN(
      options.shard,
      tune::find_shard(arguments.shard, arguments.shards, [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing here sets it
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
      }));
  if (arguments.energy_budget_joules > 0) options.energy_budget_joules = arguments.energy_budget_joules;
  if (arguments.time_budget_seconds > 0) options.time_budget_seconds = arguments.time_budget_seconds;
  options.keep_models = arguments.keep_models;
  options.retry_failed = arguments.retry_failed;
  options.must_exist = arguments.resume;
  options.wait_seconds = arguments.wait_seconds;
  return options;
}

std::string shell_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                            "0123456789-_=./+,:@%") == std::string::npos;
    text += text.empty() ? "" : " ";
    if (plain) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

void print_dry_run(const tune::DryRun& run, const tune::Shard& shard, bool as_json) {
  OrderedJson json;
  json["sweep_id"] = run.plan.id;
  json["method"] = tune::to_string(run.plan.method);
  json["candidates"] = run.plan.candidates.size();
  if (!run.plan.rungs.empty()) json["halving"] = {{"eta", run.plan.eta}, {"rung_reviews", run.plan.rungs}};
  json["shard"] = {{"index", shard.index}, {"count", shard.count}};
  json["trials"] = OrderedJson::array();
  for (const tune::DryTrial& trial : run.trials) {
    OrderedJson entry = to_json(trial.trial.trial);
    entry["outcome"] = tune::to_string(trial.trial.result.state);
    entry["of_this_shard"] = trial.own;
    entry["command"] = trial.command;
    entry["command"][0] = "coppice";
    json["trials"].push_back(std::move(entry));
  }
  if (as_json) {
    std::cout << dump_json(json) << '\n';
    return;
  }
  std::cout << "sweep " << run.plan.id << ", " << json["method"].get<std::string>() << ", "
            << run.plan.candidates.size() << " candidates";
  if (shard.count > 1) std::cout << ", shard " << shard.index << "/" << shard.count << " (" << shard.source << ")";
  std::cout << '\n';
  if (!run.plan.rungs.empty()) {
    std::cout << "reviews by rung:";
    for (const int64_t reviews : run.plan.rungs) std::cout << ' ' << reviews;
    std::cout << "; one of " << run.plan.eta << " goes on\n";
  }
  for (const OrderedJson& trial : json["trials"]) {
    std::cout << trial["id"].get<std::string>() << "  " << trial["outcome"].get<std::string>()
              << (trial["of_this_shard"].get<bool>() ? "" : " (another shard's)") << "  "
              << shell_words(trial["command"].get<std::vector<std::string>>()) << '\n';
  }
}

tune::TuneEvents events() {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  auto open = std::make_shared<bool>(false);
  const auto close_line = [open] {
    if (*open) std::cerr << "\r\033[K";
    *open = false;
  };
  tune::TuneEvents result;
  result.note = [close_line](const std::string& line) {
    close_line();
    std::cerr << "coppice tune: " << line << std::endl;
  };
  result.progress = [=](const std::string& trial, const std::string& line) {
    close_line();
    std::cerr << trial << ": " << line << (terminal ? "" : "\n") << std::flush;
    *open = terminal;
  };
  return result;
}

int print_outcome(const TuneArguments& arguments, const tune::TuneOutcome& outcome) {
  if (arguments.json) {
    std::cout << dump_json(outcome.sweep) << '\n' << std::flush;
  } else {
    std::cout << tune::sweep_table(outcome.sweep) << std::flush;
    if (fs::exists(fs::path(arguments.output) / "best" / "manifest.json")) {
      std::cout << "model: " << (fs::path(arguments.output) / "best").string() << '\n';
    }
  }
  if (!outcome.waiting_for.empty()) {
    std::cerr << "coppice tune: this rung waits for trials of other shards:";
    for (const std::string& id : outcome.waiting_for) std::cerr << ' ' << id;
    std::cerr << ". Run this command again when they are in " << (fs::path(arguments.output) / "trials").string()
              << " (coppice tune --merge brings them there); exit code " << kWaitingForOtherShards << '\n';
    return kWaitingForOtherShards;
  }
  if (outcome.interrupted) {
    std::cerr << "coppice tune: " << outcome.sweep.value("stopped", std::string("interrupted"))
              << "; the same command goes on\n";
    return exit_code_of(interrupted(""));
  }
  if (outcome.sweep["complete"].get<bool>() && !outcome.sweep.contains("winner")) {
    return report("tune", failed("no trial finished; each one's reason is in its log.txt below " + arguments.output));
  }
  return 0;
}

Result<int> run_tune(const TuneArguments& arguments, const std::vector<std::string>& for_train) {
  if (!arguments.merge.empty()) {
    if (!for_train.empty()) return invalid_usage("--merge takes no " + for_train.front());
    std::vector<fs::path> folders(arguments.merge.begin(), arguments.merge.end());
    COPPICE_ASSIGN_OR_RETURN(const tune::TuneOutcome outcome,
                             tune::merge_sweeps(folders, arguments.output, arguments.keep_models, events()));
    return print_outcome(arguments, outcome);
  }
  COPPICE_ASSIGN_OR_RETURN(tune::TuneOptions options, options_of(arguments, for_train));
  if (arguments.dry_run) {
    options.runner.program = "coppice";
    COPPICE_ASSIGN_OR_RETURN(const tune::DryRun run, tune::dry_run(options));
    print_dry_run(run, options.shard, arguments.json);
    return 0;
  }
  COPPICE_ASSIGN_OR_RETURN(options.runner.program, prepare_backend());
  COPPICE_ASSIGN_OR_RETURN(const tune::TuneOutcome outcome, tune::run_sweep(options, events()));
  return print_outcome(arguments, outcome);
}

void add_sharing_options(CLI::App* command, TuneArguments& arguments) {
  const char* group = "Several machines";
  command
      ->add_option("--shard", arguments.shard,
                   "i/n: run every n-th trial from the i-th (from 0); without it CLOUD_RUN_TASK_INDEX and "
                   "CLOUD_RUN_TASK_COUNT, or JOB_COMPLETION_INDEX and --shards, are read")
      ->group(group);
  command->add_option("--shards", arguments.shards, "n, where the environment gives only the index")
      ->check(CLI::PositiveNumber)
      ->group(group);
  command
      ->add_option("--wait", arguments.wait_seconds,
                   "halving: seconds to wait for other shards' trials of a rung before exit code 75")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  command->add_option("--merge", arguments.merge, "Join the records of these folders of one sweep into --output")
      ->group(group);
}

}  // namespace

void add_tune(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("tune", kTuneDescription);
  command->footer(
      "coppice tune --base MODEL --data DATA --output DIR --learning-rate 5e-5,1e-4 --batch-size 16,32 --country FRA\n"
      "coppice tune --base MODEL --data DATA --output DIR --method random --trials 8 --learning-rate 1e-5..1e-3\n"
      "coppice tune --base MODEL --data DATA --output DIR --method halving --min-reviews 2000 --learning-rate "
      "3e-5,1e-4\n"
      "Every other option of `coppice train` (--country, --threads, --validation-limit, ...) goes to each trial as it "
      "is.\n"
      "--space is a JSON object: {\"learning_rate\": [5e-5, 1e-4], \"dropout\": {\"from\": 0, \"to\": 0.3}}.\n"
      "Trials are ranked by accuracy on the validation reviews, then by loss; test reviews are never read. DIR holds\n"
      "sweep.json (renewed after each trial), trials/ID with their run records, and best/, the winner's model. The "
      "same\n"
      "command again goes on where it stopped: finished trials are not run again, interrupted ones go on at their\n"
      "checkpoint. A trial that fails is recorded and the others go on.\n"
      "Exit code 75: this shard's part of a rung is done and others' trials are missing (successive halving).\n");
  auto arguments = std::make_shared<TuneArguments>();
  command->add_option("--base", arguments->base, "Model folder that each trial starts from");
  command->add_option("--prune-from", arguments->prune_from,
                      "Instead of --base: a trained model; each trial prunes it by magnitude and trains it again");
  command->add_option("--data", arguments->data, "Reviews: FILE.tsv, a folder of TSVs, or an aclImdb folder");
  command->add_option("--output", arguments->output, "Folder of the sweep")->required();
  command->add_option("--method", arguments->method, "How candidates are chosen and run")
      ->check(CLI::IsMember({"grid", "random", "halving"}))
      ->capture_default_str();
  const std::vector<std::string> names = [] {
    std::vector<std::string> options;
    for (const tune::AxisRule& rule : tune::axis_rules()) options.emplace_back(rule.option);
    return options;
  }();
  for (size_t i = 0; i < names.size(); ++i) {
    const tune::AxisRule& rule = tune::axis_rules()[i];
    arguments->axis_options.push_back(
        command
            ->add_option(names[i], arguments->axes[i],
                         std::string(rule.help) + ": a,b,c" + (rule.log_scale ? " or a..b (logarithmic)" : " or a..b"))
            ->type_name("LIST|RANGE")
            ->group("Axes"));
  }
  command->add_option("--space", arguments->space_file, "Axes from a JSON file")->group("Axes");
  command->add_option("--search-seed", arguments->seed, "Of the random candidates")->capture_default_str();
  command
      ->add_option("--trials", arguments->trials,
                   "random, and halving over ranges: how many candidates; grid: run the first so many")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--eta", arguments->halving.eta, "halving: one of so many goes on, with so many times the reviews")
      ->check(CLI::Range(int64_t{2}, int64_t{1000}))
      ->capture_default_str();
  command->add_option("--min-reviews", arguments->halving.min_reviews, "halving: training reviews of the first rung")
      ->check(CLI::PositiveNumber);
  command->add_option("--rungs", arguments->halving.rungs, "halving: number of rungs, 3 without --min-reviews")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--train-limit", arguments->train_limit,
                   "Train on a balanced sample of this many reviews (halving: in the last rung); 0: all")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--energy-budget", arguments->energy_budget_joules,
                   "Joules of this shard's trials, earlier calls included, after which to stop at a checkpoint")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--time-budget", arguments->time_budget_seconds,
                   "Seconds of this call after which to stop at a checkpoint")
      ->check(CLI::PositiveNumber);
  command->add_flag("--keep-models", arguments->keep_models, "Keep every trial's model, not only the best one");
  command->add_flag("--retry-failed", arguments->retry_failed, "Run trials again that failed (of the latest rung)");
  command->add_flag("--resume", arguments->resume, "Refuse to begin a new sweep: there must be one in --output");
  command->add_flag("--dry-run", arguments->dry_run, "Print the trials and their commands, run and write nothing");
  command->add_flag("--json", arguments->json, "Print sweep.json (or with --dry-run the trials) instead of a table");
  add_sharing_options(command, *arguments);
  command->allow_extras();
  command->callback([arguments, command, &outcome] {
    const Result<int> code = run_tune(*arguments, command->remaining());
    outcome.exit_code = code ? *code : report("tune", code.status());
  });
}

}  // namespace coppice::cli
