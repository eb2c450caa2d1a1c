#include "native/prune/plan.h"

namespace coppice::prune {
namespace {

constexpr int64_t kSchemaVersion = 1;

OrderedJson to_json(const MagnitudePlan& plan) {
  OrderedJson json;
  json["sparsity"] = plan.sparsity;
  json["weights"] = plan.weights;
  json["zeros"] = plan.zeros;
  json["threshold"] = plan.threshold;
  json["matrices"] = OrderedJson::array();
  for (const MagnitudePlan::Matrix& matrix : plan.matrices) {
    json["matrices"].push_back({{"name", matrix.name}, {"weights", matrix.weights}, {"zeros", matrix.zeros}});
  }
  return json;
}

OrderedJson to_json(const StructuredPlan& plan) {
  OrderedJson json;
  json["keep_flops"] = plan.keep_flops;
  json["tokens"] = plan.tokens;
  json["flops_before"] = plan.flops_before;
  json["flops_after"] = plan.flops_after;
  json["layers"] = OrderedJson::array();
  for (const StructuredPlan::Layer& layer : plan.layers) {
    json["layers"].push_back({{"heads", layer.heads}, {"neurons", layer.neurons}});
  }
  return json;
}

Result<MagnitudePlan> parse_magnitude(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  MagnitudePlan plan;
  plan.sparsity = reader.number("sparsity");
  plan.weights = reader.integer("weights");
  plan.zeros = reader.integer("zeros");
  plan.threshold = reader.number("threshold");
  if (reader.status().ok() && !(plan.sparsity >= 0 && plan.sparsity < 1))
    reader.fail("sparsity", "expected 0 <= sparsity < 1");
  if (reader.status().ok() && (plan.zeros < 0 || plan.zeros > plan.weights))
    reader.fail("zeros", "expected 0 to weights");
  if (reader.status().ok() && !(plan.threshold >= 0)) reader.fail("threshold", "expected 0 or more");
  for (const Json& element : reader.at("matrices")) {
    JsonReader matrix(element, where + ": matrices");
    plan.matrices.push_back({matrix.string("name"), matrix.integer("weights"), matrix.integer("zeros")});
    COPPICE_RETURN_IF_ERROR(matrix.status());
  }
  COPPICE_RETURN_IF_ERROR(reader.status());
  return plan;
}

Status check_indices(const std::vector<int64_t>& indices, const std::string& what) {
  if (indices.empty()) return invalid_input(what + ": nothing is kept; a layer needs at least one");
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || (i > 0 && indices[i] <= indices[i - 1]))
      return invalid_input(what + ": indices must ascend from 0");
  }
  return {};
}

Result<StructuredPlan> parse_structured(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  StructuredPlan plan;
  plan.keep_flops = reader.number("keep_flops");
  plan.tokens = reader.integer("tokens");
  plan.flops_before = reader.integer("flops_before");
  plan.flops_after = reader.integer("flops_after");
  const Json& layers = reader.at("layers");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!layers.is_array()) return invalid_input(where + ": layers: expected an array");
  for (const Json& element : layers) {
    const std::string layer_where = where + ": layers[" + std::to_string(plan.layers.size()) + "]";
    JsonReader layer(element, layer_where);
    plan.layers.push_back({layer.integers("heads"), layer.integers("neurons")});
    COPPICE_RETURN_IF_ERROR(layer.status());
    COPPICE_RETURN_IF_ERROR(check_indices(plan.layers.back().heads, layer_where + ": heads"));
    COPPICE_RETURN_IF_ERROR(check_indices(plan.layers.back().neurons, layer_where + ": neurons"));
  }
  return plan;
}

}  // namespace

OrderedJson to_json(const Plan& plan) {
  OrderedJson json;
  json["schema_version"] = kSchemaVersion;
  json["method"] = plan.method;
  json["model_id"] = plan.model_id;
  json["weights_sha256"] = plan.weights_sha256;
  if (plan.method == "magnitude") {
    json["magnitude"] = to_json(plan.magnitude);
  } else {
    json["structured"] = to_json(plan.structured);
  }
  return json;
}

Result<Plan> parse_plan(std::string_view text, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json json, parse_json(text, source));
  JsonReader reader(json, source);
  const int64_t version = reader.integer("schema_version");
  Plan plan;
  plan.method = reader.string("method");
  plan.model_id = reader.string("model_id");
  plan.weights_sha256 = reader.string("weights_sha256");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (version != kSchemaVersion) {
    return unsupported(source + ": plan schema " + std::to_string(version) + ", this program reads " +
                       std::to_string(kSchemaVersion));
  }
  if (plan.method == "magnitude") {
    COPPICE_ASSIGN_OR_RETURN(plan.magnitude, parse_magnitude(reader.at("magnitude"), source + ": magnitude"));
  } else if (plan.method == "structured") {
    COPPICE_ASSIGN_OR_RETURN(plan.structured, parse_structured(reader.at("structured"), source + ": structured"));
  } else {
    return unsupported(source + ": method \"" + plan.method + "\"; expected \"magnitude\" or \"structured\"");
  }
  return plan;
}

Status check_fits(const Plan& plan, const records::BertConfig& config, const std::string& weights_sha256) {
  if (plan.weights_sha256 != weights_sha256) {
    return invalid_input("the plan was made for the weights of model " + plan.model_id + " (sha256 " +
                         plan.weights_sha256 + "), this model's are " + weights_sha256 +
                         ". Make a plan for this model with --dry-run --json.");
  }
  if (plan.method != "structured") return {};
  if (plan.structured.layers.size() != config.layers.size()) {
    return invalid_input("the plan has " + std::to_string(plan.structured.layers.size()) + " layers, the model " +
                         std::to_string(config.layers.size()));
  }
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const StructuredPlan::Layer& layer = plan.structured.layers[i];
    if (layer.heads.back() >= config.layers[i].num_attention_heads ||
        layer.neurons.back() >= config.layers[i].intermediate_size) {
      return invalid_input("the plan keeps heads or neurons of layer " + std::to_string(i) +
                           " that the model does not have");
    }
  }
  return {};
}

}  // namespace coppice::prune
