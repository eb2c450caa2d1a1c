#include "native/export/run_recorder.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>
#include <thread>
#include <tuple>

#include "native/io/file.h"

namespace coppice {
namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string random_hex(size_t digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device device;
  std::string text;
  while (text.size() < digits) text += kDigits[device() & 15U];
  return text;
}

// Replaces a leading `folder` (whole path parts only), also after the '=' of "--option=PATH".
void shorten(std::string& argument, const std::string& folder, const std::string& name) {
  if (folder.size() < 2) return;
  const size_t equals = argument.rfind("--", 0) == 0 ? argument.find('=') : std::string::npos;
  const size_t start = equals == std::string::npos ? 0 : equals + 1;
  if (argument.compare(start, folder.size(), folder) != 0) return;
  const size_t end = start + folder.size();
  if (end == argument.size() || argument[end] == '/') argument.replace(start, folder.size(), name);
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) {
      return line.substr(line.find(": ") + 2);
    }
  }
  return {};
}

}  // namespace

std::string program_version() { return COPPICE_VERSION; }

Json describe_machine() {
  Json machine = Json::object();
  if (const std::string model = cpu_model(); !model.empty()) machine["cpu_model"] = model;
  if (const unsigned threads = std::thread::hardware_concurrency(); threads > 0) machine["hardware_threads"] = threads;
  struct sysinfo info {};
  if (::sysinfo(&info) == 0) machine["memory_bytes"] = static_cast<uint64_t>(info.totalram) * info.mem_unit;
  struct utsname system {};
  if (::uname(&system) == 0) machine["os"] = std::string(system.sysname) + " " + system.machine;
  return machine;
}

RunRecorder::RunRecorder(std::string kind, const std::vector<std::string>& command)
    : start_(std::chrono::steady_clock::now()) {
  record_.kind = std::move(kind);
  record_.run_id = random_hex(32);
  record_.started_at = utc_now();
  record_.program_version = program_version();
  record_.machine = describe_machine();
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nothing here sets it
  for (std::string argument : command) {
    shorten(argument, here, ".");
    if (home != nullptr) shorten(argument, home, "~");
    record_.command.push_back(std::move(argument));
  }
}

records::RunRecord RunRecorder::finish(const Status& status) const {
  records::RunRecord record = record_;
  record.duration_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (status.ok()) {
    record.outcome = records::Outcome::kFinished;
  } else {
    record.outcome =
        status.code() == StatusCode::kInterrupted ? records::Outcome::kInterrupted : records::Outcome::kFailed;
    record.error = status.message();
  }
  return record;
}

Status write_run_record(const std::filesystem::path& folder, const records::RunRecord& record) {
  const std::filesystem::path path = folder / "runs" / records::file_name_of(record);
  COPPICE_RETURN_IF_ERROR(records::check(record, path.string()));
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return failed("cannot make the folder " + path.parent_path().string() + ": " + error.message());
  if (std::filesystem::exists(path, error)) {
    return failed(path.string() +
                  " exists already; run records are never overwritten. Write the run under its own id.");
  }
  return write_file_atomically(path, dump_json(records::to_json(record), 1) + "\n");
}

Status keep_failed_run(const std::filesystem::path& folder, const RunRecorder& recorder, const Status& status) {
  if (status.code() != StatusCode::kFailed && status.code() != StatusCode::kInterrupted) return status;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return status;
  const Status written = write_run_record(folder, recorder.finish(status));
  if (written.ok()) return status;
  return {status.code(), status.message() + " (its run record could not be written: " + written.message() + ")"};
}

Result<std::vector<StoredRun>> read_run_records(const std::filesystem::path& folder) {
  std::vector<StoredRun> runs;
  std::error_code error;
  const std::filesystem::path runs_folder = folder / "runs";
  if (!std::filesystem::exists(runs_folder, error)) return runs;
  std::filesystem::directory_iterator entries(runs_folder, error);
  if (error) return failed("cannot list " + runs_folder.string() + ": " + error.message());
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (name.front() == '.' || entry.path().extension() != ".json") continue;
    COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(entry.path()));
    COPPICE_ASSIGN_OR_RETURN(records::RunRecord record, records::parse_run_record(bytes, entry.path().string()));
    runs.push_back({"runs/" + name, std::move(record)});
  }
  // Times are whole seconds: of two runs in one, an export comes after what it exported.
  const auto key = [](const StoredRun& run) {
    return std::make_tuple(std::string_view(run.record.started_at), run.record.kind == "export",
                           std::string_view(run.path));
  };
  std::sort(runs.begin(), runs.end(), [&](const StoredRun& a, const StoredRun& b) { return key(a) < key(b); });
  return runs;
}

}  // namespace coppice
