// The HTTP side of coppice-serve: a Site and the API over cpp-httplib, with the headers a page needs that runs threads
// and WebAssembly and talks to nobody else. Routes: openapi.h, /healthz, and everything of the site.
//
//   COPPICE_ASSIGN_OR_RETURN(auto server, SiteServer::bind(std::move(site), {.port = 0}));
//   std::thread worker([&] { status = server->run(); });     // until stop()
//   ... http://127.0.0.1:<server->port()>/ ...
//   server->stop();
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "native/serve/batcher.h"
#include "native/serve/classify_request.h"
#include "native/serve/site.h"
#include "shared/base/status.h"

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace coppice::serve {

class Api;
class Connection;
class GuardedServer;

// Defaults are those of the sources that enforce them (connection.h, guarded_server.h); 0 stands for the default.
struct ServerLimits {
  size_t threads = 0;         // connections served at a time
  size_t waiting = 0;         // that wait for a thread; more are answered with 503
  size_t head_bytes = 0;      // of a request's head
  double head_seconds = 0.0;  // that it may take
  double body_seconds = 0.0;
  ClassifyLimits classify = {};
  BatchLimits batches = {};
};

struct ServerOptions {
  // "::" is every address of this machine, IPv4 and IPv6 at once.
  std::string host = "127.0.0.1";
  int port = 8080;  // 0: any free one
  // Cross-origin isolation, which lets the page use several threads. Without it the server answers as any plain static
  // host would.
  bool isolate = true;
  // One line of JSON an answer (request_log.h) to this file descriptor, which stays the caller's; -1: none.
  int log_fd = -1;
  std::string project = {};  // Google Cloud's, for the trace ids in the log
  ServerLimits limits = {};
  std::shared_ptr<EnergyAccount> account = {};  // none: no energy in answers and counters
};

class SiteServer {
 public:
  // Takes the port at once; clients can connect from here on, and are answered as soon as run() is called.
  // `classifiers` are the models of the API, each with an id of its own; none: the server hands out the page alone.
  static Result<std::unique_ptr<SiteServer>> bind(Site site, const ServerOptions& options,
                                                  std::vector<std::unique_ptr<Classifier>> classifiers = {});

  SiteServer(const SiteServer&) = delete;
  SiteServer& operator=(const SiteServer&) = delete;
  ~SiteServer();

  [[nodiscard]] int port() const { return port_; }

  // Serves until stop(). Returns when all connections are closed: idle ones are within two seconds.
  Status run();

  // From any thread but that of run(), at any time; not from a signal handler. What clients had sent before is answered
  // first (30 s at most); requests on connections made meanwhile are answered with 503.
  void stop();

 private:
  SiteServer(Site site, const ServerOptions& options, std::vector<std::unique_ptr<Classifier>> classifiers);
  void begin(Connection& connection);
  void route(const httplib::Request& request);
  void answer(const httplib::Request& request, httplib::Response& response);
  bool finish();  // whether anything was answered

  Site site_;
  ServerOptions options_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<GuardedServer> http_;
  int port_ = 0;
  std::atomic<bool> running_ = false;
  std::atomic<bool> stop_asked_ = false;
};

}  // namespace coppice::serve
