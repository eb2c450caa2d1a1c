#include "native/energy/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/energy/tracker.h"

namespace coppice::energy {
namespace {

// The class changes the signal mask and the reaper of its process: each case runs in one of its own and exits with 0 if
// the condition held.
template <typename Body>
int in_own_process(const Body& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

ChildEnd run(const std::vector<std::string>& command) {
  auto child = ChildProcess::prepare(command, true);
  return child.ok() ? (*child)->run([] {}) : ChildEnd{-1, 0, false, child.status().message(), false};
}

TEST(ChildProcess, PassesTheExitCodeOn) {
  EXPECT_EQ(in_own_process([] { return run({"true"}).shell_code() == 0; }), 0);
  EXPECT_EQ(in_own_process([] { return run({"sh", "-c", "exit 37"}).shell_code() == 37; }), 0);
}

TEST(ChildProcess, TellsASignalFromAnExitCode) {
  EXPECT_EQ(in_own_process([] {
              const ChildEnd end = run({"sh", "-c", "kill -SEGV $$"});
              return end.signal == SIGSEGV && end.shell_code() == 139 && !end.interrupted;
            }),
            0);
}

TEST(ChildProcess, SaysWhyACommandCannotBeStarted) {
  EXPECT_EQ(in_own_process([] {
              const ChildEnd missing = run({"/nonexistent/program"});
              const ChildEnd denied = run({"/"});
              return missing.shell_code() == 127 && !missing.start_error.empty() && denied.shell_code() == 126 &&
                     !denied.start_error.empty();
            }),
            0);
  EXPECT_FALSE(ChildProcess::prepare({}, false).ok());
}

TEST(ChildProcess, PassesSignalsOn) {
  EXPECT_EQ(
      in_own_process([] {
        auto child = ChildProcess::prepare({"sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done"}, true);
        if (!child.ok()) return false;
        const pid_t self = ::getpid();
        if (::fork() == 0) {
          ::usleep(400000);
          ::kill(self, SIGTERM);
          ::_exit(0);
        }
        return (*child)->run([] {}).shell_code() == 9;
      }),
      0);
}

TEST(ChildProcess, AnInterruptedCommandSaysSo) {
  EXPECT_EQ(in_own_process([] {
              auto child = ChildProcess::prepare({"sleep", "30"}, true);
              if (!child.ok()) return false;
              const pid_t self = ::getpid();
              if (::fork() == 0) {
                ::usleep(300000);
                ::kill(self, SIGINT);
                ::_exit(0);
              }
              const ChildEnd end = (*child)->run([] {});
              return end.interrupted && end.shell_code() == 130;
            }),
            0);
}

TEST(ChildProcess, AHungCommandEndsByTheSignalThatIsPassedOn) {
  EXPECT_EQ(in_own_process([] {
              auto child = ChildProcess::prepare({"sh", "-c", "while :; do sleep 60; done"}, true);
              if (!child.ok()) return false;
              const pid_t self = ::getpid();
              if (::fork() == 0) {
                ::usleep(300000);
                ::kill(self, SIGTERM);
                ::_exit(0);
              }
              const ChildEnd end = (*child)->run([] {});
              return end.interrupted && end.signal == SIGTERM && end.shell_code() == 143;
            }),
            0);
}

TEST(ChildProcess, TheSecondChildHearsSignalsToo) {
  EXPECT_EQ(in_own_process([] {
              if (run({"true"}).shell_code() != 0) return false;
              const ChildEnd end = run({"sh", "-c", "kill -TERM $$; exit 3"});
              return end.signal == SIGTERM && !end.asked_to_stop;
            }),
            0);
}

TEST(ChildProcess, ACommandThatIsKilledSaysBySignal) {
  EXPECT_EQ(in_own_process([] {
              auto child = ChildProcess::prepare({"sleep", "60"}, true);
              if (!child.ok()) return false;
              const pid_t pid = (*child)->pid();
              if (::fork() == 0) {
                ::usleep(300000);
                ::kill(pid, SIGKILL);
                ::_exit(0);
              }
              const ChildEnd end = (*child)->run([] {});
              return !end.interrupted && end.signal == SIGKILL && end.shell_code() == 137;
            }),
            0);
}

TEST(ChildProcess, AnOrphanThatLivesOnIsChargedWhileTheCommandRuns) {
  EXPECT_EQ(in_own_process([] {
              // The inner shell ends at once, and its background job comes to this process. It ends by itself.
              auto child = ChildProcess::prepare(
                  {"sh", "-c", "sh -c 'i=0; while [ $i -lt 1500000 ]; do i=$((i+1)); done &'; sleep 1"}, true);
              if (!child.ok()) return false;
              TrackerOptions options;
              options.process_tree = (*child)->pid();
              auto tracker = EnergyTracker::start(std::move(options));
              if (!tracker.ok()) return false;
              (*child)->run([] {});
              return (*tracker)->finish().total.cpu_time.value() > 0.15;
            }),
            0);
}

TEST(ChildProcess, SaysThatItWasAskedToStopWhateverTheCommandMadeOfIt) {
  EXPECT_EQ(in_own_process([] {
              const std::string self = std::to_string(::getpid());
              const ChildEnd end = run({"sh", "-c", "trap 'exit 0' TERM; kill -TERM " + self + "; sleep 5 & wait"});
              return end.exit_code == 0 && end.asked_to_stop && !end.interrupted;
            }),
            0);
}

TEST(ChildProcess, CpuTimeOfAllDescendantsIsCounted) {
  EXPECT_EQ(in_own_process([] {
              // Two grandchildren burn time; one of them is not waited for by its parent.
              auto child = ChildProcess::prepare({"sh", "-c",
                                                  "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done & "
                                                  "(i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done); wait"},
                                                 true);
              if (!child.ok()) return false;
              TrackerOptions options;
              options.process_tree = (*child)->pid();
              auto tracker = EnergyTracker::start(std::move(options));
              if (!tracker.ok()) return false;
              const ChildEnd end = (*child)->run([] {});
              const EnergyReport report = (*tracker)->finish();
              const Seconds ended = ended_children_cpu_time();
              return end.shell_code() == 0 && report.total.cpu_time.value() > 0.02 &&
                     report.total.cpu_time.value() <= ended.value() + 0.02 && report.total.energy.has_value();
            }),
            0);
}

TEST(ChildProcess, ACommandThatIsNeverLetGoRunsNothing) {
  EXPECT_EQ(in_own_process([] {
              auto child = ChildProcess::prepare({"sh", "-c", "exit 3"}, true);
              const pid_t pid = (*child)->pid();
              child = failed("dropped");
              return ::kill(pid, 0) != 0;
            }),
            0);
}

}  // namespace
}  // namespace coppice::energy
