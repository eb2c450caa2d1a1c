#include "native/energy/settings.h"

#include <sstream>

#include "native/energy/system.h"
#include "shared/energy/names.h"

namespace coppice::energy {

namespace {

std::string trim(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

Result<std::map<std::string, Setting>> parse_codecarbon_config(const std::string& text, const std::string& source) {
  std::map<std::string, Setting> settings;
  std::istringstream lines(text);
  std::string line;
  bool ours = false;
  std::string last_key;
  for (int number = 1; std::getline(lines, line); ++number) {
    const bool indented = !line.empty() && (line[0] == ' ' || line[0] == '\t');
    const std::string content = trim(line);
    if (content.empty() || content[0] == '#' || content[0] == ';') continue;
    if (content[0] == '[') {
      ours = content == "[codecarbon]";
      last_key.clear();
      continue;
    }
    if (!ours) continue;
    if (indented && !last_key.empty()) {  // configparser's continuation of a value
      settings[last_key].value += "\n" + content;
      continue;
    }
    const size_t separator = content.find_first_of("=:");
    if (separator == std::string::npos || separator == 0) {
      return invalid_input(source + ", line " + std::to_string(number) + ": expected key = value, found \"" +
                           content.substr(0, 60) + "\"");
    }
    last_key = lower(trim(content.substr(0, separator)));
    settings[last_key] = {trim(content.substr(separator + 1)), source};
  }
  return settings;
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

}  // namespace coppice::energy
