#include "shared/energy/inference/shipped.h"

#include <functional>
#include <map>
#include <string>

namespace coppice::energy {
namespace {

struct MeanOf {
  double sum = 0;
  int count = 0;
};

// The value of `of` at `tokens`; runs is not empty.
double brought_to(std::span<const ShippedInference> runs, int64_t tokens,
                  const std::function<double(const ShippedInference&)>& of) {
  std::map<int64_t, MeanOf> by_length;
  for (const ShippedInference& run : runs) {
    MeanOf& mean = by_length[run.tokens];
    mean.sum += of(run);
    ++mean.count;
  }
  const auto value = [](const auto& entry) { return entry.second.sum / entry.second.count; };
  const auto above = by_length.lower_bound(tokens);
  if (above == by_length.end()) {
    const auto& longest = *by_length.rbegin();
    return longest.first > 0 ? value(longest) * static_cast<double>(tokens) / static_cast<double>(longest.first)
                             : value(longest);
  }
  if (above->first == tokens || above == by_length.begin()) return value(*above);
  const auto below = std::prev(above);
  const double share = static_cast<double>(tokens - below->first) / static_cast<double>(above->first - below->first);
  return value(*below) + share * (value(*above) - value(*below));
}

}  // namespace

std::optional<Figure<Joules>> energy_as_shipped(std::span<const ShippedInference> runs, int64_t tokens) {
  if (runs.empty()) return std::nullopt;
  Figure<Joules> figure;
  figure.value = Joules(brought_to(runs, tokens, [](const auto& run) { return run.energy.value.value(); }));
  figure.low = Joules(brought_to(runs, tokens, [](const auto& run) { return run.energy.low.value(); }));
  figure.high = Joules(brought_to(runs, tokens, [](const auto& run) { return run.energy.high.value(); }));
  figure.provenance = runs.front().energy.provenance;
  bool exact = false;
  for (const ShippedInference& run : runs) {
    if (run.energy.provenance.kind != figure.provenance.kind) figure.provenance.kind = ProvenanceKind::kMixed;
    exact = exact || run.tokens == tokens;
  }
  if (!exact && figure.provenance.kind == ProvenanceKind::kMeasured) {
    figure.provenance.kind = ProvenanceKind::kModelled;
  }
  figure.provenance.method = "native run in the manifest, at " + std::string(exact ? "just this" : "other") +
                             (exact ? " length" : " lengths, brought to this one") + ": " + figure.provenance.method;
  return figure;
}

std::optional<double> milliseconds_as_shipped(std::span<const ShippedInference> runs, int64_t tokens) {
  if (runs.empty()) return std::nullopt;
  for (const ShippedInference& run : runs) {
    if (!run.median_milliseconds) return std::nullopt;
  }
  return brought_to(runs, tokens, [](const auto& run) { return *run.median_milliseconds; });
}

}  // namespace coppice::energy
