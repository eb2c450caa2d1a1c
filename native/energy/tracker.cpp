#include "native/energy/tracker.h"

#include <pthread.h>
#include <signal.h>
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
#include "native/energy/nvml.h"
#include "native/energy/rapl.h"

namespace coppice::energy {

namespace {

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

// What was added between two looks at one source with this slack at the ends of a window.
std::optional<Figure<Joules>> difference(const std::optional<Figure<Joules>>& from,
                                         const std::optional<Figure<Joules>>& to, Joules slack) {
  if (!to) return std::nullopt;
  if (!from) return to;
  // Both hold the slack already, and it does not grow with time: it fell out of the difference.
  Figure<Joules> result{to->value - from->value, to->low - from->low - slack, to->high - from->high + slack,
                        to->provenance};
  result.value = std::max(result.value, Joules(0.0));
  result.low = std::clamp(result.low, Joules(0.0), result.value);
  result.high = std::max(result.high, result.value);
  return result;
}

// The folder of the cgroup that is charged; none unless the scope is a container.
Result<std::optional<std::filesystem::path>> cgroup_to_charge(const TrackerOptions& options) {
  std::optional<std::filesystem::path> folder;
  if (options.scope != Scope::kContainer) {
    if (options.cgroup.empty()) return folder;
    return invalid_usage("energy: a cgroup is charged in the scope \"container\" only");
  }
  if (!options.cgroup.empty()) {
    folder = options.paths.cgroup / options.cgroup;  // an absolute path stands for itself
  } else {
    folder = cgroup_of(options.paths, "self");
    if (!folder) {
      return unsupported((options.paths.proc / "self/cgroup").string() +
                         ": no cgroup v2 (a line 0::PATH) holds this process; use the scope \"process\"");
    }
  }
  const Result<Usage> usage = cgroup_usage(*folder);
  if (usage) return folder;
  return not_found(usage.status().message() + ". Expected the folder of a cgroup v2, such as " +
                   (options.paths.cgroup / "system.slice/NAME.service").string() +
                   ", with its CPU time in cpu.stat; else use the scope \"process\"");
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

  double awake_start = 0.0;
  double boot_start = 0.0;
  Adoption adoption;
  Usage usage_last;  // kept when the process tree or the cgroup has gone
  Sample last;
  double resident_byte_seconds = 0.0;
  double resident_seconds = 0.0;
  std::optional<double> peak_resident;

  struct Mark {
    Seconds at;
    Seconds cpu_time;
    Totals totals;
  };
  Mark begin;
  // The intensities in force, each from its mark on; empty where no place was given. The first holds from the start.
  struct IntensitySpan {
    Intensity intensity;
    Mark from;
  };
  std::vector<IntensitySpan> spans;
  double next_refresh = 0.0;
  int refresh_failures = 0;
  std::string refresh_failure;  // of the last one
  std::optional<std::pair<std::string, Mark>> phase;
  std::vector<PhaseReport> phases;
  std::optional<EnergyReport> report;

  Usage read_usage() {
    std::optional<Usage> usage;
    if (cgroup) {
      if (Result<Usage> told = cgroup_usage(*cgroup)) {
        usage = *told;
      } else {
        note_once("the cgroup has gone, its CPU time of the last look stands: " + told.status().message());
      }
    } else if (options.process_tree) {
      // Ended children first: one that ends between the two readings is then missed once and never counted twice.
      const Seconds ended = ended_children_cpu_time();
      usage = process_tree_usage(options.paths, *options.process_tree, adoption).value_or(Usage{Seconds(0.0), 0.0});
      usage->cpu_time += ended;
    } else {
      usage = self_usage(options.paths);
    }
    if (!usage) usage = Usage{usage_last.cpu_time, 0.0};  // ended: its time stands, its memory is free
    // A child that is not waited for takes its time along.
    usage->cpu_time = std::max(usage->cpu_time, usage_last.cpu_time);
    usage_last = *usage;
    return *usage;
  }

  void note_once(std::string text) {
    if (std::find(notes.begin(), notes.end(), text) == notes.end()) notes.push_back(std::move(text));
  }

  Sample look() {
    Sample sample;
    sample.at = Seconds(options.clocks.awake() - awake_start);
    if (sample.at < last.at) {
      note_once("the machine's clock went back: that time is left out");
      awake_start += (sample.at - last.at).value();
      sample.at = last.at;
    }
    sample.usage = read_usage();
    sample.machine = machine_cpu_time(options.paths);
    return sample;
  }

  // Needs the lock.
  void advance() {
    const Sample sample = look();
    if (sample.at <= last.at) return;  // no time has passed: the next look covers what has changed
    for (const auto& source : sources) source->advance(last, sample);
    const auto& held = sample.usage.resident_bytes;
    if (held && last.usage.resident_bytes) {
      resident_byte_seconds += 0.5 * (*last.usage.resident_bytes + *held) * (sample.at - last.at).value();
      resident_seconds += (sample.at - last.at).value();
    }
    if (held) peak_resident = std::max(peak_resident.value_or(0.0), *held);
    last = sample;
  }

  [[nodiscard]] Mark mark() const {
    Mark result{last.at, last.usage.cpu_time, {}};
    for (const auto& source : sources) result.totals.push_back(source->total());
    return result;
  }

  [[nodiscard]] std::optional<Figure<Joules>> energy_between(const Mark& from, const Mark& to) const {
    Totals parts;
    for (size_t i = 0; i < to.totals.size(); ++i) {
      parts.push_back(difference(from.totals[i], to.totals[i], sources[i]->slack()));
    }
    if (auto energy = sum(parts)) return *energy * options.pue;
    return std::nullopt;
  }

  // Energy at the intensity that was in force while it was used.
  [[nodiscard]] std::optional<Figure<GramsCo2e>> emissions_between(const Mark& from, const Mark& to,
                                                                   const Figure<Joules>& energy) const {
    if (spans.empty()) return std::nullopt;
    const Intensity& first = spans.front().intensity;
    if (spans.size() == 1) {
      const std::string year = first.year != 0 && !first.live ? " " + std::to_string(first.year) : "";
      return emissions_of(energy, first.value, first.source + year);
    }
    Figure<GramsCo2e> total;
    total.provenance = energy.provenance;
    total.provenance.method += " x values from " + first.source + " to " + spans.back().intensity.source;
    for (size_t i = 0; i < spans.size(); ++i) {
      const Mark& begins = i == 0 || spans[i].from.at < from.at ? from : spans[i].from;
      const Mark& ends = i + 1 == spans.size() || to.at < spans[i + 1].from.at ? to : spans[i + 1].from;
      if (ends.at <= begins.at) continue;
      if (const auto part = energy_between(begins, ends)) {
        total.value += part->value * spans[i].intensity.value;
        total.low += part->low * spans[i].intensity.value;
        total.high += part->high * spans[i].intensity.value;
      }
    }
    return total;
  }

  [[nodiscard]] Reading reading_between(const Mark& from, const Mark& to) const {
    Reading reading;
    reading.duration = to.at - from.at;
    reading.cpu_time = to.cpu_time - from.cpu_time;
    reading.energy = energy_between(from, to);
    if (reading.energy) reading.emissions = emissions_between(from, to, *reading.energy);
    return reading;
  }

  // Needs the lock, which is let go while the answer is waited for.
  void refresh_intensity(std::unique_lock<std::mutex>& lock) {
    constexpr double kRetrySeconds = 300.0;
    const double period = options.intensity_period.value();
    lock.unlock();
    Result<Intensity> fresh = options.refresh_intensity();
    lock.lock();
    advance();
    if (!fresh) {
      next_refresh = last.at.value() + std::min(period, kRetrySeconds);
      ++refresh_failures;  // one note at the end: a run of weeks without a network must not fill its record with them
      refresh_failure = fresh.status().message();
      return;
    }
    next_refresh = last.at.value() + period;
    const auto& before = spans.back().intensity.live;
    if (before && fresh->live && before->as_of == fresh->live->as_of) return;  // nothing newer is published
    spans.push_back({std::move(*fresh), mark()});
  }

  // One intensity for the whole run; of several the mean by energy.
  [[nodiscard]] std::optional<Intensity> overall_intensity(const Reading& total) const {
    if (spans.empty()) return std::nullopt;
    Intensity overall = spans.back().intensity;
    if (spans.size() == 1) return overall;
    if (total.energy && total.emissions && total.energy->value.value() > 0.0) {
      overall.value = GramsPerKwh(total.emissions->value.value() / to_kwh(total.energy->value));
    }
    overall.note = "mean by energy of " + std::to_string(spans.size()) + " values" +
                   (overall.note.empty() ? "" : "; " + overall.note);
    return overall;
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
    add_gpus(zones.ok() && zones->packages.empty());
    if (cpu.threads == 0) {
      notes.push_back((options.paths.proc / "cpuinfo").string() +
                      ": no processor listed; one hardware thread is assumed");
    }
  }

  void add_gpus(bool platform_is_counted) {
    Result<NvidiaGpus> gpus = find_nvidia_gpus(options.paths);
    if (!gpus) {
      if (gpus.status().code() != StatusCode::kNotFound) notes.push_back(gpus.status().message());
      return;
    }
    if (platform_is_counted) {
      notes.push_back("GPUs are not counted apart: the platform counter psys may hold them already");
      return;
    }
    OwnerOf owner;
    if (cgroup && !has_own_pid_numbers(options.paths)) {
      owner = owner_by_cgroup(options.paths, *cgroup);
    } else if (!has_own_pid_numbers(options.paths)) {
      owner = owner_by_tree(options.paths, options.process_tree.value_or(::getpid()), adoption);
    }
    sources.push_back(make_nvml_source(std::move(*gpus), options.scope, std::move(owner)));
  }

  void run() {
    std::unique_lock lock(mutex);
    // Close looks at first, so that a run of a tenth of a second has some too; then the period.
    double wait = std::min(0.02, options.sampling_period.value());
    while (!wake.wait_for(lock, std::chrono::duration<double>(wait), [this] { return stopping; })) {
      advance();
      wait = std::min(2.0 * wait, options.sampling_period.value());
      if (options.refresh_intensity && !spans.empty() && last.at.value() >= next_refresh) refresh_intensity(lock);
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
  if (!(options.intensity_period.value() > 0.0)) {
    return invalid_usage("energy: the period of a live intensity must be more than 0 s");
  }
  auto state = std::make_unique<State>();
  std::optional<Intensity> intensity = options.intensity;
  if (!intensity && options.compat_codecarbon) {
    intensity = resolve_intensity_as_codecarbon(options.place);
  } else if (!intensity && !options.place.empty()) {
    COPPICE_ASSIGN_OR_RETURN(intensity, resolve_intensity(options.place));
  }
  if (options.process_tree && !process_tree_usage(options.paths, *options.process_tree)) {
    return not_found("energy: there is no process " + std::to_string(*options.process_tree));
  }
  COPPICE_ASSIGN_OR_RETURN(state->cgroup, cgroup_to_charge(options));
  state->options = std::move(options);
  if (state->options.process_tree && adopts_orphans()) {
    state->adoption.adopter = ::getpid();
    state->adoption.not_adopted = children_of(state->options.paths, ::getpid());
  }
  state->cpu = read_cpu_info(state->options.paths);
  state->memory_bytes = total_memory_bytes(state->options.paths);
  state->choose_sources();
  state->awake_start = state->options.clocks.awake();
  state->boot_start = state->options.clocks.boot();
  state->last = state->look();
  state->peak_resident = state->last.usage.resident_bytes;
  state->begin = state->mark();
  if (intensity) state->spans.push_back({std::move(*intensity), state->begin});
  state->next_refresh = state->options.intensity_period.value();
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
  const double boot = state.options.clocks.boot() - state.boot_start;
  const double asleep = boot - report.total.duration.value();
  report.suspended = Seconds(asleep > 0.5 ? asleep : 0.0);  // the two clocks are not read at one moment
  const double seconds = report.total.duration.value();
  report.mean_resident_bytes = state.last.usage.resident_bytes;
  if (state.resident_seconds > 0.0) report.mean_resident_bytes = state.resident_byte_seconds / state.resident_seconds;
  report.peak_resident_bytes = state.peak_resident;
  if (state.cgroup) report.cgroup = state.cgroup->string();
  const double capacity = seconds * state.cpu.threads;
  if (capacity > 0.0) {
    report.cpu_utilisation_percent = std::clamp(100.0 * report.total.cpu_time.value() / capacity, 0.0, 100.0);
  }
  report.notes = state.notes;
  for (size_t i = 0; i < state.sources.size(); ++i) {
    const EnergySource& source = *state.sources[i];
    ComponentReport component{source.component(), source.description(), std::nullopt, source.devices()};
    if (auto energy = difference(state.begin.totals[i], end.totals[i], source.slack()))
      component.energy = *energy * state.options.pue;
    for (DeviceReport& device : component.devices) {
      if (device.energy) device.energy = *device.energy * state.options.pue;
    }
    report.components.push_back(std::move(component));
    for (std::string& warning : source.warnings()) report.notes.push_back(std::move(warning));
  }
  if (report.suspended.value() > 0.0) {
    report.notes.push_back("the machine was suspended for " + std::to_string(report.suspended.value()) +
                           " s, which are left out of duration and energy");
  }
  if (state.refresh_failures > 0) {
    report.notes.push_back("the carbon intensity could not be had anew " + std::to_string(state.refresh_failures) +
                           " times, the one before stayed in force; the last time: " + state.refresh_failure);
  }
  report.phases = state.phases;
  report.intensity = state.overall_intensity(report.total);
  if (state.spans.size() > 1) {
    for (const auto& span : state.spans) report.intensities.push_back({span.from.at - state.begin.at, span.intensity});
  }
  report.hardware = state.options.hardware;
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
    for (const std::string& warning : source->warnings()) lines.push_back("note: " + warning);
  }
  for (const std::string& note : state_->notes) lines.push_back("note: " + note);
  return lines;
}

}  // namespace coppice::energy
