#include "native/lifecycle/child.h"

#include <filesystem>
#include <fstream>

#include "native/energy/child_log.h"
#include "native/energy/tracker.h"

namespace coppice::lifecycle {
namespace fs = std::filesystem;

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
  energy::ChildLog child_log(options.log);
  // Only the newest line of a look is told: progress writes several a second.
  const auto look = [&] {
    std::string newest;
    child_log.read([&](const std::string& line) { newest = line; });
    if (options.on_line && !newest.empty()) options.on_line(newest);
  };
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
  const energy::ChildEnd end = child->run(look);
  const energy::EnergyReport report = tracker->finish();
  look();
  if (!end.start_error.empty()) return failed(options.command.front() + ": " + end.start_error);

  ChildResult result;
  result.exit_code = end.shell_code();
  result.asked_to_stop = end.asked_to_stop;
  if (end.signal != 0 || end.exit_code != 0) result.error = energy::last_words(child_log, end);
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
