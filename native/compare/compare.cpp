#include "native/compare/compare.h"

#include <cmath>
#include <iostream>
#include <map>
#include <unordered_map>

#include "native/compare/flips.h"
#include "native/compare/render.h"
#include "native/data/dataset.h"
#include "native/data/json_lines.h"
#include "native/export/refresh.h"
#include "native/export/run_recorder.h"
#include "native/export/weights_hashes.h"
#include "native/io/file.h"
#include "shared/base/hex_hash.h"

namespace coppice::compare_models {
namespace {

namespace fs = std::filesystem;

// Metrics are sums of whole numbers over n: equal ones differ by rounding alone.
constexpr double kSameAccuracy = 1e-12;

struct Predictions {
  PredictionFile file;
  std::string weights_sha256;                  // of what was evaluated; empty if nothing says so
  std::optional<records::DataShare> test_set;  // likewise absent
};

struct Reviews {
  ReviewTraits traits;
  std::vector<std::string> texts;
};

// Whose predictions a file holds: said on the command line, in the file, or by its place among as many files as models.
Result<std::string> owner_of(const Overview& overview, const std::string& said, const PredictionFile& file,
                             size_t place, size_t files) {
  const std::string& id = said.empty() && file.model ? *file.model : said;
  if (!id.empty() && find_model(overview, id) != nullptr) return id;
  if (!said.empty()) return invalid_usage("--predictions: " + said + " is none of the models");
  if (files == overview.models.size()) return overview.models[place].manifest.id;
  return invalid_usage(file.source + ": whose predictions these are is not clear" +
                       (file.model ? " (the file says " + *file.model + ", which is none of the models)" : "") +
                       "; say --predictions ID=FILE, or give one file a model in the order of the models");
}

// What was evaluated, by the file itself or by the record of an evaluation with the very same result.
Status take_evaluation(const ModelSummary& model, Predictions& predictions) {
  const PredictionFile& file = predictions.file;
  predictions.test_set = file.test_set;
  if (file.weights_sha256) {
    predictions.weights_sha256 = *file.weights_sha256;
    return {};
  }
  for (const StoredRun& run : model.runs) {
    const Json& results = run.record.results;
    const Json& inputs = run.record.inputs;
    if (run.record.kind != "evaluate" || run.record.outcome != records::Outcome::kFinished) continue;
    if (!results.contains("accuracy") || !results["accuracy"].is_number() || !results.contains("n")) continue;
    if (results["n"] != file.rows.size()) continue;
    if (std::abs(results["accuracy"].get<double>() - file.accuracy()) > kSameAccuracy) continue;
    if (!inputs.contains("test_set") || !inputs.contains("weights_sha256") || !inputs["weights_sha256"].is_string()) {
      continue;
    }
    predictions.weights_sha256 = inputs["weights_sha256"].get<std::string>();
    if (!predictions.test_set) {
      COPPICE_ASSIGN_OR_RETURN(predictions.test_set,
                               records::parse_data_share(inputs["test_set"], run.path + ": inputs: test_set"));
    }
  }
  return {};
}

// Says why these may not be the model's predictions; empty if its own records say that they are.
std::string doubt_of(const ModelSummary& model, const Predictions& predictions) {
  if (predictions.weights_sha256.empty()) {
    return predictions.file.source + ": no record of an evaluation of " + model.manifest.id +
           " has its result (accuracy " + std::to_string(predictions.file.accuracy()) + " on " +
           std::to_string(predictions.file.rows.size()) +
           " reviews), so nothing says that these are its predictions; `coppice evaluate --record --predictions FILE` "
           "writes both";
  }
  if (!hashes_of_weights(model.runs, model.manifest).contain(predictions.weights_sha256)) {
    return predictions.file.source + ": predictions of other weights (sha256 " + predictions.weights_sha256 +
           ") than those in " + model.folder.string() + "; evaluate it anew";
  }
  return "";
}

Result<std::map<std::string, Predictions>> read_all_predictions(const CompareOptions& options, Overview& overview) {
  std::map<std::string, Predictions> all;
  for (size_t i = 0; i < options.predictions.size(); ++i) {
    std::string path = options.predictions[i];
    std::string said;
    // A path may hold "=" too: what stands before it must be a model.
    if (const size_t equals = path.find('='); equals != std::string::npos && !fs::exists(path)) {
      said = path.substr(0, equals);
      path = path.substr(equals + 1);
    }
    Predictions predictions;
    COPPICE_ASSIGN_OR_RETURN(predictions.file, read_predictions(path));
    COPPICE_ASSIGN_OR_RETURN(const std::string id,
                             owner_of(overview, said, predictions.file, i, options.predictions.size()));
    const ModelSummary& model = *find_model(overview, id);
    COPPICE_RETURN_IF_ERROR(take_evaluation(model, predictions));
    if (const std::string doubt = doubt_of(model, predictions); !doubt.empty()) {
      if (options.record) return invalid_input(doubt);
      overview.notes.push_back(doubt);
    }
    if (!all.emplace(id, std::move(predictions)).second) {
      return invalid_usage("--predictions: two files for " + id + "; expected one a model");
    }
  }
  if (!all.empty() && !all.contains(overview.base().manifest.id)) {
    return invalid_usage("--predictions: none of the baseline, " + overview.base().manifest.id +
                         "; predictions are compared with the baseline's on the same reviews");
  }
  return all;
}

// Texts and traits of the rows of `file`, in their order.
Result<Reviews> read_reviews_of(const CompareOptions& options, const PredictionFile& file) {
  Reviews reviews;
  if (options.data.empty()) return reviews;
  COPPICE_ASSIGN_OR_RETURN(const data::Split split, data::parse_split(options.split));
  std::vector<data::LabelledLine> lines;
  const bool json_lines = fs::path(options.data).extension() == ".jsonl";
  if (json_lines) {
    COPPICE_ASSIGN_OR_RETURN(lines, data::read_json_lines(options.data));
  } else {
    COPPICE_ASSIGN_OR_RETURN(std::vector<data::Review> plain, data::read_reviews(options.data, split));
    for (data::Review& review : plain) lines.push_back({std::move(review), ""});
  }
  std::unordered_map<std::string_view, const data::LabelledLine*> by_id;
  for (const data::LabelledLine& line : lines) by_id.emplace(line.review.id, &line);
  for (const Prediction& row : file.rows) {
    const auto found = by_id.find(row.id);
    const std::string where = options.data + ": review \"" + row.id + "\" of " + file.source;
    if (found == by_id.end()) {
      return invalid_input(where + " is not in it (split " + options.split +
                           "); give the --data and --split that were evaluated");
    }
    const data::Review& review = found->second->review;
    if (review.label != row.label || (!row.text_hash.empty() && row.text_hash != hex_hash(review.text))) {
      return invalid_input(where + " has another " + (review.label != row.label ? "label" : "text") +
                           " in it; give the data that was evaluated");
    }
    reviews.traits.counts.push_back(count_words(review.text));
    if (json_lines) reviews.traits.kinds.push_back(found->second->kind);
    reviews.texts.push_back(review.text);
  }
  return reviews;
}

Status write_record(const CompareOptions& options, const Overview& overview, const ModelSummary& model,
                    const Predictions& base, const Predictions& own, const PairedReport& report,
                    const std::vector<std::string>& command) {
  const std::optional<records::DataShare>& test_set = own.test_set ? own.test_set : base.test_set;
  if (!test_set) {
    return invalid_input(own.file.source + ": does not say which test set it is of, nor does any record; evaluate " +
                         model.manifest.id + " anew with --record --predictions FILE");
  }
  RunRecorder recorder("compare", command);
  records::RunRecord& record = recorder.record();
  record.inputs["baseline_id"] = overview.base().manifest.id;
  record.inputs["baseline_weights_sha256"] = base.weights_sha256;
  record.inputs["weights_sha256"] = own.weights_sha256;
  Json& share = record.inputs["test_set"] = {{"name", test_set->name}, {"split", test_set->split}};
  if (test_set->sha256) share["sha256"] = *test_set->sha256;
  if (test_set->examples) share["examples"] = *test_set->examples;
  if (test_set->share) share["share"] = *test_set->share;
  record.settings = {{"margin", report.options.margin},
                     {"alpha", kAlpha},
                     {"resamples", report.options.resamples},
                     {"seed", report.options.seed},
                     {"slice_rules", kSliceRules},
                     {"texts", !options.data.empty()}};
  record.results = Json(to_json(report));
  COPPICE_RETURN_IF_ERROR(write_run_record(model.folder, recorder.finish({})));
  return refresh_card_and_manifest(model.folder);
}

struct Answer {
  std::string text;
  OrderedJson json = OrderedJson::array();
  std::string flips;
};

Status compare_one(const CompareOptions& options, const Overview& overview, const ModelSummary& model,
                   const Predictions& base, const Predictions& own, const Reviews& reviews,
                   const std::vector<std::string>& command, Answer& answer) {
  const std::string& base_id = overview.base().manifest.id;
  const std::string& id = model.manifest.id;
  COPPICE_ASSIGN_OR_RETURN(const std::vector<size_t> order, match_reviews(base.file, own.file));
  PairedOptions paired;
  paired.margin = options.margin_points / 100;
  paired.resamples = options.resamples;
  COPPICE_ASSIGN_OR_RETURN(const PairedReport report,
                           compare_predictions(base.file, own.file, order, reviews.traits, paired));
  answer.text += "\n" + paired_text(report, base_id, id);
  OrderedJson json = {{"baseline", base_id}, {"model", id}};
  json.update(to_json(report));
  answer.json.push_back(std::move(json));
  if (!options.flips.empty()) {
    answer.flips += flips_json_lines(base.file, own.file, order, reviews.texts, base_id, id);
  }
  if (options.record) return write_record(options, overview, model, base, own, report, command);
  return {};
}

Status check(const CompareOptions& options) {
  if (options.json && options.csv) return invalid_usage("--json and --csv: only one of them fits standard output");
  if (!(options.margin_points > 0 && options.margin_points < 100)) {
    return invalid_usage("--margin: expected points of accuracy between 0 and 100, not " +
                         std::to_string(options.margin_points));
  }
  const bool paired = !options.predictions.empty();
  if (!paired && (options.record || !options.flips.empty() || !options.data.empty())) {
    return invalid_usage(
        std::string(options.record           ? "--record"
                    : !options.flips.empty() ? "--flips"
                                             : "--data") +
        ": compares reviews one by one, which needs --predictions of the baseline and of another model");
  }
  return {};
}

}  // namespace

Status run_compare(const CompareOptions& options, const std::vector<std::string>& command) {
  COPPICE_RETURN_IF_ERROR(check(options));
  const std::vector<fs::path> folders(options.models.begin(), options.models.end());
  COPPICE_ASSIGN_OR_RETURN(Overview overview, summarise(folders, options.baseline, options.tokens));
  COPPICE_ASSIGN_OR_RETURN(const auto predictions, read_all_predictions(options, overview));
  Answer answer;
  if (!predictions.empty()) {
    if (predictions.size() == 1) {
      return invalid_usage("--predictions: only the baseline's; give those of another model too");
    }
    const Predictions& base = predictions.at(overview.base().manifest.id);
    COPPICE_ASSIGN_OR_RETURN(const Reviews reviews, read_reviews_of(options, base.file));
    for (size_t i = 0; i < overview.models.size(); ++i) {
      const ModelSummary& model = overview.models[i];
      const auto own = predictions.find(model.manifest.id);
      if (i == overview.baseline || own == predictions.end()) continue;
      COPPICE_RETURN_IF_ERROR(compare_one(options, overview, model, base, own->second, reviews, command, answer));
    }
    if (!options.flips.empty()) COPPICE_RETURN_IF_ERROR(write_file_atomically(options.flips, answer.flips));
  }
  if (options.json) {
    OrderedJson json = to_json(overview);
    if (!predictions.empty()) json["comparisons"] = answer.json;
    std::cout << dump_json(json) << '\n';
  } else if (options.csv) {
    std::cout << overview_csv(overview);
  } else {
    std::cout << overview_text(overview) << answer.text;
  }
  std::cout.flush();
  return std::cout ? Status() : failed("standard output: cannot be written");
}

}  // namespace coppice::compare_models
