#include "shared/text/normalizer.h"

#include <algorithm>

namespace coppice::text {
namespace internal {

void sort_by_class(std::vector<PendingMark>& marks) {
  std::stable_sort(marks.begin(), marks.end(),
                   [](const PendingMark& a, const PendingMark& b) { return a.combining_class < b.combining_class; });
}

int decompose_hangul(char32_t syllable, char32_t (&out)[kMaxDecomposition]) {
  constexpr char32_t kSyllableBase = 0xAC00;
  constexpr char32_t kLeadBase = 0x1100;
  constexpr char32_t kVowelBase = 0x1161;
  constexpr char32_t kTrailBase = 0x11A7;
  constexpr char32_t kVowels = 21;
  constexpr char32_t kTrails = 28;
  const char32_t index = syllable - kSyllableBase;
  out[0] = kLeadBase + index / (kVowels * kTrails);
  out[1] = kVowelBase + index % (kVowels * kTrails) / kTrails;
  if (index % kTrails == 0) return 2;
  out[2] = kTrailBase + index % kTrails;
  return 3;
}

}  // namespace internal

NormalizedText normalize(std::string_view text, const NormalizerOptions& options) {
  NormalizedText out;
  normalize_into(text, 0, options, [&](char32_t code_point, Span span) {
    out.code_points.push_back(code_point);
    out.spans.push_back(span);
  });
  return out;
}

}  // namespace coppice::text
