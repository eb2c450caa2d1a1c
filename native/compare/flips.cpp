#include "native/compare/flips.h"

#include <algorithm>
#include <cmath>

#include "shared/base/json.h"

namespace coppice::compare_models {
namespace {

double sureness(const Prediction& a, const Prediction& b) {
  return std::min(std::abs(a.score - 0.5), std::abs(b.score - 0.5));
}

}  // namespace

std::string flips_json_lines(const PredictionFile& first, const PredictionFile& second,
                             const std::vector<size_t>& order, const std::vector<std::string>& texts,
                             const std::string& first_id, const std::string& second_id) {
  std::vector<size_t> flips;
  for (size_t i = 0; i < first.rows.size(); ++i) {
    if (first.rows[i].predicted != second.rows[order[i]].predicted) flips.push_back(i);
  }
  std::sort(flips.begin(), flips.end(), [&](size_t a, size_t b) {
    const double of_a = sureness(first.rows[a], second.rows[order[a]]);
    const double of_b = sureness(first.rows[b], second.rows[order[b]]);
    return of_a != of_b ? of_a > of_b : first.rows[a].id < first.rows[b].id;
  });
  std::string lines;
  for (const size_t i : flips) {
    const Prediction& a = first.rows[i];
    const Prediction& b = second.rows[order[i]];
    OrderedJson line = {{"id", a.id},
                        {"label", a.label},
                        {"flip", a.right() ? "lost" : "won"},
                        {"baseline", {{"model", first_id}, {"score", a.score}}},
                        {"model", {{"model", second_id}, {"score", b.score}}},
                        {"sureness", sureness(a, b)}};
    if (!texts.empty()) line["text"] = texts[i];
    lines += dump_json(line) + "\n";
  }
  return lines;
}

}  // namespace coppice::compare_models
