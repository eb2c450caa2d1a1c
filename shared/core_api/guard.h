// How failures cross the C interface: a status, and a text for the thread. No exception does.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "shared/base/status.h"
#include "shared/core_api/core.h"
#include "shared/core_api/model.h"

struct coppice_core_model {
  std::unique_ptr<coppice::core_api::Model> model;
  std::string json;
  std::string energy_method;
  std::string carbon_method;
};

namespace coppice::core_api {

void set_last_error(const char* text) noexcept;
coppice_core_status code_of(StatusCode code);

inline Status missing(const char* function, const char* argument) {
  return invalid_usage(std::string(function) + ": " + argument + " is NULL");
}

// Runs `work`, which returns a Status, and keeps its text. In WebAssembly there are no exceptions to catch.
template <typename Work>
coppice_core_status guarded(Work&& work) noexcept {
#ifdef __cpp_exceptions
  try {
#endif
    const Status status = work();
    if (!status.ok()) set_last_error(status.message().c_str());
    return code_of(status.code());
#ifdef __cpp_exceptions
  } catch (const std::bad_alloc&) {
    set_last_error("coppice_core: out of memory; choose a smaller model or a shorter text");
  } catch (const std::exception& error) {
    set_last_error(error.what());
  } catch (...) {
    set_last_error("coppice_core: unknown error");
  }
  return COPPICE_CORE_FAILED;
#endif
}

// The files' handle; `model` becomes NULL first.
Status create_model(std::vector<ModelFile> files, coppice_core_model** model);

}  // namespace coppice::core_api
