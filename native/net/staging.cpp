#include "native/net/staging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace coppice::net {
namespace {

namespace fs = std::filesystem;

Status failure(const std::string& doing, const fs::path& path, const std::string& reason) {
  return failed(doing + " " + path.string() + ": " + reason);
}

}  // namespace

Result<StagingFolder> StagingFolder::create(const fs::path& target) {
  std::error_code error;
  const fs::path absolute = fs::absolute(target, error).lexically_normal();
  if (error) return failure("cannot resolve", target, error.message());
  // "data/imdb/" has an empty file name.
  const fs::path place = absolute.has_filename() ? absolute : absolute.parent_path();
  fs::create_directories(place.parent_path(), error);
  if (error) return failure("cannot create folder", place.parent_path(), error.message());
  const fs::path parent = fs::canonical(place.parent_path(), error);
  if (error) return failure("cannot resolve", place.parent_path(), error.message());
  std::string pattern = (parent / ("." + place.filename().string() + ".partial-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) return failure("cannot create a folder in", parent, std::strerror(errno));
  ::chmod(pattern.c_str(), 0755);
  return StagingFolder(pattern, parent / place.filename());
}

StagingFolder::StagingFolder(StagingFolder&& other) noexcept
    : path_(std::exchange(other.path_, fs::path())), target_(std::move(other.target_)) {}

StagingFolder::~StagingFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Status StagingFolder::commit(bool replace) {
  if (const int fd = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
    // One call for all files: fsync for each of 50,000 takes minutes on a hard disk.
    const int synced = ::syncfs(fd);
    const int reason = errno;
    ::close(fd);
    if (synced != 0) return failure("cannot write to disk", path_, std::strerror(reason));
  }
  std::error_code error;
  fs::path old;
  const fs::file_status status = fs::symlink_status(target_, error);
  if (fs::exists(status) && !(fs::is_directory(status) && fs::is_empty(target_, error))) {
    if (!replace) return failed(target_.string() + " exists already; expected a new or empty folder");
    old = path_.string() + ".old";
    fs::rename(target_, old, error);
    if (error) return failure("cannot move aside", target_, error.message());
  }
  fs::rename(path_, target_, error);
  if (error) {
    const Status result = failure("cannot move the finished folder to", target_, error.message());
    if (!old.empty()) fs::rename(old, target_, error);
    return result;
  }
  path_.clear();
  if (!old.empty()) fs::remove_all(old, error);
  return {};
}

}  // namespace coppice::net
