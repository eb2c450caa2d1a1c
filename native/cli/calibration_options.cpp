#include "native/cli/calibration_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>

#include "native/cli/backend_program.h"
#include "native/energy/child_process.h"
#include "native/io/file.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

std::string percentile_text(double percentile) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", percentile);
  return text;
}

// A file of a name of its own, gone at the end.
class TemporaryFile {
 public:
  static Result<TemporaryFile> make() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "coppice-calibration-XXXXXX").string();
    const int file = error ? -1 : ::mkstemp(name.data());
    if (file < 0) return failed("cannot make a temporary file for the calibration; is TMPDIR writable?");
    ::close(file);
    return TemporaryFile(std::move(name));
  }
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// The status that an exit code of ours stands for; the child has said why on standard error.
Status of_exit_code(int code) {
  const std::string message = "the calibration did not finish (see above)";
  if (code == 2) return invalid_usage(message);
  if (code == 3) return invalid_input(message);
  if (code == 130) return interrupted(message);
  return failed(message);
}

}  // namespace

void add_calibration_options(CLI::App& command, CalibrationArguments& arguments) {
  command.add_option("--calibration", arguments.data,
                     "static: held-out reviews to take ranges from: a file, or the validation part of a folder");
  command.add_option("--calibration-limit", arguments.limit, "A balanced sample of at most this many; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      .add_option("--calibration-method", arguments.method,
                  "minmax: all values; percentile: without the outermost; mse: least change of the values")
      ->check(CLI::IsMember({"minmax", "percentile", "mse"}))
      ->capture_default_str();
  command
      .add_option("--calibration-percentile", arguments.percentile,
                  "percentile: share of the values to keep, in percent")
      ->capture_default_str();
}

void append_words(const CalibrationArguments& arguments, std::vector<std::string>& words) {
  words.insert(words.end(), {"--calibration", arguments.data, "--calibration-limit", std::to_string(arguments.limit),
                             "--calibration-method", arguments.method});
  if (arguments.method == "percentile") {
    words.insert(words.end(), {"--calibration-percentile", percentile_text(arguments.percentile)});
  }
}

Status check(const CalibrationArguments& arguments, bool is_static, bool int8_weights) {
  if (is_static && !int8_weights) {
    return invalid_usage("--activations static goes with --weights int8; other forms round no activations");
  }
  if (is_static && arguments.data.empty()) {
    return invalid_usage(
        "--activations static needs held-out reviews to take ranges from: give --calibration FILE or "
        "an aclImdb folder");
  }
  if (!is_static && !arguments.data.empty()) {
    return invalid_usage("--calibration is for static scales; add --activations static, or leave it out");
  }
  return {};
}

Result<Json> calibrate(const fs::path& model, const CalibrationArguments& arguments) {
  COPPICE_ASSIGN_OR_RETURN(const std::string program, prepare_backend());
  COPPICE_ASSIGN_OR_RETURN(const TemporaryFile answer, TemporaryFile::make());
  const std::vector<std::string> command = {
      program,    "calibrate",      "--model",      model.string(),
      "--data",   arguments.data,   "--limit",      std::to_string(arguments.limit),
      "--method", arguments.method, "--percentile", percentile_text(arguments.percentile),
      "--output", answer.path()};
  COPPICE_ASSIGN_OR_RETURN(const auto child, energy::ChildProcess::prepare(command, /*output_to_stderr=*/true));
  const energy::ChildEnd end = child->run([] {});
  if (!end.start_error.empty()) return failed("cannot run " + program + ": " + end.start_error);
  if (end.asked_to_stop) return interrupted("stopped while calibrating");
  if (end.shell_code() != 0) return of_exit_code(end.shell_code());
  COPPICE_ASSIGN_OR_RETURN(const std::string text, read_file(answer.path()));
  return parse_json(text, "the calibration");
}

}  // namespace coppice::cli
