// The account that the options and CodeCarbon's settings ask for.
#pragma once

#include <memory>

#include "native/cli/energy_options.h"
#include "native/serve/energy_account.h"

namespace coppice::serve {

// A place on the command line is a whole; without one that of CodeCarbon's settings counts, and without that none: then
// there are joules and no CO2e. Errors: an unknown place, malformed settings.
Result<std::shared_ptr<EnergyAccount>> open_account(const cli::EnergyOptions& options);

}  // namespace coppice::serve
