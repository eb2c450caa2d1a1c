// coppice catalog: models/catalog.json, written over the model folders beside it or checked against them.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "native/cli/command.h"
#include "native/export/catalog.h"
#include "native/export/refresh.h"
#include "shared/base/json.h"

namespace coppice::cli {
namespace {

struct CatalogArguments {
  std::string models = "models";
  std::vector<std::string> refresh;
  bool check = false;
  bool json = false;
};

Status run_catalog(const CatalogArguments& arguments) {
  const std::filesystem::path models = arguments.models;
  for (const std::string& id : arguments.refresh) {
    COPPICE_RETURN_IF_ERROR(write_card_and_manifest(models / id).status());
  }
  COPPICE_ASSIGN_OR_RETURN(const std::vector<CatalogModel> verified,
                           arguments.check ? verify_catalog(models) : rebuild_catalog(models));
  if (arguments.json) {
    OrderedJson json;
    json["catalog"] = (models / "catalog.json").string();
    json["models"] = OrderedJson::array();
    for (const CatalogModel& model : verified) {
      json["models"].push_back({{"id", model.id}, {"files", model.manifest.files.size()}, {"bytes", model.bytes}});
    }
    std::cout << dump_json(json) << '\n';
  } else {
    for (const CatalogModel& model : verified) {
      std::cout << model.id << ": " << model.manifest.files.size() << " files, " << model.bytes
                << " bytes, as stated\n";
    }
    std::cout << (models / "catalog.json").string() << ": " << verified.size()
              << (arguments.check ? " models, all as stated\n" : " models\n");
  }
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

}  // namespace

void add_catalog(CLI::App& app, Outcome& outcome) {
  CLI::App* command = app.add_subcommand("catalog", kCatalogDescription);
  command->footer(
      "Every file of every model is compared with the sha256 in its manifest.json; the first that differs is an error "
      "(exit\ncode 3). JSON: {\"catalog\",\"models\":[{\"id\",\"files\",\"bytes\"}]}\n");
  auto arguments = std::make_shared<CatalogArguments>();
  command->add_option("--models", arguments->models, "Folder of model folders")->capture_default_str();
  command->add_flag("--check", arguments->check, "Verify what catalog.json lists and write nothing");
  command
      ->add_option("--refresh", arguments->refresh,
                   "Ids of models whose model card and manifest are made anew first, after a change on purpose")
      ->excludes("--check");
  command->add_flag("--json", arguments->json, "One JSON document on standard output");
  command->callback([arguments, &outcome] { outcome.exit_code = report("catalog", run_catalog(*arguments)); });
}

}  // namespace coppice::cli
