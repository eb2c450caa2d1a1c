// What every module of the ABI has: its version, the last error, memory for inputs.
#include "wasm/api/report.h"

#include <cstdlib>

namespace coppice::api {
namespace {

std::string& last_error() {
  static std::string text;
  return text;
}

}  // namespace

coppice_status report(const Status& status) {
  if (status.ok()) return COPPICE_OK;
  last_error() = status.message();
  switch (status.code()) {
    case StatusCode::kOk:
      return COPPICE_OK;
    case StatusCode::kInvalidInput:
      return COPPICE_INVALID_INPUT;
    case StatusCode::kInvalidUsage:
      return COPPICE_INVALID_USAGE;
    case StatusCode::kNotFound:
      return COPPICE_NOT_FOUND;
    case StatusCode::kUnsupported:
      return COPPICE_UNSUPPORTED;
    case StatusCode::kFailed:
      return COPPICE_FAILED;
    case StatusCode::kInterrupted:
      return COPPICE_INTERRUPTED;
  }
  return COPPICE_FAILED;
}

}  // namespace coppice::api

extern "C" {

int32_t coppice_abi_version(void) { return COPPICE_ABI_VERSION; }

const char* coppice_last_error(void) { return coppice::api::last_error().c_str(); }

void* coppice_alloc(size_t bytes) { return std::malloc(bytes); }

void coppice_release(void* memory) { std::free(memory); }

}  // extern "C"
