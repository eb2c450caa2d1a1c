// coppice report: collects records, checks them, and has the page drawn and printed.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "native/cli/command.h"
#include "native/io/file.h"
#include "native/report/collect.h"
#include "native/report/document.h"
#include "native/report/printing.h"
#include "shared/base/json.h"

namespace coppice::cli {
namespace {

struct ReportArguments {
  std::vector<std::string> runs;
  std::string models;
  std::string output;
  std::string pdf;
  std::string data;
  std::string since;
  report::DocumentOptions document;
  bool json = false;
};

// Tells in a line each what was not used, and why.
void tell_what_is_apart(const OrderedJson& document) {
  for (const OrderedJson& file : document["kept_apart"]) {
    std::cerr << "kept apart (" << file["why"].get<std::string>() << "): " << file["reason"].get<std::string>() << '\n';
  }
}

// The folder that a file is to lie in.
Status make_folder_of(const std::string& file) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return failed("cannot make the folder " + folder.string() + ": " + error.message());
  return {};
}

Status run_report(const ReportArguments& arguments) {
  namespace fs = std::filesystem;
  report::CollectOptions options;
  options.models = arguments.models;
  if (arguments.models.empty() && arguments.runs.empty()) options.models = "models";
  options.folders.assign(arguments.runs.begin(), arguments.runs.end());
  COPPICE_ASSIGN_OR_RETURN(report::Collection collection, report::collect(options));
  const size_t records = collection.records.size();
  const size_t models = collection.models.size();
  COPPICE_ASSIGN_OR_RETURN(OrderedJson document, report::make_document(collection, arguments.document));
  if (!arguments.since.empty()) {
    COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(arguments.since));
    document["since"] = {{"path", fs::path(arguments.since).filename().string()}, {"html", bytes}};
  }
  for (const std::string& file : {arguments.output, arguments.pdf, arguments.data}) {
    COPPICE_RETURN_IF_ERROR(make_folder_of(file));
  }
  const std::string text = report::document_text(collection, document);
  tell_what_is_apart(document);
  OrderedJson answer;
  answer["records"] = records;
  answer["models"] = models;
  answer["kept_apart"] = document["kept_apart"];
  if (!arguments.data.empty()) {
    COPPICE_RETURN_IF_ERROR(write_file_atomically(arguments.data, text));
    answer["data"] = arguments.data;
  }
  if (arguments.output.empty() && !arguments.data.empty()) {
    if (arguments.json) std::cout << dump_json(answer) << '\n';
    return {};
  }

  const std::string output = arguments.output.empty() ? "report.html" : arguments.output;
  COPPICE_ASSIGN_OR_RETURN(const report::Renderer renderer, report::find_renderer());
  // Before the work, not after it.
  std::string chromium;
  if (!arguments.pdf.empty()) {
    COPPICE_ASSIGN_OR_RETURN(chromium, report::find_chromium());
  }
  COPPICE_ASSIGN_OR_RETURN(const report::Scratch scratch, report::Scratch::make());
  const fs::path data = scratch.path() / "data.json";
  const fs::path page = scratch.path() / "report.html";
  const fs::path summary = scratch.path() / "summary.json";
  COPPICE_RETURN_IF_ERROR(write_file_atomically(data, text));
  COPPICE_RETURN_IF_ERROR(report::render_page(renderer, data, page, summary));
  COPPICE_ASSIGN_OR_RETURN(const std::string html, read_file(page));
  COPPICE_ASSIGN_OR_RETURN(const std::string summary_text, read_file(summary));
  COPPICE_ASSIGN_OR_RETURN(const Json drawn, parse_json(summary_text, "the renderer's summary"));
  COPPICE_RETURN_IF_ERROR(write_file_atomically(output, html));
  answer["html"] = {{"path", output}, {"bytes", html.size()}, {"sha256", sha256_hex(html)}};
  if (!arguments.pdf.empty()) {
    const fs::path printed = scratch.path() / "report.pdf";
    COPPICE_RETURN_IF_ERROR(report::print_pdf(chromium, page, printed, scratch.path()));
    COPPICE_ASSIGN_OR_RETURN(const std::string pdf, read_file(printed));
    COPPICE_RETURN_IF_ERROR(write_file_atomically(arguments.pdf, pdf));
    answer["pdf"] = {{"path", arguments.pdf}, {"bytes", pdf.size()}};
  }
  for (const auto& [key, value] : drawn.items()) answer[key] = value;
  if (arguments.json) {
    std::cout << dump_json(answer) << '\n';
  } else {
    for (const Json& finding : drawn["findings"]) {
      std::cout << "- " << finding["sentence"].get<std::string>() << '\n';
    }
    std::cout << output << ": " << records << " records, " << models << " models, " << html.size() << " bytes\n";
    if (!arguments.pdf.empty()) std::cout << arguments.pdf << ": the same, printed\n";
  }
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

}  // namespace

void add_report(CLI::App& app, Outcome& outcome, char** argv) {
  CLI::App* command = app.add_subcommand("report", kReportDescription);
  command->footer(
      "The life cycle told from its records: baseline, pruning, inference locally, cloud, the whole picture, "
      "findings.\n"
      "Reads every run record, manifest.json, lifecycle.json, sweep.json and latency table below the folders. What is\n"
      "broken, of another schema version, or contradicted by another record is kept apart and named, on standard "
      "error\n"
      "and in the report. The page asks nothing of any network. It is drawn by Node (COPPICE_NODE) with the packages "
      "of\n"
      "the repository; the PDF is printed by an installed Chromium (COPPICE_CHROMIUM).\n"
      "  coppice report --models models --runs docs/records --output report.html --pdf report.pdf\n"
      "JSON: {\"records\",\"models\",\"kept_apart\":[{\"path\",\"why\",\"reason\"}],\"html\":{\"path\",\"bytes\","
      "\"sha256\"},\"pdf\"?,\n\"findings\":[{\"id\",\"sentence\",\"verdict\",\"records\"}],\"moved\"?}\n");
  auto arguments = std::make_shared<ReportArguments>();
  command->add_option("--models", arguments->models,
                      "Folder of model folders; default: models, unless --runs is given");
  command->add_option("--runs", arguments->runs, "Folders with run records, e.g. of `coppice lifecycle`; repeatable");
  command->add_option("--output", arguments->output, "The page; default: report.html");
  command->add_option("--pdf", arguments->pdf, "Print it to this file, too");
  command->add_option("--data", arguments->data,
                      "Write what was collected and worked out as JSON; without --output no page is drawn");
  command->add_option("--since", arguments->since,
                      "An earlier page of `coppice report`: say which figures moved since, and by how much");
  command->add_option("--baseline", arguments->document.baseline,
                      "Id of the model the others are compared with; default: the one most were made from");
  command->add_option("--tokens", arguments->document.tokens, "Length of review at which energies are compared")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--reviews-per-month", arguments->document.reviews_per_month,
                   "Load that is assumed where a year of use is worked out")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "One JSON document on standard output");
  command->callback([arguments, &outcome, argv] {
    arguments->document.command = typed_words(argv);
    outcome.exit_code = report("report", run_report(*arguments));
  });
}

}  // namespace coppice::cli
