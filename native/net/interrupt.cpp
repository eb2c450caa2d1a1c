#include "native/net/interrupt.h"

#include <atomic>

namespace coppice::net {
namespace {

std::atomic<bool> requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void on_signal(int) { requested.store(true); }

}  // namespace

bool interrupt_requested() { return requested.load(); }
void request_interrupt() { requested.store(true); }
void clear_interrupt() { requested.store(false); }

InterruptScope::InterruptScope() {
  clear_interrupt();
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESETHAND;  // the second signal has its usual effect
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
}

InterruptScope::~InterruptScope() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
}

}  // namespace coppice::net
