#include "shared/linear/features.h"

#include <algorithm>
#include <cmath>

#include "shared/linear/words.h"

namespace coppice::linear {
namespace {

// Order matters: "not good" and "good not" differ.
uint64_t join(uint64_t ngram, uint64_t word) { return mix64(ngram * 0x9e3779b97f4a7c15ULL + word); }

}  // namespace

const char* to_string(Weighting weighting) { return weighting == Weighting::kBinary ? "binary" : "sublinear"; }

const char* to_string(Norm norm) { return norm == Norm::kNone ? "none" : "l2"; }

Result<Weighting> parse_weighting(const std::string& name, const std::string& where) {
  if (name == "binary") return Weighting::kBinary;
  if (name == "sublinear") return Weighting::kSublinear;
  return invalid_input(where + ": is \"" + name + "\"; expected binary or sublinear");
}

Result<Norm> parse_norm(const std::string& name, const std::string& where) {
  if (name == "none") return Norm::kNone;
  if (name == "l2") return Norm::kL2;
  return invalid_input(where + ": is \"" + name + "\"; expected none or l2");
}

TextNgrams ngrams_of(std::string_view text, int64_t max_ngram) {
  constexpr int kShift = 64 - static_cast<int>(kMostHashBits);
  TextNgrams ngrams;
  const auto add = [&](uint64_t hash) { ngrams.buckets.push_back(static_cast<uint32_t>(hash >> kShift)); };
  uint64_t before = 0;      // the last word
  uint64_t two_before = 0;  // the last two as a bigram
  for_each_word(text, [&](uint64_t word) {
    const uint64_t bigram = join(before, word);
    add(word);
    if (max_ngram >= 2 && ngrams.words >= 1) add(bigram);
    if (max_ngram >= 3 && ngrams.words >= 2) add(join(two_before, word));
    two_before = bigram;
    before = word;
    ++ngrams.words;
  });
  std::sort(ngrams.buckets.begin(), ngrams.buckets.end());
  return ngrams;
}

std::vector<Feature> features_of(const TextNgrams& ngrams, const FeatureOptions& options) {
  const auto shift = static_cast<uint32_t>(kMostHashBits - options.hash_bits);
  const std::vector<uint32_t>& buckets = ngrams.buckets;
  std::vector<Feature> features;
  double squares = 0;
  for (size_t i = 0; i < buckets.size();) {
    const uint32_t bucket = buckets[i] >> shift;
    size_t end = i;
    while (end < buckets.size() && buckets[end] >> shift == bucket) ++end;
    const double value = options.weighting == Weighting::kBinary ? 1.0 : 1.0 + std::log(static_cast<double>(end - i));
    squares += value * value;
    features.push_back({bucket, static_cast<float>(value)});
    i = end;
  }
  if (options.norm == Norm::kL2 && squares > 0) {
    const auto scale = static_cast<float>(1 / std::sqrt(squares));
    for (Feature& feature : features) feature.value *= scale;
  }
  return features;
}

}  // namespace coppice::linear
