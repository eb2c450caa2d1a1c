// process_tree_usage and its kin: the first is called once a second for as long as a command runs, so it reads no more
// than it must.
//
// A process's children are listed by the kernel in /proc/PID/task/TID/children, one file a thread. Following them costs
// some files for the tree alone; a look at every process costs one for each process of the machine, and there may be
// thousands. The list may miss a child while another one ends. Its time is then seen at the next look, since the
// tracker's total never falls.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "native/energy/system.h"

namespace coppice::energy {

namespace {

struct ProcessStat {
  int parent = 0;
  int threads = 0;
  double ticks = 0.0;  // own and of children waited for
  double resident_pages = 0.0;
};

double number(std::string_view text) {
  double value = 0.0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The name in parentheses may hold blanks and parentheses itself: fields are counted from the last one.
std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const size_t end = text.rfind(')');
  if (end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(end + 1);
  std::array<std::string_view, 22> values;  // state is field 3 of the manual page, values[0]
  size_t count = 0;
  while (count < values.size()) {
    const size_t begin = text.find_first_not_of(" \n");
    if (begin == std::string_view::npos) break;
    const size_t length = std::min(text.find_first_of(" \n", begin), text.size()) - begin;
    values[count++] = text.substr(begin, length);
    text.remove_prefix(begin + length);
  }
  if (count < values.size()) return std::nullopt;
  ProcessStat stat;
  stat.parent = static_cast<int>(number(values[1]));
  for (const size_t field : {11, 12, 13, 14}) stat.ticks += number(values[field]);
  stat.threads = static_cast<int>(number(values[17]));
  stat.resident_pages = std::max(0.0, number(values[21]));
  return stat;
}

// A pid, from the name of a folder below /proc; 0 for any other name.
int to_pid(const char* name) {
  int pid = 0;
  const char* end = name + std::strlen(name);
  const auto [stop, error] = std::from_chars(name, end, pid);
  return error == std::errc() && stop == end ? pid : 0;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

// The numbered entries of a folder; empty if it cannot be opened.
std::vector<int> numbered_entries(const std::string& path) {
  std::vector<int> numbers;
  const Folder folder(::opendir(path.c_str()));
  if (!folder) return numbers;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (const int number = to_pid(entry->d_name)) numbers.push_back(number);
  }
  return numbers;
}

class ProcessFiles {
 public:
  explicit ProcessFiles(const SystemPaths& paths) : proc_(paths.proc.string() + "/") {}

  std::optional<ProcessStat> stat(int pid) {
    if (!read(proc_ + std::to_string(pid) + "/stat")) return std::nullopt;  // it has ended
    return parse_process_stat(text_);
  }

  // Adds the children that one thread has started. False if the kernel does not list them or the thread has ended.
  bool add_children(int pid, int thread, std::vector<int>& children) {
    if (!read(proc_ + std::to_string(pid) + "/task/" + std::to_string(thread) + "/children")) return false;
    const char* at = text_.data();
    const char* const end = at + text_.size();
    while (at < end) {
      int child = 0;
      const auto [stop, error] = std::from_chars(at, end, child);
      if (error == std::errc()) children.push_back(child);
      at = std::max(stop, at + 1);
    }
    return true;
  }

  std::vector<int> threads(int pid) const { return numbered_entries(proc_ + std::to_string(pid) + "/task"); }
  std::vector<int> processes() const { return numbered_entries(proc_); }

  [[nodiscard]] size_t opened() const { return opened_; }

  // How many processes there are, without listing them: the kernel counts them as links of /proc.
  [[nodiscard]] size_t process_count() const {
    struct stat info {};
    return ::stat(proc_.c_str(), &info) == 0 ? info.st_nlink : 0;
  }

 private:
  bool read(const std::string& path) {
    ++opened_;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    text_.clear();
    std::array<char, 4096> buffer;
    ssize_t got = 0;
    while ((got = ::read(fd, buffer.data(), buffer.size())) > 0 || (got < 0 && errno == EINTR)) {
      if (got > 0) text_.append(buffer.data(), static_cast<size_t>(got));
    }
    ::close(fd);
    return got == 0;
  }

  std::string proc_;
  std::string text_;  // one buffer for all files
  size_t opened_ = 0;
};

struct Sum {
  bool found = false;
  double ticks = 0.0;
  double resident_pages = 0.0;
  void add(const ProcessStat& stat) {
    found = true;
    ticks += stat.ticks;
    resident_pages += stat.resident_pages;
  }
};

bool is_adopted(const Adoption& adoption, int pid, int parent) {
  return adoption.adopter != 0 && parent == adoption.adopter &&
         std::find(adoption.not_adopted.begin(), adoption.not_adopted.end(), pid) == adoption.not_adopted.end();
}

// The children of all threads of a process, by the kernel's lists; nothing where there are none.
std::optional<std::vector<int>> listed_children(ProcessFiles& files, int pid) {
  std::vector<int> children;
  bool listed = false;
  for (const int thread : files.threads(pid)) listed = files.add_children(pid, thread, children) || listed;
  if (!listed) return std::nullopt;
  return children;
}

// From the root and what was adopted down, by the lists of children. False where there are none, or where the tree has
// so many threads that looking at every process is cheaper.
bool follow_children(ProcessFiles& files, int root_pid, const Adoption& adoption, Sum& sum) {
  const size_t budget = std::max<size_t>(files.process_count(), 32);
  std::vector<int> waiting{root_pid};
  if (adoption.adopter != 0) {
    const auto children = listed_children(files, adoption.adopter);
    if (!children) return false;
    for (const int child : *children) {
      if (is_adopted(adoption, child, adoption.adopter)) waiting.push_back(child);
    }
  }
  std::unordered_set<int> seen;
  while (!waiting.empty()) {
    const int pid = waiting.back();
    waiting.pop_back();
    if (!seen.insert(pid).second) continue;  // moved to another parent while we looked
    // One that ends between two reads lists no children: they have moved, and are found at the next look.
    const auto stat = files.stat(pid);
    if (!stat) continue;
    sum.add(*stat);
    if (files.opened() + static_cast<size_t>(std::max(stat->threads, 1)) > budget) return false;
    bool listed = false;
    if (stat->threads <= 1) {
      listed = files.add_children(pid, pid, waiting);
    } else {
      for (const int thread : files.threads(pid)) listed = files.add_children(pid, thread, waiting) || listed;
    }
    if (pid == root_pid && !listed) return false;
  }
  return true;
}

// All processes, and from each one up to the root or to one that was adopted.
Sum look_at_all(ProcessFiles& files, int root_pid, const Adoption& adoption) {
  std::unordered_map<int, ProcessStat> processes;
  for (const int pid : files.processes()) {
    if (const auto stat = files.stat(pid)) processes[pid] = *stat;
  }
  Sum sum;
  for (const auto& [pid, stat] : processes) {
    int ancestor = pid;
    bool belongs = false;
    // A cycle is impossible in one snapshot, but this is several: the steps are bounded.
    for (int steps = 0; !belongs && steps < 1000; ++steps) {
      const auto entry = processes.find(ancestor);
      if (entry == processes.end()) break;
      belongs = ancestor == root_pid || is_adopted(adoption, ancestor, entry->second.parent);
      ancestor = entry->second.parent;
    }
    if (belongs) sum.add(stat);
  }
  return sum;
}

}  // namespace

std::optional<Usage> process_tree_usage(const SystemPaths& paths, int root_pid, const Adoption& adoption) {
  ProcessFiles files(paths);
  Sum sum;
  if (!follow_children(files, root_pid, adoption, sum)) sum = look_at_all(files, root_pid, adoption);
  if (!sum.found) return std::nullopt;
  static const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  static const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  return Usage{Seconds(sum.ticks / ticks_per_second), sum.resident_pages * page_bytes};
}

std::vector<int> children_of(const SystemPaths& paths, int pid) {
  ProcessFiles files(paths);
  if (auto children = listed_children(files, pid)) return std::move(*children);
  std::vector<int> children;
  for (const int other : files.processes()) {
    if (const auto stat = files.stat(other); stat && stat->parent == pid) children.push_back(other);
  }
  return children;
}

std::optional<int> parent_of(const SystemPaths& paths, int pid) {
  const auto stat = ProcessFiles(paths).stat(pid);
  return stat ? std::optional<int>(stat->parent) : std::nullopt;
}

}  // namespace coppice::energy
