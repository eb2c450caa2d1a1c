// Ctrl-C as a question the work asks, so that it can keep what it has: a flag that SIGINT and SIGTERM set.
#pragma once

#include <csignal>

namespace coppice::net {

// True once SIGINT or SIGTERM has arrived while an InterruptScope was alive.
bool interrupt_requested();

// What the handler does, for tests.
void request_interrupt();
void clear_interrupt();

// While alive, SIGINT and SIGTERM set the flag; a second one ends the program at once. The old handlers come back at
// the end.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

}  // namespace coppice::net
