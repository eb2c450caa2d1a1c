// Preloaded into a program and those it runs (LD_PRELOAD): right after the N-th change to the file system that they
// make together the process that made it is killed. killed.mjs builds and uses it.
//
// KILL_AT=N; KILL_COUNT=FILE holds how many there were, so that processes count together; KILL_LOG=FILE gains a line
// for each kill. Counted: rename, unlink, rmdir, remove, mkdir and their forms with a folder.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

void count_change(const char* what, const char* path) {
  const char* count_file = std::getenv("KILL_COUNT");
  const char* kill_at = std::getenv("KILL_AT");
  if (count_file == nullptr || kill_at == nullptr) return;
  const int file = ::open(count_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  ::flock(file, LOCK_EX);
  char text[32] = {};
  const long count = (::pread(file, text, sizeof text - 1, 0) > 0 ? std::atol(text) : 0) + 1;
  const int length = std::snprintf(text, sizeof text, "%ld", count);
  const bool counted = ::pwrite(file, text, static_cast<size_t>(length), 0) == length;
  ::close(file);
  if (!counted || count != std::atol(kill_at)) return;
  const char* log = std::getenv("KILL_LOG");
  const int line = log == nullptr ? -1 : ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (line >= 0) ::dprintf(line, "%ld %s %s\n", count, what, path);
  ::kill(::getpid(), SIGKILL);
}

// The function of this name that comes after ours.
template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

#define COPPICE_COUNTED(name, path, parameters, ...)             \
  extern "C" int name parameters noexcept {                      \
    const int result = next<int parameters>(#name)(__VA_ARGS__); \
    count_change(#name, path);                                   \
    return result;                                               \
  }

COPPICE_COUNTED(rename, to, (const char* from, const char* to), from, to)
COPPICE_COUNTED(renameat, to, (int a, const char* from, int b, const char* to), a, from, b, to)
COPPICE_COUNTED(renameat2, to, (int a, const char* from, int b, const char* to, unsigned flags), a, from, b, to, flags)
COPPICE_COUNTED(unlink, path, (const char* path), path)
COPPICE_COUNTED(unlinkat, path, (int folder, const char* path, int flags), folder, path, flags)
COPPICE_COUNTED(rmdir, path, (const char* path), path)
COPPICE_COUNTED(remove, path, (const char* path), path)
COPPICE_COUNTED(mkdir, path, (const char* path, mode_t mode), path, mode)
