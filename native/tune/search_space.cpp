#include "native/tune/search_space.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "native/data/stable_hash.h"

namespace coppice::tune {
namespace {

constexpr double kNoLimit = 9007199254740992.0;  // 2^53: whole numbers up to here are exact

constexpr std::array<AxisRule, 9> kRules = {{
    {"learning_rate", "--learning-rate", "Peak learning rates", false, true, 0, false, 1, true},
    {"batch_size", "--batch-size", "Reviews per optimiser step", true, true, 1, true, 65536, true},
    {"epochs", "--epochs", "Passes over the reviews", false, false, 0, false, 1000, true},
    {"max_length", "--max-length", "Longest inputs in tokens", true, false, 8, true, 4096, true},
    {"seed", "--seed", "Seeds of data order, dropout and new weights", true, false, 0, true, kNoLimit, true},
    {"dropout", "--dropout", "Dropout everywhere", false, false, 0, true, 0.99, true},
    {"weight_decay", "--weight-decay", "AdamW decay", false, false, 0, true, 1, true},
    {"warmup_ratio", "--warmup-ratio", "Shares of the steps with rising learning rate", false, false, 0, true, 0.99,
     true},
    {"sparsity", "--sparsity", "With --prune-from: shares of the encoder's weights set to 0 before training", false,
     false, 0, true, 1, false},
}};

std::string list_of_axes() {
  std::string text;
  for (const AxisRule& rule : kRules) text += (text.empty() ? "" : ", ") + std::string(rule.name);
  return text;
}

std::optional<double> to_number(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(" \t") + 1 - first);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// What is wrong with the value, or "".
std::string objection(const AxisRule& rule, double value) {
  if (rule.whole && value != std::floor(value)) return number_text(value) + " is no whole number";
  const bool low = rule.least_allowed ? value < rule.least : value <= rule.least;
  const bool high = rule.most_allowed ? value > rule.most : value >= rule.most;
  if (!low && !high) return "";
  return number_text(value) + " is out of limits: " + (rule.least_allowed ? "at least " : "above ") +
         number_text(rule.least) + ", " + (rule.most_allowed ? "at most " : "below ") + number_text(rule.most);
}

// The rules an axis must keep, whichever way it was given; what is wrong, or "".
std::string objection(const AxisRule& rule, const Axis& axis) {
  if (axis.is_range()) {
    for (const double end : {axis.from, axis.to}) {
      if (std::string what = objection(rule, end); !what.empty()) return what;
    }
    if (axis.from >= axis.to) {
      return "the range " + number_text(axis.from) + ".." + number_text(axis.to) +
             " does not rise; write LOW..HIGH, or a single value";
    }
    return "";
  }
  std::set<double> seen;
  for (const double value : axis.values) {
    if (std::string what = objection(rule, value); !what.empty()) return what;
    if (!seen.insert(value).second) return number_text(value) + " is given twice";
  }
  return "";
}

double rounded(double value, const AxisRule& rule) {
  if (rule.whole) return std::round(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return std::strtod(text, nullptr);
}

// In [0, 1), the same on every machine.
double uniform(uint64_t seed, size_t draw, const std::string& name) {
  const uint64_t bits = data::stable_hash(name + "#" + std::to_string(draw), seed);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

double draw_value(const Axis& axis, double u) {
  if (!axis.is_range()) return axis.values[static_cast<size_t>(u * static_cast<double>(axis.values.size()))];
  const AxisRule& rule = *find_axis_rule(axis.name);
  double value = 0;
  if (rule.log_scale) {
    value = std::exp(std::log(axis.from) + u * (std::log(axis.to) - std::log(axis.from)));
  } else if (rule.whole) {
    value = axis.from + std::floor(u * (axis.to - axis.from + 1));  // each whole number as likely
  } else {
    value = axis.from + u * (axis.to - axis.from);
  }
  return std::clamp(rounded(value, rule), axis.from, axis.to);
}

// How many different candidates there are, kMostCandidates + 1 for more than that.
size_t count_candidates(const SearchSpace& space) {
  size_t count = 1;
  for (const Axis& axis : space.axes) {
    const double width = axis.is_range() ? axis.to - axis.from + 1 : static_cast<double>(axis.values.size());
    const bool real = axis.is_range() && !find_axis_rule(axis.name)->whole;
    if (real || width > static_cast<double>(kMostCandidates)) return kMostCandidates + 1;
    count *= static_cast<size_t>(width);
    if (count > kMostCandidates) return kMostCandidates + 1;
  }
  return count;
}

Result<Axis> axis_of_json(const AxisRule& rule, const Json& json, const std::string& where) {
  Axis axis{rule.name, {}, 0, 0};
  if (json.is_number()) {
    axis.values = {json.get<double>()};
  } else if (json.is_array()) {
    if (json.empty()) return invalid_input(where + ": an empty list; give at least one value");
    for (const Json& value : json) {
      if (!value.is_number()) return invalid_input(where + ": expected numbers, found " + dump_json(value));
      axis.values.push_back(value.get<double>());
    }
  } else if (json.is_object()) {
    JsonReader reader(json, where);
    axis.from = reader.number("from");
    axis.to = reader.number("to");
    COPPICE_RETURN_IF_ERROR(reader.status());
    for (const auto& [key, unused] : json.items()) {
      if (key != "from" && key != "to") return invalid_input(where + ": unknown member \"" + key + "\"; from and to");
    }
  } else {
    return invalid_input(where + ": expected a number, a list of numbers or {\"from\", \"to\"}");
  }
  if (const std::string what = objection(rule, axis); !what.empty()) return invalid_input(where + ": " + what);
  return axis;
}

}  // namespace

std::span<const AxisRule> axis_rules() { return kRules; }

const AxisRule* find_axis_rule(std::string_view name) {
  const auto* found =
      std::find_if(kRules.begin(), kRules.end(), [&](const AxisRule& rule) { return rule.name == name; });
  return found == kRules.end() ? nullptr : found;
}

bool SearchSpace::has_range() const {
  return std::any_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.is_range(); });
}

bool SearchSpace::has(std::string_view name) const {
  return std::any_of(axes.begin(), axes.end(), [&](const Axis& axis) { return axis.name == name; });
}

Result<Axis> parse_axis(const AxisRule& rule, const std::string& text) {
  const std::string where = rule.option;
  if (text.find_first_not_of(" \t") == std::string::npos) {
    return invalid_usage(where + ": no value; give a list such as 1,2 or a range such as 1..2");
  }
  Axis axis{rule.name, {}, 0, 0};
  const auto number = [&](std::string_view part) -> Result<double> {
    if (part.find_first_not_of(" \t") == std::string_view::npos) {
      return invalid_usage(where + ": an empty value in \"" + text + "\"");
    }
    const std::optional<double> value = to_number(part);
    if (!value) return invalid_usage(where + ": \"" + std::string(part) + "\" is no number");
    return *value;
  };
  if (const size_t dots = text.find(".."); dots != std::string::npos) {
    COPPICE_ASSIGN_OR_RETURN(axis.from, number(std::string_view(text).substr(0, dots)));
    COPPICE_ASSIGN_OR_RETURN(axis.to, number(std::string_view(text).substr(dots + 2)));
  } else {
    for (size_t start = 0; start <= text.size();) {
      const size_t end = std::min(text.find(',', start), text.size());
      COPPICE_ASSIGN_OR_RETURN(const double value, number(std::string_view(text).substr(start, end - start)));
      axis.values.push_back(value);
      start = end + 1;
    }
  }
  if (const std::string what = objection(rule, axis); !what.empty()) return invalid_usage(where + ": " + what);
  return axis;
}

Result<std::vector<Axis>> parse_space_file(std::string_view bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, source));
  if (!document.is_object()) return invalid_input(source + ": expected an object with an axis a member");
  std::vector<Axis> axes;
  for (const auto& [key, value] : document.items()) {
    const AxisRule* rule = find_axis_rule(key);
    if (rule == nullptr) {
      return invalid_input(source + ": unknown axis \"" + key + "\"; there are " + list_of_axes());
    }
    COPPICE_ASSIGN_OR_RETURN(Axis axis, axis_of_json(*rule, value, source + ": " + key));
    axes.push_back(std::move(axis));
  }
  return axes;
}

