#include "native/data/acl_imdb.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "native/io/file.h"
#include "shared/text/utf8.h"

namespace coppice::data {
namespace {

namespace fs = std::filesystem;

struct ReviewName {
  int number = 0;
  int rating = 0;
  std::string stem;  // "123_8"
};

constexpr const char* kClassNames[] = {"neg", "pos"};

bool parse_int(std::string_view digits, int& value) {
  if (digits.empty() || digits.size() > 9) return false;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() && value >= 0;
}

std::optional<ReviewName> parse_name(std::string_view file_name) {
  constexpr std::string_view kSuffix = ".txt";
  if (file_name.size() <= kSuffix.size() || file_name.substr(file_name.size() - kSuffix.size()) != kSuffix) return {};
  const std::string_view stem = file_name.substr(0, file_name.size() - kSuffix.size());
  const size_t underscore = stem.find('_');
  if (underscore == std::string_view::npos) return {};
  ReviewName name;
  name.stem = stem;
  if (!parse_int(stem.substr(0, underscore), name.number)) return {};
  if (!parse_int(stem.substr(underscore + 1), name.rating)) return {};
  return name;
}

// The reviews are small and many, so the folder is opened once and files are read relative to it.
class Folder {
 public:
  explicit Folder(const fs::path& path) : path_(path), handle_(::opendir(path.c_str())) {}
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    if (handle_ != nullptr) ::closedir(handle_);
  }

  // Ratings must fit the label; without one any will do.
  Result<std::vector<ReviewName>> names(int label) {
    if (handle_ == nullptr) {
      const Status status(errno == ENOENT ? StatusCode::kNotFound : StatusCode::kFailed,
                          "cannot open folder " + path_.string() + ": " + std::strerror(errno) +
                              "; expected the layout of aclImdb: {train,test}/{neg,pos}/NUMBER_RATING.txt");
      return status;
    }
    std::vector<ReviewName> names;
    while (const dirent* entry = ::readdir(handle_)) {  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
      if (entry->d_name[0] == '.') continue;
      std::optional<ReviewName> name = parse_name(entry->d_name);
      if (!name) {
        return invalid_input((path_ / entry->d_name).string() + ": expected a file named NUMBER_RATING.txt");
      }
      const bool fits = label == 0 ? name->rating >= 1 && name->rating <= 4 : name->rating >= 7 && name->rating <= 10;
      if (!fits && label != kUnlabelled) {
        return invalid_input((path_ / entry->d_name).string() + ": rating " + std::to_string(name->rating) +
                             " does not fit the folder; expected " + (label == 0 ? "1 to 4 in neg" : "7 to 10 in pos"));
      }
      names.push_back(std::move(*name));
    }
    std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) {
      return a.number != b.number ? a.number < b.number : a.stem < b.stem;
    });
    const auto twice = std::adjacent_find(names.begin(), names.end(),
                                          [](const auto& a, const auto& b) { return a.number == b.number; });
    if (twice != names.end()) {
      return invalid_input(path_.string() + ": " + twice->stem + ".txt and " + std::next(twice)->stem +
                           ".txt have the same number; expected each number once");
    }
    if (names.empty()) return invalid_input(path_.string() + ": no review in it");
    return names;
  }

  Result<std::string> read(const std::string& stem) {
    const std::string name = stem + ".txt";
    const int fd = ::openat(::dirfd(handle_), name.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return system_error("cannot open ", name);
    struct stat info {};
    std::string text;
    Status status;
    if (::fstat(fd, &info) != 0) {
      status = system_error("cannot stat ", name);
    } else if (!S_ISREG(info.st_mode)) {
      status = invalid_input((path_ / name).string() + ": expected a file");
    } else if (info.st_size > kLongestReviewBytes) {
      status = invalid_input((path_ / name).string() + ": " + std::to_string(info.st_size) +
                             " bytes; expected a review of at most " + std::to_string(kLongestReviewBytes));
    } else {
      text.resize(static_cast<size_t>(info.st_size));
      size_t filled = 0;
      while (filled < text.size()) {
        const ssize_t got = ::read(fd, text.data() + filled, text.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        filled += static_cast<size_t>(got);
      }
      if (filled < text.size()) status = system_error("cannot read ", name);
    }
    ::close(fd);
    if (!status.ok()) return status;
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
      return invalid_input((path_ / name).string() + ": the review is empty");
    }
    if (const size_t offset = text::find_invalid_utf8(text); offset != std::string_view::npos) {
      return invalid_input((path_ / name).string() + ": byte " + std::to_string(offset + 1) +
                           " is not UTF-8; convert the file to UTF-8 (iconv) or take it out");
    }
    return text;
  }

 private:
  static constexpr off_t kLongestReviewBytes = off_t{16} << 20;

  Status system_error(const char* doing, const std::string& name) const {
    return {errno == ENOENT ? StatusCode::kNotFound : StatusCode::kFailed,
            doing + (path_ / name).string() + ": " + std::strerror(errno)};
  }

  fs::path path_;
  DIR* handle_;
};

