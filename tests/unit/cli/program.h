// Runs the real program with its input and output on pipes, as a script would.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace coppice::cli {

struct ProgramResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

inline std::string file_content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A folder of its own, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "coppice-cli-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

// A command line as typed in a shell.
inline ProgramResult run_program(const std::string& words, const std::string& input = "") {
  const ScratchFolder folder;
  const std::string in = folder.write("in", input);
  const std::string err = (folder.path() / "err").string();
  const std::string command = "{ " + words + "; } <'" + in + "' 2>'" + err + "'";
  ProgramResult result;
  std::FILE* pipe = popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  if (pipe == nullptr) return result;
  char buffer[4096];
  for (size_t got = 0; (got = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) result.out.append(buffer, got);
  const int status = pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.err = file_content(err);
  return result;
}

// `arguments` of the program; COPPICE_PROGRAM is its path.
inline ProgramResult run_coppice(const std::string& arguments, const std::string& input = "") {
  return run_program("'" COPPICE_PROGRAM "' " + arguments, input);
}

}  // namespace coppice::cli
