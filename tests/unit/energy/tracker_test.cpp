#include "native/energy/tracker.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "native/energy/model_source.h"
#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {
namespace {

constexpr char kCpuInfo[] =
    "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 158\n"
    "model name\t: Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz\nstepping\t: 12\nflags\t\t: fpu sse\n\n"
    "processor\t: 1\nmodel name\t: Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz\nflags\t\t: fpu sse\n";

void burn(double seconds) {
  const auto used = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double end = used() + seconds;
  while (used() < end) {
  }
}

TEST(System, ReadsProcFiles) {
  const FakeSystem system;
  system.write(system.paths.proc / "cpuinfo", kCpuInfo);
  system.write(system.paths.proc / "meminfo", "MemTotal:       16384000 kB\nMemFree: 1 kB\n");
  system.write(system.paths.proc / "stat", "cpu  100 50 50 700 100 0 0 500 30 0\ncpu0 1 1 1 1\n");
  const CpuInfo info = read_cpu_info(system.paths);
  EXPECT_EQ(info.threads, 2);
  EXPECT_EQ(info.model_name, "Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz");
  EXPECT_EQ(info.model, 158);
  EXPECT_FALSE(info.virtual_machine);
  EXPECT_EQ(total_memory_bytes(system.paths), 16384000.0 * 1024);
  const auto time = machine_cpu_time(system.paths);
  ASSERT_TRUE(time.has_value());
  const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  EXPECT_DOUBLE_EQ(time->busy.value(), 200 * tick);  // stolen time is not ours
  EXPECT_DOUBLE_EQ(time->total.value(), 1000 * tick);
}

TEST(CpuModel, ChoosesTheMostTellingOne) {
  CpuInfo info;
  info.model_name = "Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz";
  info.threads = 8;
  CpuModel model = choose_cpu_model(info, std::nullopt);
  EXPECT_EQ(model.tdp, Watts(95));
  EXPECT_EQ(model.provenance.kind, ProvenanceKind::kModelled);
  EXPECT_EQ(choose_cpu_model(info, Watts(50)).tdp, Watts(50));

  info = {"AMD EPYC", "AuthenticAMD", 25, 17, 1, 2, true};
  model = choose_cpu_model(info, std::nullopt);
  EXPECT_FALSE(model.tdp.has_value());
  EXPECT_STREQ(model.per_thread.architecture, "EPYC 4th Gen");

  // A virtual machine must not be charged the whole chip, even if its name is known.
  info = {"AMD EPYC 7763 64-Core Processor", "AuthenticAMD", 25, 1, 1, 2, true};
  EXPECT_FALSE(choose_cpu_model(info, std::nullopt).tdp.has_value());

  info = {"Frobozz X1", "Frobozz", 1, 1, 1, 4, false};
  model = choose_cpu_model(info, std::nullopt);
  EXPECT_EQ(model.provenance.kind, ProvenanceKind::kAssumed);
  EXPECT_LT(model.low_factor, 0.3);
  EXPECT_GT(model.high_factor, 2.0);
}

TEST(CpuModelSource, ChargesAProcessByItsCpuTime) {
  CpuInfo info;
  info.model_name = "Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz";
  info.threads = 8;
  const auto source = make_cpu_model_source(choose_cpu_model(info, std::nullopt), Scope::kProcess);
  EXPECT_FALSE(source->total().has_value());
  source->advance(sample_at(0, 0, 0, 0), sample_at(10, 4, 50, 80));
  const auto total = source->total();
  ASSERT_TRUE(total.has_value());
  EXPECT_DOUBLE_EQ(total->value.value(), 95.0 * 4 / 8);
  EXPECT_LT(total->low, total->value);
  EXPECT_GT(total->high, total->value);
  source->advance(sample_at(10, 4, 50, 80), sample_at(20, 4, 100, 160));  // others were busy: not charged
  EXPECT_DOUBLE_EQ(source->total()->value.value(), 95.0 * 4 / 8);
}

TEST(RamModelSource, ChargesTheShareOfMemoryHeld) {
  const double total = 16.0 * 1073741824.0;
  const auto process = make_ram_model_source(total, false, Scope::kProcess);
  process->advance(sample_at(0, 0, 0, 0, total / 4), sample_at(10, 0, 0, 0, total / 4));
  EXPECT_DOUBLE_EQ(process->total()->value.value(), 10.0 * 10 / 4);
  const auto machine = make_ram_model_source(total, false, Scope::kMachine);
  machine->advance(sample_at(0, 0, 0, 0), sample_at(10, 0, 0, 0));
  EXPECT_DOUBLE_EQ(machine->total()->value.value(), 100.0);
  EXPECT_EQ(make_ram_model_source(std::nullopt, false, Scope::kMachine), nullptr);
}

TEST(EnergyTracker, ChargesPhasesThatSumToTheWhole) {
  TrackerOptions options;
  options.place.country = "FRA";
  auto tracker = EnergyTracker::start(std::move(options));
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  (*tracker)->begin_phase("first");
  burn(0.05);
  (*tracker)->begin_phase("second");
  burn(0.10);
  (*tracker)->end_phase();
  const Reading reading = (*tracker)->now();
  ASSERT_TRUE(reading.energy.has_value());
  const EnergyReport report = (*tracker)->finish();
  ASSERT_EQ(report.phases.size(), 2U);
  EXPECT_EQ(report.phases[0].name, "first");
  ASSERT_TRUE(report.phases[0].total.energy && report.phases[1].total.energy && report.total.energy);
  const double parts = report.phases[0].total.energy->value.value() + report.phases[1].total.energy->value.value();
  EXPECT_GT(parts, 0.0);
  EXPECT_LE(parts, report.total.energy->value.value() * (1 + 1e-9));
  EXPECT_GT(parts, 0.8 * report.total.energy->value.value());
  EXPECT_GE(report.total.cpu_time.value(), 0.15);
  EXPECT_LE(report.total.energy->low, report.total.energy->value);
  EXPECT_LE(report.total.energy->value, report.total.energy->high);
  ASSERT_TRUE(report.total.emissions.has_value());
  EXPECT_NEAR(report.total.emissions->value.value(),
              to_kwh(report.total.energy->value) * report.intensity->value.value(), 1e-12);
  const OrderedJson json = to_json(report);
  EXPECT_EQ(json["phases"].size(), 2U);
  EXPECT_TRUE(json["energy_joules"].contains("provenance"));
  EXPECT_EQ(dump_json(to_json((*tracker)->finish())), dump_json(json));  // finished twice: the same report
}

TEST(EnergyTracker, UsesACounterThroughTheGivenFolders) {
  const FakeSystem system;
  system.zone("intel-rapl:0", "package-0", 1'000'000);
  system.zone("intel-rapl:0/intel-rapl:0:0", "dram", 1'000'000);
  system.write(system.paths.proc / "cpuinfo", kCpuInfo);
  system.write(system.paths.proc / "meminfo", "MemTotal: 16384000 kB\n");
  TrackerOptions options;
  options.scope = Scope::kMachine;
  options.paths = system.paths;
  auto tracker = EnergyTracker::start(std::move(options));
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  system.set_counter("intel-rapl:0", 1'500'000);
  system.set_counter("intel-rapl:0/intel-rapl:0:0", 1'100'000);
  const EnergyReport report = (*tracker)->finish();
  ASSERT_TRUE(report.total.energy.has_value());
  EXPECT_NEAR(report.total.energy->value.value(), 0.6, 1e-9);
  EXPECT_EQ(report.total.energy->provenance.kind, ProvenanceKind::kMeasured);
  EXPECT_FALSE(report.total.emissions.has_value());  // no place was given
  EXPECT_FALSE(to_json(report).contains("carbon_grams_co2e"));
}

TEST(EnergyTracker, AMachineThatTellsNothingStillGivesAnAnswer) {
  const FakeSystem system;  // no cpuinfo, no meminfo, no stat, no counter
  TrackerOptions options;
  options.paths = system.paths;
  auto tracker = EnergyTracker::start(std::move(options));
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  burn(0.01);
  const EnergyReport report = (*tracker)->finish();
  ASSERT_TRUE(report.total.energy.has_value());
  EXPECT_EQ(report.total.energy->provenance.kind, ProvenanceKind::kAssumed);
  EXPECT_EQ(report.components.size(), 1U);  // memory is absent, not 0
  EXPECT_GE(report.notes.size(), 2U);
}

TEST(EnergyTracker, FollowsAnotherProcessUntilItEnds) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    burn(0.1);
    ::pause();
    ::_exit(0);
  }
  TrackerOptions options;
  options.process_tree = child;
  auto tracker = EnergyTracker::start(std::move(options));
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  for (int i = 0; i < 100 && (*tracker)->now().cpu_time.value() < 0.05; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const double before = (*tracker)->now().cpu_time.value();
  EXPECT_GT(before, 0.04);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_GE((*tracker)->finish().total.cpu_time.value(), before);  // what it used is not forgotten
}

