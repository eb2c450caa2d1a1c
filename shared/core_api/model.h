// A model folder's bytes as something that judges texts: what the C library (core.h) and the npm package are made of.
//
//   COPPICE_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, Model::create(std::move(files)));
//   COPPICE_ASSIGN_OR_RETURN(const Verdict verdict, model->classify("A quiet, lovely film."));
//   COPPICE_ASSIGN_OR_RETURN(const Estimate estimate, model->estimate(verdict, {"laptop", "FRA", ""}));
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"
#include "shared/compare/facts.h"
#include "shared/energy/carbon.h"
#include "shared/energy/figure.h"
#include "shared/engine/classifier.h"
#include "shared/linear/linear_model.h"
#include "shared/records/manifest.h"
#include "shared/text/tokenizer.h"

namespace coppice::core_api {

// A longer one is refused: it would only be cut, after as much memory again for its tokens.
inline constexpr size_t kMostTextBytes = size_t{16} << 20;

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, FreeMemory>;

struct ModelFile {
  std::string path;  // below the folder, with '/'
  std::span<const std::byte> bytes;
  Memory memory;  // where the bytes lie, if they may be kept and overwritten: weights are then computed with in place
};

// The paths of the files that a model is created from, its manifest aside, in the order of the manifest's first choice:
// of two forms of the weights only ONNX's.
Result<std::vector<std::string>> needed_files(std::string_view manifest_json);

struct Verdict {
  std::array<float, 2> logits{};  // by class
  int label = 0;                  // the class with the larger one
  double probability = 0;         // of that class: softmax of the logits
  int64_t tokens = 0;             // that were judged, [CLS] and [SEP] included; words of a linear model
  int64_t tokens_whole = 0;       // before truncation
  bool truncated = false;
  double milliseconds = 0;  // reading the text and judging it
};

struct EstimateQuery {
  std::string device;   // of shared/energy/device.h
  std::string country;  // ISO 3166 alpha-3, "WORLD" or "gcp:REGION"; "": no carbon
  std::string method;   // of shared/energy/inference/methods.h; "": time_power
};

struct Estimate {
  energy::Figure<energy::Joules> energy;
  std::optional<energy::Figure<energy::GramsCo2e>> carbon;
  std::optional<energy::Intensity> intensity;  // of the country's electricity, where there is carbon
};

class Model {
 public:
  // From manifest.json and what it names, sizes and sha256 checked; or without one from config.json, the weights and a
  // transformer's vocab.txt, which then are what the caller vouches for. Files that are not needed are ignored.
  static Result<std::unique_ptr<Model>> create(std::vector<ModelFile> files);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // Refused: what is not UTF-8, more than kMostTextBytes. An empty text has a verdict.
  Result<Verdict> classify(std::string_view text);

  // By the page's formulas (shared/compare/estimate.h), of one run. Refused: a device, a country or a method that is
  // not known, and a method that this model's manifest has no input for.
  [[nodiscard]] Result<Estimate> estimate(const Verdict& verdict, const EstimateQuery& query) const;

  [[nodiscard]] const std::string& label(int index) const { return manifest_.labels[static_cast<size_t>(index)]; }
  // {"id", "architecture", "labels", "parameters", "max_tokens", "truncation", "weights", "arithmetic",
  //  "instruction_set", "checked"}; what is of transformers only is absent for others.
  [[nodiscard]] OrderedJson describe() const;

 private:
  Model() = default;
  Status open(std::vector<ModelFile> files);
  Status open_transformer(const std::vector<ModelFile>& files, std::string_view config_json, ModelFile& weights);

  records::Manifest manifest_;
  bool checked_ = false;  // against a manifest
  compare::ModelFacts facts_;
  Memory weights_;          // of a transformer computed in place
  std::string weights_at_;  // path of the file
  std::optional<text::Tokenizer> tokenizer_;
  std::unique_ptr<engine::Classifier> classifier_;
  std::optional<engine::Session> session_;
  std::optional<linear::LinearModel> linear_;
};

// {"devices":[{"id","name","watts","watts_low","watts_high"}], "countries":[{"id","name","grams_per_kwh"}],
//  "methods":[{"id","name","counts"}]}
OrderedJson choices();

}  // namespace coppice::core_api
