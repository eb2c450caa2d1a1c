#include "native/io/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace coppice {
namespace {

std::string system_reason() { return std::strerror(errno); }  // NOLINT(concurrency-mt-unsafe): glibc's is thread-safe

StatusCode code_of_errno() { return errno == ENOENT || errno == ENOTDIR ? StatusCode::kNotFound : StatusCode::kFailed; }

Status system_error(const std::string& doing, const std::filesystem::path& path) {
  return {code_of_errno(), doing + " " + path.string() + ": " + system_reason()};
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  // Closes now, since close can report a failed write. 0 when it went well.
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

Status write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot write", path);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return system_error("cannot open folder", folder);
  // Some file systems refuse fsync on a folder; the rename itself has then still happened.
  if (::fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS) return system_error("cannot sync folder", folder);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return system_error("cannot open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return system_error("cannot stat", path);
  if (S_ISDIR(info.st_mode)) return invalid_input("cannot read " + path.string() + ": it is a folder, expected a file");
  std::string bytes;
  bytes.reserve(static_cast<size_t>(info.st_size));
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot read", path);
    }
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<size_t>(got));
  }
}

Status write_file_atomically(const std::filesystem::path& path,
                             const std::function<Status(const ByteSink& write)>& produce) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::string temporary = (folder / ("." + path.filename().string() + ".XXXXXX")).string();
  FileDescriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return system_error("cannot create a temporary file in", folder);
  ::fchmod(fd.get(), 0644);

  const auto write_and_rename = [&]() -> Status {
    COPPICE_RETURN_IF_ERROR(produce([&](std::string_view bytes) { return write_all(fd.get(), bytes, path); }));
    if (::fsync(fd.get()) != 0) return system_error("cannot sync", path);
    if (fd.close() != 0) return system_error("cannot close", path);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return system_error("cannot move the finished file to", path);
    return sync_folder(folder);
  };
  Status status = write_and_rename();
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

Status write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  return write_file_atomically(path, [&](const ByteSink& write) { return write(bytes); });
}

Status append_to_file(const std::filesystem::path& path, std::string_view bytes) {
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd.valid()) return system_error("cannot open", path);
  if (::flock(fd.get(), LOCK_EX) != 0) return system_error("cannot lock", path);
  struct stat before {};
  if (::fstat(fd.get(), &before) != 0) return system_error("cannot stat", path);
  Status status = write_all(fd.get(), bytes, path);
  if (status.ok() && ::fsync(fd.get()) != 0) status = system_error("cannot sync", path);
  if (!status.ok() && ::ftruncate(fd.get(), before.st_size) != 0) {
    return failed(status.message() + "; and the half-written record could not be cut off again: " + system_reason());
  }
  return status;  // closing releases the lock
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return system_error("cannot open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return system_error("cannot stat", path);
  if (!S_ISREG(info.st_mode)) return invalid_input("cannot map " + path.string() + ": expected a regular file");
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return MappedFile(nullptr, 0);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return system_error("cannot map", path);
  return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace coppice
