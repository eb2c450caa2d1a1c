// cpp-httplib's server with a connection loop of ours: limits on connections, heads and time (connection.h), and an
// answer for those who come when all is taken.
#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>
#include <memory>

#include "native/serve/connection.h"

namespace coppice::serve {

struct LoadLimits {
  size_t threads = 128;  // connections served at a time: most of the time they wait for clients
  size_t waiting =
      64;  // further ones that wait for a thread, for which idle ones make room; more are answered with 503
};

class GuardedServer : public httplib::Server {
 public:
  // What became of a request.
  struct Outcome {
    bool answered = false;
    bool keep = false;  // the connection may go on
  };
  // Hooks of a request, on the thread that serves it. `begin`: its first byte is there; `end`: its answer is sent, or
  // the client was given up.
  struct Hooks {
    std::function<void(Connection&)> begin;
    std::function<Outcome()> end;
    std::function<void()> refused;
  };
  GuardedServer(const ConnectionLimits& connection, const LoadLimits& load, Hooks hooks);

  // From here on idle connections are closed, and no new request is read on open ones.
  void close_idle() { closing_ = true; }
  // Connections on which a request is waited for or answered. 0 after close_idle(): no answer is or will be on its way.
  [[nodiscard]] int serving() const { return serving_; }

 private:
  bool process_and_close_socket(socket_t socket) override;

  ConnectionLimits limits_;
  Hooks hooks_;
  std::atomic<bool> closing_ = false;
  std::atomic<int> serving_ = 0;
  std::atomic<int> waiting_ = 0;  // connections without a thread
};

}  // namespace coppice::serve