// Its proof of being free of races is a build with -DCOPPICE_SANITIZE=thread.
TEST(EnergyTracker, IsUsedByManyThreadsAtOnce) {
  TrackerOptions options;
  options.sampling_period = Seconds(0.01);
  auto tracker = EnergyTracker::start(std::move(options));
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&tracker, i] {
      for (int round = 0; round < 20; ++round) {
        (*tracker)->begin_phase("phase " + std::to_string(i));
        EXPECT_GE((*tracker)->now().duration.value(), 0.0);
        EXPECT_FALSE((*tracker)->describe().empty());
        (*tracker)->end_phase();
      }
      (*tracker)->finish();
    });
  }
  for (std::thread& thread : threads) thread.join();
  const EnergyReport report = (*tracker)->finish();
  EXPECT_LE(report.phases.size(), 80U);
  EXPECT_GE(report.phases.size(), 20U);  // the first to finish has had all of its own
}

TEST(EnergyTracker, AForkedChildCanLetItsCopyGo) {
  auto tracker = EnergyTracker::start({});
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(10);  // ends a child that hangs
    (*tracker).reset();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_GT((*tracker)->finish().total.duration.value(), 0.0);
}

TEST(EnergyTracker, LeavesSignalsToTheProgramsOwnThreads) {
  static std::atomic<pid_t> taken_by = 0;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { taken_by = static_cast<pid_t>(::syscall(SYS_gettid)); };
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  auto tracker = EnergyTracker::start({});
  ASSERT_TRUE(tracker.ok()) << tracker.status().message();
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR1);
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, &set, &mask);
  EXPECT_FALSE(::sigismember(&mask, SIGUSR1));  // start() has put this thread's mask back
  ::kill(::getpid(), SIGUSR1);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(taken_by, 0);  // this thread will not take it now, and the tracker's may not
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  EXPECT_EQ(taken_by, ::getpid());
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(EnergyTracker, RefusesImpossibleSettings) {
  const auto code = [](TrackerOptions options) { return EnergyTracker::start(std::move(options)).status().code(); };
  TrackerOptions options;
  options.place.country = "ZZZ";
  EXPECT_EQ(code(options), StatusCode::kNotFound);
  options = {};
  options.pue = 0.5;
  EXPECT_EQ(code(options), StatusCode::kInvalidUsage);
  options = {};
  options.process_tree = 999999999;
  EXPECT_EQ(code(options), StatusCode::kNotFound);
  options = {};
  options.sampling_period = Seconds(0);
  EXPECT_EQ(code(options), StatusCode::kInvalidUsage);
  options = {};
  options.cpu_tdp = Watts(-3);
  EXPECT_EQ(code(options), StatusCode::kInvalidUsage);
}

TEST(EnergyTracker, StartsInUnder20Milliseconds) {
  const auto begin = std::chrono::steady_clock::now();
  auto tracker = EnergyTracker::start({});
  ASSERT_TRUE(tracker.ok());
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  // Ten times the bound: this build has sanitizers and the machine other work.
  EXPECT_LT(took.count(), 200.0);
}

}  // namespace
}  // namespace coppice::energy
