// The model folder: reading and checking one, loading its weights, and making its manifest.json.
#pragma once

#include <filesystem>
#include <string>

#include "native/export/run_recorder.h"
#include "native/io/file.h"
#include "shared/base/status.h"
#include "shared/engine/weights.h"
#include "shared/records/bert_config.h"
#include "shared/records/manifest.h"

namespace coppice {

// A model card (README.md that is_model_card knows) may differ from the manifest under kSizes and kHashes: the two are
// made anew one after the other whenever a run record is added, and a program that is ended between them, or one that
// reads meanwhile, must not find a model that cannot be used. Nothing reads the card but people.
enum class Verify {
  kNothing,    // the manifest alone
  kSizes,      // each file is there and as long as stated
  kHashes,     // and has the sha256 stated
  kPublished,  // and so has the card
};

// Reads <folder>/manifest.json. Errors: no such folder, no manifest (with the command that makes one), a file missing
// or altered (named, with size or sha256 expected and found).
Result<records::Manifest> read_model_folder(const std::filesystem::path& folder, Verify verify = Verify::kSizes);

Result<records::BertConfig> read_bert_config(const std::filesystem::path& folder);

// The weights of a folder, mapped: `tensors` are views into `file` under full checkpoint names, checked against the
// configuration. From model.safetensors where it is there, else from onnx/model.onnx.
struct MappedWeights {
  MappedFile file;
  engine::TensorMap tensors;
  std::string path;    // below the folder
  std::string format;  // "safetensors" or "onnx"
};
Result<MappedWeights> load_weights(const std::filesystem::path& folder, const records::BertConfig& config,
                                   bool require_classifier = true);

// The manifest as the folder now calls for, and the same written to <folder>/manifest.json: made from the files,
// config.json, the tokenizer's files, the weights and runs/*.json (run_record.h says which members are taken up). The
// id is the folder's name, or settings.model_id of the latest run that has one. Files whose name starts with '.' and
// the folder "checkpoints" do not belong to the model and are left out. Fails without touching the old manifest when a
// file does not fit the others.
Result<records::Manifest> make_manifest(const std::filesystem::path& folder);
Status refresh_manifest(const std::filesystem::path& folder);

}  // namespace coppice
