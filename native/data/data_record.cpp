#include "native/data/data_record.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <unordered_set>

#include "native/data/dataset.h"
#include "native/data/duplicates.h"

namespace coppice::data {
namespace {

constexpr std::array<Split, 3> kSplits = {Split::kTrain, Split::kValidation, Split::kTest};
constexpr std::array<std::pair<size_t, size_t>, 3> kSplitPairs = {{{0, 1}, {0, 2}, {1, 2}}};

constexpr const char* kCitation =
    "Andrew L. Maas, Raymond E. Daly, Peter T. Pham, Dan Huang, Andrew Y. Ng and Christopher Potts. 2011. Learning "
    "Word Vectors for Sentiment Analysis. In Proceedings of the 49th Annual Meeting of the Association for "
    "Computational Linguistics: Human Language Technologies, pages 142-150, Portland, Oregon, USA.";

// Of well-formed UTF-8: the bytes that begin a character.
size_t count_code_points(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

size_t count_words(std::string_view text) {
  size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    words += !space && !inside ? 1 : 0;
    inside = !space;
  }
  return words;
}

OrderedJson describe_split(const std::vector<const Review*>& reviews) {
  std::vector<size_t> characters;
  std::vector<size_t> words;
  size_t positive = 0;
  for (const Review* review : reviews) {
    characters.push_back(count_code_points(review->text));
    words.push_back(count_words(review->text));
    positive += review->label == 1 ? 1 : 0;
  }
  OrderedJson split;
  split["reviews"] = reviews.size();
  split["negative"] = reviews.size() - positive;
  split["positive"] = positive;
  if (reviews.empty()) return split;
  split["positive_share"] = static_cast<double>(positive) / static_cast<double>(reviews.size());
  split["length_characters"] = summarise(std::move(characters));
  split["length_words"] = summarise(std::move(words));
  std::vector<Review> copies;
  for (const Review* review : reviews) copies.push_back(*review);
  split["sha256"] = reviews_sha256(copies);
  return split;
}

// Members of each cluster of two or more, by representative.
std::map<size_t, std::vector<size_t>> clusters_of(const std::vector<size_t>& representatives) {
  std::map<size_t, std::vector<size_t>> clusters;
  for (size_t i = 0; i < representatives.size(); ++i) clusters[representatives[i]].push_back(i);
  std::erase_if(clusters, [](const auto& cluster) { return cluster.second.size() < 2; });
  return clusters;
}

OrderedJson count_duplicates(const std::map<size_t, std::vector<size_t>>& clusters, const std::vector<size_t>& side) {
  std::array<size_t, 3> redundant{};
  std::array<size_t, 3> spanning{};
  std::array<size_t, 3> later_reviews{};  // reviews of the later split that have one like them in the earlier
  size_t reviews = 0;
  for (const auto& [representative, members] : clusters) {
    std::array<size_t, 3> on_side{};
    for (const size_t i : members) ++on_side[side[i]];
    reviews += members.size();
    for (size_t s = 0; s < 3; ++s) redundant[s] += on_side[s] > 1 ? on_side[s] - 1 : 0;
    for (size_t p = 0; p < kSplitPairs.size(); ++p) {
      const auto [a, b] = kSplitPairs[p];
      if (on_side[a] == 0 || on_side[b] == 0) continue;
      ++spanning[p];
      later_reviews[p] += on_side[b];
    }
  }
  OrderedJson counts;
  counts["clusters"] = clusters.size();
  counts["reviews"] = reviews;
  for (size_t s = 0; s < 3; ++s) counts["repeats_within"][name_of(kSplits[s])] = redundant[s];
  for (size_t p = 0; p < kSplitPairs.size(); ++p) {
    const std::string a = name_of(kSplits[kSplitPairs[p].first]);
    const std::string b = name_of(kSplits[kSplitPairs[p].second]);
    counts["across"][a + "_and_" + b] = {{"clusters", spanning[p]}, {b + "_reviews", later_reviews[p]}};
  }
  return counts;
}

OrderedJson describe_duplicates(const std::vector<Review>& all, const std::vector<size_t>& side) {
  const DuplicateClusters found = find_duplicates(all);
  const auto exact = clusters_of(found.exact);
  const auto near = clusters_of(found.near);
  OrderedJson duplicates;
  duplicates["method"] =
      "exact: equal after lower-casing ASCII and turning <br /> and ASCII punctuation into single spaces; near: "
      "Jaccard "
      "similarity of the sets of word shingles at least the threshold, all such pairs found; clusters are connected "
      "components";
  duplicates["shingle_words"] = kShingleWords;
  duplicates["threshold"] = kNearDuplicate;
  duplicates["exact"] = count_duplicates(exact, side);
  duplicates["exact_or_near"] = count_duplicates(near, side);
  size_t contradictory = 0;
  OrderedJson list = OrderedJson::array();
  for (const auto& [representative, members] : near) {
    OrderedJson cluster;
    std::set<size_t> representatives;
    std::set<int> labels;
    std::set<size_t> sides;
    OrderedJson ids = OrderedJson::array();
    for (const size_t i : members) {
      representatives.insert(found.exact[i]);
      labels.insert(all[i].label);
      sides.insert(side[i]);
      ids.push_back(all[i].id);
    }
    contradictory += labels.size() > 1 ? 1 : 0;
    cluster["kind"] = representatives.size() == 1 ? "exact" : "near";
    cluster["labels_agree"] = labels.size() == 1;
    for (const size_t s : sides) cluster["splits"].push_back(name_of(kSplits[s]));
    cluster["ids"] = std::move(ids);
    list.push_back(std::move(cluster));
  }
  duplicates["clusters_with_both_labels"] = contradictory;
  duplicates["clusters"] = std::move(list);
  return duplicates;
}

OrderedJson describe_rule(const AclImdbPart& train, const AclImdbPart& test, const ValidationSplit& split) {
  OrderedJson rule;
  rule["rule"] = name_of(split.rule);
  rule["meaning"] =
      split.rule == SplitRule::kByFilm
          ? "no film (urls_*.txt) and no near-duplicate is in both train and validation"
          : "runs of consecutive review numbers, an approximation to films since the archive names none: a "
            "film at the edge of a run, or with reviews of both labels, can be on both sides; no "
            "near-duplicate is";
  rule["seed"] = split.options.seed;
  rule["share"] = split.options.share;
  rule["wanted"] = {{"negative", split.target[0]}, {"positive", split.target[1]}};
  rule["taken"] = {{"negative", split.taken[0]}, {"positive", split.taken[1]}};
  rule["tolerance"] = kSplitTolerance;
  bool within = true;
  for (size_t label = 0; label < 2; ++label) {
    const auto wanted = static_cast<double>(split.target[label]);
    within = within && std::abs(static_cast<double>(split.taken[label]) - wanted) <= kSplitTolerance * wanted;
  }
  rule["within_tolerance"] = within;
  rule[split.rule == SplitRule::kByFilm ? "film_groups" : "runs"] = split.groups;
  rule[split.rule == SplitRule::kByFilm ? "film_groups_in_validation" : "runs_in_validation"] =
      split.groups_in_validation;
  if (split.rule == SplitRule::kByIdRuns) rule["near_duplicates_moved_to_train"] = split.moved_near_duplicates;
  if (!train.films.empty()) {
    const std::unordered_set<std::string> films(train.films.begin(), train.films.end());
    rule["films_in_train_and_validation"] = films.size();
    if (!test.films.empty()) {
      const std::unordered_set<std::string> test_films(test.films.begin(), test.films.end());
      rule["films_in_test"] = test_films.size();
      rule["films_in_test_and_train"] =
          std::count_if(test_films.begin(), test_films.end(), [&](const auto& film) { return films.contains(film); });
    }
  }
  return rule;
}

}  // namespace

OrderedJson summarise(std::vector<size_t> values) {
  OrderedJson summary;
  if (values.empty()) return summary;
  std::sort(values.begin(), values.end());
  const auto percentile = [&](double share) {
    const double rank = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<size_t>(rank);
    const size_t above = std::min(below + 1, values.size() - 1);
    const auto low = static_cast<double>(values[below]);
    return low + (rank - static_cast<double>(below)) * (static_cast<double>(values[above]) - low);
  };
  const auto sum = static_cast<double>(std::accumulate(values.begin(), values.end(), size_t{0}));
  summary["min"] = values.front();
  summary["median"] = percentile(0.5);
  summary["mean"] = sum / static_cast<double>(values.size());
  summary["p90"] = percentile(0.9);
  summary["p99"] = percentile(0.99);
  summary["max"] = values.back();
  return summary;
}

OrderedJson make_data_record(const DataSource& source, const AclImdbPart& train, const AclImdbPart& test,
                             const ValidationSplit& split, size_t unsupervised_in_archive) {
  std::vector<Review> all;
  std::vector<size_t> side;  // index into kSplits
  std::vector<bool> in_validation(train.reviews.size());
  for (const size_t i : split.validation) in_validation[i] = true;
  std::array<std::vector<const Review*>, 3> parts;
  for (size_t i = 0; i < train.reviews.size(); ++i) {
    side.push_back(in_validation[i] ? 1 : 0);
    parts[side.back()].push_back(&train.reviews[i]);
    all.push_back(train.reviews[i]);
  }
  for (const Review& review : test.reviews) {
    side.push_back(2);
    parts[2].push_back(&review);
    all.push_back(review);
  }
  OrderedJson record;
  record["schema_version"] = kDataRecordSchemaVersion;
  record["name"] = "Large Movie Review Dataset v1.0 (IMDb)";
  record["citation"] = kCitation;
  record["url"] = "https://ai.stanford.edu/~amaas/data/sentiment/";
  record["source"] = {
      {"origin", source.origin}, {"archive", source.archive}, {"bytes", source.bytes}, {"sha256", source.sha256}};
  record["warnings"] = source.warnings;
  for (size_t s = 0; s < 3; ++s) record["splits"][name_of(kSplits[s])] = describe_split(parts[s]);
  record["unsupervised_in_archive"] = unsupervised_in_archive;
  record["validation"] = describe_rule(train, test, split);
  record["duplicates"] = describe_duplicates(all, side);
  return record;
}

}  // namespace coppice::data
