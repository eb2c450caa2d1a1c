#include "native/backend/commands.h"
namespace coppice::backend {
Status run_measure(const cli::MeasureOptions&, const Invocation&) { return unsupported("not in this build yet"); }
}  // namespace coppice::backend
