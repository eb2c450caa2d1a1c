// The files of a model as they were handed over: found by path, checked against the manifest.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/core_api/model.h"
#include "shared/records/manifest.h"

namespace coppice::core_api {

inline constexpr const char* kManifest = "manifest.json";
inline constexpr const char* kConfig = "config.json";
inline constexpr const char* kVocabulary = "vocab.txt";
inline constexpr const char* kTokenizerConfig = "tokenizer_config.json";
inline constexpr const char* kOnnx = "onnx/model.onnx";
inline constexpr const char* kSafetensors = "model.safetensors";

// Null if there is none of that path.
const ModelFile* find(std::span<const ModelFile> files, std::string_view path);
std::string_view text_of(const ModelFile& file);

// The files that a model is made of, its manifest aside. Of two forms of the weights the one that is among `given`;
// ONNX's where both or neither are.
Result<std::vector<std::string>> needed_files(const records::Manifest& manifest, std::span<const ModelFile> given);

// Each needed file is there and as long and of the sha256 that the manifest states.
Status check_files(const records::Manifest& manifest, std::span<const ModelFile> files);

// What a manifest would say of a folder without one: architecture, labels, longest input.
Result<records::Manifest> manifest_from_config(std::span<const ModelFile> files);

}  // namespace coppice::core_api
