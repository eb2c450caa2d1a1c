// Downloads that survive bad networks (libcurl): resume by range requests, retries, size limit, sha256.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "native/net/archive.h"
#include "shared/base/status.h"

namespace coppice::net {

struct DownloadRequest {
  std::string url;               // http or https
  std::filesystem::path target;  // the finished file; TARGET.part and TARGET.part.json while it is not
  std::string sha256;            // lower-case hex; empty: not known
  std::string bearer_token;  // a secret: sent to the URL's own host alone, never where it redirects to; in no message
  int64_t max_bytes = int64_t{16} << 30;
  int attempts = 5;                  // in a row that bring nothing new
  double first_delay_seconds = 1.0;  // before a retry; doubles each time, to at most 30 s; Retry-After is obeyed
  double stall_seconds = 60.0;       // without a byte: the connection is given up and the download resumed
  ByteProgress progress;
  std::function<void(const std::string&)> note;  // said before each retry
};

struct DownloadOutcome {
  std::string sha256;  // of the whole file
  int64_t bytes = 0;
  int64_t resumed_from = 0;  // bytes that an earlier run had left
  int attempts = 0;          // connections made
  // What the Hugging Face hub says about the file, on whichever response of the redirects; empty: nothing.
  std::string linked_etag;  // x-linked-etag, without quotes: the sha256 of a large file
  std::string etag;         // of the last response, without quotes and W/
  std::string repo_commit;  // x-repo-commit
};

// Fetches `url` to `target`. An existing .part of the same url is resumed where the server proves that it still has
// the same file (If-Range with its ETag or Last-Modified), or the sha256 is known and will tell. Statuses: kNotFound
// for 404 and 410, kInterrupted on Ctrl-C (the .part stays; the message says so), kInvalidInput for a wrong hash (the
// .part is removed) or a file over max_bytes, kFailed for the rest (the .part stays).
Result<DownloadOutcome> download(const DownloadRequest& request);

// Whether `text` is a URL that download takes.
bool is_url(const std::string& text);
// The last part of a URL's path, "aclImdb_v1.tar.gz"; `fallback` when it has none that is safe as a file name.
std::string file_name_of_url(const std::string& url, const std::string& fallback);

}  // namespace coppice::net
