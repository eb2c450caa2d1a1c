#include "native/net/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <cctype>
#include <memory>
#include <unordered_set>

#include "native/net/interrupt.h"

namespace coppice::net {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlockBytes = size_t{1} << 18;
constexpr size_t kLongestPath = 1024;
constexpr size_t kLongestName = 255;

struct ReadFree {
  void operator()(struct archive* handle) const { archive_read_free(handle); }
};
struct WriteFree {
  void operator()(struct archive* handle) const { archive_write_free(handle); }
};
struct EntryFree {
  void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
};
using Reader = std::unique_ptr<struct archive, ReadFree>;
using DiskWriter = std::unique_ptr<struct archive, WriteFree>;
using Entry = std::unique_ptr<struct archive_entry, EntryFree>;

std::string reason_of(struct archive* handle) {
  const char* message = archive_error_string(handle);
  return message != nullptr ? message : "unknown error";
}

// Printable, for messages about names an attacker chose.
std::string shown(std::string_view path) {
  std::string text;
  for (const char c : path.substr(0, 200)) text += std::iscntrl(static_cast<unsigned char>(c)) != 0 ? '?' : c;
  return "\"" + text + "\"";
}

const char* kind_of(struct archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return "a hard link";
  switch (archive_entry_filetype(entry)) {
    case AE_IFLNK:
      return "a symbolic link";
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device";
    case AE_IFIFO:
      return "a pipe";
    case AE_IFSOCK:
      return "a socket";
    default:
      return "neither file nor folder";
  }
}

class Extraction {
 public:
  Extraction(const fs::path& archive, const fs::path& folder, const EntryChooser& choose, const ExtractLimits& limits,
             const ByteProgress& progress)
      : archive_(archive), folder_(folder), choose_(choose), limits_(limits), progress_(progress) {}

  Result<ExtractSummary> run() {
    COPPICE_RETURN_IF_ERROR(open());
    for (;;) {
      if (interrupt_requested()) return interrupted("stopped while extracting " + archive_.string());
      struct archive_entry* entry = nullptr;
      const int code = archive_read_next_header(reader_.get(), &entry);
      if (code == ARCHIVE_EOF) break;
      if (code < ARCHIVE_WARN) return damaged();
      COPPICE_RETURN_IF_ERROR(take(entry));
      report_progress();
    }
    // Reading on to the end of the file finds an archive whose last bytes are missing.
    if (archive_read_close(reader_.get()) < ARCHIVE_WARN) return damaged();
    if (progress_) progress_(archive_bytes_, archive_bytes_);
    return summary_;
  }

 private:
  Status open() {
    std::error_code error;
    const fs::file_status status = fs::status(archive_, error);
    if (!fs::exists(status)) return not_found("cannot open " + archive_.string() + ": no such file");
    if (!fs::is_regular_file(status)) return invalid_input(archive_.string() + ": expected an archive file");
    archive_bytes_ = static_cast<int64_t>(fs::file_size(archive_, error));
    reader_.reset(archive_read_new());
    writer_.reset(archive_write_disk_new());
    if (!reader_ || !writer_) return failed("out of memory for libarchive");
    // Named one by one: archive_read_support_filter_all would also run external programs.
    archive_read_support_format_tar(reader_.get());
    archive_read_support_format_zip_seekable(reader_.get());
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_filter_bzip2(reader_.get());
    archive_read_support_filter_xz(reader_.get());
    archive_read_support_filter_zstd(reader_.get());
    // Second line of defence behind safe_relative_path. SECURE_NOABSOLUTEPATHS cannot be set, as `folder` is absolute.
    archive_write_disk_set_options(writer_.get(), ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                                                      ARCHIVE_EXTRACT_NO_OVERWRITE);
    if (archive_read_open_filename(reader_.get(), archive_.c_str(), kBlockBytes) != ARCHIVE_OK) return damaged();
    return {};
  }

  Status damaged() {
    return invalid_input(archive_.string() + ": damaged, cut short or no tar or zip archive (" +
                         reason_of(reader_.get()) + "); fetch it again");
  }

  Status refused(std::string_view path, const std::string& why) const {
    return invalid_input(archive_.string() + ": refused, nothing extracted: the entry " + shown(path) + " " + why);
  }

