// coppice calibrate: the ranges of activations over held-out reviews, for int8 exports with static scales.
#include <algorithm>
#include <iostream>

#include "native/backend/classifier_folder.h"
#include "native/backend/commands.h"
#include "native/backend/data_share.h"
#include "native/backend/progress.h"
#include "native/io/file.h"
#include "native/model/activation_ranges.h"

namespace coppice::backend {
namespace {

constexpr int64_t kCalibrationBatchTokens = 2048;

// Share of [UNK] among the tokens of the reviews, without [CLS] and [SEP].
double unknown_share(const model::TokenizedReviews& reviews, int32_t unk) {
  const int64_t unknown = std::count(reviews.ids.begin(), reviews.ids.end(), unk);
  const int64_t tokens = reviews.tokens() - 2 * static_cast<int64_t>(reviews.size());
  return tokens > 0 ? static_cast<double>(unknown) / static_cast<double>(tokens) : 0;
}

}  // namespace

Status run_calibrate(const cli::CalibrateOptions& options, const Invocation& invocation) {
  model::RangeOptions range_options;
  COPPICE_ASSIGN_OR_RETURN(range_options.method, model::parse_range_method(options.method));
  range_options.percentile = options.percentile;
  COPPICE_ASSIGN_OR_RETURN(ClassifierFolder folder, open_classifier(options.model));
  COPPICE_ASSIGN_OR_RETURN(const DataSelection selection,
                           select_reviews(options.data, data::Split::kValidation, static_cast<size_t>(options.limit)));
  if (selection.reviews.empty()) return invalid_input(options.data + " has no reviews to calibrate on");
  const model::TokenizedReviews reviews = model::tokenize(folder.tokenizer, selection.reviews, folder.encoding);
  const double unknown = unknown_share(reviews, folder.tokenizer.special_ids().unk);
  if (unknown > 0.5) {
    return invalid_input(options.data + ": " + fixed(100 * unknown, 0) + " % of the words are unknown to the model's " +
                         "vocabulary, so the ranges would be those of [UNK]. Calibrate on texts as it will read them.");
  }
  model::WorkerPool pool(options.threads);
  Progress progress("calibrate");
  COPPICE_ASSIGN_OR_RETURN(const std::vector<model::ActivationRange> ranges,
                           model::activation_ranges(
                               folder.model, reviews, range_options, kCalibrationBatchTokens, pool,
                               [&](size_t done, size_t all) {
                                 progress.update(static_cast<double>(done), static_cast<double>(all),
                                                 std::to_string(done / 2) + " reviews");
                               },
                               *invocation.interrupted));
  OrderedJson json;
  json["kind"] = "calibration";
  json["model"] = folder.manifest.id;
  json["weights_sha256"] = folder.weights_sha256;
  json["data"] = to_json(selection);
  json["max_length"] = folder.manifest.max_length;
  json["tokens"] = reviews.tokens();
  json["unknown_token_share"] = unknown;
  json["method"] = model::to_string(range_options.method);
  if (range_options.method == model::RangeMethod::kPercentile) json["percentile"] = range_options.percentile;
  json["inputs"] = OrderedJson::array();
  for (const model::ActivationRange& range : ranges) json["inputs"].push_back(to_json(range));
  const std::string text = dump_json(json, options.json ? -1 : 1) + "\n";
  if (!options.output.empty()) return write_file_atomically(options.output, text);
  std::cout << text;
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

}  // namespace coppice::backend
