// README.md and manifest.json of a model folder, made anew from what it holds now.
#pragma once

#include <filesystem>

#include "shared/base/status.h"
#include "shared/records/manifest.h"

namespace coppice {

// Both, for a folder that is to be shipped; returns the manifest written.
Result<records::Manifest> write_card_and_manifest(const std::filesystem::path& folder);

// What a folder needs once a run record has been added: its manifest, and its card where there is one of ours. A folder
// in the making has none yet, and a README.md that somebody else wrote (a checkpoint's from the Hugging Face hub)
// stays.
Status refresh_card_and_manifest(const std::filesystem::path& folder);

}  // namespace coppice
