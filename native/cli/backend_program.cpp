#include "native/cli/backend_program.h"

#include <cstdlib>

#include "native/cli/cpu_kernels.h"
#include "native/cli/sibling.h"

namespace coppice::cli {

Result<std::string> prepare_backend() {
  COPPICE_ASSIGN_OR_RETURN(std::string program, program_beside("coppice-torch", "COPPICE_TORCH_PROGRAM",
                                                               "this command needs the libtorch backend"));
  for (const auto& [name, value] : backend_environment()) ::setenv(name.c_str(), value.c_str(), 0);
  return program;
}

}  // namespace coppice::cli
