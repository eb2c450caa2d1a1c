#include "native/cli/live_source.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <vector>

#include "native/energy/live_intensity.h"
#include "native/energy/settings.h"

namespace coppice::cli {

namespace {

Result<std::map<std::string, energy::Setting>> all_settings() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  std::error_code error;
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nothing here sets it
  return energy::codecarbon_settings(environment, std::filesystem::current_path(error), home != nullptr ? home : "");
}

}  // namespace

Result<LiveSource> live_source(const PlaceArguments& arguments, const Say& say) {
  COPPICE_ASSIGN_OR_RETURN(const auto settings, all_settings());
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here sets it
  const char* environment_token = std::getenv("ELECTRICITYMAPS_TOKEN");
  COPPICE_ASSIGN_OR_RETURN(const auto found,
                           energy::find_live_token(arguments.token_file, environment_token, settings));
  if (!found.warning.empty()) say(found.warning);
  energy::LiveOptions options;
  options.zone = arguments.zone;
  options.token = found.token;
  if (!arguments.url.empty()) options.base_url = arguments.url;
  return LiveSource([options] { return energy::fetch_live_intensity(options); });
}

}  // namespace coppice::cli
