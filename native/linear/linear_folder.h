// The folder of a linear model: recognising, opening and writing it.
#pragma once

#include <filesystem>
#include <string>

#include "shared/base/status.h"
#include "shared/linear/linear_model.h"
#include "shared/records/manifest.h"

namespace coppice::linear {

struct LinearFolder {
  std::filesystem::path path;
  records::Manifest manifest;
  LinearModel model;
  std::string weights_sha256;
};

// Every file is checked against its sha256 first.
Result<LinearFolder> open_linear(const std::filesystem::path& folder);

// config.json and model.safetensors; the folder is made.
Status write_linear(const std::filesystem::path& folder, const LinearConfig& config, const LinearWeights& weights);

}  // namespace coppice::linear
