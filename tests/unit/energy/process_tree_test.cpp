// process_tree_usage: the same sum by the lists of children and by a look at all processes.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <thread>

#include "native/energy/system.h"
#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {
namespace {

const double kTick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
const auto kPage = static_cast<double>(::sysconf(_SC_PAGESIZE));

class FakeProcesses : public FakeSystem {
 public:
  // A process with `user_ticks` of its own, 6 ticks besides and 10 pages.
  void process(int pid, const std::string& name, int parent, int user_ticks, int threads = 1) const {
    write(paths.proc / std::to_string(pid) / "stat",
          std::to_string(pid) + " (" + name + ") S " + std::to_string(parent) + " 1 1 0 -1 0 0 0 0 0 " +
              std::to_string(user_ticks) + " 1 2 3 20 0 " + std::to_string(threads) + " 0 5 1000 10 1 1\n");
  }
  void children(int pid, int thread, const std::string& pids) const {
    write(paths.proc / std::to_string(pid) / "task" / std::to_string(thread) / "children", pids);
  }
  // A root with a child and a grandchild, and a stranger.
  void family() const {
    process(10, "a) R 1 (b", 1, 100);
    process(11, "child", 10, 200);
    process(12, "grandchild", 11, 300);
    process(13, "stranger", 1, 4000);
  }
};

void expect_family(const std::optional<Usage>& usage) {
  ASSERT_TRUE(usage.has_value());
  EXPECT_DOUBLE_EQ(usage->cpu_time.value(), (600 + 3 * 6) * kTick);
  EXPECT_DOUBLE_EQ(usage->resident_bytes.value(), 30.0 * kPage);
}

TEST(ProcessTree, IsSummedWhateverTheNamesWhereNoChildrenAreListed) {
  const FakeProcesses system;
  system.family();
  expect_family(process_tree_usage(system.paths, 10));
  EXPECT_FALSE(process_tree_usage(system.paths, 99).has_value());
}

TEST(ProcessTree, IsFollowedByTheListsOfChildren) {
  const FakeProcesses system;
  system.family();
  system.children(10, 10, "11 ");
  system.children(11, 11, "12 ");
  system.children(12, 12, "");
  // Only the lists say so: a look at all processes would not count it.
  system.process(14, "adopted", 1, 1000);
  system.children(12, 12, "14 ");
  system.children(14, 14, "");
  const auto usage = process_tree_usage(system.paths, 10);
  ASSERT_TRUE(usage.has_value());
  EXPECT_DOUBLE_EQ(usage->cpu_time.value(), (1600 + 4 * 6) * kTick);
}

TEST(ProcessTree, FindsChildrenOfEveryThreadAndCountsNoneTwice) {
  const FakeProcesses system;
  system.family();
  system.process(10, "threads", 1, 100, 3);
  system.children(10, 10, "");
  system.children(10, 20, "11 ");
  system.children(10, 21, "12 ");
  system.children(11, 11, "12 10 ");  // as if it had moved while the lists were read
  system.children(12, 12, "");
  expect_family(process_tree_usage(system.paths, 10));
}

TEST(ProcessTree, ChildrenThatEndWhileItLooksAreLeftOut) {
  const FakeProcesses system;
  system.family();
  system.children(10, 10, "11 98 ");
  system.children(11, 11, "12 ");  // and 12 lists none any more
  expect_family(process_tree_usage(system.paths, 10));
}

TEST(ProcessTree, WithMoreThreadsThanTheMachineHasProcessesEveryProcessIsLookedAt) {
  const FakeProcesses system;
  system.family();
  system.process(10, "many", 1, 100, 5000);
  for (int thread = 10; thread < 60; ++thread) system.children(10, thread, "");
  expect_family(process_tree_usage(system.paths, 10));  // the lists, which name no child, were not followed
}

// On the machine's own /proc.
TEST(ProcessTree, RealGrandchildrenOfAThreadAreFound) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::thread([&] {
      const pid_t grandchild = ::fork();
      if (grandchild == 0) {
        timespec used{};
        do {
          ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        } while (used.tv_nsec < 200'000'000 && used.tv_sec == 0);
        const pid_t self = ::getpid();
        [[maybe_unused]] const ssize_t told = ::write(ready[1], &self, sizeof self);
        ::pause();
      }
      ::pause();
    }).join();
    ::_exit(0);
  }
  pid_t grandchild = 0;
  ASSERT_EQ(::read(ready[0], &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
  const auto tree = process_tree_usage({}, child);
  const auto alone = process_tree_usage({}, grandchild);
  ::kill(grandchild, SIGKILL);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  ASSERT_TRUE(tree && alone);
  EXPECT_GE(alone->cpu_time.value(), 0.15);
  EXPECT_GE(tree->cpu_time.value(), alone->cpu_time.value());
  EXPECT_GT(tree->resident_bytes.value(), alone->resident_bytes.value());
}

}  // namespace
}  // namespace coppice::energy
