// A small site in a temporary folder, with a secret beside it that no request may reach.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace coppice::serve {

class TemporarySite {
 public:
  TemporarySite() {
    std::string pattern = (std::filesystem::temp_directory_path() / "coppice_serve_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    write("../secret.txt", "secret");
    write("index.html", "<!doctype html><title>page</title>");
    write("core.wasm", std::string("\0asm", 4) + std::string(2000, 'w'));
    write("core.wasm.br", "pretend brotli");
    write("core.wasm.gz", "pretend gzip bytes");
    write("app.0f3a9c21d4.mjs", "export {};");
    write("models/dense/onnx/model.onnx", std::string(1000, 'm'));
    write("embed/index.html", "embedded");
    write("empty.txt", "");
    write(".hidden", "hidden");
    write("name with spaces & \xc3\xa9.txt", "named");
    std::filesystem::create_symlink(folder_ / "secret.txt", root() / "link.txt");
    std::filesystem::create_directory_symlink(folder_, root() / "up");
    std::filesystem::create_symlink("index.html", root() / "inside.html");
  }
  TemporarySite(const TemporarySite&) = delete;
  TemporarySite& operator=(const TemporarySite&) = delete;
  ~TemporarySite() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path root() const { return folder_ / "dist"; }

  void write(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path path = root() / name;
    std::filesystem::create_directories(root());
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace coppice::serve
