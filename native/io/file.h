// Files: read whole, write so that a crash or a full disk never leaves half a file, hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "shared/base/status.h"

namespace coppice {

// The whole file as bytes. Errors name the path and the system's reason; a folder is refused.
Result<std::string> read_file(const std::filesystem::path& path);

// Writes `path` as one step: temporary file beside it, fsync, rename, fsync of the folder. On any failure the old file
// stays as it was and the temporary one is removed.
Status write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// The same for content made piece by piece: `produce` calls `write` as often as it likes.
using ByteSink = std::function<Status(std::string_view)>;
Status write_file_atomically(const std::filesystem::path& path,
                             const std::function<Status(const ByteSink& write)>& produce);

// Appends one record with a single write under an exclusive lock, then fsyncs; a short write (disk full) is cut off
// again, so the file stays valid. Safe for several processes at once.
Status append_to_file(const std::filesystem::path& path, std::string_view bytes);

// A read-only memory map; empty files give an empty span. Movable, unmapped by the destructor.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Bytes as lower-case hex.
std::string to_hex(std::span<const unsigned char> bytes);

// Lower-case hex SHA-256 (OpenSSL).
std::string sha256_hex(std::string_view bytes);
Result<std::string> sha256_file_hex(const std::filesystem::path& path);

// SHA-256 over pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  std::string finish_hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coppice
