#include "native/serve/server.h"

#include <fcntl.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "native/serve/http_fields.h"

namespace coppice::serve {
namespace {

// Most time is spent waiting for clients, and a browser opens six connections: threads are many and small.
constexpr size_t kThreads = 32;
constexpr size_t kRequestsPerConnection = 100;
constexpr time_t kIdleSeconds = 2;  // a stop has to wait for idle connections
constexpr auto kLongestDrain = std::chrono::seconds(30);
constexpr size_t kPieceBytes = 256 * 1024;

constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; style-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'";

httplib::Headers default_headers(bool isolate) {
  httplib::Headers headers{
      {"Content-Security-Policy", kContentSecurityPolicy},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
  };
  if (isolate) {
    headers.emplace("Cross-Origin-Opener-Policy", "same-origin");
    headers.emplace("Cross-Origin-Embedder-Policy", "require-corp");
    headers.emplace("Cross-Origin-Resource-Policy", "same-origin");
  }
  return headers;
}

void set_header(httplib::Response& response, const std::string& name, const std::string& value) {
  response.headers.erase(name);  // httplib's set_header adds a second one
  response.set_header(name, value);
}

// `send` writes the whole body in one call; false closes the connection.
// The length is stated by us and the body given as a stream of unknown length: with a known one httplib 0.11 applies
// the Range header by itself, and answers ranges past the end of the file with wrong lengths.
void set_body(httplib::Response& response, uint64_t bytes, std::string_view type,
              std::function<bool(httplib::DataSink&)> send) {
  response.headers.erase("Content-Type");
  response.set_content_provider(std::string(type), [send = std::move(send)](size_t, httplib::DataSink& sink) {
    if (!send(sink)) return false;
    sink.done();
    return true;
  });
  set_header(response, "Content-Length", std::to_string(bytes));
}

void set_text(httplib::Response& response, int status, const std::string& text, bool keep_connection = true) {
  response.status = status;
  set_header(response, "Cache-Control", "no-store");
  if (!keep_connection) set_header(response, "Connection", "close");
  set_body(response, text.size(), "text/plain; charset=utf-8", [text, keep_connection](httplib::DataSink& sink) {
    return sink.write(text.data(), text.size()) && keep_connection;
  });
}

// Counts one answer for as long as it exists. Held by the body, which httplib destroys when the answer is sent.
class AnswerCount {
 public:
  explicit AnswerCount(std::atomic<int>& count) : count_(count) { ++count_; }
  AnswerCount(const AnswerCount&) = delete;
  AnswerCount& operator=(const AnswerCount&) = delete;
  ~AnswerCount() { --count_; }

 private:
  std::atomic<int>& count_;
};

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

  // False if the client went away or the file became shorter than it was: the connection is then cut, since the length
  // has been promised.
  bool send(const ByteRange& range, httplib::DataSink& sink) const {
    std::vector<char> piece(std::min<uint64_t>(kPieceBytes, range.last - range.first + 1));
    for (uint64_t at = range.first; at <= range.last;) {
      const size_t wanted = std::min<uint64_t>(piece.size(), range.last - at + 1);
      const ssize_t got = ::pread(fd_, piece.data(), wanted, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0 || !sink.write(piece.data(), static_cast<size_t>(got))) return false;
      at += static_cast<uint64_t>(got);
    }
    return true;
  }

