// The two programs that a report needs beside this one: Node with the page's renderer, and a Chromium for the PDF.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/base/status.h"

namespace coppice::report {

// A folder of its own, removed at the end with what is in it.
class Scratch {
 public:
  static Result<Scratch> make();
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit Scratch(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

struct Renderer {
  std::string node;
  std::filesystem::path script;  // native/report/page/render.mjs
};

// COPPICE_NODE and COPPICE_REPORT_RENDERER where they are set; else the renderer in the repository around this program
// or in share/coppice of its installation, and the Node of that repository's node_modules, or `node` in PATH. Errors
// say what is missing and how to get it.
Result<Renderer> find_renderer();

// Runs it on `data`; it writes `page` and `summary`. Errors: its own message.
Status render_page(const Renderer& renderer, const std::filesystem::path& data, const std::filesystem::path& page,
                   const std::filesystem::path& summary);

// COPPICE_CHROMIUM where it is set; else chromium, chromium-browser, google-chrome in PATH.
Result<std::string> find_chromium();

// Prints `page` to `pdf` without a network.
Status print_pdf(const std::string& chromium, const std::filesystem::path& page, const std::filesystem::path& pdf,
                 const std::filesystem::path& scratch);

}  // namespace coppice::report
