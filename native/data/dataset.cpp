#include "native/data/dataset.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_set>

#include "native/data/acl_imdb.h"
#include "native/data/duplicates.h"
#include "native/data/json_lines.h"
#include "native/data/splits_file.h"
#include "native/data/stable_hash.h"
#include "native/data/tsv.h"
#include "native/data/validation_split.h"
#include "native/io/file.h"

namespace coppice::data {
namespace {

namespace fs = std::filesystem;

// Keeps the reviews of `split` (kTrain or kValidation).
std::vector<Review> keep_split(AclImdbPart part, Split split) {
  const ValidationSplit cut = split_validation(part, find_duplicates(part.reviews).near);
  std::vector<bool> in_validation(part.reviews.size());
  for (const size_t i : cut.validation) in_validation[i] = true;
  std::vector<Review> kept;
  for (size_t i = 0; i < part.reviews.size(); ++i) {
    if (in_validation[i] == (split == Split::kValidation)) kept.push_back(std::move(part.reviews[i]));
  }
  return kept;
}

Result<std::vector<Review>> read_tsv_split(const fs::path& file, Split split) {
  COPPICE_ASSIGN_OR_RETURN(std::vector<Review> reviews, read_tsv(file));
  if (split == Split::kTest) return reviews;
  AclImdbPart part;
  part.reviews = std::move(reviews);
  return keep_split(std::move(part), split);
}

Result<std::vector<Review>> read_acl_imdb_split(const fs::path& data, const fs::path& root, Split split) {
  COPPICE_ASSIGN_OR_RETURN(AclImdbPart part, read_acl_imdb(root, split == Split::kTest ? "test" : "train"));
  if (split == Split::kTest) return std::move(part.reviews);
  std::error_code ignored;
  const fs::path splits = data / kSplitsFileName;
  if (!fs::exists(splits, ignored)) return keep_split(std::move(part), split);

  COPPICE_ASSIGN_OR_RETURN(const std::unordered_set<std::string> validation, read_splits(splits));
  std::vector<Review> kept;
  size_t found = 0;
  for (Review& review : part.reviews) {
    const bool in_validation = validation.contains(review.id);
    found += in_validation ? 1 : 0;
    if (in_validation == (split == Split::kValidation)) kept.push_back(std::move(review));
  }
  if (found != validation.size()) {
    return invalid_input(splits.string() + ": names " + std::to_string(validation.size()) + " reviews, of which " +
                         std::to_string(found) + " are in " + (root / "train").string() +
                         "; expected all of them. Run coppice fetch imdb again.");
  }
  return kept;
}

Result<std::vector<Review>> read_split(const fs::path& data, Split split) {
  std::error_code error;
  const fs::file_status status = fs::status(data, error);
  if (!fs::exists(status)) {
    return not_found(data.string() +
                     ": no such file or folder; expected FILE.tsv, FILE.jsonl, or an aclImdb folder (make one with "
                     "coppice fetch imdb)");
  }
  if (!fs::is_directory(status) && data.extension() == ".jsonl") {
    if (split != Split::kTest) {
      return invalid_usage(data.string() + ": JSON Lines are a test set; to train, write the reviews as TSV");
    }
    COPPICE_ASSIGN_OR_RETURN(std::vector<LabelledLine> lines, read_json_lines(data));
    std::vector<Review> reviews;
    for (LabelledLine& line : lines) reviews.push_back(std::move(line.review));
    return reviews;
  }
  if (!fs::is_directory(status)) return read_tsv_split(data, split);
  if (const fs::path file = data / (std::string(name_of(split)) + ".tsv"); fs::exists(file, error)) {
    return read_tsv(file);
  }
  if (const std::optional<fs::path> root = find_acl_imdb_root(data)) return read_acl_imdb_split(data, *root, split);
  return invalid_input(data.string() + ": neither " + name_of(split) +
                       ".tsv nor train/{neg,pos} or test/{neg,pos} in it; expected a folder with train.tsv, "
                       "validation.tsv and test.tsv, or an aclImdb folder (make one with coppice fetch imdb)");
}

}  // namespace

const char* name_of(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kValidation:
      return "validation";
    case Split::kTest:
      return "test";
  }
  return "";
}

Result<Split> parse_split(const std::string& name) {
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    if (name == name_of(split)) return split;
  }
  return invalid_usage("unknown split \"" + name + "\"; expected train, validation or test");
}

std::vector<Review> balanced_sample(std::vector<Review> reviews, size_t limit) {
  if (limit == 0 || limit >= reviews.size()) return reviews;
  std::array<std::vector<std::pair<uint64_t, size_t>>, 2> ranked;
  for (size_t i = 0; i < reviews.size(); ++i) {
    ranked[static_cast<size_t>(reviews[i].label)].emplace_back(stable_hash(reviews[i].id), i);
  }
  for (auto& of_class : ranked) std::sort(of_class.begin(), of_class.end());
  std::array<size_t, 2> wanted = {limit / 2, limit - limit / 2};
  for (size_t label = 0; label < 2; ++label) {  // what one class lacks, the other fills
    const size_t there = ranked[label].size();
    if (wanted[label] > there) {
      wanted[1 - label] += wanted[label] - there;
      wanted[label] = there;
    }
  }
  std::vector<size_t> chosen;
  for (size_t label = 0; label < 2; ++label) {
    for (size_t k = 0; k < wanted[label]; ++k) chosen.push_back(ranked[label][k].second);
  }
  std::sort(chosen.begin(), chosen.end());
  std::vector<Review> sample;
  sample.reserve(chosen.size());
  for (const size_t i : chosen) sample.push_back(std::move(reviews[i]));
  return sample;
}

Result<std::vector<Review>> read_reviews(const fs::path& data, Split split, size_t limit) {
  COPPICE_ASSIGN_OR_RETURN(std::vector<Review> reviews, read_split(data, split));
  if (reviews.empty()) {
    return invalid_input(data.string() + ": no review in the split " + name_of(split) +
                         "; there are too few to cut a validation set off");
  }
  return balanced_sample(std::move(reviews), limit);
}

std::string reviews_sha256(const std::vector<Review>& reviews) {
  std::vector<size_t> order(reviews.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return reviews[a].id < reviews[b].id; });
  Sha256 hash;
  for (const size_t i : order) {
    const Review& review = reviews[i];
    // Lengths first, so that no two different lists give the same bytes.
    hash.update(std::to_string(review.id.size()) + " " + std::to_string(review.label) + " " +
                std::to_string(review.text.size()) + "\n");
    hash.update(review.id);
    hash.update(review.text);
  }
  return hash.finish_hex();
}

}  // namespace coppice::data
