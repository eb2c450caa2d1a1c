// What a life cycle shall be: the configuration file, read strictly.
//
// A member that is not known, missing, of another type or out of range is an error that names file, line and member:
//   "docs/lifecycle/small.json:14: pruning[0].sparsity: is 1.2; expected a number above 0 and below 1".
// docs/lifecycle.md describes the members.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::lifecycle {

inline constexpr int64_t kConfigVersion = 1;

// Settings that become options of a command, as read and checked.
class Settings {
 public:
  // ["--learning-rate", "0.0001", ...], in the order of the command's table.
  [[nodiscard]] std::vector<std::string> words() const;
  [[nodiscard]] std::optional<double> number(std::string_view name) const;
  [[nodiscard]] double number_or(std::string_view name, double fallback) const {
    return number(name).value_or(fallback);
  }
  [[nodiscard]] std::string text(std::string_view name) const;  // "" if not given

  struct Entry {
    std::string name;    // "learning_rate"
    std::string option;  // "--learning-rate"; "": for us, not for the command
    std::string word;    // "0.0001"; "" of a flag that is set
    std::optional<double> value;
  };
  std::vector<Entry> entries;
};

struct PruningForm {
  std::string id;  // "structured": also the id of the recovered model
  std::string method;
  Settings prune;
  std::optional<Settings> recovery;
  bool teacher = true;  // recovery distils from the dense model
  [[nodiscard]] bool is_structured() const { return method == "structured"; }
  [[nodiscard]] bool is_unstructured() const { return !is_structured() && method != "vocabulary"; }
};

struct Config {
  std::string name;
  std::string output;
  std::vector<std::string> place;         // ["--country", "FRA"]
  std::vector<std::string> export_place;  // of commands that take a country alone
  int64_t threads = 0;                    // 0: each command's own choice
  int64_t max_length = 256;
  std::string truncation = "head_tail";
  struct Data {
    std::string path;  // given, or "" if fetched
    std::string from;  // of what is fetched: archive or address; "" by the command's own rule
    int64_t test_limit = 0;
  } data;
  struct Base {
    std::string path;   // given, or "" if fetched
    std::string fetch;  // "minilm" or a hub id
    std::string from;
    std::string otherwise;  // folder to take where fetching fails; "": none
  } base;
  bool linear = true;
  Settings baseline;
  std::optional<Settings> tuning;
  std::vector<PruningForm> pruning;
  std::vector<std::string> exports;  // "fp16", "int8", "fp32"
  std::string prompts;
  struct Measure {
    int64_t repeats = 10;
    int64_t warmup = 2;
    std::vector<std::string> engines = {"libtorch", "core"};
  };
  std::optional<Measure> measure;
  struct Browser {
    std::string script;
    int64_t turns = 9;
    int64_t tokens = 256;
  };
  std::optional<Browser> browser;
  struct Serving {
    std::string model;  // id of an exported one
    double rate_per_second = 2;
    double seconds = 20;
    int64_t connections = 8;
    std::string dist;
  };
  std::optional<Serving> serving;
  bool report = true;
  struct Probe {
    int64_t reviews = 96;
  } probe;
  Json document;       // as read
  std::string source;  // path of the file
  std::string sha256;
};

Result<Config> parse_config(std::string_view bytes, const std::string& source);

}  // namespace coppice::lifecycle
