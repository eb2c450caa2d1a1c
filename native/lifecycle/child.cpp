#include "native/lifecycle/child.h"

#include <signal.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "native/energy/child_process.h"
#include "native/energy/tracker.h"

namespace coppice::lifecycle {
namespace {

namespace fs = std::filesystem;

// The lines a growing file has gained since the last look.
class LogTail {
 public:
  explicit LogTail(std::string path) : path_(std::move(path)) {
    std::error_code error;
    const auto size = fs::file_size(path_, error);
    position_ = error ? 0 : static_cast<std::streamoff>(size);
  }

  void read(const std::function<void(const std::string&)>& on_line) {
    std::ifstream file(path_, std::ios::binary);
    file.seekg(position_);
    for (char c = 0; file.get(c);) {
      ++position_;
      if (c != '\n' && c != '\r') {
        line_ += c;
        continue;
      }
      if (!line_.empty()) last_ = line_;
      line_.clear();
    }
    if (on_line && last_ != told_) on_line(last_);
    told_ = last_;
  }

  [[nodiscard]] const std::string& last() const { return line_.empty() ? last_ : line_; }

 private:
  std::string path_;
  std::streamoff position_ = 0;
  std::string line_;
  std::string last_;
  std::string told_;
};

std::string reason_of(const energy::ChildEnd& end, const LogTail& log) {
  if (end.signal != 0) {
    std::string text = "ended by signal " + std::to_string(end.signal) + " (" + ::strsignal(end.signal);
    return text + (end.signal == SIGKILL ? "; was memory short?)" : ")");
  }
  if (end.exit_code == 0) return "";
  if (!log.last().empty()) return log.last();
  return "exit code " + std::to_string(end.exit_code) + " without a word in its log";
}

}  // namespace

Result<ChildResult> run_child(const ChildOptions& options) {
  std::error_code error;
  fs::create_directories(fs::path(options.log).parent_path(), error);
  std::string unfinished;
  if (!options.stdout_path.empty()) {
    const fs::path path = options.stdout_path;
    fs::create_directories(path.parent_path(), error);
    unfinished = (path.parent_path() / ("." + path.filename().string() + ".unfinished")).string();
  }
  {
    std::ofstream log(options.log, std::ios::app);
    log << "$";
    for (const std::string& word : options.command) log << ' ' << word;
    log << '\n';
    if (!log.flush()) return failed(options.log + ": cannot be written; is the disk full?");
  }
  LogTail tail(options.log);
  // The shell only opens the files and becomes the program, which keeps its process id.
  std::vector<std::string> command = {"/bin/sh", "-c",
                                      unfinished.empty() ? "exec \"$@\" >>\"$0\" 2>&1 </dev/null"
                                                         : "out=$1; shift; exec \"$@\" >\"$out\" 2>>\"$0\" </dev/null",
                                      options.log};
  if (!unfinished.empty()) command.push_back(unfinished);
  command.insert(command.end(), options.command.begin(), options.command.end());
  COPPICE_ASSIGN_OR_RETURN(const auto child, energy::ChildProcess::prepare(command, /*output_to_stderr=*/true));
  energy::TrackerOptions tracker_options;
  tracker_options.place = options.place;
  tracker_options.process_tree = child->pid();
  COPPICE_ASSIGN_OR_RETURN(const auto tracker, energy::EnergyTracker::start(tracker_options));
  const energy::ChildEnd end = child->run([&] { tail.read(options.on_line); });
  const energy::EnergyReport report = tracker->finish();
  tail.read(options.on_line);
  if (!end.start_error.empty()) return failed(options.command.front() + ": " + end.start_error);

  ChildResult result;
  result.exit_code = end.shell_code();
  result.asked_to_stop = end.asked_to_stop;
  result.error = reason_of(end, tail);
  result.seconds = report.total.duration.value();
  result.cpu_seconds = report.total.cpu_time.value();
  if (report.total.energy) result.energy = energy::to_json(report);
  if (result.exit_code == 0 && !unfinished.empty()) {
    fs::rename(unfinished, options.stdout_path, error);
    if (error) return failed(options.stdout_path + ": cannot be written: " + error.message());
  }
  return result;
}

}  // namespace coppice::lifecycle
