// What the data tests share: a folder that goes away, archives made entry by entry, and an HTTP server that does what
// the test says.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "native/io/file.h"

namespace coppice::data {

namespace fs = std::filesystem;

class FolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "coppice_data_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const fs::path& path, const std::string& bytes) const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path, std::ios::binary) << bytes;  // no fsync: tests write hundreds of files
  }
  // Names in the test's folder, hidden ones too.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }
  fs::path folder_;
};

struct MadeEntry {
  std::string path;
  std::string content = {};
  unsigned type = AE_IFREG;
  std::string link = {};  // target of a symbolic (type AE_IFLNK) or hard link
};

inline void make_archive(const fs::path& path, const std::vector<MadeEntry>& entries, bool zip = false) {
  struct archive* out = archive_write_new();
  if (zip) {
    archive_write_set_format_zip(out);
  } else {
    archive_write_add_filter_gzip(out);
    archive_write_set_format_pax_restricted(out);
  }
  ASSERT_EQ(archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
  for (const MadeEntry& made : entries) {
    struct archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, made.path.c_str());
    archive_entry_set_filetype(entry, made.type);
    archive_entry_set_perm(entry, made.type == AE_IFDIR ? 0755 : 0644);
    if (!made.link.empty() && made.type == AE_IFLNK) archive_entry_set_symlink(entry, made.link.c_str());
    if (!made.link.empty() && made.type == AE_IFREG) archive_entry_set_hardlink(entry, made.link.c_str());
    const bool has_content = made.type == AE_IFREG && made.link.empty();
    archive_entry_set_size(entry, has_content ? static_cast<la_int64_t>(made.content.size()) : 0);
    ASSERT_EQ(archive_write_header(out, entry), ARCHIVE_OK) << archive_error_string(out);
    if (has_content && !made.content.empty()) {
      ASSERT_EQ(archive_write_data(out, made.content.data(), made.content.size()),
                static_cast<la_ssize_t>(made.content.size()));
    }
    archive_entry_free(entry);
  }
  ASSERT_EQ(archive_write_close(out), ARCHIVE_OK);
  archive_write_free(out);
}

// Answers one request a connection with whatever bytes the handler returns, then closes: a handler that returns half a
// body is a connection cut half way.
class TestServer {
 public:
  struct Request {
    std::string path;
    std::string head;  // request line and headers
    [[nodiscard]] std::string header(const std::string& name) const {
      const size_t at = head.find("\r\n" + name + ": ");
      if (at == std::string::npos) return "";
      const size_t start = at + name.size() + 4;
      return head.substr(start, head.find("\r\n", start) - start);
    }
    // First byte asked for; 0 without a Range header.
    [[nodiscard]] size_t first_byte() const {
      const std::string range = header("Range");
      return range.empty() ? 0 : std::stoul(range.substr(range.find('=') + 1));
    }
  };
  using Handler = std::function<std::string(const Request&)>;

  explicit TestServer(Handler handler) : handler_(std::move(handler)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(socket_, 16);
    socklen_t length = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TestServer() {
    ::shutdown(socket_, SHUT_RDWR);  // wakes accept
    thread_.join();
    ::close(socket_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  static std::string answer(const std::string& status, const std::string& headers, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           headers + "\r\n" + body;
  }
  // The file, or the range asked for, with an ETag; `at_most` bytes of the body are sent before the connection ends.
  static std::string file(const Request& request, const std::string& body, const std::string& etag,
                          size_t at_most = SIZE_MAX) {
    const size_t first = request.first_byte();
    const std::string if_range = request.header("If-Range");
    if (first == 0 || (!if_range.empty() && if_range != etag)) {
      std::string whole = answer("200 OK", "ETag: " + etag + "\r\n", body);
      return whole.substr(0, whole.size() - body.size() + std::min(at_most, body.size()));
    }
    if (first >= body.size()) {
      return answer("416 Range Not Satisfiable", "Content-Range: bytes */" + std::to_string(body.size()) + "\r\n", "");
    }
    const std::string rest = body.substr(first);
    std::string part = answer("206 Partial Content",
                              "ETag: " + etag + "\r\nContent-Range: bytes " + std::to_string(first) + "-" +
                                  std::to_string(body.size() - 1) + "/" + std::to_string(body.size()) + "\r\n",
                              rest);
    return part.substr(0, part.size() - rest.size() + std::min(at_most, rest.size()));
  }

 private:
  void serve() {
    for (;;) {
      const int connection = ::accept(socket_, nullptr, nullptr);
      if (connection < 0) return;
      Request request;
      char buffer[4096];
      while (request.head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        request.head.append(buffer, static_cast<size_t>(got));
      }
      const size_t space = request.head.find(' ');
      request.path = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const std::string reply = handler_(request);
      for (size_t sent = 0; sent < reply.size();) {
        const ssize_t got = ::send(connection, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
        if (got <= 0) break;
        sent += static_cast<size_t>(got);
      }
      ::close(connection);
    }
  }

  Handler handler_;
  int socket_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::thread thread_;
};

}  // namespace coppice::data
