#include "native/net/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <thread>

#include "native/io/file.h"
#include "native/net/curl_handle.h"
#include "native/net/interrupt.h"
#include "shared/base/json.h"

namespace coppice::net {
namespace {

namespace fs = std::filesystem;

constexpr double kLongestDelaySeconds = 30.0;
constexpr double kLongestRetryAfterSeconds = 300.0;
// A name that cannot be resolved mostly means no network at all: no use in waiting long.
constexpr int kAttemptsWithoutName = 2;
constexpr int kMostConnections = 1000;
constexpr int kTooManyRedirects = 10;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string without_quotes(std::string_view etag) {
  if (etag.substr(0, 2) == "W/") etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::optional<int64_t> parse_bytes(std::string_view digits) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 0) return std::nullopt;
  return value;
}

// "bytes 100-199/200", "bytes */200"
struct ContentRange {
  std::optional<int64_t> first;
  std::optional<int64_t> total;
};

ContentRange parse_content_range(std::string_view text) {
  ContentRange range;
  if (text.substr(0, 6) == "bytes ") text.remove_prefix(6);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return range;
  range.first = parse_bytes(text.substr(0, std::min(text.find('-'), slash)));
  range.total = parse_bytes(text.substr(slash + 1));
  return range;
}

// What the .part holds: kept in a file beside it, so that a later run knows whether it may go on.
struct PartInfo {
  std::string url;
  std::string validator;  // strong ETag or Last-Modified, as sent

  static PartInfo load(const fs::path& path) {
    PartInfo info;
    const Result<std::string> bytes = read_file(path);
    if (!bytes) return info;
    const Result<Json> document = parse_json(*bytes, path.string());
    if (!document) return info;
    JsonReader reader(*document, path.string());
    info.url = reader.string_or("url", "");
    info.validator = reader.string_or("validator", "");
    return info;
  }
  [[nodiscard]] Status save(const fs::path& path) const {
    return write_file_atomically(path, dump_json(Json{{"url", url}, {"validator", validator}}) + "\n");
  }
};

// The response being received; reset at each redirect.
struct Response {
  long code = 0;
  std::map<std::string, std::string> headers;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

enum class Verdict { kDone, kRetry, kStop };

class Transfer {
 public:
  explicit Transfer(const DownloadRequest& request)
      : request_(request),
        part_(fs::path(request.target) += ".part"),
        info_path_(fs::path(request.target) += ".part.json") {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (fd_ >= 0) ::close(fd_);  // releases the lock
  }

  Result<DownloadOutcome> run() {
    COPPICE_RETURN_IF_ERROR(open_part());
    for (int failures_in_a_row = 0;;) {
      const int64_t before = offset_;
      const Verdict verdict = attempt();
      if (verdict == Verdict::kDone) {
        bool again = false;
        COPPICE_RETURN_IF_ERROR(finish(again));
        if (!again) return outcome_;
        continue;
      }
      if (verdict == Verdict::kStop) return status_;
      failures_in_a_row = offset_ > before ? 1 : failures_in_a_row + 1;
      const int most = name_unknown_ ? std::min(request_.attempts, kAttemptsWithoutName) : request_.attempts;
      if (failures_in_a_row >= most || outcome_.attempts >= kMostConnections) {
        return failed(status_.message() + " (after " + std::to_string(outcome_.attempts) + " attempts). " + kept());
      }
      COPPICE_RETURN_IF_ERROR(wait(failures_in_a_row));
    }
  }

 private:
  Status open_part() {
    std::error_code error;
    if (request_.target.has_parent_path()) fs::create_directories(request_.target.parent_path(), error);
    if (error) return failed("cannot create " + request_.target.parent_path().string() + ": " + error.message());
    fd_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd_ < 0) return failed("cannot open " + part_.string() + ": " + std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      return failed(part_.string() + " is in use: another download of it is running; wait for it or end it");
    }
    struct stat stat_info {};
    if (::fstat(fd_, &stat_info) != 0) return failed("cannot stat " + part_.string() + ": " + std::strerror(errno));
    info_ = PartInfo::load(info_path_);
    const bool provable = !info_.validator.empty() || !request_.sha256.empty();
    if (stat_info.st_size > 0 && info_.url == request_.url && provable) {
      offset_ = stat_info.st_size;
      outcome_.resumed_from = offset_;
    } else {
      info_ = {request_.url, ""};
      COPPICE_RETURN_IF_ERROR(restart());
      COPPICE_RETURN_IF_ERROR(info_.save(info_path_));
    }
    return {};
  }

