#include "native/serve/server.h"

#include <fcntl.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "native/serve/api.h"
#include "native/serve/guarded_server.h"
#include "native/serve/http_fields.h"
#include "native/serve/openapi.h"
#include "native/serve/request_framing.h"
#include "native/serve/request_log.h"

namespace coppice::serve {
namespace {

constexpr auto kLongestDrain = std::chrono::seconds(30);
constexpr size_t kPieceBytes = 256 * size_t{1024};

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

void set_content(httplib::Response& response, int status, std::string_view type, const std::string& text,
                 bool keep_connection = true) {
  response.status = status;
  set_header(response, "Cache-Control", "no-store");
  if (!keep_connection) set_header(response, "Connection", "close");
  set_body(response, text.size(), type, [text, keep_connection](httplib::DataSink& sink) {
    return sink.write(text.data(), text.size()) && keep_connection;
  });
}

void set_text(httplib::Response& response, int status, const std::string& text, bool keep_connection = true) {
  set_content(response, status, "text/plain; charset=utf-8", text, keep_connection);
}

// Tells a client whether its request woke this process: one that is younger than the request is old did a cold start.
const auto kProcessStart = std::chrono::steady_clock::now();

std::string instance_header() {
  static const std::string id = [] {
    std::random_device random;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%08x%08x", random(), random());
    return std::string(digits);
  }();
  const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - kProcessStart;
  char text[32];
  std::snprintf(text, sizeof text, "; uptime=%.4f", uptime.count());
  return id + text;
}

void set_answer(httplib::Response& response, const ApiAnswer& answer, bool keep_connection) {
  if (answer.retry_after_seconds > 0) {
    set_header(response, "Retry-After", std::to_string(answer.retry_after_seconds));
  }
  set_header(response, "Coppice-Instance", instance_header());
  set_content(response, answer.status, "application/json", answer.body, keep_connection);
}

// What this thread is answering. httplib's handlers are told nothing of the connection they are called for.
struct Exchange {
  Connection* connection = nullptr;
  std::chrono::steady_clock::time_point head_read;
  bool late = false;             // made while the server stops
  std::optional<ApiAnswer> api;  // of a classification
  bool keep_connection = true;
  LogEntry log;
};
thread_local Exchange exchange;

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

void answer_with_file(const Site& site, const Found& found, const httplib::Request& request,
                      httplib::Response& response) {
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
  set_body(response, part.last - part.first + 1, found.type,
           [open_file, part](httplib::DataSink& sink) { return open_file->send(part, sink); });
}

void answer_with_page(const Site& site, const httplib::Request& request, httplib::Response& response) {
  const Found found = site.find(request.path);
  switch (found.kind) {
    case Found::Kind::kFile:
      exchange.log.route = Route::kPage;
      return answer_with_file(site, found, request, response);
    case Found::Kind::kRedirect:
      exchange.log.route = Route::kPage;
      set_header(response, "Location", found.redirect_to);
      return set_text(response, 301, "301: " + found.redirect_to + "\n");
    case Found::Kind::kNothing:
      return set_text(response, 404, "404: not found\n");
  }
}

Route route_of(std::string_view path) {
  for (const Route route :
       {Route::kClassify, Route::kModels, Route::kHealth, Route::kReady, Route::kMetrics, Route::kOpenApi}) {
    if (path == to_string(route)) return route;
  }
  return Route::kNone;
}

std::string known_method(const std::string& method) {
  for (const char* known : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    if (method == known) return method;
  }
  return "OTHER";
}

// A well-formed request line whose method httplib does not know, e.g. QUERY.
bool is_unknown_method(const httplib::Request& request) {
  const auto is_token = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_'; };
  return (request.version == "HTTP/1.1" || request.version == "HTTP/1.0") && !request.method.empty() &&
         request.method.size() <= 32 && std::all_of(request.method.begin(), request.method.end(), is_token) &&
         known_method(request.method) == "OTHER";
}

ConnectionLimits connection_limits(const ServerLimits& limits) {
  ConnectionLimits chosen;
  if (limits.head_bytes > 0) chosen.head_bytes = limits.head_bytes;
  if (limits.head_seconds > 0) chosen.head_seconds = limits.head_seconds;
  if (limits.body_seconds > 0) chosen.body_seconds = limits.body_seconds;
  return chosen;
}

LoadLimits load_limits(const ServerLimits& limits) {
  LoadLimits chosen;
  if (limits.threads > 0) chosen.threads = limits.threads;
  if (limits.waiting > 0) chosen.waiting = limits.waiting;
  return chosen;
}

}  // namespace

SiteServer::SiteServer(Site site, const ServerOptions& options, std::vector<std::unique_ptr<Classifier>> classifiers)
    : site_(std::move(site)),
      options_(options),
      api_(std::make_unique<Api>(std::move(classifiers), options.limits.classify, options.limits.batches,
                                 options.account)),
      http_(std::make_unique<GuardedServer>(
          connection_limits(options.limits), load_limits(options.limits),
          GuardedServer::Hooks{[this](Connection& connection) { begin(connection); },
                               [this] {
                                 const bool answered = finish();
                                 return GuardedServer::Outcome{answered, exchange.keep_connection};
                               },
                               [this] { api_->metrics().count_refused_connection(); }})) {
  http_->set_default_headers(default_headers(options.isolate));
  http_->set_tcp_nodelay(true);
  // Not httplib's own choice, SO_REUSEPORT: with it two servers share a port and neither is told.
  http_->set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    // "::" takes IPv4 too, whatever the system's default; fails on a socket of IPv4, where it means nothing.
    const int no = 0;
    ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  });
  // Routing by httplib's regular expressions is left out: a path is one of the API's or looked up in the site.
  http_->set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    response.status = 200;
    route(request);
    return httplib::Server::HandlerResponse::Handled;
  });
  http_->set_post_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) { answer(request, response); });
}

