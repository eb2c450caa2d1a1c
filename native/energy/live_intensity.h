// Carbon intensity of this hour from Electricity Maps. Only ever asked for by the user: it needs a token and a network,
// and sends the zone to a company. The token is in no message and no record.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "native/energy/settings.h"
#include "shared/base/status.h"
#include "shared/energy/carbon.h"
#include "shared/energy/electricity_maps.h"

namespace coppice::energy {

struct LiveOptions {
  std::string zone;  // "FR", "US-CAL-CISO"
  std::string token;
  std::string base_url =
      kElectricityMapsUrl;  // version 3 answers alike; http only for this machine, since the token travels
  double timeout_seconds = 10.0;
};

// One request. Errors say what to do: kInvalidUsage for a zone, token or address that cannot be one, kNotFound for a
// zone the service does not know or has no value for, kFailed for a refused token, too many requests and no answer,
// kInvalidInput for an answer that is none.
Result<Intensity> fetch_live_intensity(const LiveOptions& options);

struct LiveToken {
  std::string token;
  std::string warning;  // "" or that others can read the file
};

// In this order: the file's first line if a file is given; ELECTRICITYMAPS_TOKEN of the environment; CodeCarbon's
// setting electricitymaps_api_token (CODECARBON_ELECTRICITYMAPS_API_TOKEN or .codecarbon.config).
Result<LiveToken> find_live_token(const std::filesystem::path& file, const char* environment_token,
                                  const std::map<std::string, Setting>& codecarbon);

}  // namespace coppice::energy
