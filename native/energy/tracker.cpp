#include "native/energy/tracker.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "native/energy/model_source.h"
#include "native/energy/rapl.h"

namespace coppice::energy {

namespace {

double clock_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Starts a thread that takes no signals: a program's signals belong to its own threads, also when a tracker is in it.
// Faults of the thread itself and a profiler's clock are left alone.
template <typename Work>
Status start_quiet_thread(std::thread& thread, Work work) {
  sigset_t blocked;
  sigset_t before;
  ::sigfillset(&blocked);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF}) ::sigdelset(&blocked, own);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  Status status;
  try {
    thread = std::thread(std::move(work));
  } catch (const std::system_error& error) {
    status = failed(std::string("energy: the sampling thread cannot be started: ") + error.what() +
                    "; the limit of threads (ulimit -u, pids.max of the cgroup) may be reached");
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

using Totals = std::vector<std::optional<Figure<Joules>>>;  // one a source

// What was added between two looks at one source.
std::optional<Figure<Joules>> difference(const std::optional<Figure<Joules>>& from,
                                         const std::optional<Figure<Joules>>& to) {
  if (!to) return std::nullopt;
  if (!from) return to;
  Figure<Joules> result{to->value - from->value, to->low - from->low, to->high - from->high, to->provenance};
  // The slack at a counter's ends does not grow with time, so the ends of a difference are put right here.
  result.value = std::max(result.value, Joules(0.0));
  result.low = std::clamp(result.low, Joules(0.0), result.value);
  result.high = std::max(result.high, result.value);
  return result;
}

std::optional<Figure<Joules>> sum(const Totals& parts) {
  std::optional<Figure<Joules>> total;
  for (const auto& part : parts) {
    if (part) total = total ? *total + *part : *part;
  }
  return total;
}

}  // namespace

struct EnergyTracker::State {
  TrackerOptions options;
  std::optional<Intensity> intensity;
  std::optional<std::filesystem::path> cgroup;
  CpuInfo cpu;
  std::optional<double> memory_bytes;
  std::vector<std::unique_ptr<EnergySource>> sources;
  std::vector<std::string> notes;

  mutable std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::mutex finishing;  // held through finish(), where `mutex` cannot be: the thread that is joined takes it
  std::thread thread;
  pid_t owner = ::getpid();

  double monotonic_start = 0.0;
  double boot_start = 0.0;
  Usage usage_start;
  Usage usage_last;  // kept when the process tree has gone
  Sample last;
  double resident_seconds = 0.0;
  double peak_resident = 0.0;

  struct Mark {
    Seconds at;
    Seconds cpu_time;
    Totals totals;
  };
  Mark begin;
  std::optional<std::pair<std::string, Mark>> phase;
  std::vector<PhaseReport> phases;
  std::optional<EnergyReport> report;

  Usage read_usage() {
    std::optional<Usage> usage;
    if (options.scope == Scope::kContainer && cgroup) {
      usage = cgroup_usage(*cgroup);
    } else if (options.process_tree) {
      // Ended children first: one that ends between the two readings is then missed once and never counted twice.
      const Seconds ended = ended_children_cpu_time();
      usage = process_tree_usage(options.paths, *options.process_tree).value_or(Usage{});
      usage->cpu_time += ended;
    } else {
      usage = self_usage(options.paths);
    }
    if (!usage) usage = Usage{usage_last.cpu_time, 0.0};  // ended: its time stands, its memory is free
    usage->cpu_time =
        std::max(usage->cpu_time, usage_last.cpu_time);  // a child that is not waited for takes its time along
    usage_last = *usage;
    return *usage;
  }

  Sample look() {
    Sample sample;
    sample.at = Seconds(clock_seconds(CLOCK_MONOTONIC) - monotonic_start);
    sample.usage = read_usage();
    sample.machine = machine_cpu_time(options.paths);
    return sample;
  }

  // Needs the lock.
  void advance() {
    const Sample sample = look();
    for (const auto& source : sources) source->advance(last, sample);
    resident_seconds += 0.5 * (last.usage.resident_bytes + sample.usage.resident_bytes) * (sample.at - last.at).value();
    peak_resident = std::max(peak_resident, sample.usage.resident_bytes);
    last = sample;
  }

