// What a sweep is: its candidates, rungs and settings, with an id that names them. And sweep.json, the plan with what
// has come of it so far.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "native/tune/halving.h"
#include "native/tune/search_space.h"
#include "native/tune/trial.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::tune {

inline constexpr int64_t kSweepVersion = 1;
inline constexpr const char* kSweepFileName = "sweep.json";

enum class Method { kGrid, kRandom, kHalving };
Result<Method> parse_method(const std::string& name);  // "grid", "random", "halving"
const char* to_string(Method method);

struct PlanOptions {
  Method method = Method::kGrid;
  SearchSpace space;
  uint64_t seed = 1;
  size_t trials = 0;  // random, and halving over ranges: how many candidates; grid: run at most so many; 0: all
  HalvingOptions halving;
  int64_t most_reviews = 0;                  // halving: of the last rung
  std::string base_name;                     // the base model's folder, without the way to it
  std::string base_weights_sha256;           // what makes two sweeps of one space different
  bool prune_first = false;                  // --prune-from
  std::vector<std::string> train_arguments;  // for every trial
};

struct Plan {
  Method method = Method::kGrid;
  SearchSpace space;
  uint64_t seed = 1;
  std::vector<Parameters> candidates;
  std::vector<int64_t> rungs;  // reviews of each; empty: no halving
  int64_t eta = 0;
  OrderedJson settings;  // base model and arguments, as stated in sweep.json
  std::string id;        // 16 hexadecimal digits over all that decides the trials' results
};

Result<Plan> make_plan(const PlanOptions& options);
// The plan a sweep.json states. Its trials are not read.
Result<Plan> parse_plan(std::string_view bytes, const std::string& source);

// All that is known of a sweep in a folder.
struct Survey {
  std::vector<RankedTrial> trials;  // in order of number, rung by rung; rungs that cannot be known yet are left out
  std::vector<size_t> open;         // of the rung that is under way: neither finished nor failed; indices into trials
  bool complete = false;            // nothing is open, and no rung is to come
  std::optional<size_t> winner;     // the best finished trial of the highest rung that has one
};

// Reads OUTPUT/trials. Refused: trials that were not validated on the same reviews, or (of one rung) not trained on the
// same ones: their scores say nothing about their options.
Result<Survey> survey(const Plan& plan, const std::filesystem::path& output);

// `stopped`: why the sweep ended before it was complete, or "".
OrderedJson sweep_json(const Plan& plan, const Survey& survey, const std::string& stopped);
Status write_sweep(const std::filesystem::path& output, const OrderedJson& sweep);

// The same for people, best first.
std::string sweep_table(const OrderedJson& sweep);

}  // namespace coppice::tune
