// A model folder opened for the engine of the core: `--engine core`, without libtorch.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "shared/base/status.h"
#include "shared/engine/classifier.h"
#include "shared/records/manifest.h"
#include "shared/text/tokenizer.h"

namespace coppice::infer {

struct CoreFolder {
  std::filesystem::path path;
  records::Manifest manifest;
  std::unique_ptr<engine::Classifier> classifier;  // at one place, for sessions
  std::string weights_sha256;                      // of the file the weights came from
  text::Tokenizer tokenizer;
  text::EncodeOptions encoding;  // longest input and truncation rule of the manifest
};

// Every file is checked against its sha256 first. Refused before it is loaded: what needs more memory than the machine
// has left.
Result<CoreFolder> open_core(const std::filesystem::path& folder);

// A session for single reviews of the folder's longest input.
Result<engine::Session> single_session(const CoreFolder& folder, engine::Threads* threads, double (*now)() = nullptr);

// Seconds: of a clock that never goes back, and of the calling thread's CPU time.
double monotonic_seconds();
double thread_cpu_seconds();

}  // namespace coppice::infer
