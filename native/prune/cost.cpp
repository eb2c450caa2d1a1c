#include "native/prune/cost.h"

#include <algorithm>
#include <cmath>

namespace coppice::prune {
namespace {

constexpr int64_t kTableSchemaVersion = 1;

// The widest layer of the model: how far the cost vectors reach.
records::LayerShape widest(const records::BertConfig& config) {
  records::LayerShape shape;
  for (const records::LayerShape& layer : config.layers) {
    shape.num_attention_heads = std::max(shape.num_attention_heads, layer.num_attention_heads);
    shape.intermediate_size = std::max(shape.intermediate_size, layer.intermediate_size);
  }
  return shape;
}

CostModel linear_cost(const records::BertConfig& config, double per_head, double per_neuron) {
  const records::LayerShape shape = widest(config);
  CostModel cost;
  for (int64_t h = 0; h <= shape.num_attention_heads; ++h) cost.heads.push_back(static_cast<double>(h) * per_head);
  for (int64_t n = 0; n <= shape.intermediate_size; ++n) cost.neurons.push_back(static_cast<double>(n) * per_neuron);
  return cost;
}

Result<std::vector<LatencyTable::Point>> parse_points(const Json& json, const std::string& where) {
  if (!json.is_array() || json.size() < 2) return invalid_input(where + ": expected at least two widths");
  std::vector<LatencyTable::Point> points;
  for (const Json& element : json) {
    JsonReader reader(element, where + "[" + std::to_string(points.size()) + "]");
    const LatencyTable::Point point{reader.integer("width"), reader.number("milliseconds")};
    COPPICE_RETURN_IF_ERROR(reader.status());
    if (point.width < 0 || (!points.empty() && point.width <= points.back().width)) {
      return invalid_input(where + ": widths must ascend from 0");
    }
    if (!(std::isfinite(point.milliseconds) && point.milliseconds >= 0)) {
      return invalid_input(where + ": expected milliseconds of 0 or more");
    }
    points.push_back(point);
  }
  return points;
}

Result<std::vector<double>> interpolated(const std::vector<LatencyTable::Point>& points, int64_t up_to,
                                         const std::string& what) {
  if (points.back().width < up_to) {
    return invalid_usage("the latency table ends at " + std::to_string(points.back().width) + " " + what +
                         ", the model has " + std::to_string(up_to) + " in a layer; measure a table for this model");
  }
  std::vector<double> cost;
  size_t next = 1;
  for (int64_t width = 0; width <= up_to; ++width) {
    while (next + 1 < points.size() && points[next].width < width) ++next;
    const LatencyTable::Point& a = points[next - 1];
    const LatencyTable::Point& b = points[next];
    const double slope = (b.milliseconds - a.milliseconds) / static_cast<double>(b.width - a.width);
    const double value = std::max(0.0, a.milliseconds + slope * static_cast<double>(width - a.width));
    cost.push_back(cost.empty() ? value : std::max(cost.back(), value));
  }
  return cost;
}

OrderedJson points_json(const std::vector<LatencyTable::Point>& points) {
  OrderedJson json = OrderedJson::array();
  for (const LatencyTable::Point& point : points) {
    json.push_back({{"width", point.width}, {"milliseconds", point.milliseconds}});
  }
  return json;
}

}  // namespace

double CostModel::of(const std::vector<records::LayerShape>& layers) const {
  double sum = fixed;
  for (const records::LayerShape& shape : layers) sum += of_layer(shape.num_attention_heads, shape.intermediate_size);
  return sum;
}

CostModel flops_cost(const records::BertConfig& config, int64_t tokens) {
  const auto t = static_cast<double>(tokens);
  const auto d = static_cast<double>(config.head_size());
  const auto h = static_cast<double>(config.hidden_size);
  return linear_cost(config, 2 * t * 4 * h * d + 4 * t * t * d, 2 * t * 2 * h);
}

CostModel parameter_cost(const records::BertConfig& config) {
  const auto h = static_cast<double>(config.hidden_size);
  return linear_cost(config, 4 * h * static_cast<double>(config.head_size()), 2 * h);
}

OrderedJson to_json(const LatencyTable& table) {
  OrderedJson json;
  json["schema_version"] = kTableSchemaVersion;
  json["runtime"] = table.runtime;
  json["machine"] = table.machine;
  json["tokens"] = table.tokens;
  json["hidden_size"] = table.hidden_size;
  json["head_size"] = table.head_size;
  json["fixed_milliseconds"] = table.fixed_milliseconds;
  json["layer_milliseconds"] = table.layer_milliseconds;
  json["heads"] = points_json(table.heads);
  json["neurons"] = points_json(table.neurons);
  return json;
}

Result<LatencyTable> parse_latency_table(std::string_view text, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json json, parse_json(text, source));
  JsonReader reader(json, source);
  if (const int64_t version = reader.integer("schema_version");
      reader.status().ok() && version != kTableSchemaVersion) {
    return unsupported(source + ": latency table schema " + std::to_string(version) + ", this program reads " +
                       std::to_string(kTableSchemaVersion));
  }
  LatencyTable table;
  table.runtime = reader.string("runtime");
  table.machine = reader.string_or("machine", "");
  table.tokens = reader.integer("tokens");
  table.hidden_size = reader.integer("hidden_size");
  table.head_size = reader.integer("head_size");
  table.fixed_milliseconds = reader.number("fixed_milliseconds");
  table.layer_milliseconds = reader.number("layer_milliseconds");
  const Json& heads = reader.at("heads");
  const Json& neurons = reader.at("neurons");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!(table.fixed_milliseconds >= 0 && table.layer_milliseconds >= 0) || table.tokens < 1) {
    return invalid_input(source + ": expected tokens of 1 or more and times of 0 or more");
  }
  COPPICE_ASSIGN_OR_RETURN(table.heads, parse_points(heads, source + ": heads"));
  COPPICE_ASSIGN_OR_RETURN(table.neurons, parse_points(neurons, source + ": neurons"));
  return table;
}

Result<CostModel> latency_cost(const records::BertConfig& config, const LatencyTable& table) {
  if (table.hidden_size != config.hidden_size || table.head_size != config.head_size()) {
    return invalid_usage("the latency table is of hidden_size " + std::to_string(table.hidden_size) +
                         " and head size " + std::to_string(table.head_size) + ", the model has " +
                         std::to_string(config.hidden_size) + " and " + std::to_string(config.head_size()) +
                         "; measure a table for this model");
  }
  const records::LayerShape shape = widest(config);
  CostModel cost;
  cost.fixed = table.fixed_milliseconds;
  cost.layer = table.layer_milliseconds;
  COPPICE_ASSIGN_OR_RETURN(cost.heads, interpolated(table.heads, shape.num_attention_heads, "heads"));
  COPPICE_ASSIGN_OR_RETURN(cost.neurons, interpolated(table.neurons, shape.intermediate_size, "neurons"));
  return cost;
}

}  // namespace coppice::prune