// "http://www.imdb.com/title/tt0453418/usercomments" -> "tt0453418"; the whole line if it has no such part.
std::string film_of_url(std::string_view url) {
  const size_t start = url.find("/tt");
  if (start == std::string_view::npos) return std::string(url);
  const size_t end = url.find_first_not_of("0123456789", start + 3);
  return std::string(url.substr(start + 1, (end == std::string_view::npos ? url.size() : end) - start - 1));
}

Result<std::vector<std::string>> read_films(const fs::path& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  std::vector<std::string> films;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) return invalid_input(path.string() + ":" + std::to_string(films.size() + 1) + ": no url");
    films.push_back(film_of_url(line));
  }
  return films;
}

bool has_classes(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "neg", ignored) && fs::is_directory(folder / "pos", ignored);
}

}  // namespace

std::optional<fs::path> find_acl_imdb_root(const fs::path& folder) {
  for (const fs::path& root : {folder, folder / "aclImdb"}) {
    if (has_classes(root / "train") || has_classes(root / "test")) return root;
  }
  return std::nullopt;
}

Result<std::vector<Review>> read_unlabelled_folder(const fs::path& path) {
  Folder folder(path);
  COPPICE_ASSIGN_OR_RETURN(const std::vector<ReviewName> names, folder.names(kUnlabelled));
  std::vector<Review> reviews;
  reviews.reserve(names.size());
  const std::string prefix = (path.has_filename() ? path : path.parent_path()).filename().string() + "/";
  for (const ReviewName& name : names) {
    COPPICE_ASSIGN_OR_RETURN(std::string text, folder.read(name.stem));
    reviews.push_back({std::move(text), kUnlabelled, prefix + name.stem});
  }
  return reviews;
}

Result<AclImdbPart> read_acl_imdb(const fs::path& root, const std::string& part) {
  AclImdbPart result;
  std::error_code ignored;
  bool has_films = true;
  for (const char* name : kClassNames) {
    has_films = has_films && fs::exists(root / part / (std::string("urls_") + name + ".txt"), ignored);
  }
  for (int label = 0; label < 2; ++label) {
    const std::string class_name = kClassNames[label];
    Folder folder(root / part / class_name);
    COPPICE_ASSIGN_OR_RETURN(const std::vector<ReviewName> names, folder.names(label));
    std::vector<std::string> films;
    size_t first_number = 0;
    if (has_films) {
      const fs::path urls = root / part / ("urls_" + class_name + ".txt");
      COPPICE_ASSIGN_OR_RETURN(films, read_films(urls));
      // The archive counts from 0. A list exactly as long as the largest number, with no review 0, counts from 1.
      const auto largest = static_cast<size_t>(names.back().number);
      if (largest == films.size() && names.front().number > 0) first_number = 1;
      if (largest - first_number >= films.size()) {
        return invalid_input(urls.string() + ": " + std::to_string(films.size()) + " lines, but " + part + "/" +
                             class_name + " has review number " + std::to_string(largest) +
                             "; expected a line for each number from 0");
      }
    }
    for (const ReviewName& name : names) {
      COPPICE_ASSIGN_OR_RETURN(std::string text, folder.read(name.stem));
      result.reviews.push_back({std::move(text), label, part + "/" + class_name + "/" + name.stem});
      result.numbers.push_back(name.number);
      if (has_films) result.films.push_back(films[static_cast<size_t>(name.number) - first_number]);
    }
  }
  return result;
}

}  // namespace coppice::data
