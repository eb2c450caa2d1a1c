// What pruning will do, as data that can be read, kept and applied later: first a plan, then its application.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "native/prune/selection.h"
#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/records/bert_config.h"

namespace coppice::prune {

// kReconstruction is no score of a weight alone: which go is found while the others are fitted (reconstruction.h).
enum class Score { kMagnitude, kMovement, kFisher, kReconstruction };
std::string_view to_string(Score score);
Result<Score> parse_score(std::string_view text);

// The reviews that scores or importances were computed on; the same ones are needed to apply the plan.
struct ScoredOn {
  int64_t reviews = 0;  // 0: none were needed
  std::string sha256;
};

// Single weights, blocks or groups of the encoder's matrices become 0. The plan holds how they are chosen and how many
// come out of each matrix; applying it makes the same choice again (unstructured.h).
struct UnstructuredPlan {
  Score score = Score::kMagnitude;
  SelectionOptions selection;
  ScoredOn scored_on;
  int64_t weights = 0;  // in the encoder's matrices
  int64_t zeros = 0;    // of them, afterwards
  struct Matrix {
    std::string name;
    int64_t weights = 0;
    int64_t zeros = 0;
  };
  std::vector<Matrix> matrices;
};

enum class BudgetKind { kFlops, kParameters, kLatency };
std::string_view to_string(BudgetKind kind);

// What stays: whole layers, and in each the indices of heads and feed-forward neurons; all in the model the plan was
// made for, ascending.
struct StructuredPlan {
  struct Layer {
    int64_t layer = 0;
    std::vector<int64_t> heads;
    std::vector<int64_t> neurons;
  };
  std::vector<Layer> layers;
  BudgetKind budget = BudgetKind::kFlops;
  double keep = 0;         // share of the budget's quantity that was asked for
  int64_t tokens = 0;      // the review length at which FLOPs and latency are counted
  double cost_before = 0;  // FLOPs, parameters or milliseconds
  double cost_after = 0;
  int64_t flops_before = 0;  // of the encoder at `tokens`, whatever the budget
  int64_t flops_after = 0;
  std::string importance;  // "taylor" or "magnitude"
  ScoredOn scored_on;
  std::string runtime;  // of the latency table
};

// Which part of the vocabulary stays (vocabulary.h); vocab.txt of the result is the list itself.
struct VocabularyPlan {
  int64_t min_count = 1;    // occurrences in the corpus below which a token goes
  int64_t keep_tokens = 0;  // or the size to reach; 0: none was asked for
  int64_t tokens_before = 0;
  int64_t tokens_after = 0;
  int64_t fallback_tokens = 0;  // of them, kept so that every text stays tokenizable
  double coverage = 0;          // share of the corpus's token occurrences whose token stays
  ScoredOn corpus;
};

struct Plan {
  std::string method;          // "magnitude", "movement", "fisher", "reconstruction", "structured" or "vocabulary"
  std::string model_id;        // the model it was made for
  std::string weights_sha256;  // of that model's weights file: a plan is refused for any other
  // Of the three, the one that `method` names is filled.
  UnstructuredPlan unstructured;
  StructuredPlan structured;
  VocabularyPlan vocabulary;

  [[nodiscard]] bool is_structured() const { return method == "structured"; }
  [[nodiscard]] bool is_vocabulary() const { return method == "vocabulary"; }
};

OrderedJson to_json(const Plan& plan);

// Errors name the member. Indices must ascend, at least one layer must stay, and each that stays keeps at least one
// head and one neuron.
Result<Plan> parse_plan(std::string_view json, const std::string& source);

// Refuses a plan that was made for other weights, or whose indices are outside `config`.
Status check_fits(const Plan& plan, const records::BertConfig& config, const std::string& weights_sha256);

}  // namespace coppice::prune
