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
#include <vector>

#include "shared/base/json.h"

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

// A shell's command line.
inline ProgramResult run_shell(const std::string& line, const std::string& input = "") {
  const ScratchFolder folder;
  const std::string in = folder.write("in", input);
  const std::string err = (folder.path() / "err").string();
  const std::string command = "{ " + line + "\n} <'" + in + "' 2>'" + err + "'";
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

// `arguments` as typed in a shell; COPPICE_PROGRAM is the path of the built program.
inline ProgramResult run_coppice(const std::string& arguments, const std::string& input = "") {
  return run_shell("'" COPPICE_PROGRAM "' " + arguments, input);
}

// Tests of the program on files in a folder of their own.
class ProgramTest : public testing::Test {
 protected:
  // Below the folder, quoted for a shell.
  [[nodiscard]] std::string at(const std::string& name) const { return "'" + (folder_.path() / name).string() + "'"; }

  // What the program printed, which must have ended well.
  static Json json_of(const ProgramResult& result) {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const Result<Json> json = parse_json(result.out, "standard output");
    EXPECT_TRUE(json.ok()) << result.out << result.err;
    return json.ok() ? *json : Json::object();
  }

  [[nodiscard]] Json manifest_of(const std::string& name) const {
    const Result<Json> json =
        parse_json(file_content(folder_.path() / name / "manifest.json"), name + "/manifest.json");
    EXPECT_TRUE(json.ok()) << json.status().message();
    return json.ok() ? *json : Json::object();
  }

  // A base model: the tiny BERT's weights, and a vocabulary of 40 that begins with `words`; the rest are "w15" and so
  // on, by their place.
  void write_tiny_base(const std::string& name, const std::vector<std::string>& words) const {
    const std::filesystem::path base = folder_.path() / name;
    std::filesystem::create_directories(base);
    for (const char* file : {"config.json", "model.safetensors"})
      std::filesystem::copy(std::string("tests/golden/tiny_bert/") + file, base / file);
    std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (const std::string& word : words) vocabulary += word + "\n";
    for (size_t i = 5 + words.size(); i < 40; ++i) vocabulary += "w" + std::to_string(i) + "\n";
    folder_.write(name + "/vocab.txt", vocabulary);
  }

  ScratchFolder folder_;
};

}  // namespace coppice::cli
