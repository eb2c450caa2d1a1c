#include "native/serve/site.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "native/io/file.h"

namespace coppice::serve {
namespace fs = std::filesystem;
namespace {

struct TypeOfExtension {
  std::string_view extension;
  std::string_view type;
};
constexpr std::array kTypes{
    TypeOfExtension{".css", "text/css; charset=utf-8"},
    TypeOfExtension{".gif", "image/gif"},
    TypeOfExtension{".html", "text/html; charset=utf-8"},
    TypeOfExtension{".ico", "image/x-icon"},
    TypeOfExtension{".jpg", "image/jpeg"},
    TypeOfExtension{".js", "text/javascript; charset=utf-8"},
    TypeOfExtension{".json", "application/json"},
    TypeOfExtension{".jsonl", "application/jsonl"},
    TypeOfExtension{".md", "text/markdown; charset=utf-8"},
    TypeOfExtension{".mjs", "text/javascript; charset=utf-8"},
    TypeOfExtension{".png", "image/png"},
    TypeOfExtension{".svg", "image/svg+xml"},
    TypeOfExtension{".ttf", "font/ttf"},
    TypeOfExtension{".txt", "text/plain; charset=utf-8"},
    TypeOfExtension{".wasm", "application/wasm"},
    TypeOfExtension{".webmanifest", "application/manifest+json"},
    TypeOfExtension{".webp", "image/webp"},
    TypeOfExtension{".woff", "font/woff"},
    TypeOfExtension{".woff2", "font/woff2"},
    TypeOfExtension{".xml", "application/xml"},
};

// Each part of "/a/b/" is a plain name: no "..", no empty part but the last, no hidden file, nothing a file system or a
// log could read differently.
bool is_plain_path(std::string_view path) {
  if (!path.starts_with('/')) return false;
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\') return false;
  }
  path.remove_prefix(1);
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end == 0 || path.front() == '.') return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

// Characters that stand for themselves in a path (RFC 3986); everything else is percent-encoded.
std::string percent_encoded(std::string_view path) {
  static constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@/";
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || kPlain.find(c) != std::string_view::npos)) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

int64_t nanoseconds(const timespec& time) { return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec; }

}  // namespace

std::string_view content_type_of(std::string_view path) {
  const size_t dot = path.rfind('.');
  const std::string_view extension = dot == std::string_view::npos ? std::string_view() : path.substr(dot);
  const auto* found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.extension == extension; });
  return found == kTypes.end() ? "application/octet-stream" : found->type;
}

bool has_hashed_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  for (;;) {
    const size_t mark = name.find_first_of(".-");
    if (mark == std::string_view::npos) return false;  // what follows the last mark is the extension
    name.remove_prefix(mark + 1);
    const std::string_view part = name.substr(0, name.find_first_of(".-"));
    const bool is_hex = part.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    // Digits alone are more likely a date, letters alone a word.
    const bool is_mixed = part.find_first_of("0123456789") != std::string_view::npos &&
                          part.find_first_of("abcdef") != std::string_view::npos;
    if (is_hex && is_mixed && part.size() >= 8 && part.size() < name.size()) return true;
  }
}

Result<Site> Site::open(const fs::path& folder) {
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error || !fs::is_regular_file(root / "index.html", error)) {
    return not_found(folder.string() + ": expected a folder with an index.html. `npm start` makes one in dist/.");
  }
  return Site(root);
}

Found Site::find(std::string_view url_path) const {
  if (!is_plain_path(url_path)) return {};
  std::error_code error;
  fs::path path = fs::canonical(root_ / fs::path(url_path.substr(1)), error);
  if (error || !is_inside(path, root_)) return {};
  if (fs::is_directory(path, error)) {
    path = fs::canonical(path / "index.html", error);
    if (error || !is_inside(path, root_)) return {};
    if (!url_path.ends_with('/')) {
      // Relative links of the index only work below "folder/".
      return {.kind = Found::Kind::kRedirect, .file = {}, .type = {}, .redirect_to = percent_encoded(url_path) + "/"};
    }
  } else if (url_path.ends_with('/')) {
    return {};
  }
  Result<SiteFile> file = describe(path);
  if (!file) return {};
  const std::string_view type = content_type_of(path.native());
  return {.kind = Found::Kind::kFile, .file = *std::move(file), .type = type, .redirect_to = {}};
}

Result<SiteFile> Site::compressed(const SiteFile& file, std::string_view extension) const {
  fs::path path = file.path;
  path += ".";
  path += extension;
  std::error_code error;
  const auto compressed_time = fs::last_write_time(path, error);
  if (error || compressed_time < fs::last_write_time(file.path, error) || error || fs::is_symlink(path, error)) {
    return not_found(path.string() + ": no current compressed form");
  }
  return describe(path);
}

Result<SiteFile> Site::describe(const fs::path& path) const {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return not_found(path.string() + ": not a file");
  const Tag now{nanoseconds(info.st_mtim), static_cast<uint64_t>(info.st_size), {}};
  {
    const std::lock_guard lock(tags_->mutex);
    const auto known = tags_->by_path.find(path.native());
    if (known != tags_->by_path.end() && known->second.modified_ns == now.modified_ns &&
        known->second.bytes == now.bytes) {
      return SiteFile{path, now.bytes, known->second.entity_tag};
    }
  }
  // Outside the lock: a model takes a tenth of a second, and two threads hashing the same file come to the same tag.
  COPPICE_ASSIGN_OR_RETURN(const std::string hash, sha256_file_hex(path));
  SiteFile file{path, now.bytes, '"' + hash.substr(0, 32) + '"'};
  const std::lock_guard lock(tags_->mutex);
  tags_->by_path[path.native()] = {now.modified_ns, now.bytes, file.entity_tag};
  return file;
}

}  // namespace coppice::serve
