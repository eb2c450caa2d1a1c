#include "shared/core_api/model.h"

#include <cmath>
#include <utility>

#include "shared/compare/estimate.h"
#include "shared/compare/reading.h"
#include "shared/core_api/files.h"
#include "shared/core_api/platform.h"
#include "shared/engine/kernels/kernels.h"
#include "shared/text/tokenizer_config.h"
#include "shared/text/utf8.h"

namespace coppice::core_api {
namespace {

template <typename Entries>
std::string ids_of(const Entries& entries) {
  std::string list;
  for (const auto& entry : entries) list += (list.empty() ? "" : ", ") + std::string(entry.id);
  return list;
}

Result<const energy::DevicePreset*> device_of(const std::string& id) {
  if (const energy::DevicePreset* device = energy::find_device(id)) return device;
  return not_found((id.empty() ? "device: none named" : "device \"" + id + "\" is not known") + "; expected one of " +
                   ids_of(energy::device_presets()));
}

Result<energy::InferenceMethod> method_of(const std::string& id) {
  if (id.empty()) return energy::InferenceMethod::kTimePower;
  if (const auto method = energy::find_inference_method(id)) return *method;
  return not_found("method \"" + id + "\" is not known; expected one of " + ids_of(energy::inference_methods()));
}

Status check_text(std::string_view text) {
  if (text.size() > kMostTextBytes) {
    return invalid_input("text: " + std::to_string(text.size()) + " bytes; at most " + std::to_string(kMostTextBytes) +
                         " are taken, of which a transformer reads a few thousand. Cut it");
  }
  const size_t at = text::find_invalid_utf8(text);
  if (at == std::string_view::npos) return {};
  return invalid_input("text: byte " + std::to_string(at) + " is not UTF-8; convert the text first");
}

}  // namespace

Result<std::vector<std::string>> needed_files(std::string_view manifest_json) {
  COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, records::parse_manifest(manifest_json, kManifest));
  return needed_files(manifest, {});
}

Result<std::unique_ptr<Model>> Model::create(std::vector<ModelFile> files) {
  std::unique_ptr<Model> model(new Model());
  COPPICE_RETURN_IF_ERROR(model->open(std::move(files)));
  return model;
}

Status Model::open(std::vector<ModelFile> files) {
  if (const ModelFile* manifest = find(files, kManifest)) {
    COPPICE_ASSIGN_OR_RETURN(manifest_, records::parse_manifest(text_of(*manifest), kManifest));
    COPPICE_RETURN_IF_ERROR(check_files(manifest_, files));
    checked_ = true;
  } else {
    COPPICE_ASSIGN_OR_RETURN(manifest_, manifest_from_config(files));
  }
  facts_ = compare::facts_of(manifest_);
  // All of these are there: checked above.
  COPPICE_ASSIGN_OR_RETURN(const std::vector<std::string> needed, needed_files(manifest_, files));
  weights_at_ = needed.back();
  const ModelFile& config = *find(files, kConfig);
  auto& weights = const_cast<ModelFile&>(*find(files, weights_at_));
  if (!compare::is_linear(manifest_)) return open_transformer(files, text_of(config), weights);
  COPPICE_ASSIGN_OR_RETURN(linear_, linear::LinearModel::create(text_of(config), weights.bytes, weights_at_));
  return {};
}

Status Model::open_transformer(const std::vector<ModelFile>& files, std::string_view config_json, ModelFile& weights) {
  COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config, records::parse_bert_config(config_json, kConfig));
  const std::string_view vocabulary = text_of(*find(files, kVocabulary));
  const ModelFile* settings = find(files, kTokenizerConfig);
  // One that a manifest does not list is not the model's.
  if (settings != nullptr && (!checked_ || manifest_.find_file(kTokenizerConfig) != nullptr)) {
    COPPICE_ASSIGN_OR_RETURN(tokenizer_, text::tokenizer_from_files({vocabulary, text_of(*settings), std::nullopt}));
  } else {
    text::TokenizerOptions options;
    options.do_lower_case = manifest_.do_lower_case;
    options.strip_accents = manifest_.do_lower_case;
    COPPICE_ASSIGN_OR_RETURN(tokenizer_, text::Tokenizer::create(vocabulary, options));
  }
  if (tokenizer_->vocab_size() != config.vocab_size) {
    return invalid_input("vocab.txt has " + std::to_string(tokenizer_->vocab_size()) +
                         " entries but config.json's vocab_size is " + std::to_string(config.vocab_size) +
                         "; take both from the same model");
  }
  if (manifest_.max_length > config.max_position_embeddings) {
    return invalid_input("manifest.json: max_length is " + std::to_string(manifest_.max_length) +
                         " but config.json's max_position_embeddings " +
                         std::to_string(config.max_position_embeddings) + "; take both from the same model");
  }
  engine::ClassifierOptions options;
  options.measure_costs = &platform::measure_costs;
  options.memory_limit_bytes = platform::memory_limit_bytes();
  Result<engine::Classifier> loaded = unsupported("");
  if (weights.memory) {
    const std::span<std::byte> in_place(static_cast<std::byte*>(weights.memory.get()), weights.bytes.size());
    weights_ = std::move(weights.memory);
    loaded = engine::Classifier::load_in_place(config, in_place, weights_at_, options);
  } else {
    loaded = engine::Classifier::load(config, weights.bytes, weights_at_, options);
  }
  if (!loaded) return loaded.status();
  classifier_ = std::make_unique<engine::Classifier>(std::move(*loaded));
  const engine::SessionOptions session{.most_tokens = static_cast<size_t>(manifest_.max_length)};
  COPPICE_ASSIGN_OR_RETURN(session_, engine::Session::create(*classifier_, session));
  return {};
}

