// `coppice export`: a trained model folder to a folder as it is shipped, with the ONNX file, the tokenizer's files, the
// model card, the run records and the manifest.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "native/export/onnx_export.h"
#include "native/export/run_recorder.h"
#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/records/manifest.h"

namespace coppice {

struct ExportModelOptions {
  std::filesystem::path model;   // with manifest.json (then every file is verified), or a bare Hugging Face folder
  std::filesystem::path output;  // new, empty, or an earlier export
  OnnxWeights weights = OnnxWeights::kFloat16;
  bool keep_safetensors = false;
  // Answer of `coppice calibrate` on this model: static scales of its ranges, with kInt8. Absent: dynamic ones.
  std::optional<Json> calibration = std::nullopt;
};

// Writes everything but the export's own run record, model card and manifest, and notes inputs, settings and results in
// `record`. Sources: config.json, vocab.txt, tokenizer files, weights with classifier, runs/*.json, LICENSE.
Status export_model(const ExportModelOptions& options, records::RunRecord& record);

// Writes the record, README.md and manifest.json: the end of an export, after its energy is known.
Result<records::Manifest> finish_export(const std::filesystem::path& output, const records::RunRecord& record);

}  // namespace coppice
