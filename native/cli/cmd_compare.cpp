// coppice compare: in coppice-tools, since model cards are made there.
#include <CLI/CLI.hpp>
#include <memory>

#include "native/cli/command.h"
#include "native/compare/compare.h"

namespace coppice::cli {

void add_compare(CLI::App& app, Outcome& outcome, char** argv) {
  CLI::App* command = app.add_subcommand("compare", kCompareDescription);
  command->footer(
      "A table of models from their manifests and run records: accuracy, size, operations, energy, and after how many\n"
      "inferences the energy saved repays pruning and recovery. With --predictions of the baseline and of others, as\n"
      "`coppice evaluate --predictions FILE` writes them: difference of accuracy with its interval, McNemar's exact\n"
      "test, non-inferiority, flips, calibration, and accuracy by label and, with --data, by length, negation, "
      "contrast\n"
      "and kind. docs/statistics.md names the rules and methods.\n"
      "  coppice compare models/*\n"
      "  coppice compare models/a models/b --predictions a.jsonl b.jsonl --data data/imdb --record\n");
  auto options = std::make_shared<compare_models::CompareOptions>();
  command->add_option("models", options->models, "Model folders; catalog.json among them is passed over")->required();
  command->add_option("--baseline", options->baseline,
                      "Id of the model the others are compared with; default: the one most were made from");
  command->add_option(
      "--predictions", options->predictions,
      "Files of predictions, FILE or ID=FILE; without an id the file says whose it is, or its place does");
  command->add_option("--data", options->data,
                      "The reviews that were evaluated, for slices and for texts: FILE.tsv, FILE.jsonl or a folder");
  command->add_option("--split", options->split, "Split of --data that was evaluated")->capture_default_str();
  command->add_option("--margin", options->margin_points, "Points of accuracy that may be lost, for non-inferiority")
      ->capture_default_str();
  command->add_option("--tokens", options->tokens, "Length of review at which operations and energies are compared")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--resamples", options->resamples, "Of the bootstrap")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--flips", options->flips,
                      "Write the reviews whose verdict changed as JSON Lines, those both were surest of first");
  command->add_flag(
      "--record", options->record,
      "Keep each comparison as a run record in the model's folder; its card then says what it got worse at");
  command->add_flag("--json", options->json, "One JSON document on standard output");
  command->add_flag("--csv", options->csv, "The table as CSV on standard output");
  command->callback([options, &outcome, argv] {
    std::vector<std::string> words = {"coppice"};
    for (char** word = argv + 1; *word != nullptr; ++word) words.emplace_back(*word);
    outcome.exit_code = report("compare", compare_models::run_compare(*options, words));
  });
}

}  // namespace coppice::cli
