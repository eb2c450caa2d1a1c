// What a child process writes to its log while it runs, and what can be said of its end.
#pragma once

#include <filesystem>
#include <functional>
#include <ios>
#include <string>

#include "native/energy/child_process.h"

namespace coppice::energy {

class ChildLog {
 public:
  // Reads what is appended from now on; the file need not be there yet.
  explicit ChildLog(const std::filesystem::path& path);

  // Calls `on_line`, which may be empty, for each line that came to its end since the last look.
  void read(const std::function<void(const std::string&)>& on_line);
  // The last line there was, without its end if the program was cut off in it.
  [[nodiscard]] const std::string& last() const { return line_.empty() ? last_ : line_; }

 private:
  std::filesystem::path path_;
  std::streamoff position_ = 0;
  std::string line_;
  std::string last_;
};

// Why a command failed: the signal that ended it, else its last line, else its exit code.
std::string last_words(const ChildLog& log, const ChildEnd& end);

}  // namespace coppice::energy
