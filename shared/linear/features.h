// Word n-grams as hashed features.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice::linear {

enum class Weighting {
  kBinary,     // 1 for an n-gram that occurs
  kSublinear,  // 1 + ln(how often)
};
enum class Norm {
  kNone,
  kL2,  // a text's values have Euclidean length 1
};

// How texts become features: all of it is in a model's config.json.
struct FeatureOptions {
  int64_t hash_bits = 20;  // 2^hash_bits buckets; n-grams that meet in one share its weight
  int64_t max_ngram = 2;   // words in a row: 1 to 3
  Weighting weighting = Weighting::kBinary;
  Norm norm = Norm::kNone;
};

inline constexpr int64_t kLeastHashBits = 8;
inline constexpr int64_t kMostHashBits = 26;

const char* to_string(Weighting weighting);  // "binary", "sublinear"
const char* to_string(Norm norm);            // "none", "l2"
Result<Weighting> parse_weighting(const std::string& name, const std::string& where);
Result<Norm> parse_norm(const std::string& name, const std::string& where);

struct Feature {
  uint32_t bucket;
  float value;
};

// The n-grams of a text before they are weighted: buckets for kMostHashBits, rising, each as often as it occurs. Fewer
// bits are the upper ones of these, so that one pass over the text serves several sizes.
struct TextNgrams {
  std::vector<uint32_t> buckets;
  int64_t words = 0;
};
TextNgrams ngrams_of(std::string_view text, int64_t max_ngram);

// Buckets rising, none twice.
std::vector<Feature> features_of(const TextNgrams& ngrams, const FeatureOptions& options);

}  // namespace coppice::linear
