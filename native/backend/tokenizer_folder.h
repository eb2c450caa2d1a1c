// The tokenizer of a model folder. Without libtorch, for the engine of the core.
#pragma once

#include <filesystem>

#include "shared/base/status.h"
#include "shared/text/tokenizer.h"

namespace coppice::backend {

// vocab.txt with tokenizer_config.json and tokenizer.json where they are there.
Result<text::Tokenizer> read_tokenizer(const std::filesystem::path& folder);

}  // namespace coppice::backend
