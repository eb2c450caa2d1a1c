#include "native/prune/plan.h"

#include <string>

namespace coppice::prune {
namespace {

constexpr int64_t kPlanSchemaVersion = 2;  // 1 had a threshold in place of pattern and scope, and no whole layers

OrderedJson to_json(const ScoredOn& scored_on) {
  return {{"reviews", scored_on.reviews}, {"sha256", scored_on.sha256}};
}

OrderedJson to_json(const UnstructuredPlan& plan) {
  OrderedJson json;
  json["score"] = to_string(plan.score);
  json["scope"] = to_string(plan.selection.scope);
  json["pattern"] = to_string(plan.selection.pattern);
  json["sparsity"] = plan.selection.sparsity;
  if (plan.scored_on.reviews > 0) json["scored_on"] = to_json(plan.scored_on);
  json["weights"] = plan.weights;
  json["zeros"] = plan.zeros;
  json["matrices"] = OrderedJson::array();
  for (const UnstructuredPlan::Matrix& matrix : plan.matrices) {
    json["matrices"].push_back({{"name", matrix.name}, {"weights", matrix.weights}, {"zeros", matrix.zeros}});
  }
  return json;
}

OrderedJson to_json(const StructuredPlan& plan) {
  OrderedJson json;
  json["budget"] = {{"kind", to_string(plan.budget)},
                    {"keep", plan.keep},
                    {"tokens", plan.tokens},
                    {"before", plan.cost_before},
                    {"after", plan.cost_after}};
  if (!plan.runtime.empty()) json["budget"]["runtime"] = plan.runtime;
  json["flops_before"] = plan.flops_before;
  json["flops_after"] = plan.flops_after;
  json["importance"] = plan.importance;
  if (plan.scored_on.reviews > 0) json["scored_on"] = to_json(plan.scored_on);
  json["layers"] = OrderedJson::array();
  for (const StructuredPlan::Layer& layer : plan.layers) {
    json["layers"].push_back({{"layer", layer.layer}, {"heads", layer.heads}, {"neurons", layer.neurons}});
  }
  return json;
}

OrderedJson to_json(const VocabularyPlan& plan) {
  OrderedJson json;
  json["min_count"] = plan.min_count;
  if (plan.keep_tokens > 0) json["keep_tokens"] = plan.keep_tokens;
  json["tokens_before"] = plan.tokens_before;
  json["tokens_after"] = plan.tokens_after;
  json["fallback_tokens"] = plan.fallback_tokens;
  json["coverage"] = plan.coverage;
  json["corpus"] = to_json(plan.corpus);
  return json;
}

ScoredOn parse_scored_on(JsonReader& reader, const char* member = "scored_on") {
  ScoredOn scored_on;
  if (!reader.has(member)) return scored_on;
  JsonReader inner(reader.at(member), member);
  scored_on.reviews = inner.integer("reviews");
  scored_on.sha256 = inner.string("sha256");
  if (!inner.status().ok()) reader.fail(member, inner.status().message());
  return scored_on;
}

Result<UnstructuredPlan> parse_unstructured(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  UnstructuredPlan plan;
  const std::string score = reader.string("score");
  const std::string scope = reader.string("scope");
  const std::string pattern = reader.string("pattern");
  plan.selection.sparsity = reader.number("sparsity");
  plan.scored_on = parse_scored_on(reader);
  plan.weights = reader.integer("weights");
  plan.zeros = reader.integer("zeros");
  if (reader.status().ok() && !(plan.selection.sparsity >= 0 && plan.selection.sparsity < 1))
    reader.fail("sparsity", "expected 0 <= sparsity < 1");
  if (reader.status().ok() && (plan.zeros < 0 || plan.zeros > plan.weights))
    reader.fail("zeros", "expected 0 to weights");
  for (const Json& element : reader.at("matrices")) {
    JsonReader matrix(element, where + ": matrices");
    plan.matrices.push_back({matrix.string("name"), matrix.integer("weights"), matrix.integer("zeros")});
    COPPICE_RETURN_IF_ERROR(matrix.status());
  }
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_ASSIGN_OR_RETURN(plan.score, parse_score(score));
  COPPICE_ASSIGN_OR_RETURN(plan.selection.scope, parse_scope(scope));
  COPPICE_ASSIGN_OR_RETURN(plan.selection.pattern, parse_pattern(pattern));
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

Result<BudgetKind> parse_budget_kind(std::string_view text) {
  for (const BudgetKind kind : {BudgetKind::kFlops, BudgetKind::kParameters, BudgetKind::kLatency}) {
    if (text == to_string(kind)) return kind;
  }
  return invalid_input("budget: kind \"" + std::string(text) + "\"; expected flops, parameters or latency");
}

Result<StructuredPlan> parse_structured(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  StructuredPlan plan;
  JsonReader budget(reader.at("budget"), where + ": budget");
  const std::string kind = budget.string("kind");
  plan.keep = budget.number("keep");
  plan.tokens = budget.integer("tokens");
  plan.cost_before = budget.number("before");
  plan.cost_after = budget.number("after");
  if (budget.has("runtime")) plan.runtime = budget.string("runtime");
  plan.flops_before = reader.integer("flops_before");
  plan.flops_after = reader.integer("flops_after");
  plan.importance = reader.string("importance");
  plan.scored_on = parse_scored_on(reader);
  const Json& layers = reader.at("layers");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_RETURN_IF_ERROR(budget.status());
  COPPICE_ASSIGN_OR_RETURN(plan.budget, parse_budget_kind(kind));
  if (!layers.is_array() || layers.empty()) return invalid_input(where + ": layers: expected at least one");
  for (const Json& element : layers) {
    const std::string layer_where = where + ": layers[" + std::to_string(plan.layers.size()) + "]";
    JsonReader layer(element, layer_where);
    plan.layers.push_back({layer.integer("layer"), layer.integers("heads"), layer.integers("neurons")});
    COPPICE_RETURN_IF_ERROR(layer.status());
    COPPICE_RETURN_IF_ERROR(check_indices(plan.layers.back().heads, layer_where + ": heads"));
    COPPICE_RETURN_IF_ERROR(check_indices(plan.layers.back().neurons, layer_where + ": neurons"));
  }
  std::vector<int64_t> indices;
  for (const StructuredPlan::Layer& layer : plan.layers) indices.push_back(layer.layer);
  COPPICE_RETURN_IF_ERROR(check_indices(indices, where + ": layers"));
  return plan;
}

Result<VocabularyPlan> parse_vocabulary(const Json& json, const std::string& where) {
  JsonReader reader(json, where);
  VocabularyPlan plan;
  plan.min_count = reader.integer("min_count");
  plan.keep_tokens = reader.integer_or("keep_tokens", 0);
  plan.tokens_before = reader.integer("tokens_before");
  plan.tokens_after = reader.integer("tokens_after");
  plan.fallback_tokens = reader.integer("fallback_tokens");
  plan.coverage = reader.number("coverage");
  plan.corpus = parse_scored_on(reader, "corpus");
  if (reader.status().ok() && (plan.min_count < 1 || plan.keep_tokens < 0))
    reader.fail("min_count", "expected 1 or more, and keep_tokens of 0 or more");
  COPPICE_RETURN_IF_ERROR(reader.status());
  return plan;
}

}  // namespace

std::string_view to_string(Score score) {
  switch (score) {
    case Score::kMovement:
      return "movement";
    case Score::kFisher:
      return "fisher";
    case Score::kReconstruction:
      return "reconstruction";
    default:
      return "magnitude";
  }
}

Result<Score> parse_score(std::string_view text) {
  for (const Score score : {Score::kMagnitude, Score::kMovement, Score::kFisher, Score::kReconstruction}) {
    if (text == to_string(score)) return score;
  }
  return invalid_usage("score \"" + std::string(text) + "\"; expected magnitude, movement, fisher or reconstruction");
}

std::string_view to_string(BudgetKind kind) {
  switch (kind) {
    case BudgetKind::kParameters:
      return "parameters";
    case BudgetKind::kLatency:
      return "latency";
    default:
      return "flops";
  }
}

OrderedJson to_json(const Plan& plan) {
  OrderedJson json;
  json["schema_version"] = kPlanSchemaVersion;
  json["method"] = plan.method;
  json["model_id"] = plan.model_id;
  json["weights_sha256"] = plan.weights_sha256;
  if (plan.is_structured()) {
    json["structured"] = to_json(plan.structured);
  } else if (plan.is_vocabulary()) {
    json["vocabulary"] = to_json(plan.vocabulary);
  } else {
    json["unstructured"] = to_json(plan.unstructured);
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
  if (version != kPlanSchemaVersion) {
    return unsupported(source + ": plan schema " + std::to_string(version) + ", this program reads " +
                       std::to_string(kPlanSchemaVersion));
  }
  if (plan.is_structured()) {
    COPPICE_ASSIGN_OR_RETURN(plan.structured, parse_structured(reader.at("structured"), source + ": structured"));
  } else if (plan.is_vocabulary()) {
    COPPICE_ASSIGN_OR_RETURN(plan.vocabulary, parse_vocabulary(reader.at("vocabulary"), source + ": vocabulary"));
  } else if (parse_score(plan.method).ok()) {
    COPPICE_ASSIGN_OR_RETURN(plan.unstructured,
                             parse_unstructured(reader.at("unstructured"), source + ": unstructured"));
    if (to_string(plan.unstructured.score) != plan.method) {
      return invalid_input(source + ": method \"" + plan.method + "\", but the plan's score is " +
                           std::string(to_string(plan.unstructured.score)));
    }
  } else {
    return unsupported(source + ": method \"" + plan.method +
                       "\"; expected magnitude, movement, fisher, reconstruction, structured or vocabulary");
  }
  return plan;
}

Status check_fits(const Plan& plan, const records::BertConfig& config, const std::string& weights_sha256) {
  if (plan.weights_sha256 != weights_sha256) {
    return invalid_input("the plan was made for the weights of model " + plan.model_id + " (sha256 " +
                         plan.weights_sha256 + "), this model's are " + weights_sha256 +
                         ". Make a plan for this model with --dry-run --json.");
  }
  if (!plan.is_structured()) return {};
  for (const StructuredPlan::Layer& layer : plan.structured.layers) {
    if (layer.layer >= config.num_hidden_layers()) {
      return invalid_input("the plan keeps layer " + std::to_string(layer.layer) + ", but the model has " +
                           std::to_string(config.num_hidden_layers()));
    }
    const records::LayerShape& shape = config.layers[static_cast<size_t>(layer.layer)];
    if (layer.heads.back() >= shape.num_attention_heads || layer.neurons.back() >= shape.intermediate_size) {
      return invalid_input("the plan keeps heads or neurons of layer " + std::to_string(layer.layer) +
                           " that the model does not have");
    }
  }
  return {};
}

}  // namespace coppice::prune