 private:
  int fd_;
};

struct Representation {
  SiteFile file;
  const char* coding = nullptr;  // Content-Encoding
};

// The best form that the client accepts: brotli before gzip before plain at equal wish.
Representation choose_representation(const Site& site, const SiteFile& file, std::string_view accept_encoding) {
  Representation best{file, nullptr};
  double best_quality = 0;
  for (const auto& [coding, extension] : {std::pair("br", "br"), std::pair("gzip", "gz")}) {
    const double quality = coding_preference(accept_encoding, coding);
    if (quality <= best_quality) continue;
    Result<SiteFile> compressed = site.compressed(file, extension);
    if (!compressed) continue;
    best = {*std::move(compressed), coding};
    best_quality = quality;
  }
  return best;
}

void answer_with_file(const Site& site, const Found& found, std::shared_ptr<const AnswerCount> count,
                      const httplib::Request& request, httplib::Response& response) {
  // A range counts bytes of the plain file: models are fetched in parts and checked by their hash.
  const bool ranged = request.ranges.size() == 1;  // several at once: the whole file is sent, as RFC 9110 allows
  const Representation chosen =
      ranged ? Representation{found.file, nullptr}
             : choose_representation(site, found.file, request.get_header_value("Accept-Encoding"));
  const SiteFile& file = chosen.file;

  set_header(response, "ETag", file.entity_tag);
  set_header(response, "Vary", "Accept-Encoding");
  set_header(response, "Accept-Ranges", "bytes");
  set_header(response, "Cache-Control",
             has_hashed_name(found.file.path.native()) ? "public, max-age=31536000, immutable" : "no-cache");
  if (matches_entity_tag(request.get_header_value("If-None-Match"), file.entity_tag)) {
    response.status = 304;
    response.headers.erase("Content-Type");
    response.headers.erase("Content-Length");
    return;
  }

  std::optional<ByteRange> range;
  const std::string if_range = request.get_header_value("If-Range");
  if (ranged && (if_range.empty() || if_range == file.entity_tag)) {
    range = resolve_range(request.ranges.front(), file.bytes);
    if (!range) {
      set_header(response, "Content-Range", "bytes */" + std::to_string(file.bytes));
      return set_text(response, 416, "416: the file has " + std::to_string(file.bytes) + " bytes\n");
    }
  }
  const auto open_file = std::make_shared<OpenFile>(file.path);
  if (!open_file->valid()) return set_text(response, 404, "404: not found\n");

  response.status = range ? 206 : 200;
  if (range) {
    set_header(
        response, "Content-Range",
        "bytes " + std::to_string(range->first) + "-" + std::to_string(range->last) + "/" + std::to_string(file.bytes));
  }
  if (chosen.coding != nullptr) set_header(response, "Content-Encoding", chosen.coding);
  if (file.bytes == 0) {
    return set_body(response, 0, found.type, [](httplib::DataSink&) { return true; });
  }
  const ByteRange part = range.value_or(ByteRange{0, file.bytes - 1});
  set_body(
      response, part.last - part.first + 1, found.type,
      [open_file, part, count = std::move(count)](httplib::DataSink& sink) { return open_file->send(part, sink); });
}

// Called when httplib has prepared its own headers and before it writes any: the last word is ours.
void answer(const Site& site, std::atomic<int>& answers, const httplib::Request& request, httplib::Response& response) {
  const auto count = std::make_shared<const AnswerCount>(answers);
  response.headers.erase("Content-Range");
  const std::string length = request.get_header_value("Content-Length");
  const bool has_body = (!length.empty() && length != "0") || request.has_header("Transfer-Encoding");
  if (request.method != "GET" && request.method != "HEAD") {
    set_header(response, "Allow", "GET, HEAD");
    // The body, if any, was not read: what follows on this connection would be taken for a request.
    return set_text(response, 405, "405: only GET and HEAD\n", false);
  }
  if (has_body) return set_text(response, 400, "400: this request takes no body\n", false);
  if (request.path == "/healthz") return set_text(response, 200, "ok\n");

  const Found found = site.find(request.path);
  switch (found.kind) {
    case Found::Kind::kFile:
      return answer_with_file(site, found, count, request, response);
    case Found::Kind::kRedirect:
      set_header(response, "Location", found.redirect_to);
      return set_text(response, 301, "301: " + found.redirect_to + "\n");
    case Found::Kind::kNothing:
      return set_text(response, 404, "404: not found\n");
  }
}

}  // namespace

SiteServer::SiteServer(Site site, const ServerOptions& options)
    : site_(std::move(site)), http_(std::make_unique<httplib::Server>()) {
  http_->new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  http_->set_keep_alive_max_count(kRequestsPerConnection);
  http_->set_keep_alive_timeout(kIdleSeconds);
  http_->set_default_headers(default_headers(options.isolate));
  http_->set_tcp_nodelay(true);
  // Not httplib's own choice, SO_REUSEPORT: with it two servers share a port and neither is told.
  http_->set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  // Routing by httplib's regular expressions is left out: a path is looked up in the site, and nowhere else.
  http_->set_pre_routing_handler([](const httplib::Request&, httplib::Response& response) {
    response.status = 200;
    return httplib::Server::HandlerResponse::Handled;
  });
  http_->set_post_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (response.status != 200) return;  // httplib refused the request
    if (stop_asked_) return set_text(response, 503, "503: this server is stopping\n", false);
    answer(site_, answers_, request, response);
  });
}

SiteServer::~SiteServer() = default;

Result<std::unique_ptr<SiteServer>> SiteServer::bind(Site site, const ServerOptions& options) {
  std::unique_ptr<SiteServer> server(new SiteServer(std::move(site), options));
  errno = 0;
  if (options.port == 0) {
    server->port_ = server->http_->bind_to_any_port(options.host);
  } else {
    server->port_ = server->http_->bind_to_port(options.host, options.port) ? options.port : -1;
  }
  if (server->port_ > 0) return server;
  const std::string where = options.host + ":" + std::to_string(options.port);
  if (errno == EADDRINUSE) {
    return failed("cannot listen on " + where +
                  ": another program uses this port. Choose another with --port or PORT.");
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's is thread-safe
  const std::string reason = errno == 0 ? "the host name is not known" : std::strerror(errno);
  return failed("cannot listen on " + where + ": " + reason + ". --host takes an address of this machine.");
}

Status SiteServer::run() {
  running_ = true;
  const bool ended_well = stop_asked_ || http_->listen_after_bind();
  running_ = false;
  return ended_well ? Status() : failed("the listening socket failed");
}

void SiteServer::stop() {
  if (stop_asked_.exchange(true)) return;
  // httplib ignores a stop that comes before its loop has begun.
  while (running_ && !http_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  // httplib cuts off what it is sending when it stops, so the answers are waited for here.
  const auto deadline = std::chrono::steady_clock::now() + kLongestDrain;
  while (answers_ > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (running_) http_->stop();
}

}  // namespace coppice::serve
