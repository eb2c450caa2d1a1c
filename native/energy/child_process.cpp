#include "native/energy/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace coppice::energy {

namespace {

constexpr int kPassedOn[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH, SIGALRM};

sigset_t signals_of_interest() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kPassedOn) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  return set;
}

Status system_error(const std::string& what) { return failed(what + ": " + std::strerror(errno)); }

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, int go, int failure, bool output_to_stderr, const sigset_t& mask) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(go, &byte, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) ::_exit(127);  // the parent gave up
  if (output_to_stderr) ::dup2(STDERR_FILENO, STDOUT_FILENO);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::execvp(arguments[0], arguments);
  const int reason = errno;
  [[maybe_unused]] const ssize_t told = ::write(failure, &reason, sizeof reason);
  ::_exit(reason == ENOENT ? 127 : 126);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::prepare(const std::vector<std::string>& command,
                                                            bool output_to_stderr) {
  if (command.empty()) return invalid_usage("no command to run");
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  int go[2];
  int failure[2];
  if (::pipe2(go, O_CLOEXEC) != 0) return system_error("pipe");
  if (::pipe2(failure, O_CLOEXEC) != 0) {
    const Status status = system_error("pipe");
    ::close(go[0]);
    ::close(go[1]);
    return status;
  }
  // Descendants whose parent ends come to this process, so that their CPU time is not lost. Where the kernel has no
  // such thing, only theirs is missed.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // A parent that ignored SIGCHLD handed that down: the kernel would then drop the exit code.
  ::signal(SIGCHLD, SIG_DFL);
  const sigset_t set = signals_of_interest();
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  // A second child must not inherit what was blocked for the first: it would be deaf to Ctrl-C.
  static const sigset_t of_the_first = before;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(go[1]);
    ::close(failure[0]);
    become(arguments.data(), go[0], failure[1], output_to_stderr, of_the_first);
  }
  const Status status = pid < 0 ? system_error("fork") : Status();
  ::close(go[0]);
  ::close(failure[1]);
  if (!status.ok()) {
    ::close(go[1]);
    ::close(failure[0]);
    return status;
  }
  std::unique_ptr<ChildProcess> child(new ChildProcess());
  child->pid_ = pid;
  child->go_ = go[1];
  child->failure_ = failure[0];
  return child;
}

ChildProcess::~ChildProcess() {
  if (failure_ >= 0) ::close(failure_);
  if (go_ >= 0) {
    ::close(go_);  // the waiting child sees the end of the pipe and exits
    ::waitpid(pid_, nullptr, 0);
  }
}

ChildEnd ChildProcess::run(const std::function<void()>& on_tick) {
  ChildEnd end;
  // Should the child have been killed while it waited, the write must not end this program too.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGPIPE, &ignore, &before);
  [[maybe_unused]] const ssize_t sent = ::write(go_, "g", 1);
  ::sigaction(SIGPIPE, &before, nullptr);
  ::close(go_);
  go_ = -1;
  int reason = 0;
  ssize_t got = 0;
  do {
    got = ::read(failure_, &reason, sizeof reason);
  } while (got < 0 && errno == EINTR);

  const sigset_t set = signals_of_interest();
  bool asked_to_stop = false;
  for (;;) {
    // All that has ended is collected before the next wait, so that a signal between the two is not missed.
    int status = 0;
    pid_t ended = 0;
    bool finished = false;
    while ((ended = ::waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
      if (ended != pid_) continue;
      if (WIFSTOPPED(status)) {
        ::raise(SIGSTOP);  // stopped from the terminal: this program stops with it and both go on together
        continue;
      }
      finished = true;
      if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
      if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    }
    if (finished || (ended < 0 && errno == ECHILD)) break;
    const timespec second{1, 0};
    siginfo_t info{};
    const int signal = ::sigtimedwait(&set, &info, &second);
    if (signal < 0) {
      if (errno == EAGAIN) on_tick();
      continue;
    }
    if (signal == SIGCHLD) continue;
    asked_to_stop = asked_to_stop || signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
    // What the terminal sends goes to the whole foreground group, the child included: passing it on would double it.
    if (info.si_code != SI_KERNEL) ::kill(pid_, signal);
  }
  end.asked_to_stop = asked_to_stop;
  end.interrupted = asked_to_stop && end.signal != 0;
  if (got == static_cast<ssize_t>(sizeof reason)) {
    end.start_error = std::string("the command cannot be started: ") + std::strerror(reason);
  }
  return end;
}

}  // namespace coppice::energy
