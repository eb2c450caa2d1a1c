#include "native/cli/backend_program.h"

#include <cstdlib>
#include <filesystem>

#include "native/cli/cpu_kernels.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

Result<std::string> backend_program() {
  if (const char* named = std::getenv("COPPICE_TORCH_PROGRAM")) return std::string(named);
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return failed("cannot find this program's own folder: " + error.message());
  const fs::path beside = self.parent_path() / "coppice-torch";
  if (!fs::exists(beside)) {
    return failed(beside.string() +
                  " is not there; this command needs the libtorch backend. Build it with the preset " +
                  "\"release\" (cmake --preset release && cmake --build --preset release), or name it in " +
                  "COPPICE_TORCH_PROGRAM.");
  }
  return beside.string();
}

}  // namespace

Result<std::string> prepare_backend() {
  COPPICE_ASSIGN_OR_RETURN(std::string program, backend_program());
  for (const auto& [name, value] : backend_environment()) ::setenv(name.c_str(), value.c_str(), 0);
  return program;
}

}  // namespace coppice::cli
