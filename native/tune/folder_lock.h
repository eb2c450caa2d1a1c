// An advisory lock on a folder (flock on a file in it), released at the end.
#pragma once

#include <filesystem>
#include <optional>

#include "shared/base/status.h"

namespace coppice::tune {

class FolderLock {
 public:
  // Absent: another process holds it. The lock goes over to child processes too: should only this process be killed, it
  // is held until they have ended.
  static Result<std::optional<FolderLock>> try_take(const std::filesystem::path& folder);
  // Waits for it.
  static Result<FolderLock> take(const std::filesystem::path& folder);

  FolderLock(FolderLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FolderLock& operator=(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace coppice::tune