  Status take(struct archive_entry* entry) {
    if (++entries_ > limits_.entries) {
      return invalid_input(archive_.string() + ": refused, nothing extracted: more than " +
                           std::to_string(limits_.entries) + " entries");
    }
    const char* raw_path = archive_entry_pathname(entry);
    if (raw_path == nullptr) return refused("?", "has a name that cannot be decoded");
    Result<std::string> path = safe_relative_path(raw_path);
    if (!path) return refused(raw_path, path.status().message());
    const bool is_link = archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr;
    if (!is_link && archive_entry_filetype(entry) == AE_IFDIR) return {};
    if (is_link || archive_entry_filetype(entry) != AE_IFREG) {
      return refused(*path, std::string("is ") + kind_of(entry) + "; expected files and folders only");
    }
    if (path->empty()) return refused(raw_path, "has no name");
    if (!seen_.insert(*path).second) return refused(*path, "comes twice");
    ++summary_.files_seen;
    const int64_t declared = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : 0;
    COPPICE_RETURN_IF_ERROR(check_size(*path, declared, 0));
    COPPICE_ASSIGN_OR_RETURN(const std::optional<std::string> place, choose_(*path, declared));
    if (!place) {
      total_bytes_ += declared;
      if (archive_read_data_skip(reader_.get()) < ARCHIVE_WARN) return damaged();
      return {};
    }
    COPPICE_ASSIGN_OR_RETURN(const std::string safe_place, safe_relative_path(*place));
    return write(*path, safe_place, entry);
  }

  Status check_size(const std::string& path, int64_t entry_bytes, int64_t more) const {
    if (entry_bytes < 0 || entry_bytes > limits_.entry_bytes) {
      return refused(path, "is larger than " + std::to_string(limits_.entry_bytes) + " bytes");
    }
    if (total_bytes_ + entry_bytes + more > limits_.total_bytes) {
      return refused(path, "brings the total above " + std::to_string(limits_.total_bytes) + " bytes");
    }
    return {};
  }

  Status write(const std::string& path, const std::string& place, struct archive_entry* source) {
    const Entry entry(archive_entry_new());
    const std::string target = (folder_ / place).string();
    archive_entry_set_pathname(entry.get(), target.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    if (archive_entry_size_is_set(source) != 0) archive_entry_set_size(entry.get(), archive_entry_size(source));
    if (archive_write_header(writer_.get(), entry.get()) != ARCHIVE_OK) return cannot_write(target);
    int64_t bytes = 0;
    for (;;) {
      const void* block = nullptr;
      size_t size = 0;
      int64_t offset = 0;
      const int code = archive_read_data_block(reader_.get(), &block, &size, &offset);
      if (code == ARCHIVE_EOF) break;
      if (code < ARCHIVE_WARN) return damaged();
      bytes = offset + static_cast<int64_t>(size);
      COPPICE_RETURN_IF_ERROR(check_size(path, bytes, 0));
      if (archive_write_data_block(writer_.get(), block, size, offset) < ARCHIVE_OK) return cannot_write(target);
      if (interrupt_requested()) return interrupted("stopped while extracting " + archive_.string());
    }
    if (archive_write_finish_entry(writer_.get()) != ARCHIVE_OK) return cannot_write(target);
    total_bytes_ += bytes;
    summary_.bytes_written += bytes;
    ++summary_.files_written;
    return {};
  }

  Status cannot_write(const std::string& target) {
    return failed("cannot write " + target + ": " + reason_of(writer_.get()));
  }

  void report_progress() {
    constexpr size_t kEntriesPerReport = 256;
    if (progress_ && entries_ % kEntriesPerReport == 0) {
      progress_(archive_filter_bytes(reader_.get(), -1), archive_bytes_);
    }
  }

  const fs::path& archive_;
  const fs::path& folder_;
  const EntryChooser& choose_;
  const ExtractLimits& limits_;
  const ByteProgress& progress_;
  Reader reader_;
  DiskWriter writer_;
  int64_t archive_bytes_ = 0;
  int64_t total_bytes_ = 0;
  size_t entries_ = 0;
  std::unordered_set<std::string> seen_;
  ExtractSummary summary_;
};

}  // namespace

Result<std::string> safe_relative_path(std::string_view path) {
  if (path.size() > kLongestPath) return invalid_input("has a path longer than " + std::to_string(kLongestPath));
  if (!path.empty() && path.front() == '/') return invalid_input("has an absolute path; expected a relative one");
  if (path.size() >= 2 && path[1] == ':' && std::isalpha(static_cast<unsigned char>(path[0])) != 0) {
    return invalid_input("has a path with a drive letter; expected a relative one");
  }
  std::string result;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (name.empty() || name == ".") continue;
    if (name == "..") return invalid_input("has \"..\" in its path; expected one that stays inside");
    if (name.size() > kLongestName) return invalid_input("has a name longer than " + std::to_string(kLongestName));
    for (const char c : name) {
      if (c == '\\' || std::iscntrl(static_cast<unsigned char>(c)) != 0) {
        return invalid_input("has a backslash or a control character in its path");
      }
    }
    if (!result.empty()) result += '/';
    result += name;
  }
  return result;
}

Result<ExtractSummary> extract_archive(const fs::path& archive, const fs::path& folder, const EntryChooser& choose,
                                       const ExtractLimits& limits, const ByteProgress& progress) {
  return Extraction(archive, folder, choose, limits, progress).run();
}

}  // namespace coppice::net
