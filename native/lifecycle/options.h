// Tables of the settings that become options of a command, and the reader that names file, line and member.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "native/lifecycle/config.h"
#include "native/lifecycle/locate.h"

namespace coppice::lifecycle {

enum class OptionKind { kNumber, kCount, kText, kFlag, kNumbers };

struct OptionRule {
  const char* name;
  const char* option;
  OptionKind kind;
  double least = 0;
  bool least_allowed = true;
  double most = 1e18;
  bool most_allowed = true;
  const char* choices = "";  // of a text: "a|b"; "": any
};

std::span<const OptionRule> train_rules();
std::span<const OptionRule> tune_rules();  // axes and method; the rest is train_rules
std::span<const OptionRule> prune_rules();

// One object of the file. Members must be asked for; finish() refuses those that were not.
class Section {
 public:
  Section(const Json& object, std::string_view text, const std::string& source, JsonPath path)
      : object_(object), text_(text), source_(source), path_(std::move(path)) {}

  // "FILE:LINE: path.name: message"; name "": the object itself.
  [[nodiscard]] Status error(const std::string& name, const std::string& message) const;
  [[nodiscard]] bool has(const std::string& name) const { return object_.is_object() && object_.contains(name); }
  Status check_object() const;

  Status text(const std::string& name, std::string& value, bool required, const char* choices = "");
  Status count(const std::string& name, int64_t& value, int64_t least, int64_t most);
  Status number(const std::string& name, double& value, double above, double most);
  Status flag(const std::string& name, bool& value);
  Status texts(const std::string& name, std::vector<std::string>& values, const char* choices);
  // An object (or true, for all defaults) below; absent or false: `value` stays as it is and has() of it is false.
  Result<std::optional<Section>> section(const std::string& name, bool may_be_flag = false);
  // Every member that `rules` know.
  Status settings(std::span<const OptionRule> rules, Settings& settings);
  // A member that the caller reads by itself.
  void know(const std::string& name) { known_.push_back(name); }
  // Refuses members that nobody asked for.
  Status finish() const;

  [[nodiscard]] JsonPath below(const std::string& name) const;
  [[nodiscard]] const Json& object() const { return object_; }
  [[nodiscard]] std::string_view document() const { return text_; }
  [[nodiscard]] const std::string& source() const { return source_; }

 private:
  Status setting(const OptionRule& rule, const Json& value, Settings& settings) const;

  const Json& object_;
  std::string_view text_;
  const std::string& source_;
  JsonPath path_;
  std::vector<std::string> known_;
};

}  // namespace coppice::lifecycle
