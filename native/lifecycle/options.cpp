#include "native/lifecycle/options.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace coppice::lifecycle {
namespace {

using Kind = OptionKind;

// Those of `coppice train` that a life cycle leaves to its author; the rest (data, folders, threads, resume) is its
// own.
constexpr OptionRule kTrainRules[] = {
    {"epochs", "--epochs", Kind::kNumber, 0, false},
    {"max_steps", "--max-steps", Kind::kCount, 1},
    {"batch_size", "--batch-size", Kind::kCount, 1},
    {"micro_batch_tokens", "--micro-batch-tokens", Kind::kCount, 1},
    {"learning_rate", "--learning-rate", Kind::kNumber, 0, false},
    {"warmup_ratio", "--warmup-ratio", Kind::kNumber, 0, true, 0.99},
    {"weight_decay", "--weight-decay", Kind::kNumber},
    {"max_grad_norm", "--max-grad-norm", Kind::kNumber, 0, false},
    {"dropout", "--dropout", Kind::kNumber, 0, true, 0.99},
    {"seed", "--seed", Kind::kCount, 0},
    {"train_limit", "--train-limit", Kind::kCount, 2},
    {"validation_limit", "--validation-limit", Kind::kCount, 1},
    {"validations_per_epoch", "--validations-per-epoch", Kind::kCount, 1},
    {"patience", "--patience", Kind::kCount, 1},
    {"checkpoint_every_seconds", "--checkpoint-every", Kind::kNumber, 0, false},
    {"precision", "--precision", Kind::kText, 0, true, 0, true, "fp32|bf16"},
    {"distillation_weight", "--distillation-weight", Kind::kNumber, 0, true, 1},
    {"distillation_temperature", "--distillation-temperature", Kind::kNumber, 0, false},
    {"distillation_hidden_weight", "--distillation-hidden-weight", Kind::kNumber},
    {"teacher_hidden", "--teacher-hidden", Kind::kText, 0, true, 0, true, "off|cls|tokens"},
    {"teacher_hidden_weight", "--teacher-hidden-weight", Kind::kNumber, 0, false},
};

constexpr OptionRule kTuneRules[] = {
    {"method", "--method", Kind::kText, 0, true, 0, true, "grid|random|halving"},
    {"learning_rate", "--learning-rate", Kind::kNumbers, 0, false},
    {"batch_size", "--batch-size", Kind::kNumbers, 1},
    {"epochs", "--epochs", Kind::kNumbers, 0, false},
    {"warmup_ratio", "--warmup-ratio", Kind::kNumbers, 0, true, 0.99},
    {"weight_decay", "--weight-decay", Kind::kNumbers},
    {"dropout", "--dropout", Kind::kNumbers, 0, true, 0.99},
    {"trials", "--trials", Kind::kCount, 1},
    {"eta", "--eta", Kind::kCount, 2, true, 1000},
    {"min_reviews", "--min-reviews", Kind::kCount, 2},
    {"rungs", "--rungs", Kind::kCount, 1},
    {"train_limit", "--train-limit", Kind::kCount, 2},
    {"validation_limit", "--validation-limit", Kind::kCount, 1},
    {"validations_per_epoch", "--validations-per-epoch", Kind::kCount, 1},
    {"seed", "--seed", Kind::kCount, 0},
    {"precision", "--precision", Kind::kText, 0, true, 0, true, "fp32|bf16"},
};

constexpr OptionRule kPruneRules[] = {
    {"sparsity", "--sparsity", Kind::kNumber, 0, false, 1, false},
    {"scope", "--scope", Kind::kText, 0, true, 0, true, "global|matrix"},
    {"pattern", "--pattern", Kind::kText},
    {"keep_flops", "--keep-flops", Kind::kNumber, 0, false, 1},
    {"keep_parameters", "--keep-parameters", Kind::kNumber, 0, false, 1},
    {"keep_latency", "--keep-latency", Kind::kNumber, 0, false, 1},
    {"latency_table", "--latency-table", Kind::kText},
    {"keep_layers", "--keep-layers", Kind::kText},
    {"importance", "--importance", Kind::kText, 0, true, 0, true, "taylor|magnitude"},
    {"tokens", "--tokens", Kind::kCount, 2, true, 4096},
    {"min_count", "--min-count", Kind::kCount, 1},
    {"keep_tokens", "--keep-tokens", Kind::kCount, 1},
    {"importance_reviews", "--importance-reviews", Kind::kCount, 1},
    {"seed", "--seed", Kind::kCount, 0},
};

std::string number_word(double value) {
  if (std::floor(value) == value && std::fabs(value) < 1e15) return std::to_string(static_cast<int64_t>(value));
  return dump_json(Json(value));
}

std::string range_text(const OptionRule& rule, const char* what) {
  std::string text = what;
  if (rule.most < 1e17) {
    text.append(rule.least_allowed ? " from " : " above ").append(number_word(rule.least));
    return text.append(rule.most_allowed ? " to " : " and below ").append(number_word(rule.most));
  }
  return text.append(rule.least_allowed ? " of at least " : " above ").append(number_word(rule.least));
}

bool in_range(const OptionRule& rule, double value) {
  const bool low = rule.least_allowed ? value >= rule.least : value > rule.least;
  const bool high = rule.most_allowed ? value <= rule.most : value < rule.most;
  return low && high;
}

bool is_choice(std::string_view choices, const std::string& value) {
  if (choices.empty()) return true;
  while (!choices.empty()) {
    const size_t end = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, end) == value) return true;
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return false;
}