  Status restart() {
    offset_ = 0;
    outcome_.resumed_from = 0;
    if (::ftruncate(fd_, 0) != 0) return failed("cannot empty " + part_.string() + ": " + std::strerror(errno));
    return {};
  }

  Verdict attempt() {
    ++outcome_.attempts;
    response_ = {};
    began_body_ = false;
    try_again_ = false;
    name_unknown_ = false;
    total_ = 0;
    status_ = {};
    if (!ranges_work_ && offset_ > 0) {
      if (const Status restarted = restart(); !restarted.ok()) return stop(restarted);
    }
    const CurlHandle curl(curl_easy_init());
    if (!curl) return stop(failed("cannot start libcurl"));
    char reason[CURL_ERROR_SIZE] = "";
    CurlList headers;
    set_options(curl.get(), reason);
    if (offset_ > 0) {
      curl_easy_setopt(curl.get(), CURLOPT_RANGE, (std::to_string(offset_) + "-").c_str());
      if (!info_.validator.empty()) {
        headers.reset(curl_slist_append(nullptr, ("If-Range: " + info_.validator).c_str()));
        curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
      }
    }
    const CURLcode code = curl_easy_perform(curl.get());
    if (interrupt_requested()) {
      return stop(interrupted("stopped the download of " + request_.url + ". " + kept()));
    }
    // A callback gave up: disk full, too large, wrong range.
    if (!status_.ok()) return try_again_ ? Verdict::kRetry : Verdict::kStop;
    return judge(code, reason[0] != '\0' ? reason : curl_easy_strerror(code));
  }

