#include "native/energy/system.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

namespace coppice::energy {

namespace {

// Files of /proc and /sys have no size: they are read until the end, up to a limit no such file comes near.
Result<std::string> read_pseudo_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed(path.string() + ": " + std::strerror(errno));
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const Status status = failed(path.string() + ": " + std::strerror(errno));
      ::close(fd);
      return status;
    }
    if (got == 0 || text.size() > (16U << 20)) break;
    text.append(buffer, static_cast<size_t>(got));
  }
  ::close(fd);
  return text;
}

Seconds from_ticks(double ticks) {
  static const double per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return Seconds(ticks / per_second);
}

double page_bytes() {
  static const auto bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

int to_int(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Lines "cpu0 ...", "cpu1 ..." of /proc/stat.
int threads_of_stat(const SystemPaths& paths) {
  const std::optional<std::string> text = read_small_file(paths.proc / "stat");
  if (!text) return 0;
  std::istringstream lines(*text);
  int threads = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, 3, "cpu") == 0 && line.size() > 3 && line[3] != ' ') ++threads;
  }
  return threads;
}

double clock_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

SystemClocks system_clocks() {
  return {[] { return clock_seconds(CLOCK_MONOTONIC); }, [] { return clock_seconds(CLOCK_BOOTTIME); }};
}

bool is_denied(const std::filesystem::path& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0 && (errno == EACCES || errno == EPERM);
}

std::optional<std::string> read_small_file(const std::filesystem::path& path) {
  Result<std::string> text = read_pseudo_file(path);
  if (!text) return std::nullopt;
  return std::string(trimmed(*text));
}

Result<uint64_t> read_counter(const std::filesystem::path& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string text, read_pseudo_file(path));
  const std::string_view digits = trimmed(text);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
    return invalid_input(path.string() + ": expected a whole number, found \"" + text.substr(0, 40) + "\"");
  }
  return value;
}

CpuInfo read_cpu_info(const SystemPaths& paths) {
  CpuInfo info;
  const std::optional<std::string> text = read_small_file(paths.proc / "cpuinfo");
  std::istringstream lines(text.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view key = trimmed(std::string_view(line).substr(0, colon));
    const std::string_view value = trimmed(std::string_view(line).substr(colon + 1));
    if (key == "processor") ++info.threads;
    if (info.threads > 1) continue;  // the first processor speaks for all
    if (key == "model name") info.model_name = value;
    if (key == "vendor_id") info.vendor = value;
    if (key == "cpu family") info.family = to_int(value);
    if (key == "model") info.model = to_int(value);
    if (key == "stepping") info.stepping = to_int(value);
    if (key == "flags") {
      const std::string flags = " " + std::string(value) + " ";
      info.virtual_machine = flags.find(" hypervisor ") != std::string::npos;
    }
  }
  if (info.threads == 0) info.threads = threads_of_stat(paths);
  return info;
}

std::optional<double> total_memory_bytes(const SystemPaths& paths) {
  const std::optional<std::string> text = read_small_file(paths.proc / "meminfo");
  if (!text) return std::nullopt;
  const size_t at = text->find("MemTotal:");
  if (at == std::string::npos) return std::nullopt;
  const double kilobytes = std::strtod(text->c_str() + at + 9, nullptr);
  if (!(kilobytes > 0.0)) return std::nullopt;
  return kilobytes * 1024.0;
}

std::optional<MachineCpuTime> machine_cpu_time(const SystemPaths& paths) {
  const std::optional<std::string> text = read_small_file(paths.proc / "stat");
  if (!text || text->compare(0, 4, "cpu ") != 0) return std::nullopt;
  std::istringstream fields(text->substr(4, text->find('\n') - 4));
  double sum = 0.0;
  double idle = 0.0;
  // user nice system idle iowait irq softirq steal; guest times are part of user and nice already.
  for (int i = 0; i < 8; ++i) {
    double ticks = 0.0;
    if (!(fields >> ticks)) break;
    if (i == 7) break;  // stolen by another guest: neither our work nor our idling
    sum += ticks;
    if (i == 3 || i == 4) idle += ticks;
  }
  if (!(sum > 0.0)) return std::nullopt;
  return MachineCpuTime{from_ticks(sum - idle), from_ticks(sum)};
}

Seconds ended_children_cpu_time() {
  rusage children{};
  if (::getrusage(RUSAGE_CHILDREN, &children) != 0) return Seconds(0.0);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return Seconds(seconds(children.ru_utime) + seconds(children.ru_stime));
}

Usage self_usage(const SystemPaths& paths) {
  Usage usage;
  timespec own{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own) == 0) {
    usage.cpu_time = Seconds(static_cast<double>(own.tv_sec) + static_cast<double>(own.tv_nsec) * 1e-9);
  }
  usage.cpu_time += ended_children_cpu_time();
  if (const auto statm = read_small_file(paths.proc / "self" / "statm")) {
    const size_t space = statm->find(' ');
    if (space != std::string::npos) {
      usage.resident_bytes = std::strtod(statm->c_str() + space, nullptr) * page_bytes();
    }
  }
  return usage;
}

bool adopts_orphans() {
  int set = 0;
  return ::prctl(PR_GET_CHILD_SUBREAPER, &set) == 0 && set != 0;
}

bool has_own_pid_numbers(const SystemPaths& paths) {
  // The kernel gives the first namespace of its kind this fixed number (PROC_PID_INIT_INO).
  std::error_code error;
  const std::filesystem::path name = std::filesystem::read_symlink(paths.proc / "self" / "ns" / "pid", error);
  return !error && name != "pid:[4026531836]";
}

Result<Usage> cgroup_usage(const std::filesystem::path& folder) {
  COPPICE_ASSIGN_OR_RETURN(const std::string stat, read_pseudo_file(folder / "cpu.stat"));
  const size_t at = ("\n" + stat).find("\nusage_usec ");
  if (at == std::string::npos) {
    return invalid_input((folder / "cpu.stat").string() + ": expected a line usage_usec, as cgroup v2 has");
  }
  Usage usage;
  usage.cpu_time = Seconds(std::strtod(stat.c_str() + at + 11, nullptr) * 1e-6);
  if (const Result<uint64_t> memory = read_counter(folder / "memory.current")) {
    usage.resident_bytes = static_cast<double>(*memory);
  }
  return usage;
}

std::optional<std::filesystem::path> cgroup_of(const SystemPaths& paths, const std::string& pid_or_self) {
  const auto text = read_small_file(paths.proc / pid_or_self / "cgroup");
  if (!text) return std::nullopt;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, 3, "0::") != 0) continue;
    // Without a trailing slash, so that folders compare by their parts.
    const auto below = std::filesystem::path(line.substr(3)).relative_path();
    return below.empty() ? paths.cgroup : (paths.cgroup / below).lexically_normal();
  }
  return std::nullopt;
}

}  // namespace coppice::energy
