#include "native/cli/command.h"

#include <iostream>

namespace coppice::cli {

int exit_code_of(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kInvalidUsage:
      return 2;
    case StatusCode::kInvalidInput:
    case StatusCode::kNotFound:
    case StatusCode::kUnsupported:
      return 3;
    case StatusCode::kInterrupted:
      return 130;
    case StatusCode::kFailed:
      return 1;
  }
  return 1;
}

int report(const std::string& command, const Status& status) {
  if (!status.ok()) std::cerr << "coppice " << command << ": " << status.message() << '\n';
  return exit_code_of(status);
}

}  // namespace coppice::cli
