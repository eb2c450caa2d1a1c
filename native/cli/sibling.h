// The other programs of this project, which lie beside the running one and do the work of some subcommands.
#pragma once

#include <string>

#include "shared/base/status.h"

namespace coppice::cli {

// The path of the program `name` beside this one, or where the environment variable `variable` points. `what_for` ends
// the message when it is not there: "this command needs ...".
Result<std::string> program_beside(const std::string& name, const char* variable, const std::string& what_for);

// This process becomes that program with the same words, so that signals and exit code need no passing on. Comes back
// only when it failed.
Status become(const std::string& program, char** argv);

// Becomes coppice-tools, which has the libraries of downloads, archives and ONNX.
Status become_tools(char** argv);

}  // namespace coppice::cli
