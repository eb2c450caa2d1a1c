#include "native/backend/against.h"

#include <algorithm>
#include <cmath>

#include "shared/metrics/paired.h"

namespace coppice::backend {
namespace {

constexpr size_t kMostIds = 100;

}  // namespace

Result<OrderedJson> compare_logits(const DataSelection& selection, const std::vector<Logits>& of_this,
                                   const std::vector<Logits>& of_other) {
  if (of_this.size() != selection.reviews.size() || of_other.size() != selection.reviews.size()) {
    return failed("the models judged " + std::to_string(of_this.size()) + " and " + std::to_string(of_other.size()) +
                  " of " + std::to_string(selection.reviews.size()) + " reviews; only whole runs can be compared");
  }
  double largest = 0;
  double sum = 0;
  int64_t to_negative = 0;
  int64_t to_positive = 0;
  std::vector<double> this_right;
  std::vector<double> other_right;
  OrderedJson flipped = OrderedJson::array();
  int64_t only_this = 0;
  int64_t only_other = 0;
  for (size_t i = 0; i < of_this.size(); ++i) {
    for (size_t k = 0; k < 2; ++k) {
      const double difference = std::abs(static_cast<double>(of_this[i][k]) - of_other[i][k]);
      largest = std::max(largest, difference);
      sum += difference;
    }
    const bool positive = is_positive(of_this[i]);
    const bool other_positive = is_positive(of_other[i]);
    const bool truth = selection.reviews[i].label == 1;
    this_right.push_back(positive == truth ? 1 : 0);
    other_right.push_back(other_positive == truth ? 1 : 0);
    if (positive == other_positive) continue;
    (positive ? to_positive : to_negative) += 1;
    (positive == truth ? only_this : only_other) += 1;
    if (flipped.size() < kMostIds) flipped.push_back(selection.reviews[i].id);
  }
  COPPICE_ASSIGN_OR_RETURN(const metrics::McNemar test, metrics::mcnemar_exact(only_other, only_this));
  COPPICE_ASSIGN_OR_RETURN(const metrics::PairedDifference accuracy,
                           metrics::paired_difference(other_right, this_right));
  const auto n = static_cast<double>(of_this.size());
  OrderedJson json;
  json["max_logit_difference"] = largest;
  json["mean_logit_difference"] = sum / (2 * n);
  json["agreement"] = 1 - static_cast<double>(to_negative + to_positive) / n;
  json["flips"] = {{"to_negative", to_negative}, {"to_positive", to_positive}};
  json["only_this_right"] = only_this;
  json["only_other_right"] = only_other;
  json["p_value"] = test.p_value;
  json["accuracy_difference"] = {
      {"value", accuracy.difference}, {"low", accuracy.interval.low}, {"high", accuracy.interval.high}};
  json["flipped_reviews"] = std::move(flipped);
  return json;
}

}  // namespace coppice::backend
