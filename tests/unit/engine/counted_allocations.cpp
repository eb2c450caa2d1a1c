// A file of its own: inlined into a caller, GCC takes free for the wrong partner of new.
#include "tests/unit/engine/counted_allocations.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {
std::atomic<int64_t> g_allocations{0};
void* counted(size_t size, size_t alignment) {
  ++g_allocations;
  return alignment <= alignof(std::max_align_t)
             ? std::malloc(size)
             : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}
}  // namespace

namespace coppice::engine {
int64_t allocations_so_far() { return g_allocations.load(); }
}  // namespace coppice::engine

// Every form that the standard library may call.
void* operator new(size_t size) {
  if (void* p = counted(size, 1)) return p;
  throw std::bad_alloc();
}
void* operator new(size_t size, std::align_val_t alignment) {
  if (void* p = counted(size, static_cast<size_t>(alignment))) return p;
  throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept { return counted(size, 1); }
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return counted(size, static_cast<size_t>(alignment));
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { std::free(p); }
