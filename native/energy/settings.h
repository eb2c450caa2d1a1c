// CodeCarbon's settings where they mean the same here: environment (CODECARBON_*), then ./.codecarbon.config, then
// ~/.codecarbon.config, section [codecarbon]. An option on the command line goes before all of them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "shared/base/status.h"

namespace coppice::energy {

struct Setting {
  std::string value;
  std::string source;  // "CODECARBON_REGION" or the file's path
};

// The settings of one configuration file's text, as Python's configparser reads it for CodeCarbon: the section
// [codecarbon] over [DEFAULT], %(key)s replaced. `source` names it. Malformed lines, sections and keys given twice are
// errors, as there.
Result<std::map<std::string, Setting>> parse_codecarbon_config(const std::string& text, const std::string& source);

// All layers together. `environment` holds lines NAME=VALUE; a file that does not exist is no error.
Result<std::map<std::string, Setting>> codecarbon_settings(const std::vector<std::string>& environment,
                                                           const std::filesystem::path& working_folder,
                                                           const std::filesystem::path& home_folder);

// The same for this process: its environment, its working folder and HOME.
Result<std::map<std::string, Setting>> codecarbon_settings_of_process();

}  // namespace coppice::energy
