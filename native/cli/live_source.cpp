#include "native/cli/live_source.h"

#include <cstdlib>

#include "native/energy/live_intensity.h"
#include "native/energy/settings.h"

namespace coppice::cli {

Result<LiveSource> live_source(const PlaceArguments& arguments, const Say& say) {
  COPPICE_ASSIGN_OR_RETURN(const auto settings, energy::codecarbon_settings_of_process());
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
