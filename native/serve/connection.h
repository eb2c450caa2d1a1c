// One connection as cpp-httplib reads and writes it, with what that library has no limit for: the bytes of a request's
// head, and the time its head and its body may take however slowly they drip in.
#pragma once

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

namespace coppice::serve {

struct ConnectionLimits {
  size_t head_bytes = size_t{32} << 10;
  double head_seconds = 10.0;
  double body_seconds = 20.0;
  double write_seconds = 5.0;  // without a byte taken by the client
  double idle_seconds = 2.0;   // between requests
  size_t requests = 100;
};

enum class ServingPhase {
  kServes,
  kLastRequests,  // what a client has sent is answered; for what it might send nobody waits, but for its first request
  kOver,          // no request is read any more
};

class Connection : public httplib::Stream {
 public:
  // Borrows the socket.
  Connection(int fd, const ConnectionLimits& limits);

  // Waits for the first byte of a request. False: the client has gone, or was idle for too long or longer than `phase`
  // allows, or others are `waiting` and nothing has come for a moment.
  bool wait_for_request(const std::atomic<ServingPhase>& phase, const std::atomic<int>& waiting);

  // The body after the head was read: exactly `bytes`. False if the client went away or was too slow.
  bool read_body(size_t bytes, std::string& body);

  // Why reading failed, for the answer: 431, 408 or 0.
  [[nodiscard]] int fault() const { return fault_; }

  [[nodiscard]] bool is_readable() const override { return true; }
  [[nodiscard]] bool is_writable() const override;
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] socket_t socket() const override { return fd_; }

 private:
  using Clock = std::chrono::steady_clock;
  bool fill();  // buffer_ with what has arrived

  int fd_;
  ConnectionLimits limits_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t head_bytes_ = 0;
  bool in_head_ = true;
  bool is_first_ = true;  // of its requests
  int fault_ = 0;
  Clock::time_point deadline_{};
};

}  // namespace coppice::serve
