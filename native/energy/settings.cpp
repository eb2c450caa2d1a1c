#include "native/energy/settings.h"

#include <unistd.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "native/energy/system.h"
#include "shared/energy/names.h"

namespace coppice::energy {

namespace {

constexpr size_t kLongestValue = size_t{64} << 10;
constexpr int kDeepestInterpolation = 10;  // as Python's configparser has it

std::string trim(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// Reads the INI dialect of Python's configparser, which is what CodeCarbon reads its file with: comments on lines of
// their own, "=" or ":", values that go on in lines indented deeper, [DEFAULT] below every section, %(key)s.
class ConfigParser {
 public:
  explicit ConfigParser(std::string source) : source_(std::move(source)) {}

  Status parse(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    for (line_number_ = 1; std::getline(lines, line); ++line_number_) {
      const std::string content = trim(line);
      if (content.empty() || content[0] == '#' || content[0] == ';') continue;
      const size_t indent = line.find_first_not_of(" \t");
      if (values_ != nullptr && !last_key_.empty() && indent > last_indent_) {
        (*values_)[last_key_] += "\n" + content;
        continue;
      }
      last_indent_ = indent;
      COPPICE_RETURN_IF_ERROR(content[0] == '[' ? begin_section(content) : add(content));
    }
    return {};
  }

  Result<std::map<std::string, Setting>> settings() const {
    std::map<std::string, Setting> settings;
    if (!seen_.contains("codecarbon")) return settings;  // without the section its defaults are nobody's
    std::map<std::string, std::string> merged = defaults_;
    for (const auto& [key, value] : ours_) merged[key] = value;
    for (const auto& [key, value] : merged) {
      COPPICE_ASSIGN_OR_RETURN(std::string text, interpolated(value, key, merged, kDeepestInterpolation));
      settings[key] = {std::move(text), source_};
    }
    return settings;
  }

 private:
  Status error(const std::string& what) const {
    return invalid_input(source_ + ", line " + std::to_string(line_number_) + ": " + what);
  }

  Status begin_section(const std::string& content) {
    const size_t end = content.rfind(']');
    if (end == std::string::npos || end < 2)
      return error("expected [section], found \"" + content.substr(0, 60) + "\"");
    const std::string name = content.substr(1, end - 1);
    if (name != "DEFAULT" && !seen_.insert(name).second) return error("the section [" + name + "] is there twice");
    last_key_.clear();
    in_a_section_ = true;
    values_ = name == "codecarbon" ? &ours_ : name == "DEFAULT" ? &defaults_ : &others_;
    others_.clear();
    return {};
  }

  Status add(const std::string& content) {
    if (!in_a_section_)
      return error("expected a section such as [codecarbon] first, found \"" + content.substr(0, 60) + "\"");
    const size_t separator = content.find_first_of("=:");
    if (separator == std::string::npos || separator == 0) {
      return error("expected key = value, found \"" + content.substr(0, 60) + "\"");
    }
    last_key_ = lower(trim(content.substr(0, separator)));
    if (!values_->emplace(last_key_, trim(content.substr(separator + 1))).second) {
      return error("the key " + last_key_ + " is there twice");
    }
    return {};
  }

  Result<std::string> interpolated(const std::string& value, const std::string& key,
                                   const std::map<std::string, std::string>& values, int depth) const {
    const auto fault = [&](const std::string& what) { return invalid_input(source_ + ": " + key + ": " + what); };
    std::string out;
    for (size_t at = 0; at < value.size();) {
      if (value[at] != '%') {
        out += value[at++];
      } else if (value.compare(at, 2, "%%") == 0) {
        out += '%';
        at += 2;
      } else {
        const size_t end = value.find(")s", at);
        if (value.compare(at, 2, "%(") != 0 || end == std::string::npos) {
          return fault("a % stands for another key, %(key)s; write %% for the sign itself");
        }
        const std::string name = lower(value.substr(at + 2, end - at - 2));
        const auto found = values.find(name);
        if (found == values.end()) return fault("%(" + name + ")s: there is no such key");
        if (depth == 0) return fault("the keys it names go round in a circle");
        COPPICE_ASSIGN_OR_RETURN(const std::string inner, interpolated(found->second, name, values, depth - 1));
        out += inner;
        if (out.size() > kLongestValue) return fault("is longer than 64 kB when all keys are put in");
        at = end + 2;
      }
    }
    return out;
  }

  std::string source_;
  std::map<std::string, std::string> ours_;
  std::map<std::string, std::string> defaults_;
  std::map<std::string, std::string> others_;  // the current one of somebody else's sections
  std::map<std::string, std::string>* values_ = nullptr;
  std::set<std::string> seen_;
  std::string last_key_;
  size_t last_indent_ = 0;
  int line_number_ = 0;
  bool in_a_section_ = false;
};

}  // namespace

Result<std::map<std::string, Setting>> parse_codecarbon_config(const std::string& text, const std::string& source) {
  ConfigParser parser(source);
  COPPICE_RETURN_IF_ERROR(parser.parse(text));
  return parser.settings();
}

Result<std::map<std::string, Setting>> codecarbon_settings(const std::vector<std::string>& environment,
                                                           const std::filesystem::path& working_folder,
                                                           const std::filesystem::path& home_folder) {
  std::map<std::string, Setting> settings;
  for (const auto& folder : {home_folder, working_folder}) {
    if (folder.empty()) continue;
    const std::filesystem::path path = folder / ".codecarbon.config";
    const auto text = read_small_file(path);
    if (!text) continue;
    COPPICE_ASSIGN_OR_RETURN(auto layer, parse_codecarbon_config(*text, path.string()));
    for (auto& [key, setting] : layer) settings[key] = std::move(setting);
  }
  for (const std::string& entry : environment) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = lower(entry.substr(0, equals));
    static const std::string prefix = "codecarbon_";
    if (name.compare(0, prefix.size(), prefix) != 0 || name.size() == prefix.size()) continue;
    settings[name.substr(prefix.size())] = {entry.substr(equals + 1), entry.substr(0, equals)};
  }
  return settings;
}

Result<std::map<std::string, Setting>> codecarbon_settings_of_process() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  std::error_code error;
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nothing here sets it
  return codecarbon_settings(environment, std::filesystem::current_path(error), home != nullptr ? home : "");
}

}  // namespace coppice::energy