  void set_options(CURL* curl, char* reason) {
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl, CURLOPT_URL, request_.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, static_cast<long>(kTooManyRedirects));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "coppice/0.1");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(request_.stall_seconds)));
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    if (!request_.bearer_token.empty()) {
      curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
      curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, request_.bearer_token.c_str());
    }
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
  }

  Verdict judge(CURLcode code, const std::string& reason) {
    const long http = response_.code;
    const std::string where = request_.url + ": ";
    if (http == 416 && offset_ > 0) {
      // Nothing past the offset: the file is complete, or not the one that was begun.
      const ContentRange range = parse_content_range(response_.header("content-range"));
      if (range.total == offset_) return Verdict::kDone;
      if (const Status restarted = restart(); !restarted.ok()) return stop(restarted);
      info_.validator.clear();
      status_ = failed(where + "the file on the server has changed");
      return Verdict::kRetry;
    }
    if (http == 404 || http == 410) {
      return stop(not_found(where + "not found (HTTP " + std::to_string(http) +
                            "); check the name, or name another "
                            "source with --from"));
    }
    if (http == 401 || http == 403) {
      return stop(failed(where + "access refused (HTTP " + std::to_string(http) + "); check the name" +
                         (request_.bearer_token.empty()
                              ? ". If it needs a login, give a token (HF_TOKEN for the Hugging Face hub), or download "
                                "it by other means and pass it with --from"
                              : ", and whether the token that was sent (HF_TOKEN) may read it")));
    }
    if (http >= 400) {
      status_ = failed(where + "the server answered HTTP " + std::to_string(http));
      const bool passing = http == 408 || http == 425 || http == 429 || http >= 500;
      return passing ? Verdict::kRetry : Verdict::kStop;
    }
    if (code == CURLE_OK) {
      if (http != 200 && http != 206) return stop(failed(where + "unexpected answer HTTP " + std::to_string(http)));
      // An empty file has no body, so on_body did not look at the answer.
      if (!began_body_ && http == 200 && offset_ > 0) {
        if (const Status restarted = restart(); !restarted.ok()) return stop(restarted);
      }
      if (total_ > 0 && offset_ < total_) {
        status_ = failed(where + "the connection ended early");
        return Verdict::kRetry;
      }
      return Verdict::kDone;
    }
    status_ = failed(where + reason);
    name_unknown_ = code == CURLE_COULDNT_RESOLVE_HOST;
    switch (code) {
      case CURLE_UNSUPPORTED_PROTOCOL:
      case CURLE_URL_MALFORMAT:
        status_ = invalid_usage(where + reason + "; expected an http or https address");
        return Verdict::kStop;
      case CURLE_TOO_MANY_REDIRECTS:
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
        return Verdict::kStop;
      default:
        return Verdict::kRetry;
    }
  }

  Verdict stop(Status status) {
    status_ = std::move(status);
    return Verdict::kStop;
  }

  // Checks the hash and moves the file to its place. `again`: a resumed file was wrong; it is fetched anew, once.
  Status finish(bool& again) {
    if (::fsync(fd_) != 0) return failed("cannot write " + part_.string() + ": " + std::strerror(errno));
    COPPICE_ASSIGN_OR_RETURN(outcome_.sha256, sha256_file_hex(part_));
    outcome_.bytes = offset_;
    if (!request_.sha256.empty() && outcome_.sha256 != request_.sha256) {
      const bool resumed = outcome_.resumed_from > 0;
      COPPICE_RETURN_IF_ERROR(restart());
      if (resumed) {
        info_.validator.clear();
        again = true;
        return {};
      }
      remove_part();
      return invalid_input(request_.url + ": sha256 of the download is " + outcome_.sha256 + "; expected " +
                           request_.sha256 + ". It was deleted; try again, or name another source with --from");
    }
    std::error_code error;
    fs::rename(part_, request_.target, error);
    if (error) return failed("cannot move " + part_.string() + " to its place: " + error.message());
    fs::remove(info_path_, error);
    return {};
  }

  void remove_part() const {
    std::error_code ignored;
    fs::remove(part_, ignored);
    fs::remove(info_path_, ignored);
  }

  Status wait(int failures_in_a_row) {
    double seconds = request_.first_delay_seconds;
    for (int i = 1; i < failures_in_a_row; ++i) seconds = std::min(seconds * 2, kLongestDelaySeconds);
    if (const auto asked = parse_bytes(response_.header("retry-after"))) {
      seconds = std::max(seconds, std::min(static_cast<double>(*asked), kLongestRetryAfterSeconds));
    }
    if (request_.note) {
      request_.note(status_.message() + "; trying again in " + std::to_string(static_cast<int>(std::ceil(seconds))) +
                    " s");
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < end) {
      if (interrupt_requested()) return interrupted("stopped the download of " + request_.url + ". " + kept());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return {};
  }

  [[nodiscard]] std::string kept() const {
    if (offset_ == 0) return "Nothing was fetched yet; run the same command again";
    return std::to_string(offset_) + " bytes are kept in " + part_.string() +
           "; run the same command again to resume there";
  }

  static size_t on_header(char* data, size_t, size_t size, void* self) {
    static_cast<Transfer*>(self)->take_header(std::string_view(data, size));
    return size;
  }

  void take_header(std::string_view line) {
    line = trim(line);
    if (line.substr(0, 5) == "HTTP/") {
      response_ = {};
      const size_t space = line.find(' ');
      if (space != std::string_view::npos) response_.code = parse_bytes(line.substr(space + 1, 3)).value_or(0);
      return;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string name = lower(line.substr(0, colon));
    const std::string value(trim(line.substr(colon + 1)));
    response_.headers[name] = value;
    // The hub says these on its redirect, not on the file itself.
    if (name == "x-linked-etag") outcome_.linked_etag = without_quotes(value);
    if (name == "x-repo-commit") outcome_.repo_commit = value;
    if (name == "etag") outcome_.etag = without_quotes(value);
  }

  static size_t on_body(char* data, size_t, size_t size, void* self) {
    return static_cast<Transfer*>(self)->take_body(data, size) ? size : CURL_WRITEFUNC_ERROR;
  }

  bool take_body(const char* data, size_t size) {
    if (response_.code != 200 && response_.code != 206) return true;  // an error page: not part of the file
    if (!began_body_ && !begin_body()) return false;
    if (offset_ + static_cast<int64_t>(size) > request_.max_bytes) return give_up(too_large());
    while (size > 0) {
      const ssize_t written = ::pwrite(fd_, data, size, offset_);
      if (written < 0) {
        if (errno == EINTR) continue;
        return give_up(failed("cannot write " + part_.string() + ": " + std::strerror(errno) + ". " + kept()));
      }
      data += written;
      size -= static_cast<size_t>(written);
      offset_ += written;
    }
    return true;
  }

  bool begin_body() {
    began_body_ = true;
    int64_t length = parse_bytes(response_.header("content-length")).value_or(0);
    if (response_.code == 206) {
      const ContentRange range = parse_content_range(response_.header("content-range"));
      if (range.first != offset_) {
        // A server that answers ranges wrongly can still give the whole file.
        give_up(failed(request_.url + ": asked for the bytes from " + std::to_string(offset_) + " on and got others (" +
                       response_.header("content-range") + ")"));
        if (const Status restarted = restart(); !restarted.ok()) return give_up(restarted);
        ranges_work_ = false;
        try_again_ = true;
        return false;
      }
      total_ = range.total.value_or(length > 0 ? offset_ + length : 0);
    } else {
      // The whole file: no range support, or it has changed.
      if (const Status restarted = restart(); !restarted.ok()) return give_up(restarted);
      total_ = length;
      const std::string etag = response_.header("etag");
      info_.validator = !etag.empty() && etag.substr(0, 2) != "W/" ? etag : response_.header("last-modified");
      if (const Status saved = info_.save(info_path_); !saved.ok()) return give_up(saved);
    }
    return total_ <= request_.max_bytes || give_up(too_large());
  }

  [[nodiscard]] Status too_large() const {
    return invalid_input(request_.url + ": larger than " + std::to_string(request_.max_bytes) +
                         " bytes; expected a smaller file");
  }

  bool give_up(Status status) {
    status_ = std::move(status);
    return false;
  }

  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto* transfer = static_cast<Transfer*>(self);
    if (transfer->request_.progress && transfer->began_body_) {
      transfer->request_.progress(transfer->offset_, transfer->total_);
    }
    return interrupt_requested() ? 1 : 0;
  }

  const DownloadRequest& request_;
  fs::path part_;
  fs::path info_path_;
  int fd_ = -1;
  PartInfo info_;
  int64_t offset_ = 0;  // bytes in the .part
  int64_t total_ = 0;   // of the whole file; 0: not known
  bool began_body_ = false;
  bool ranges_work_ = true;
  bool name_unknown_ = false;
  bool try_again_ = false;  // with status_ set by a callback
  Response response_;
  Status status_;
  DownloadOutcome outcome_;
};

}  // namespace

bool is_url(const std::string& text) {
  const std::string start = lower(text.substr(0, 8));
  return start.substr(0, 7) == "http://" || start == "https://";
}

std::string file_name_of_url(const std::string& url, const std::string& fallback) {
  const std::string path = url.substr(0, url.find_first_of("?#"));
  const size_t scheme = path.find("://");
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || scheme == std::string::npos || slash <= scheme + 2) return fallback;
  const std::string name = path.substr(slash + 1);
  const bool safe =
      !name.empty() && name.front() != '.' && name.size() <= 200 &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") == std::string::npos;
  return safe ? name : fallback;
}

Result<DownloadOutcome> download(const DownloadRequest& request) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return failed(std::string("cannot start libcurl: ") + curl_easy_strerror(started));
  return Transfer(request).run();
}

}  // namespace coppice::net
