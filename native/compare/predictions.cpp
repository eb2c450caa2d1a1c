#include "native/compare/predictions.h"

#include <cmath>
#include <unordered_map>

#include "native/data/json_lines.h"
#include "native/io/file.h"
#include "shared/base/json.h"

namespace coppice::compare_models {
namespace {

// Scores are written with all digits; a score of 0.5 may go either way.
constexpr double kTie = 1e-9;

int zero_or_one(JsonReader& reader, const char* member) {
  const int64_t value = reader.integer(member);
  if (reader.status().ok() && value != 0 && value != 1) {
    reader.fail(member, "is " + std::to_string(value) + "; expected 0 (negative) or 1 (positive)");
  }
  return value == 1 ? 1 : 0;
}

Result<Prediction> parse_row(const Json& document, const std::string& where) {
  JsonReader reader(document, where);
  Prediction row;
  row.id = reader.string("id");
  row.label = zero_or_one(reader, "label");
  row.predicted = zero_or_one(reader, "prediction");
  row.score = reader.number("score");
  row.text_hash = reader.string_or("text_hash", "");
  if (reader.status().ok() && !(row.score >= 0.0 && row.score <= 1.0)) {
    reader.fail("score", "is " + std::to_string(row.score) + "; expected the probability of positive, 0 to 1");
  }
  if (reader.status().ok() && std::abs(row.score - 0.5) > kTie && (row.score > 0.5) != (row.predicted == 1)) {
    reader.fail("prediction", "is " + std::to_string(row.predicted) + " with a probability of positive of " +
                                  std::to_string(row.score) + "; expected the more probable one");
  }
  COPPICE_RETURN_IF_ERROR(reader.status());
  return row;
}

Status take_header(const Json& document, const std::string& where, PredictionFile& file) {
  JsonReader reader(document, where);
  if (reader.has("model")) file.model = reader.string("model");
  if (reader.has("weights_sha256")) file.weights_sha256 = reader.string("weights_sha256");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (!reader.has("test_set")) return {};
  COPPICE_ASSIGN_OR_RETURN(file.test_set, records::parse_data_share(document["test_set"], where + ": test_set"));
  return {};
}

std::string missing(const PredictionFile& has, const PredictionFile& lacks, size_t count, const std::string& id) {
  return lacks.source + ": lacks " + std::to_string(count) + " of the " + std::to_string(has.rows.size()) +
         " reviews of " + has.source + ", \"" + id + "\" among them; predictions are compared on the same reviews: " +
         "run `coppice evaluate --predictions` of both models with the same --data, --split and --limit";
}

}  // namespace

double PredictionFile::accuracy() const {
  size_t right = 0;
  for (const Prediction& row : rows) right += row.right() ? 1 : 0;
  return rows.empty() ? 0.0 : static_cast<double>(right) / static_cast<double>(rows.size());
}

Result<PredictionFile> parse_predictions(std::string_view bytes, const std::string& source) {
  PredictionFile file;
  file.source = source;
  std::unordered_map<std::string, std::string> seen;  // id -> where
  COPPICE_RETURN_IF_ERROR(
      data::for_each_json_line(bytes, source, [&](std::string_view line, const std::string& where) -> Status {
        COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(line, where));
        COPPICE_ASSIGN_OR_RETURN(Prediction row, parse_row(document, where));
        const auto [first, is_new] = seen.emplace(row.id, where);
        if (!is_new) {
          return invalid_input(where + ": id: \"" + row.id + "\" is that of " + first->second +
                               " too; expected each review once");
        }
        if (file.rows.empty()) COPPICE_RETURN_IF_ERROR(take_header(document, where, file));
        file.rows.push_back(std::move(row));
        return {};
      }));
  if (file.rows.empty()) {
    return invalid_input(source + ": no prediction in it; `coppice evaluate --predictions FILE` writes one");
  }
  if (file.test_set && file.test_set->examples && *file.test_set->examples != static_cast<int64_t>(file.rows.size())) {
    return invalid_input(source + ": holds " + std::to_string(file.rows.size()) + " predictions, but its first line " +
                         "states a test set of " + std::to_string(*file.test_set->examples) +
                         "; lines are missing or were added. Evaluate anew.");
  }
  return file;
}

Result<PredictionFile> read_predictions(const std::filesystem::path& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  return parse_predictions(bytes, path.string());
}

Result<std::vector<size_t>> match_reviews(const PredictionFile& first, const PredictionFile& second) {
  if (first.test_set && second.test_set && first.test_set->sha256 && second.test_set->sha256 &&
      *first.test_set->sha256 != *second.test_set->sha256) {
    return invalid_input(second.source + ": predictions on another test set than " + first.source + " (sha256 " +
                         *second.test_set->sha256 + " and " + *first.test_set->sha256 +
                         "); evaluate both models on the same reviews");
  }
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < second.rows.size(); ++i) places.emplace(second.rows[i].id, i);
  std::vector<size_t> order;
  size_t absent = 0;
  std::string one_absent;
  for (const Prediction& row : first.rows) {
    const auto found = places.find(row.id);
    if (found == places.end()) {
      if (absent++ == 0) one_absent = row.id;
      continue;
    }
    const Prediction& other = second.rows[found->second];
    if (row.label != other.label) {
      return invalid_input(second.source + ": review \"" + row.id + "\" has label " + std::to_string(other.label) +
                           ", but " + std::to_string(row.label) + " in " + first.source +
                           "; the files are of different data");
    }
    if (!row.text_hash.empty() && !other.text_hash.empty() && row.text_hash != other.text_hash) {
      return invalid_input(second.source + ": review \"" + row.id + "\" has another text than in " + first.source +
                           " (text_hash " + other.text_hash + " and " + row.text_hash +
                           "); the files are of different data");
    }
    order.push_back(found->second);
    places.erase(found);
  }
  if (absent > 0) return invalid_input(missing(first, second, absent, one_absent));
  if (!places.empty()) {
    // The first in the file, so that the message is the same each time.
    for (const Prediction& row : second.rows) {
      if (places.contains(row.id)) return invalid_input(missing(second, first, places.size(), row.id));
    }
  }
  return order;
}

}  // namespace coppice::compare_models
