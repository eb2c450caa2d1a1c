// The HTTP side of coppice-serve: a Site over cpp-httplib, with the headers a page needs that runs threads and
// WebAssembly and talks to nobody else.
//
//   COPPICE_ASSIGN_OR_RETURN(auto server, SiteServer::bind(std::move(site), {.port = 0}));
//   std::thread worker([&] { status = server->run(); });     // until stop()
//   ... http://127.0.0.1:<server->port()>/ ...
//   server->stop();
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "native/serve/site.h"
#include "shared/base/status.h"

namespace httplib {
class Server;
}

namespace coppice::serve {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;  // 0: any free one
  // Cross-origin isolation, which lets the page use several threads. Without it the server answers as any plain static
  // host would.
  bool isolate = true;
};

class SiteServer {
 public:
  // Takes the port at once; clients can connect from here on, and are answered as soon as run() is called.
  static Result<std::unique_ptr<SiteServer>> bind(Site site, const ServerOptions& options);

  SiteServer(const SiteServer&) = delete;
  SiteServer& operator=(const SiteServer&) = delete;
  ~SiteServer();

  [[nodiscard]] int port() const { return port_; }

  // Serves until stop(). Returns when all connections are closed: idle ones are within two seconds.
  Status run();

  // From any thread but that of run(), at any time; not from a signal handler. Answers that have begun are finished
  // first (30 s at most), requests that come meanwhile are answered with 503.
  void stop();

 private:
  SiteServer(Site site, const ServerOptions& options);

  Site site_;
  std::unique_ptr<httplib::Server> http_;
  int port_ = 0;
  std::atomic<int> answers_ = 0;  // begun and not yet sent
  std::atomic<bool> running_ = false;
  std::atomic<bool> stop_asked_ = false;
};

}  // namespace coppice::serve
