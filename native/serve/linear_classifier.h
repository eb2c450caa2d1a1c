// The linear model over hashed word n-grams as a Classifier.
#pragma once

#include <filesystem>
#include <memory>

#include "native/serve/classifier.h"
#include "shared/records/manifest.h"

namespace coppice::serve {

// `manifest` is the folder's, its files' hashes checked.
Result<std::unique_ptr<Classifier>> open_linear_classifier(const std::filesystem::path& folder,
                                                           const records::Manifest& manifest);

}  // namespace coppice::serve
