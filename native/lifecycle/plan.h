// The steps of a life cycle, in the order they run, each with all that decides whether it must run again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "native/lifecycle/config.h"
#include "native/lifecycle/cost.h"

namespace coppice::lifecycle {

struct ModelEntry {
  std::string id;
  std::string role;  // "linear", "baseline", "dense", "pruned", "recovered", "exported"
  std::string form;
  std::string parent;
  std::string weights;      // of exported ones
  std::string predictions;  // below the run directory
};

// Paths are as they are opened from the folder the command was started in: those of the run directory begin with it.
struct Step {
  std::string id;
  std::string kind;
  std::string what;
  std::string form;
  std::string model;
  std::vector<std::string> command;   // "coppice" or another program first; empty: done in this process
  std::vector<std::string> identity;  // what else decides the result of what is done in this process
  std::string stdout_path;            // of what the command prints; "": into the log
  std::vector<std::string> input_files;
  std::vector<std::string> optional_files;  // read where they are there
  std::vector<std::string> input_models;    // folders: what a model is made of, not its records
  std::string input_data;
  std::vector<std::string> splits;          // of input_data, where each has a file of its own; empty: all
  std::vector<std::string> outputs;         // files that are there when it is done
  std::vector<std::string> record_folders;  // whose runs/ it adds to
  std::vector<std::string> owned;           // removed when it begins anew
  std::string checkpoint;                   // where this is, the command goes on with --resume
  bool goes_on_itself = false;  // the same command again goes on: owned is kept while the inputs are the same
  bool may_fail = false;        // what comes after does not need it
  std::string unavailable;      // why this machine cannot do it; "": it can
  std::vector<Term> work;
};

// What is known of the reviews and prompts when the plan is made; absent before the data are there.
struct DataSizes {
  double train_reviews = 0, validation_reviews = 0, test_reviews = 0;
  double train_tokens = 0, validation_tokens = 0, test_tokens = 0;
  double prompts = 0, prompt_tokens = 0;
};

// What this machine has.
struct Tools {
  std::string coppice = "coppice";  // the program, for the steps' first word
  std::string node;                 // "": none, and why
  std::string node_missing;
  std::string browser_missing;
  std::string serve;
  std::string serve_missing;
  std::string report_missing;
};

struct Plan {
  std::vector<Step> steps;
  std::vector<ModelEntry> models;
};

// `base`: the folder that training starts from. `directory`: the run directory.
Plan make_plan(const Config& config, const std::string& directory, const std::string& base, const std::string& data,
               const Tools& tools, const std::optional<DataSizes>& sizes);

// Where what is fetched lies: DIR/data/imdb, DIR/base/NAME.
std::string data_path(const Config& config, const std::string& directory);
Result<std::string> base_path(const Config& config, const std::string& directory);

}  // namespace coppice::lifecycle
