#include "native/serve/guarded_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace coppice::serve {
namespace {

// True on the thread that sends connections away.
thread_local bool sends_away = false;
// Of the connection that this thread serves.
thread_local uint64_t connection_number = 0;

constexpr size_t kMostSentAway = 256;
constexpr int kMarkLooks = 2000;  // of the ten seconds that Cloud Run gives
constexpr auto kMarkLook = std::chrono::milliseconds(1);

// httplib's own queue has no end. Jobs beyond the limit go to a thread that tells their clients so; when even these are
// too many, taking connections waits, and the kernel refuses the rest.
class BoundedQueue : public httplib::TaskQueue {
 public:
  // waiting: kept at the number of jobs that no thread has taken.
  // wrap: what becomes of each job before it is queued, in the order of the connections.
  using Wrap = std::function<std::function<void()>(std::function<void()>)>;
  BoundedQueue(const LoadLimits& limits, std::atomic<int>& waiting, Wrap wrap)
      : limits_(limits), waiting_(waiting), wrap_(std::move(wrap)) {
    for (size_t i = 0; i < limits.threads; ++i) threads_.emplace_back([this] { work(jobs_); });
    threads_.emplace_back([this] {
      sends_away = true;
      work(away_);
    });
  }
  void enqueue(std::function<void()> accepted) override {
    std::function<void()> job = wrap_(std::move(accepted));
    std::unique_lock lock(mutex_);
    if (jobs_.size() >= limits_.waiting) {
      changed_.wait(lock, [&] { return away_.size() < kMostSentAway || stopping_; });
      away_.push_back(std::move(job));
    } else {
      jobs_.push_back(std::move(job));
      waiting_ = static_cast<int>(jobs_.size());
    }
    changed_.notify_all();
  }
  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work(std::deque<std::function<void()>>& jobs) {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !jobs.empty() || stopping_; });
      if (jobs.empty()) return;
      const std::function<void()> job = std::move(jobs.front());
      jobs.pop_front();
      waiting_ = static_cast<int>(jobs_.size());
      changed_.notify_all();
      lock.unlock();
      job();
    }
  }

  LoadLimits limits_;
  std::atomic<int>& waiting_;
  Wrap wrap_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::deque<std::function<void()>> away_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// A close with unread bytes resets the connection, and the client may lose the answer: a little is read first.
void linger_and_close(int fd) {
  ::shutdown(fd, SHUT_WR);
  pollfd entry{fd, POLLIN, 0};
  char drop[4096];
  for (int i = 0; i < 8 && ::poll(&entry, 1, 10) > 0; ++i) {
    if (::recv(fd, drop, sizeof drop, 0) <= 0) break;
  }
  ::close(fd);
}

constexpr std::string_view kNoRoom =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\n"
    "Cache-Control: no-store\r\nContent-Length: 88\r\n\r\n"
    "{\"error\":{\"code\":\"overloaded\",\"message\":\"too many connections; ask again in a second\"}}\n";
static_assert(kNoRoom.size() - kNoRoom.find("\r\n\r\n") - 4 == 88);

struct Socket {
  int fd = -1;
  explicit Socket(int opened) : fd(opened) {}
  Socket(Socket&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd >= 0) ::close(fd);
  }
};

// Address and port as bytes that can be compared; empty where there are none.
struct Endpoint {
  std::string address;
  int port = -1;
};

Endpoint endpoint(int fd, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage found{};
  socklen_t size = sizeof found;
  if (ask(fd, reinterpret_cast<sockaddr*>(&found), &size) != 0) return {};
  if (found.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(found);
    return {std::string(reinterpret_cast<const char*>(&v6.sin6_addr), sizeof v6.sin6_addr), ntohs(v6.sin6_port)};
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(found);
  return {std::string(reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr), ntohs(v4.sin_port)};
}

// A connection to a socket that listens, on its way; none on any failure. `port` is its own, known before the other
// side can ask for it.
Socket connect_to_itself(int listening, std::atomic<int>& port) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) != 0) return Socket(-1);
  Socket socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_storage any{};
  any.ss_family = address.ss_family;
  if (socket.fd < 0 || ::bind(socket.fd, reinterpret_cast<sockaddr*>(&any), size) != 0) return Socket(-1);
  port = endpoint(socket.fd, ::getsockname).port;
  // An address of zeros is this machine, in Linux.
  if (::connect(socket.fd, reinterpret_cast<sockaddr*>(&address), size) != 0 && errno != EINPROGRESS) return Socket(-1);
  return socket;
}