Result<SearchSpace> make_space(std::vector<Axis> axes) {
  SearchSpace space;
  for (const AxisRule& rule : kRules) {
    for (Axis& axis : axes) {
      if (axis.name != rule.name) continue;
      if (space.has(rule.name)) {
        return invalid_usage(std::string(rule.option) + " and the space file both give " + rule.name +
                             "; give it in one place");
      }
      space.axes.push_back(std::move(axis));
      axis.name.clear();
    }
  }
  if (space.axes.empty()) {
    return invalid_usage("nothing to try: give an axis such as --learning-rate 5e-5,1e-4, or --space FILE.json");
  }
  return space;
}

OrderedJson to_json(const SearchSpace& space) {
  OrderedJson json = OrderedJson::object();
  for (const Axis& axis : space.axes) {
    if (axis.is_range()) {
      json[axis.name] = {{"from", axis.from}, {"to", axis.to}};
    } else {
      json[axis.name] = axis.values;
    }
  }
  return json;
}

Result<std::vector<Parameters>> grid(const SearchSpace& space) {
  for (const Axis& axis : space.axes) {
    if (axis.is_range()) {
      return invalid_usage(axis.name + ": a grid needs a list of values; ranges are for --method random, or for " +
                           "--method halving with --trials");
    }
  }
  const size_t count = count_candidates(space);
  if (count > kMostCandidates) {
    return invalid_usage("the grid has more than " + std::to_string(kMostCandidates) +
                         " combinations; give fewer values or use --method random");
  }
  std::vector<Parameters> candidates(count);
  for (size_t i = 0; i < count; ++i) {
    size_t rest = i;
    for (size_t a = space.axes.size(); a-- > 0;) {
      const Axis& axis = space.axes[a];
      candidates[i].insert(candidates[i].begin(), {axis.name, axis.values[rest % axis.values.size()]});
      rest /= axis.values.size();
    }
  }
  return candidates;
}

