#include "native/backend/commands.h"
namespace coppice::backend {
Status run_prune(const cli::PruneOptions&, const Invocation&) { return unsupported("not in this build yet"); }
}  // namespace coppice::backend
