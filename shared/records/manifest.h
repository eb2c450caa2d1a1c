// manifest.json, the contract between the halves: all that a reader of a model folder needs, made from the folder's
// files and run records and never by hand (native/export/model_folder.h makes it). Absent members are absent, never 0.
//
//   {"schema_version":1, "id":"dense", "parent_id":"minilm-l6-h384", "program_version":"0.1.0",
//    "plan":[{"kind":"train","run":"runs/train-....json","settings":{...}},...],
//    "do_lower_case":true, "max_length":256, "truncation":"head_tail",
//    "special_ids":{"pad":0,"unk":100,"cls":101,"sep":102,"mask":103}, "labels":["negative","positive"],
//    "weights":[{"path":"onnx/model.onnx","format":"onnx","dtype":"F16"}],
//    "files":[{"path":"config.json","bytes":612,"sha256":"..."},...],
//    "parameters":{"total":22713986,"encoder":10616832,"encoder_nonzero":10616832},
//    "encoder_flops":{"128":...,"256":...},
//    "metrics":{"accuracy":{"value":0.93,"low":0.927,"high":0.933},...},
//    "evaluation":{"run":"runs/evaluate-....json","exact_weights":true,"engine":"core"}, "test_set":{...},
//    "training_data":{...},
//    "energy":{"making":{"energy_joules":{...},"parts":[{"kind":"train","run":"...","energy_joules":{...}},...],...},
//              "inference":[...]}}
//
// A linear model over word n-grams (shared/linear) has "architecture":"linear" and no tokens: do_lower_case,
// max_length, truncation, special_ids, encoder_flops and the encoder's parameters are absent. "architecture" is absent
// for BERT.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/records/figure.h"

namespace coppice::records {

inline constexpr int64_t kManifestVersion = 1;

struct FileEntry {
  std::string path;  // below the folder, with '/'
  int64_t bytes = 0;
  std::string sha256;
};

// A file that holds the weights. More than one when the folder has both forms.
struct WeightsFile {
  std::string path;
  std::string format;  // "onnx" or "safetensors"
  std::string dtype;   // of the encoder's matrices: "F32", "F16", "I8"
};

// One step of the model's making in this folder, in order of time.
struct PlanStep {
  std::string kind;          // of the run record: "train", "prune", "quantize", "export"
  std::string run;           // path of the record
  Json settings;             // of the record
  std::optional<Json> plan;  // results.plan of the record
};

struct SpecialIds {
  int64_t pad = 0;
  int64_t unk = 0;
  int64_t cls = 0;
  int64_t sep = 0;
  std::optional<int64_t> mask;
};

struct ParameterTotals {
  int64_t total = 0;
  int64_t encoder = 0;          // the six matrices of each layer
  int64_t encoder_nonzero = 0;  // of those, not zero as stored: rounding to int8 makes a few more of them 0
};

// Reviews a model was trained or tested on.
struct DataShare {
  std::string name;                   // "imdb"
  std::string split;                  // "train", "test"
  std::optional<std::string> sha256;  // over the reviews used, as the data record defines it
  std::optional<int64_t> examples;
  std::optional<double> share;  // of the whole split, in (0, 1]
};

// Which run the metrics come from.
struct EvaluationRun {
  std::string run;
  // False: the weights were evaluated before the export to the form that is in this folder (fp32 before fp16).
  bool exact_weights = false;
  std::optional<std::string> engine = {};  // that computed it; absent in manifests made before it was kept
};

// What one run of the making took.
struct MakingPart {
  std::string kind;  // of the run record: "train", "prune", "quantize", "export"
  std::string run;   // path of the record
  energy::Figure<energy::Joules> energy_joules;
};

// What making this model took: the sum over this folder's training, pruning, quantising and export runs, whatever their
// outcome. An export takes the runs of the folder that it reads along, so two models may list one run: sums over models
// count it once.
struct MakingEnergy {
  std::optional<energy::Figure<energy::Joules>> energy_joules;
  std::optional<energy::Figure<energy::GramsCo2e>> carbon_grams_co2e;
  std::vector<std::string> runs;  // the records summed
  std::vector<MakingPart> parts;  // of the sum, a run each; empty in manifests made before they were kept
  std::vector<std::string> runs_without_figure;  // the records that hold no energy figure: the sum is too small by them
};

// Energy of one inference as a "measure" run saw it.
struct InferenceEnergy {
  int64_t tokens = 0;
  energy::Figure<energy::Joules> energy_joules;
  std::optional<double> median_milliseconds;
  std::optional<std::string> engine;  // that was timed, with its arithmetic
  std::optional<std::string> machine;
};

enum class Architecture {
  kBert,
  kLinear,
};

struct Manifest {
  Architecture architecture = Architecture::kBert;
  std::string id;
  std::optional<std::string> parent_id;
  std::string program_version;
  std::vector<PlanStep> plan;
  // The four below and encoder_flops: of BERT only.
  bool do_lower_case = true;
  int64_t max_length = 0;  // tokens, [CLS] and [SEP] included
  std::string truncation;  // "head" or "head_tail"
  SpecialIds special_ids;
  std::vector<std::string> labels;  // index = class
  std::vector<WeightsFile> weights;
  std::vector<FileEntry> files;
  ParameterTotals parameters;
  std::map<int64_t, int64_t> encoder_flops;  // tokens -> floating-point operations of one review
  std::map<std::string, MetricValue> metrics;
  std::optional<EvaluationRun> evaluation;
  std::optional<DataShare> test_set;
  std::optional<DataShare> training_data;
  std::optional<MakingEnergy> making_energy;
  std::vector<InferenceEnergy> inference_energy;

  [[nodiscard]] const FileEntry* find_file(std::string_view path) const;         // null if not listed
  [[nodiscard]] const WeightsFile* find_weights(std::string_view format) const;  // null if there is none
};

// Errors name the member. Refused: an unknown schema_version, ids and paths that would leave the folder, a path listed
// twice, numbers that contradict each other, a weights file that is not among the files.
Result<Manifest> parse_manifest(std::string_view bytes, const std::string& source);
OrderedJson to_json(const Manifest& manifest);

Result<DataShare> parse_data_share(const Json& json, const std::string& where);
Result<InferenceEnergy> parse_inference_energy(const Json& json, const std::string& where);

}  // namespace coppice::records
