// cpp-httplib's server with a connection loop of ours: limits on connections, heads and time (connection.h), and an
// answer for those who come when all is taken.
#pragma once

#include <httplib.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <set>

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

  // After bind_to_port(): how many connections the kernel keeps until they are taken. httplib's own five are fewer than
  // a handful of clients that come at once: the kernel then drops what a client has sent, who waits a second for the
  // next try, and a request that such a client sent before last_requests() is not known to anyone here.
  // False: the socket does not listen; errno tells why.
  [[nodiscard]] bool keep_connections(int most);

  // How a server ends without losing a request that was sent before: last_requests(), wait for has_answered(),
  // then close_all(), wait for serving() to be 0, then httplib's stop(). Each connection gets one more answer.
  void last_requests();
  // Whether all connections are closed that clients had made before last_requests() was called, also those that the
  // kernel had not yet handed over.
  [[nodiscard]] bool has_answered() const;
  // Of the connection that this thread serves: whether it was made after last_requests().
  [[nodiscard]] bool came_late() const;
  // From here on no request is read.
  void close_all() { phase_ = ServingPhase::kOver; }
  // Connections on which a request is waited for or answered. 0 after close_all(): no answer is or will be on its way.
  [[nodiscard]] int serving() const { return serving_; }

 private:
  bool process_and_close_socket(socket_t socket) override;

  static constexpr uint64_t kNotKnown = std::numeric_limits<uint64_t>::max();

  ConnectionLimits limits_;
  Hooks hooks_;
  std::atomic<ServingPhase> phase_ = ServingPhase::kServes;
  std::atomic<int> mark_port_ = -1;                 // of a connection of our own, behind all that were made before it
  std::atomic<uint64_t> last_in_time_ = kNotKnown;  // number of the last connection before that one
  std::atomic<int> serving_ = 0;
  std::atomic<int> waiting_ = 0;  // connections without a thread
  mutable std::mutex open_mutex_;
  uint64_t accepted_ = 0;    // numbers connections in the order in which the kernel handed them over
  std::set<uint64_t> open_;  // their numbers
};

}  // namespace coppice::serve
