// A BERT-type model on the core's own engine as a Classifier.
#pragma once

#include <filesystem>
#include <memory>

#include "native/serve/classifier.h"
#include "shared/records/manifest.h"

namespace coppice::serve {

// `manifest` is the folder's, its files' hashes checked. Reads the ONNX file, or model.safetensors where there is none.
Result<std::unique_ptr<Classifier>> open_bert_classifier(const std::filesystem::path& folder,
                                                         const records::Manifest& manifest);

}  // namespace coppice::serve
