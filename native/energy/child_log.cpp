#include "native/energy/child_log.h"

#include <signal.h>

#include <cstring>
#include <fstream>

namespace coppice::energy {

ChildLog::ChildLog(const std::filesystem::path& path) : path_(path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  position_ = error ? 0 : static_cast<std::streamoff>(size);
}

void ChildLog::read(const std::function<void(const std::string&)>& on_line) {
  std::ifstream file(path_, std::ios::binary);
  file.seekg(position_);
  for (char c = 0; file.get(c);) {
    ++position_;
    if (c != '\n' && c != '\r') {
      line_ += c;
      continue;
    }
    if (!line_.empty()) {
      last_ = line_;
      if (on_line) on_line(line_);
    }
    line_.clear();
  }
}

std::string last_words(const ChildLog& log, const ChildEnd& end) {
  if (end.signal != 0) {
    std::string text = "ended by signal ";
    text.append(std::to_string(end.signal)).append(" (").append(::strsignal(end.signal));
    return text.append(end.signal == SIGKILL ? "; was memory short?)" : ")");
  }
  if (!log.last().empty()) return log.last();
  std::string text = "exit code ";
  return text.append(std::to_string(end.exit_code)).append(" without a word in its log");
}

}  // namespace coppice::energy