std::string choices_text(std::string text) {
  std::replace(text.begin(), text.end(), '|', ' ');
  for (size_t at = text.find(' '); at != std::string::npos; at = text.find(' ', at + 4)) text.replace(at, 1, " or ");
  return text;
}

}  // namespace

std::span<const OptionRule> train_rules() { return kTrainRules; }
std::span<const OptionRule> tune_rules() { return kTuneRules; }
std::span<const OptionRule> prune_rules() { return kPruneRules; }

JsonPath Section::below(const std::string& name) const {
  JsonPath path = path_;
  if (!name.empty()) path.emplace_back(name);
  return path;
}

Status Section::error(const std::string& name, const std::string& message) const {
  const JsonPath path = below(name);
  std::string text = source_ + ":" + std::to_string(line_of(text_, path)) + ": ";
  const std::string where = to_string(path);
  return invalid_input(text + (where.empty() ? std::string() : where + ": ") + message);
}

Status Section::check_object() const {
  return object_.is_object() ? Status() : error("", "expected an object, found " + std::string(object_.type_name()));
}

Status Section::text(const std::string& name, std::string& value, bool required, const char* choices) {
  known_.push_back(name);
  if (!has(name)) return required ? error(name, "is missing") : Status();
  const Json& member = object_[name];
  if (!member.is_string() || member.get<std::string>().empty()) return error(name, "expected a text");
  value = member.get<std::string>();
  if (!is_choice(choices, value)) return error(name, "is \"" + value + "\"; expected " + choices_text(choices));
  return {};
}

Status Section::count(const std::string& name, int64_t& value, int64_t least, int64_t most) {
  known_.push_back(name);
  if (!has(name)) return {};
  const Json& member = object_[name];
  const bool whole = member.is_number_integer();
  if (whole) value = member.get<int64_t>();
  if (whole && value >= least && value <= most) return {};
  return error(name, "is " + dump_json(member) + "; expected a whole number from " + std::to_string(least) + " to " +
                         std::to_string(most));
}

Status Section::number(const std::string& name, double& value, double above, double most) {
  known_.push_back(name);
  if (!has(name)) return {};
  const Json& member = object_[name];
  if (member.is_number()) value = member.get<double>();
  if (member.is_number() && value > above && value <= most) return {};
  return error(name, "is " + dump_json(member) + "; expected a number above " + number_word(above) + ", at most " +
                         number_word(most));
}

Status Section::flag(const std::string& name, bool& value) {
  known_.push_back(name);
  if (!has(name)) return {};
  if (!object_[name].is_boolean()) return error(name, "expected true or false");
  value = object_[name].get<bool>();
  return {};
}