// The port is bound on every address of this machine, so that no other client here has it.
bool comes_from_itself(int fd, int port) {
  const Endpoint peer = endpoint(fd, ::getpeername);
  return peer.port == port && peer.address == endpoint(fd, ::getsockname).address;
}

void send_fault(int fd, int status) {
  std::string answer = status == 431 ? "HTTP/1.1 431 Request Header Fields Too Large" : "HTTP/1.1 408 Request Timeout";
  answer += "\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n";
  [[maybe_unused]] const auto sent = ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

GuardedServer::GuardedServer(const ConnectionLimits& connection, const LoadLimits& load, Hooks hooks)
    : limits_(connection), hooks_(std::move(hooks)) {
  const auto numbered = [this](std::function<void()> job) -> std::function<void()> {
    const std::lock_guard lock(open_mutex_);
    const uint64_t number = ++accepted_;
    open_.insert(number);
    return [this, number, job = std::move(job)] {
      connection_number = number;
      job();
      const std::lock_guard done(open_mutex_);
      open_.erase(number);
    };
  };
  new_task_queue = [this, load, numbered] { return new BoundedQueue(load, waiting_, numbered); };
}

// A socket that listens already only gets another limit (listen(2), Linux).
bool GuardedServer::keep_connections(int most) { return ::listen(svr_sock_, most) == 0; }

void GuardedServer::last_requests() {
  phase_ = ServingPhase::kLastRequests;
  // The kernel hands connections over in the order in which they were made: one of our own tells which came before.
  const Socket mark = connect_to_itself(svr_sock_, mark_port_);
  for (int i = 0; mark.fd >= 0 && i < kMarkLooks && last_in_time_ == kNotKnown; ++i) {
    std::this_thread::sleep_for(kMarkLook);
  }
  // Where the mark did not come through, what has been handed over by now is what came before.
  const std::lock_guard lock(open_mutex_);
  uint64_t not_known = kNotKnown;
  last_in_time_.compare_exchange_strong(not_known, accepted_);
}

bool GuardedServer::has_answered() const {
  const std::lock_guard lock(open_mutex_);
  return open_.empty() || *open_.begin() > last_in_time_;
}

bool GuardedServer::came_late() const { return connection_number > last_in_time_; }

bool GuardedServer::process_and_close_socket(socket_t socket) {
  if (mark_port_ >= 0 && comes_from_itself(socket, mark_port_)) {
    last_in_time_ = connection_number;
    ::close(socket);
    return false;
  }
  if (sends_away) {
    [[maybe_unused]] const auto sent = ::send(socket, kNoRoom.data(), kNoRoom.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (hooks_.refused) hooks_.refused();
    linger_and_close(socket);
    return false;
  }
  Connection connection(socket, limits_);
  bool open = true;
  ++serving_;  // before the first look at phase_
  // Between requests a connection makes room for one that has no thread; before its first it has done nothing yet.
  const std::atomic<int> nobody = 0;
  for (size_t left = limits_.requests; open && left > 0; --left) {
    if (!connection.wait_for_request(phase_, left == limits_.requests ? nobody : waiting_)) break;
    hooks_.begin(connection);
    bool close = false;
    const bool last = left == 1 || phase_ != ServingPhase::kServes;
    open = process_request(connection, last, close, nullptr) && !close && connection.fault() == 0;
    const Outcome outcome = hooks_.end();
    // httplib says nothing where not even the first line came to its end.
    if (!outcome.answered && connection.fault() != 0) send_fault(socket, connection.fault());
    open = open && outcome.keep;
  }
  --serving_;
  linger_and_close(socket);
  return open;
}

}  // namespace coppice::serve
