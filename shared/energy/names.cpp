#include "shared/energy/names.h"

#include <algorithm>
#include <utility>

namespace coppice::energy {

namespace {

// Levenshtein's distance with one row of memory; some number above `limit` as soon as it must exceed that.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    size_t least = row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;  // no later row falls below this one's least
  }
  return row[b.size()];
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::vector<std::string> nearest_names(std::string_view query, const std::vector<std::string>& names, size_t count) {
  const std::string wanted = lower(query.substr(0, 100));  // longer input is no name
  if (wanted.empty()) return {};
  if (count == 0) return {};
  size_t farthest = std::max<size_t>(1, wanted.size() / 2);
  std::vector<std::pair<size_t, std::string>> ranked;  // by distance, equal ones in the order of `names`
  for (const std::string& name : names) {
    const std::string candidate = lower(name);
    const bool starts = wanted.size() >= 2 && candidate.compare(0, wanted.size(), wanted) == 0;
    const size_t distance = starts ? 0 : edit_distance(wanted, candidate, farthest);
    if (distance > farthest) continue;
    const auto same = [&](const auto& entry) { return entry.second == name; };
    if (std::any_of(ranked.begin(), ranked.end(), same)) continue;
    const auto after = std::upper_bound(ranked.begin(), ranked.end(), distance,
                                        [](size_t value, const auto& entry) { return value < entry.first; });
    ranked.emplace(after, distance, name);
    if (ranked.size() > count) ranked.pop_back();
    // Whatever comes later and is as far away as the last of enough names comes too late.
    if (ranked.size() == count && ranked.back().first == 0) break;
    if (ranked.size() == count) farthest = std::min(farthest, ranked.back().first - 1);
  }
  std::vector<std::string> nearest;
  for (auto& [distance, name] : ranked) nearest.push_back(std::move(name));
  return nearest;
}

std::string did_you_mean(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = " Did you mean ";
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text + "?";
}

}  // namespace coppice::energy