Status Section::texts(const std::string& name, std::vector<std::string>& values, const char* choices) {
  known_.push_back(name);
  if (!has(name)) return {};
  const Json& member = object_[name];
  if (!member.is_array()) return error(name, "expected a list");
  values.clear();
  for (const Json& entry : member) {
    const bool fits = entry.is_string() && is_choice(choices, entry.get<std::string>());
    if (!fits) return error(name, "holds " + dump_json(entry) + "; expected " + choices_text(choices));
    const auto value = entry.get<std::string>();
    if (std::find(values.begin(), values.end(), value) != values.end())
      return error(name, "has \"" + value + "\" twice");
    values.push_back(value);
  }
  return {};
}

Result<std::optional<Section>> Section::section(const std::string& name, bool may_be_flag) {
  static const Json kEmpty = Json::object();
  known_.push_back(name);
  if (!has(name)) return std::optional<Section>();
  const Json& member = object_[name];
  if (may_be_flag && member.is_boolean()) {
    if (!member.get<bool>()) return std::optional<Section>();
    return std::optional<Section>(Section(kEmpty, text_, source_, below(name)));
  }
  Section found(member, text_, source_, below(name));
  COPPICE_RETURN_IF_ERROR(found.check_object());
  return std::optional<Section>(found);
}

Status Section::setting(const OptionRule& rule, const Json& value, Settings& settings) const {
  Settings::Entry entry{rule.name, rule.option, "", std::nullopt};
  switch (rule.kind) {
    case Kind::kNumber:
    case Kind::kCount: {
      const bool count = rule.kind == Kind::kCount;
      const bool fits = count ? value.is_number_integer() : value.is_number();
      if (!fits || !in_range(rule, value.get<double>())) {
        return error(rule.name, "is " + dump_json(value) + "; expected " +
                                    range_text(rule, count ? "a whole number" : "a number"));
      }
      entry.value = value.get<double>();
      entry.word = number_word(*entry.value);
      break;
    }
    case Kind::kText:
      // A number may be written as one where the option takes words too (keep_layers).
      if (value.is_number_integer() && std::string_view(rule.choices).empty()) {
        entry.word = value.dump();
        entry.value = value.get<double>();
        break;
      }
      if (!value.is_string() || value.get<std::string>().empty()) return error(rule.name, "expected a text");
      entry.word = value.get<std::string>();
      if (!is_choice(rule.choices, entry.word)) {
        return error(rule.name, "is \"" + entry.word + "\"; expected " + choices_text(rule.choices));
      }
      break;
    case Kind::kFlag:
      if (!value.is_boolean()) return error(rule.name, "expected true or false");
      if (!value.get<bool>()) return {};
      entry.value = 1;
      break;
    case Kind::kNumbers: {
      const Json list = value.is_array() ? value : Json::array({value});
      if (list.empty()) return error(rule.name, "is empty; expected numbers");
      for (const Json& number : list) {
        if (!number.is_number() || !in_range(rule, number.get<double>())) {
          return error(rule.name, "holds " + dump_json(number) + "; expected " + range_text(rule, "numbers"));
        }
        entry.word.append(entry.word.empty() ? "" : ",").append(number_word(number.get<double>()));
      }
      entry.value = static_cast<double>(list.size());
      break;
    }
  }
  settings.entries.push_back(std::move(entry));
  return {};
}

Status Section::settings(std::span<const OptionRule> rules, Settings& settings) {
  for (const OptionRule& rule : rules) {
    known_.emplace_back(rule.name);
    if (has(rule.name)) COPPICE_RETURN_IF_ERROR(setting(rule, object_[rule.name], settings));
  }
  return {};
}

Status Section::finish() const {
  for (const auto& [name, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    std::string names;
    for (const std::string& known : known_) names.append(names.empty() ? "" : ", ").append(known);
    return error(name, "is no member of this section; there are " + names);
  }
  return {};
}

std::vector<std::string> Settings::words() const {
  std::vector<std::string> words;
  for (const Entry& entry : entries) {
    if (entry.option.empty()) continue;
    words.push_back(entry.option);
    if (!entry.word.empty()) words.push_back(entry.word);
  }
  return words;
}

std::optional<double> Settings::number(std::string_view name) const {
  for (const Entry& entry : entries)
    if (entry.name == name) return entry.value;
  return std::nullopt;
}

std::string Settings::text(std::string_view name) const {
  for (const Entry& entry : entries)
    if (entry.name == name) return entry.word;
  return "";
}

}  // namespace coppice::lifecycle