  [[nodiscard]] Mark mark() const {
    Mark result{last.at, last.usage.cpu_time, {}};
    for (const auto& source : sources) result.totals.push_back(source->total());
    return result;
  }

  [[nodiscard]] Reading reading_between(const Mark& from, const Mark& to) const {
    Reading reading;
    reading.duration = to.at - from.at;
    reading.cpu_time = to.cpu_time - from.cpu_time;
    Totals parts;
    for (size_t i = 0; i < to.totals.size(); ++i) parts.push_back(difference(from.totals[i], to.totals[i]));
    if (auto energy = sum(parts)) {
      reading.energy = *energy * options.pue;
      if (intensity) {
        const std::string source = intensity->source + (intensity->year ? " " + std::to_string(intensity->year) : "");
        reading.emissions = emissions_of(*reading.energy, intensity->value, source);
      }
    }
    return reading;
  }

  void close_phase() {
    if (!phase) return;
    phases.push_back({phase->first, reading_between(phase->second, mark())});
    phase.reset();
  }

  void choose_sources() {
    bool have_cpu = false;
    bool have_ram = false;
    const Result<RaplZones> zones = find_rapl_zones(options.paths);
    if (zones) {
      const auto& main = zones->packages.empty() ? zones->platform : zones->packages;
      if (auto source = make_rapl_source(main, Component::kCpu, options.scope)) {
        sources.push_back(std::move(*source));
        have_cpu = true;
      } else {
        notes.push_back(source.status().message());
      }
      if (!zones->packages.empty() && !zones->dram.empty()) {
        if (auto source = make_rapl_source(zones->dram, Component::kRam, options.scope)) {
          sources.push_back(std::move(*source));
          have_ram = true;
        } else {
          notes.push_back(source.status().message());
        }
      }
      if (zones->packages.empty()) have_ram = true;  // psys counts the whole platform, memory included
    } else {
      notes.push_back(zones.status().message());
    }
    if (!have_cpu) sources.push_back(make_cpu_model_source(choose_cpu_model(cpu, options.cpu_tdp), options.scope));
    if (!have_ram) {
#if defined(__aarch64__) || defined(__arm__)
      constexpr bool arm = true;
#else
      constexpr bool arm = false;
#endif
      if (auto source = make_ram_model_source(memory_bytes, arm, options.scope)) {
        sources.push_back(std::move(source));
      } else {
        notes.push_back((options.paths.proc / "meminfo").string() + ": no MemTotal; the energy of memory is absent");
      }
    }
    if (cpu.threads == 0) {
      notes.push_back((options.paths.proc / "cpuinfo").string() +
                      ": no processor listed; one hardware thread is assumed");
    }
  }

  void run() {
    std::unique_lock lock(mutex);
    // Close looks at first, so that a run of a tenth of a second has some too; then the period.
    double wait = std::min(0.02, options.sampling_period.value());
    while (!wake.wait_for(lock, std::chrono::duration<double>(wait), [this] { return stopping; })) {
      advance();
      wait = std::min(2.0 * wait, options.sampling_period.value());
    }
  }
};

EnergyTracker::EnergyTracker(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<EnergyTracker>> EnergyTracker::start(TrackerOptions options) {
  if (!(options.pue >= 1.0 && options.pue <= 10.0)) {
    return invalid_usage("energy: a power usage effectiveness lies in 1..10, not " + std::to_string(options.pue));
  }
  if (!(options.sampling_period.value() >= 0.01 && options.sampling_period.value() <= 3600.0)) {
    return invalid_usage("energy: the sampling period must lie in 0.01..3600 s, not " +
                         std::to_string(options.sampling_period.value()));
  }
  if (options.cpu_tdp && !(options.cpu_tdp->value() > 0.0 && std::isfinite(options.cpu_tdp->value()))) {
    return invalid_usage("energy: a TDP must be a positive number of watts");
  }
  auto state = std::make_unique<State>();
  if (options.compat_codecarbon) {
    state->intensity = resolve_intensity_as_codecarbon(options.place);
  } else if (!options.place.empty()) {
    COPPICE_ASSIGN_OR_RETURN(state->intensity, resolve_intensity(options.place));
  }
  if (options.process_tree && !process_tree_usage(options.paths, *options.process_tree)) {
    return not_found("energy: there is no process " + std::to_string(*options.process_tree));
  }
  state->options = std::move(options);
  if (state->options.scope == Scope::kContainer) {
    state->cgroup = own_cgroup(state->options.paths);
    if (!state->cgroup) {
      return unsupported("energy: no cgroup v2 with a CPU controller holds this process; use the scope \"process\"");
    }
  }
  state->cpu = read_cpu_info(state->options.paths);
  state->memory_bytes = total_memory_bytes(state->options.paths);
  state->choose_sources();
  state->monotonic_start = clock_seconds(CLOCK_MONOTONIC);
  state->boot_start = clock_seconds(CLOCK_BOOTTIME);
  state->last = state->look();
  state->usage_start = state->last.usage;
  state->peak_resident = state->last.usage.resident_bytes;
  state->begin = state->mark();
  COPPICE_RETURN_IF_ERROR(start_quiet_thread(state->thread, [shared = state.get()] { shared->run(); }));
  return std::unique_ptr<EnergyTracker>(new EnergyTracker(std::move(state)));
}

EnergyTracker::~EnergyTracker() {
  // In a child after fork the thread to be joined does not exist and the lock may be held for ever.
  if (::getpid() == state_->owner) {
    finish();
  } else {
    static_cast<void>(state_.release());
  }
}

Reading EnergyTracker::now() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->report) return state_->report->total;
  state_->advance();
  return state_->reading_between(state_->begin, state_->mark());
}

