#include "native/serve/guarded_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace coppice::serve {
namespace {

// True on the thread that sends connections away.
thread_local bool sends_away = false;

constexpr size_t kMostSentAway = 256;

// httplib's own queue has no end. Jobs beyond the limit go to a thread that tells their clients so; when even these are
// too many, taking connections waits, and the kernel refuses the rest.
class BoundedQueue : public httplib::TaskQueue {
 public:
  // waiting: kept at the number of jobs that no thread has taken.
  BoundedQueue(const LoadLimits& limits, std::atomic<int>& waiting) : limits_(limits), waiting_(waiting) {
    for (size_t i = 0; i < limits.threads; ++i) threads_.emplace_back([this] { work(jobs_); });
    threads_.emplace_back([this] {
      sends_away = true;
      work(away_);
    });
  }
  void enqueue(std::function<void()> job) override {
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

void send_fault(int fd, int status) {
  std::string answer = status == 431 ? "HTTP/1.1 431 Request Header Fields Too Large" : "HTTP/1.1 408 Request Timeout";
  answer += "\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n";
  [[maybe_unused]] const auto sent = ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

GuardedServer::GuardedServer(const ConnectionLimits& connection, const LoadLimits& load, Hooks hooks)
    : limits_(connection), hooks_(std::move(hooks)) {
  new_task_queue = [this, load] { return new BoundedQueue(load, waiting_); };
}

bool GuardedServer::process_and_close_socket(socket_t socket) {
  if (sends_away) {
    [[maybe_unused]] const auto sent = ::send(socket, kNoRoom.data(), kNoRoom.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (hooks_.refused) hooks_.refused();
    linger_and_close(socket);
    return false;
  }
  Connection connection(socket, limits_);
  bool open = true;
  ++serving_;  // before the first look at closing_
  // Between requests a connection makes room for one that has no thread; before its first it has done nothing yet.
  const std::atomic<int> nobody = 0;
  for (size_t left = limits_.requests; open && left > 0; --left) {
    if (!connection.wait_for_request(closing_, left == limits_.requests ? nobody : waiting_)) break;
    hooks_.begin(connection);
    bool close = false;
    open = process_request(connection, left == 1 || closing_, close, nullptr) && !close && connection.fault() == 0;
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
