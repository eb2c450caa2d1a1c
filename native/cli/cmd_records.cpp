// coppice records: run records listed, filtered, compared, merged and exported.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "native/cli/command.h"
#include "native/records/diff.h"
#include "native/records/merge.h"
#include "native/records/render.h"
#include "native/records/scan.h"
#include "native/records/select.h"

namespace coppice::cli {
namespace {

struct RecordsArguments {
  std::vector<std::string> paths;
  records::Selection selection;
  std::string date;
  std::vector<std::string> diff;
  std::string merge;
  bool csv = false;
  bool problems = false;
  bool strict = false;
  bool json = false;
};

Status print(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout ? Status() : failed("standard output: cannot be written");
}

// What cannot be used is said on standard error, whatever else is asked for.
void tell_problems(const records::Scan& scan) {
  for (const records::SetApart& apart : scan.apart) {
    std::cerr << "coppice records: set apart (" << records::to_string(apart.problem) << "): " << apart.message << '\n';
  }
}

Status print_problems(const RecordsArguments& arguments, const records::Scan& scan) {
  std::string text;
  for (const records::SetApart& apart : scan.apart) {
    if (arguments.json) {
      text += records::json_line_of(apart);
    } else {
      text.append(records::to_string(apart.problem)).append(": ").append(apart.message).append("\n");
    }
  }
  if (!arguments.json) {
    text += std::to_string(scan.apart.size()) + " of " + std::to_string(scan.files) + " files set apart\n";
  }
  return print(text);
}

Status print_diff(const RecordsArguments& arguments, const std::vector<records::FoundRecord>& found) {
  COPPICE_ASSIGN_OR_RETURN(const records::FoundRecord* const a, records::find_one(found, arguments.diff.front()));
  COPPICE_ASSIGN_OR_RETURN(const records::FoundRecord* const b, records::find_one(found, arguments.diff.back()));
  const OrderedJson diff = records::diff_records(*a, *b);
  return print(arguments.json ? dump_json(diff) + "\n" : records::diff_text(diff));
}

Status merge(const RecordsArguments& arguments, const std::vector<records::FoundRecord>& found) {
  COPPICE_ASSIGN_OR_RETURN(const records::MergeOutcome merged, records::merge_records(found, arguments.merge));
  if (arguments.json) {
    const OrderedJson json = {
        {"folder", arguments.merge}, {"written", merged.written}, {"already_there", merged.already_there}};
    return print(dump_json(json) + "\n");
  }
  return print(arguments.merge + ": " + std::to_string(merged.written.size()) + " records written, " +
               std::to_string(merged.already_there.size()) + " were there already\n");
}

Status print_list(const RecordsArguments& arguments, const std::vector<records::FoundRecord>& found) {
  if (arguments.csv) return print(records::csv_of(found));
  if (!arguments.json) return print(records::table_of(found));
  std::string text;
  for (const records::FoundRecord& record : found) text += records::json_line_of(record);
  return print(text);
}

Status run_records(RecordsArguments arguments) {
  if (!arguments.date.empty()) {
    if (arguments.date.size() != 10 || !arguments.selection.since.empty() || !arguments.selection.until.empty()) {
      return invalid_usage("--date takes one day such as 2026-11-24, and goes without --since and --until");
    }
    arguments.selection.since = arguments.selection.until = arguments.date;
  }
  // A record to be compared may be named by its path alone.
  std::vector<std::filesystem::path> paths(arguments.paths.begin(), arguments.paths.end());
  for (const std::string& name : arguments.diff) {
    std::error_code error;
    const bool listed = std::find(arguments.paths.begin(), arguments.paths.end(), name) != arguments.paths.end();
    if (!listed && std::filesystem::is_regular_file(name, error)) paths.emplace_back(name);
  }
  if (paths.empty()) return invalid_usage("give record files, model folders or run directories");
  COPPICE_ASSIGN_OR_RETURN(records::Scan scan, records::scan_records(paths));
  if (arguments.problems) {
    COPPICE_RETURN_IF_ERROR(print_problems(arguments, scan));
  } else {
    tell_problems(scan);
    COPPICE_ASSIGN_OR_RETURN(const std::vector<records::FoundRecord> found,
                             records::select(std::move(scan.records), arguments.selection));
    if (!arguments.diff.empty()) {
      COPPICE_RETURN_IF_ERROR(print_diff(arguments, found));
    } else if (!arguments.merge.empty()) {
      COPPICE_RETURN_IF_ERROR(merge(arguments, found));
    } else {
      COPPICE_RETURN_IF_ERROR(print_list(arguments, found));
    }
  }
  const auto refused = std::count_if(scan.apart.begin(), scan.apart.end(),
                                     [&](const records::SetApart& apart) { return arguments.strict || apart.named; });
  if (refused == 0) return {};
  return invalid_input(std::to_string(refused) + (refused == 1 ? " file was" : " files were") + " set apart");
}

}  // namespace

void add_records(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("records", "List, filter, compare, merge and export run records");
  command->footer(
      "PATH: a record file, a model folder, a run directory, or any folder with folders runs/ below it; any mix. Each "
      "run\n"
      "counts once, wherever its copies lie.\n"
      "  coppice records models runs/lifecycle --step train,evaluate --since 2026-11-24\n"
      "  coppice records models --diff 1adbd824 56069fd0\n"
      "  coppice records a b c --merge all          copies to all/runs, under each record's own name\n"
      "  coppice records models --csv > records.csv\n"
      "Files that cannot be used are set apart and named on standard error: unreadable, half_written, other_version "
      "(of\n"
      "the schema), not_a_record, contradictory (a record against itself, or two of one run_id). One that was given "
      "by\n"
      "its own path makes the exit code 3, with --strict any one does.\n"
      "--json: JSON Lines, each a record as it is in its file with \"found\": "
      "{\"path\",\"copies\",\"model\",\"sha256\"}; with\n"
      "--problems {\"path\",\"problem\",\"message\"}; with --diff and --merge one document.\n");
  auto arguments = std::make_shared<RecordsArguments>();
  command->add_option("path", arguments->paths, "Record files and folders")->type_name("PATH");
  records::Selection& selection = arguments->selection;
  command->add_option("--step", selection.steps, "Kinds of step: train, evaluate, prune, measure, ...")->delimiter(',');
  command->add_option("--model", selection.models, "Ids of models")->delimiter(',');
  command->add_option("--machine", selection.machines, "Part of the machine's name, such as EPYC or \"2 threads\"");
  command->add_option("--date", arguments->date, "The day they started, UTC: 2026-11-24");
  command->add_option("--since", selection.since, "Started on or after this day or UTC time");
  command->add_option("--until", selection.until, "Started on or before this day, or before this UTC time");
  command->add_option("--status", selection.outcomes, "finished, failed, interrupted")->delimiter(',');
  CLI::Option_group* answer = command->add_option_group("Answer", "one of these instead of the list");
  answer->add_option("--diff", arguments->diff, "What differs between two records, by path or run_id")
      ->type_name("A B")
      ->expected(2);
  answer->add_option("--merge", arguments->merge, "Copy the records to FOLDER/runs")->type_name("FOLDER");
  answer->add_flag("--csv", arguments->csv, "The list as CSV on standard output");
  answer->add_flag("--problems", arguments->problems, "The files that were set apart, instead of the records");
  answer->require_option(0, 1);
  command->add_flag("--strict", arguments->strict, "Exit code 3 if any file was set apart");
  command->add_flag("--json", arguments->json, "JSON Lines, or one document, on standard output");
  command->callback([arguments, &outcome] { outcome.exit_code = report("records", run_records(*arguments)); });
}

}  // namespace coppice::cli