SiteServer::~SiteServer() = default;

void SiteServer::begin(Connection& connection) {
  exchange.connection = &connection;
  exchange.head_read = std::chrono::steady_clock::now();
  exchange.late = http_->came_late();
  exchange.api.reset();
  exchange.keep_connection = true;
  exchange.log = {};
  exchange.log.method = "OTHER";  // until it is read
}

// The head has been read; what needs the body reads it here.
void SiteServer::route(const httplib::Request& request) {
  exchange.head_read = std::chrono::steady_clock::now();
  exchange.log.method = known_method(request.method);
  exchange.log.route = route_of(request.path);
  exchange.log.trace =
      parse_trace(request.get_header_value("traceparent"), request.get_header_value("X-Cloud-Trace-Context"));
  if (exchange.late || exchange.log.route != Route::kClassify) return;
  Result<size_t> length = body_length(request, options_.limits.classify.body_bytes);
  if (!length) {
    // The body was not read: what follows on this connection would be taken for a request.
    exchange.keep_connection = false;
    exchange.api = framing_answer(length.status());
    return;
  }
  std::string body;
  if (!exchange.connection->read_body(*length, body)) {
    exchange.keep_connection = false;
    exchange.api = error_answer(408, "too_slow", "the body did not arrive in time");
    return;
  }
  exchange.api = api_->classify(body);
  exchange.log.texts = exchange.api->texts;
}

