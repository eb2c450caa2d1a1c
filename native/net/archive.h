// Taking files out of archives that may be hostile (libarchive: tar and zip; gzip, bzip2, xz, zstd).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/status.h"

namespace coppice::net {

struct ExtractLimits {
  int64_t total_bytes = int64_t{2} << 30;  // of all entries, written or not
  int64_t entry_bytes = int64_t{1} << 30;
  size_t entries = 300'000;  // files and folders
};

struct ExtractSummary {
  size_t files_seen = 0;
  size_t files_written = 0;
  int64_t bytes_written = 0;
};

// Where, below the output folder, to write the file that the archive calls `path` ("a/b.txt": relative, without "." and
// ".."); nothing to pass it over. A failure stops the extraction.
using EntryChooser = std::function<Result<std::optional<std::string>>(const std::string& path, int64_t bytes)>;
// Bytes of the archive read so far, and its size.
using ByteProgress = std::function<void(int64_t done, int64_t total)>;

// "a/./b//c" -> "a/b/c". Refuses what could leave a folder: absolute paths, "..", drive letters, backslashes, control
// characters, names longer than a file system takes.
Result<std::string> safe_relative_path(std::string_view path);

// Extracts into `folder`, which must exist, be absolute and have no symbolic link in it (StagingFolder::path). Contents
// only: modes, owners, times and attributes of the archive are not taken over. The whole archive is refused if any
// entry has an unsafe path, is neither file nor folder (symbolic or hard link, device, pipe, socket), comes twice or
// goes past a limit, and if the archive is damaged or cut short. What was written until then stays in `folder`: the
// caller removes it (StagingFolder does). Ctrl-C (interrupt.h) stops it.
Result<ExtractSummary> extract_archive(const std::filesystem::path& archive, const std::filesystem::path& folder,
                                       const EntryChooser& choose, const ExtractLimits& limits,
                                       const ByteProgress& progress = {});

}  // namespace coppice::net
