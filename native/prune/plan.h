// What pruning will do, as data that can be read, kept and applied later: first a plan, then its application.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/records/bert_config.h"

namespace coppice::prune {

// Global magnitude pruning: of all weights of the encoder's matrices together, the smallest by absolute value become 0.
struct MagnitudePlan {
  double sparsity = 0;   // share of the encoder's weights that are 0 afterwards
  int64_t weights = 0;   // in the encoder's matrices
  int64_t zeros = 0;     // of them, afterwards
  double threshold = 0;  // largest absolute value that becomes 0
  struct Matrix {
    std::string name;
    int64_t weights = 0;
    int64_t zeros = 0;
  };
  std::vector<Matrix> matrices;
};

// What stays of each layer: indices of heads and of feed-forward neurons in the model the plan was made for, ascending.
struct StructuredPlan {
  struct Layer {
    std::vector<int64_t> heads;
    std::vector<int64_t> neurons;
  };
  std::vector<Layer> layers;
  double keep_flops = 0;  // asked for
  int64_t tokens = 0;     // the review length at which FLOPs are counted
  int64_t flops_before = 0;
  int64_t flops_after = 0;
};

struct Plan {
  std::string method;          // "magnitude" or "structured"
  std::string model_id;        // the model it was made for
  std::string weights_sha256;  // of that model's weights file: a plan is refused for any other
  MagnitudePlan magnitude;     // of the two, the one that `method` names is filled
  StructuredPlan structured;
};

OrderedJson to_json(const Plan& plan);

// Errors name the member. Indices must ascend, and each layer must keep at least one head and one neuron.
Result<Plan> parse_plan(std::string_view json, const std::string& source);

// Refuses a plan that was made for other weights, or whose indices are outside `config`.
Status check_fits(const Plan& plan, const records::BertConfig& config, const std::string& weights_sha256);

}  // namespace coppice::prune
