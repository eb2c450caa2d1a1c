// A folder that appears whole or not at all: filled under a hidden name beside its place, then renamed.
#pragma once

#include <filesystem>

#include "shared/base/status.h"

namespace coppice::net {

class StagingFolder {
 public:
  // Makes `.NAME.partial-XXXXXX` beside `target` (and the folders above it). `target` itself is not touched yet.
  static Result<StagingFolder> create(const std::filesystem::path& target);

  StagingFolder(StagingFolder&& other) noexcept;
  StagingFolder& operator=(StagingFolder&& other) = delete;
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;
  ~StagingFolder();  // removes what was not committed

  // Absolute, without symbolic links in it.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Writes everything to disk and renames to the target. An existing target is an error unless it is an empty folder or
  // `replace` is given; then it is moved aside, and removed once the new one is in place.
  Status commit(bool replace);

 private:
  StagingFolder(std::filesystem::path path, std::filesystem::path target)
      : path_(std::move(path)), target_(std::move(target)) {}
  std::filesystem::path path_;  // empty: nothing to remove
  std::filesystem::path target_;
};

}  // namespace coppice::net
