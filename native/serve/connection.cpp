#include "native/serve/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace coppice::serve {
namespace {

constexpr size_t kBufferBytes = size_t{8} << 10;
constexpr auto kPhaseLook = std::chrono::milliseconds(50);
// A client that has connected is about to ask, if it means to.
constexpr auto kLastFirstRequest = std::chrono::milliseconds(500);

// 1: ready, 0: not within the time, -1: failed.
int wait_for(int fd, short events, std::chrono::steady_clock::duration time) {
  pollfd entry{fd, events, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count() + 1;
  for (;;) {
    const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<int64_t>(ms, 0, 3'600'000)));
    if (ready >= 0 || errno != EINTR) return ready;
  }
}

std::chrono::steady_clock::duration seconds(double count) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(count));
}

}  // namespace

Connection::Connection(int fd, const ConnectionLimits& limits) : fd_(fd), limits_(limits), buffer_(kBufferBytes) {}

bool Connection::wait_for_request(const std::atomic<ServingPhase>& phase, const std::atomic<int>& waiting) {
  auto until = Clock::now() + seconds(limits_.idle_seconds);
  const auto last_moment = Clock::now() + (is_first_ ? kLastFirstRequest : std::chrono::milliseconds(0));
  is_first_ = false;
  fault_ = 0;
  in_head_ = true;
  head_bytes_ = 0;
  while (begin_ == end_) {
    // In this order: what lay in the socket when the phase changed is seen by the look that follows.
    if (phase == ServingPhase::kOver) return false;
    if (phase == ServingPhase::kLastRequests) until = std::min(until, last_moment);
    const auto left = std::clamp<Clock::duration>(until - Clock::now(), Clock::duration(0), kPhaseLook);
    const int ready = wait_for(fd_, POLLIN, left);
    if (ready < 0) return false;
    if (ready == 0 && (waiting > 0 || Clock::now() >= until)) return false;
    if (ready == 0) continue;
    deadline_ = Clock::now() + seconds(limits_.head_seconds);
    if (!fill()) return false;
  }
  if (phase == ServingPhase::kOver) return false;
  deadline_ = Clock::now() + seconds(limits_.head_seconds);
  return true;
}

bool Connection::fill() {
  for (;;) {
    const auto left = deadline_ - Clock::now();
    const int ready = left.count() > 0 ? wait_for(fd_, POLLIN, left) : 0;
    if (ready == 0) fault_ = 408;
    if (ready <= 0) return false;
    const ssize_t got = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return false;
    begin_ = 0;
    end_ = static_cast<size_t>(got);
    return true;
  }
}

ssize_t Connection::read(char* to, size_t size) {
  if (begin_ == end_ && !fill()) return fault_ != 0 ? -1 : 0;
  const size_t taken = std::min(size, end_ - begin_);
  if (in_head_) {
    head_bytes_ += taken;
    if (head_bytes_ > limits_.head_bytes) {
      fault_ = 431;
      return -1;
    }
  }
  std::memcpy(to, buffer_.data() + begin_, taken);
  begin_ += taken;
  return static_cast<ssize_t>(taken);
}

bool Connection::read_body(size_t bytes, std::string& body) {
  in_head_ = false;
  deadline_ = Clock::now() + seconds(limits_.body_seconds);
  body.clear();
  // Grows with what arrives, not with what was announced.
  while (body.size() < bytes) {
    char piece[kBufferBytes];
    const ssize_t got = read(piece, std::min(bytes - body.size(), sizeof piece));
    if (got <= 0) return false;
    body.append(piece, static_cast<size_t>(got));
  }
  return true;
}

bool Connection::is_writable() const { return wait_for(fd_, POLLOUT, seconds(limits_.write_seconds)) > 0; }

ssize_t Connection::write(const char* from, size_t size) {
  for (;;) {
    if (!is_writable()) return -1;
    const ssize_t sent = ::send(fd_, from, size, MSG_NOSIGNAL);
    if (sent >= 0 || (errno != EINTR && errno != EAGAIN)) return sent;
  }
}

// Nobody here asks who it is: no address is kept or logged.
void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}
void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace coppice::serve