Result<std::vector<Parameters>> sample(const SearchSpace& space, uint64_t seed, size_t count) {
  if (count == 0 || count > kMostCandidates) {
    return invalid_usage("--trials: expected 1 to " + std::to_string(kMostCandidates) + " for random candidates");
  }
  const size_t wanted = std::min(count, count_candidates(space));
  std::set<Parameters> seen;
  std::vector<Parameters> candidates;
  // A small space is exhausted after about n log n draws; far beyond that means ranges too narrow to give `wanted`
  // rounded values.
  const size_t most_draws = 1000 + 200 * wanted;
  for (size_t draw = 0; candidates.size() < wanted && draw < most_draws; ++draw) {
    Parameters parameters;
    for (const Axis& axis : space.axes)
      parameters.emplace_back(axis.name, draw_value(axis, uniform(seed, draw, axis.name)));
    if (seen.insert(parameters).second) candidates.push_back(std::move(parameters));
  }
  return candidates;
}

std::string number_text(double value) {
  char text[40];
  const bool whole = value == std::floor(value) && std::fabs(value) <= kNoLimit;
  const auto end = whole ? std::to_chars(text, text + sizeof text, static_cast<int64_t>(value)).ptr
                         : std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

OrderedJson to_json(const Parameters& parameters) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, value] : parameters) {
    const AxisRule* rule = find_axis_rule(name);
    if (rule != nullptr && rule->whole) {
      json[name] = static_cast<int64_t>(value);
    } else {
      json[name] = value;
    }
  }
  return json;
}

Result<Parameters> parse_parameters(const Json& json, const std::string& where) {
  if (!json.is_object()) return invalid_input(where + ": expected an object");
  Parameters parameters;
  for (const AxisRule& rule : kRules) {
    if (!json.contains(rule.name)) continue;
    JsonReader reader(json, where);
    parameters.emplace_back(rule.name, reader.number(rule.name));
    COPPICE_RETURN_IF_ERROR(reader.status());
  }
  if (parameters.size() != json.size()) return invalid_input(where + ": a member that is no axis");
  return parameters;
}

}  // namespace coppice::tune
