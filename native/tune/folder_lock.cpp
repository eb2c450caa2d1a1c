#include "native/tune/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace coppice::tune {
namespace {

Result<int> open_lock(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);  // no O_CLOEXEC: children hold the lock too
  if (fd < 0) return failed("cannot open " + path.string() + ": " + std::strerror(errno));
  return fd;
}

}  // namespace

Result<std::optional<FolderLock>> FolderLock::try_take(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / ".lock";
  COPPICE_ASSIGN_OR_RETURN(const int fd, open_lock(path));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return std::optional<FolderLock>(FolderLock(fd));
  const int reason = errno;
  ::close(fd);
  if (reason == EWOULDBLOCK) return std::optional<FolderLock>();
  return failed("cannot lock " + path.string() + ": " + std::strerror(reason));
}

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / ".lock";
  COPPICE_ASSIGN_OR_RETURN(const int fd, open_lock(path));
  int locked = 0;
  do {
    locked = ::flock(fd, LOCK_EX);
  } while (locked != 0 && errno == EINTR);
  if (locked == 0) return FolderLock(fd);
  const int reason = errno;
  ::close(fd);
  return failed("cannot lock " + path.string() + ": " + std::strerror(reason));
}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace coppice::tune
