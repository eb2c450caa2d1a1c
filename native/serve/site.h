// A folder of files as a web site: which file a request path means, its type, its tag, and its compressed forms.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "shared/base/status.h"

namespace coppice::serve {

// "text/html; charset=utf-8" and so on by the file's extension; "application/octet-stream" for any other.
std::string_view content_type_of(std::string_view path);

// True for names that carry a hash of their content ("core-0f3a9c21.wasm", "app.0f3a9c21d4.mjs"): such a file never
// changes under its name, so clients may keep it for good.
bool has_hashed_name(std::string_view path);

struct SiteFile {
  std::filesystem::path path;
  uint64_t bytes = 0;
  std::string entity_tag;  // quoted, from the SHA-256 of these very bytes: a compressed form has a tag of its own
};

// What a request path leads to.
struct Found {
  enum class Kind { kFile, kRedirect, kNothing };
  Kind kind = Kind::kNothing;
  SiteFile file;            // kFile
  std::string_view type;    // kFile: of the uncompressed content
  std::string redirect_to;  // kRedirect: a path that begins with one slash
};

// Thread safe. Files may be replaced while it serves: tags are computed again when a file's size or time changes.
class Site {
 public:
  // The folder must hold an index.html; the message says how to make one.
  static Result<Site> open(const std::filesystem::path& folder);

  Site(Site&&) = default;

  // `url_path` is percent-decoded and starts with '/'. Nothing outside the folder is ever found: not by "..", not by a
  // symbolic link; names that begin with a dot are not found either. A folder means its index.html.
  Found find(std::string_view url_path) const;

  // The compressed form beside `file` ("br" or "gz" is its extension), if there is one and it is not older.
  Result<SiteFile> compressed(const SiteFile& file, std::string_view extension) const;

 private:
  struct Tag {
    int64_t modified_ns = 0;
    uint64_t bytes = 0;
    std::string entity_tag;
  };
  struct Tags {
    std::mutex mutex;
    std::map<std::string, Tag> by_path;
  };

  explicit Site(std::filesystem::path root) : root_(std::move(root)), tags_(std::make_unique<Tags>()) {}
  Result<SiteFile> describe(const std::filesystem::path& path) const;

  std::filesystem::path root_;  // canonical
  std::unique_ptr<Tags> tags_;
};

}  // namespace coppice::serve