Result<Verdict> Model::classify(std::string_view text) {
  COPPICE_RETURN_IF_ERROR(check_text(text));
  Verdict verdict;
  const double start = platform::seconds();
  if (linear_) {
    const linear::Judgement judgement = linear_->judge(text);
    verdict.logits = judgement.logits;
    verdict.tokens = judgement.words;
    verdict.tokens_whole = judgement.words;
  } else {
    const compare::Reading reading = compare::read_text(manifest_, &*tokenizer_, text);
    const std::span<const int32_t> review(reading.input_ids);
    COPPICE_RETURN_IF_ERROR(session_->classify({&review, 1}, {&verdict.logits, 1}));
    verdict.tokens = reading.units;
    verdict.tokens_whole = reading.units_whole;
    verdict.truncated = reading.truncated;
  }
  verdict.milliseconds = (platform::seconds() - start) * 1e3;
  verdict.label = verdict.logits[1] > verdict.logits[0] ? 1 : 0;
  const double margin = std::fabs(static_cast<double>(verdict.logits[1]) - verdict.logits[0]);
  verdict.probability = 1 / (1 + std::exp(-margin));
  return verdict;
}

Result<Estimate> Model::estimate(const Verdict& verdict, const EstimateQuery& query) const {
  COPPICE_ASSIGN_OR_RETURN(const energy::DevicePreset* device, device_of(query.device));
  COPPICE_ASSIGN_OR_RETURN(const energy::InferenceMethod method, method_of(query.method));
  if (!std::isfinite(verdict.milliseconds) || verdict.milliseconds < 0 || verdict.tokens < 0) {
    return invalid_usage("estimate: a verdict of " + std::to_string(verdict.milliseconds) + " milliseconds and " +
                         std::to_string(verdict.tokens) + " tokens; expected one that classify gave");
  }
  Estimate estimate;
  energy::Intensity intensity;
  if (!query.country.empty()) {
    COPPICE_ASSIGN_OR_RETURN(intensity, compare::find_grid(query.country));
    estimate.intensity = intensity;
  }
  compare::EstimateInputs inputs{method, std::nullopt, verdict.tokens, facts_, *device, intensity};
  const energy::Seconds time(verdict.milliseconds / 1e3);
  inputs.time = energy::TimedInference{time, time, time, energy::Seconds(platform::clock_step_seconds())};
  const std::optional<compare::Estimate> found = compare::estimate_of(inputs);
  if (!found) {
    return unsupported(std::string("method ") + energy::info_of(method).id +
                       ": this model's manifest has no figures for it" +
                       (checked_ ? "" : " (it came without a manifest)") + "; use time_power");
  }
  estimate.energy = found->energy;
  if (estimate.intensity) estimate.carbon = found->carbon;
  return estimate;
}

OrderedJson Model::describe() const {
  OrderedJson json;
  json["id"] = manifest_.id;
  json["architecture"] = linear_ ? "linear" : "bert";
  json["labels"] = manifest_.labels;
  json["weights"] = weights_at_;
  json["checked"] = checked_;
  if (linear_) {
    json["parameters"] = linear_->parameters();
    return json;
  }
  json["parameters"] =
      checked_ ? manifest_.parameters.total : records::count_parameters(classifier_->config(), true).total;
  json["max_tokens"] = manifest_.max_length;
  json["truncation"] = manifest_.truncation;
  json["arithmetic"] = classifier_->arithmetic();
  json["instruction_set"] = engine::kernels::instruction_set();
  return json;
}

OrderedJson choices() {
  OrderedJson json;
  json["devices"] = OrderedJson::array();
  for (const energy::DevicePreset& device : energy::device_presets()) {
    json["devices"].push_back({{"id", device.id},
                               {"name", device.name},
                               {"watts", device.power.value()},
                               {"watts_low", device.low.value()},
                               {"watts_high", device.high.value()}});
  }
  json["countries"] = OrderedJson::array();
  for (const compare::GridPreset& grid : compare::grid_presets()) {
    json["countries"].push_back({{"id", grid.id}, {"name", grid.name}, {"grams_per_kwh", grid.grams_per_kwh}});
  }
  json["methods"] = OrderedJson::array();
  for (const energy::InferenceMethodInfo& method : energy::inference_methods()) {
    json["methods"].push_back({{"id", method.id}, {"name", method.name}, {"counts", method.counts}});
  }
  return json;
}

}  // namespace coppice::core_api