void EnergyTracker::begin_phase(std::string name) {
  const std::lock_guard lock(state_->mutex);
  if (state_->report) return;
  state_->advance();
  state_->close_phase();
  state_->phase.emplace(std::move(name), state_->mark());
}

void EnergyTracker::end_phase() {
  const std::lock_guard lock(state_->mutex);
  if (state_->report) return;
  state_->advance();
  state_->close_phase();
}

EnergyReport EnergyTracker::finish() {
  const std::lock_guard one_at_a_time(state_->finishing);
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->report) return *state_->report;
    state_->stopping = true;
  }
  state_->wake.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
  const std::lock_guard lock(state_->mutex);
  State& state = *state_;
  state.advance();
  state.close_phase();
  EnergyReport report;
  report.scope = state.options.scope;
  const State::Mark end = state.mark();
  report.total = state.reading_between(state.begin, end);
  const double boot = clock_seconds(CLOCK_BOOTTIME) - state.boot_start;
  const double asleep = boot - report.total.duration.value();
  report.suspended = Seconds(asleep > 0.5 ? asleep : 0.0);  // the two clocks are not read at one moment
  const double seconds = report.total.duration.value();
  report.mean_resident_bytes = seconds > 0.0 ? state.resident_seconds / seconds : state.last.usage.resident_bytes;
  report.peak_resident_bytes = state.peak_resident;
  const double capacity = seconds * std::max(state.cpu.threads, 1);
  report.cpu_utilisation_percent =
      capacity > 0.0 ? std::clamp(100.0 * report.total.cpu_time.value() / capacity, 0.0, 100.0) : 0.0;
  report.notes = state.notes;
  for (size_t i = 0; i < state.sources.size(); ++i) {
    const EnergySource& source = *state.sources[i];
    ComponentReport component{source.component(), source.description(), std::nullopt};
    if (auto energy = difference(state.begin.totals[i], end.totals[i])) component.energy = *energy * state.options.pue;
    report.components.push_back(std::move(component));
    for (std::string& warning : source.warnings()) report.notes.push_back(std::move(warning));
  }
  if (report.suspended.value() > 0.0) {
    report.notes.push_back("the machine was suspended for " + std::to_string(report.suspended.value()) +
                           " s, which are left out of duration and energy");
  }
  report.phases = state.phases;
  report.intensity = state.intensity;
  report.pue = state.options.pue;
  report.cpu = state.cpu;
  report.total_memory_bytes = state.memory_bytes;
  state.report = report;
  return report;
}

std::vector<std::string> EnergyTracker::describe() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<std::string> lines;
  for (const auto& source : state_->sources) {
    lines.push_back(std::string(to_string(source->component())) + ": " + source->description());
  }
  return lines;
}

}  // namespace coppice::energy
