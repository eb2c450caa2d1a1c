#include "native/cli/sibling.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace coppice::cli {

Result<std::string> program_beside(const std::string& name, const char* variable, const std::string& what_for) {
  if (const char* named = std::getenv(variable)) return std::string(named);  // NOLINT(concurrency-mt-unsafe)
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return failed("cannot find this program's own folder: " + error.message());
  const std::filesystem::path beside = self.parent_path() / name;
  if (!std::filesystem::exists(beside)) {
    return failed(beside.string() + " is not there; " + what_for +
                  ". Build it with the preset \"release\" (cmake --preset release && cmake --build --preset release), "
                  "or name it in " +
                  variable + ".");
  }
  return beside.string();
}

Status become(const std::string& program, char** argv) {
  ::execv(program.c_str(), argv);
  return failed("cannot run " + program + ": " + std::strerror(errno));
}

Status become_tools(char** argv) {
  COPPICE_ASSIGN_OR_RETURN(const std::string program, program_beside("coppice-tools", "COPPICE_TOOLS_PROGRAM",
                                                                     "this command needs the program of that name"));
  return become(program, argv);
}

}  // namespace coppice::cli
