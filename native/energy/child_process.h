// A command run on somebody's behalf: its input and output untouched, signals passed on, all its descendants waited
// for.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/status.h"

namespace coppice::energy {

struct ChildEnd {
  int exit_code = 0;
  int signal = 0;              // that ended it, 0 if none did
  bool interrupted = false;    // it was ended after this program was asked to stop
  std::string start_error;     // "" if it could be started
  bool asked_to_stop = false;  // SIGINT, SIGTERM, SIGHUP or SIGQUIT came, whatever the command made of it
  // As shells give it: exit code, 128 + signal, 127 or 126 if it could not be started.
  [[nodiscard]] int shell_code() const { return signal != 0 ? 128 + signal : exit_code; }
};

class ChildProcess {
 public:
  // Makes the process, which waits to be let go: a tracker can be started on its pid before it does anything. Blocks
  // the signals that are passed on, for this thread and those it starts from now on. With `output_to_stderr` the
  // command's standard output is this program's standard error. `command` is not empty.
  static Result<std::unique_ptr<ChildProcess>> prepare(const std::vector<std::string>& command, bool output_to_stderr);
  // A process that was never let go is ended without having run anything.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  // Lets it go and waits for its end; `on_tick` is called about once a second. Descendants that outlive it and end in
  // the meantime are waited for too, those that go on are left alone.
  ChildEnd run(const std::function<void()>& on_tick);

 private:
  ChildProcess() = default;
  pid_t pid_ = -1;
  int go_ = -1;       // write end: one byte lets it go
  int failure_ = -1;  // read end: errno of exec, or its end
};

}  // namespace coppice::energy