// Called when httplib has prepared its own headers and before it writes any: the last word is ours.
void SiteServer::answer(const httplib::Request& request, httplib::Response& response) {
  if (response.status != 200) {  // httplib refused the request
    if (exchange.connection->fault() != 0) {
      response.status = exchange.connection->fault();
    } else if (is_unknown_method(request)) {
      // httplib answers a method that is in no list of its own as malformed, before it has read the path.
      const Route route = route_of(request.target.substr(0, request.target.find('?')));
      response.status = 405;
      set_header(response, "Allow", route == Route::kClassify ? "POST" : "GET, HEAD");
    }
    set_header(response, "Connection", "close");
    exchange.keep_connection = false;
    exchange.log.method = known_method(request.method);
    exchange.log.status = response.status;
    return;
  }
  response.headers.erase("Content-Range");
  const Route route = exchange.log.route;
  if (exchange.late) {
    if (route == Route::kClassify) {
      ApiAnswer stopping = error_answer(503, "unavailable", "this server is stopping");
      stopping.retry_after_seconds = 1;
      set_answer(response, stopping, false);
    } else {
      set_text(response, 503, "503: this server is stopping\n", false);
    }
  } else if (exchange.api) {
    if (exchange.api->status == 405) set_header(response, "Allow", "POST");
    set_answer(response, *exchange.api, exchange.keep_connection);
  } else if (request.method != "GET" && request.method != "HEAD") {
    set_header(response, "Allow", "GET, HEAD");
    // The body, if any, was not read.
    set_text(response, 405, "405: only GET and HEAD\n", false);
  } else if (may_have_body(request)) {
    set_text(response, 400, "400: this request takes no body\n", false);
  } else if (route == Route::kHealth) {
    set_text(response, 200, "ok\n");
  } else if (route == Route::kReady) {
    set_text(response, 200, "ready\n");
  } else if (route == Route::kMetrics) {
    set_content(response, 200, "text/plain; version=0.0.4; charset=utf-8", api_->prometheus());
  } else if (route == Route::kOpenApi) {
    set_content(response, 200, "application/json", std::string(openapi_document()));
  } else if (route == Route::kModels) {
    set_answer(response, api_->models(), true);
  } else {
    answer_with_page(site_, request, response);
  }
  exchange.log.status = response.status;
}

bool SiteServer::finish() {
  const bool answered = exchange.log.status != 0;
  if (!answered) exchange.log.status = exchange.connection->fault();
  exchange.connection = nullptr;
  if (exchange.log.status != 0) {  // 0: the client went away before anything could be answered
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - exchange.head_read;
    exchange.log.seconds = time.count();
    api_->metrics().count_request(exchange.log.route, exchange.log.status, exchange.log.seconds);
    if (options_.log_fd >= 0) write_log_line(options_.log_fd, log_line(exchange.log, options_.project));
  }
  return answered;
}

Result<std::unique_ptr<SiteServer>> SiteServer::bind(Site site, const ServerOptions& options,
                                                     std::vector<std::unique_ptr<Classifier>> classifiers) {
  std::unique_ptr<SiteServer> server(new SiteServer(std::move(site), options, std::move(classifiers)));
  const auto bind_to = [&](const std::string& host) {
    errno = 0;
    if (options.port == 0) return server->http_->bind_to_any_port(host);
    return server->http_->bind_to_port(host, options.port) ? options.port : -1;
  };
  server->port_ = bind_to(options.host);
  // A kernel without IPv6: "every address" is then those of IPv4.
  if (server->port_ <= 0 && options.host == "::" && errno != EADDRINUSE) server->port_ = bind_to("0.0.0.0");
  // The kernel takes its own limit (net.core.somaxconn) where that is lower.
  if (server->port_ > 0 && server->http_->keep_connections(SOMAXCONN)) return server;
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
  if (!running_) return;
  // httplib cuts off what it is sending when it stops, so the answers are waited for here.
  const auto until = std::chrono::steady_clock::now() + kLongestDrain;
  const auto wait_until = [&](const auto& done) {
    while (running_ && !done() && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  };
  http_->last_requests();
  wait_until([&] { return http_->has_answered(); });
  // Those who came meanwhile: clients that never pause must not put off the end.
  http_->close_all();
  wait_until([&] { return http_->serving() == 0; });
  if (running_) http_->stop();
}

}  // namespace coppice::serve
