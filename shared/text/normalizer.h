// First stage: text to normalised code points, each with the bytes it came from.
//
// The steps and their order are those of BertNormalizer in Hugging Face tokenizers:
//   1. clean: drop U+0000, U+FFFD and the "other" categories (control, format, private use, unassigned); every white
//      space becomes U+0020. Tab, LF and CR are white space; other controls (U+000B, U+0085) vanish without a space.
//   2. a space before and after each CJK ideograph;
//   3. canonical decomposition (NFD), then non-spacing marks (Mn) are dropped;
//   4. lower case, code point by code point (a final capital sigma gives U+03C3).
// The library's Unicode tables are older than ours; tests/golden/tokenizer_quirks.jsonl lists what differs.
//
//   "Né\tà"  ->  n e U+0020 a   with spans {0,1} {1,3} {3,4} {4,6}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/text/span.h"
#include "shared/text/unicode/unicode_data.h"
#include "shared/text/utf8.h"

namespace coppice::text {

struct NormalizerOptions {
  bool lowercase = true;
  bool strip_accents = true;  // steps 3: without it the text is not decomposed either
  bool space_cjk_characters = true;
};

// The stage as a value, for tests and for display: spans[k] are the bytes behind code_points[k].
struct NormalizedText {
  std::u32string code_points;
  std::vector<Span> spans;
};
NormalizedText normalize(std::string_view text, const NormalizerOptions& options);

namespace internal {

// Marks that are kept although they have a combining class (all are spacing marks, such as U+302E). NFD sorts a run of
// marks by class, so they wait here until the run ends.
struct PendingMark {
  char32_t code_point;
  uint8_t combining_class;
  Span span;
};
void sort_by_class(std::vector<PendingMark>& marks);

constexpr char32_t kSpaceCharacter = U' ';
constexpr int kMaxDecomposition = 4;
// Hangul syllable to its two or three jamo (Unicode standard, section 3.12). Returns how many.
int decompose_hangul(char32_t syllable, char32_t (&out)[kMaxDecomposition]);

}  // namespace internal

// Calls emit(char32_t, Span) for each normalised code point of `text`; spans are counted from `base`. A template so
// that the next stage takes code points without a buffer between them.
template <typename Emit>
void normalize_into(std::string_view text, uint32_t base, const NormalizerOptions& options, Emit&& emit) {
  std::vector<internal::PendingMark> pending;  // allocates only for the rare marks described above

  const auto flush_marks = [&] {
    if (pending.empty()) return;
    internal::sort_by_class(pending);
    for (const internal::PendingMark& mark : pending) emit(mark.code_point, mark.span);
    pending.clear();
  };
  const auto emit_lowered = [&](char32_t code_point, const unicode::CodePointRecord& record, Span span) {
    if (!options.lowercase || (record.flags & unicode::kLowers) == 0) {
      emit(code_point, span);
    } else if (code_point == 0x130) {
      // The only code point with two in lower case; seen only when accents are kept.
      emit(U'i', span);
      emit(char32_t{0x307}, span);
    } else {
      emit(static_cast<char32_t>(static_cast<int32_t>(code_point) + record.lower_delta), span);
    }
  };
  const auto emit_decomposed = [&](char32_t code_point, Span span) {
    const unicode::CodePointRecord& record = unicode::record_of(code_point);
    if (record.combining_class == 0) flush_marks();  // a dropped mark of class 0 ends a run too
    if ((record.flags & unicode::kNonSpacingMark) != 0) return;
    if (record.combining_class != 0) {
      pending.push_back({code_point, record.combining_class, span});
    } else {
      emit_lowered(code_point, record, span);
    }
  };

  for (size_t i = 0; i < text.size();) {
    const DecodedCodePoint decoded = decode_utf8(text, i);
    const uint32_t begin = base + static_cast<uint32_t>(i);
    const Span span{begin, begin + decoded.length};
    i += decoded.length;
    const unicode::CodePointRecord& record = unicode::record_of(decoded.code_point);
    if ((record.flags & unicode::kDrop) != 0) continue;
    if ((record.flags & unicode::kSpace) != 0) {
      flush_marks();
      emit(internal::kSpaceCharacter, span);
      continue;
    }
    const bool spaced = options.space_cjk_characters && (record.flags & unicode::kCjkIdeograph) != 0;
    if (spaced) {
      flush_marks();
      emit(internal::kSpaceCharacter, span);
    }
    if (!options.strip_accents) {
      emit_lowered(decoded.code_point, record, span);
    } else if ((record.flags & unicode::kHangulSyllable) != 0) {
      char32_t jamo[internal::kMaxDecomposition];
      const int count = internal::decompose_hangul(decoded.code_point, jamo);
      for (int k = 0; k < count; ++k) emit_decomposed(jamo[k], span);
    } else if ((record.flags & unicode::kDecomposes) != 0) {
      for (const char32_t part : unicode::decomposition_of(record)) emit_decomposed(part, span);
    } else {
      emit_decomposed(decoded.code_point, span);
    }
    if (spaced) emit(internal::kSpaceCharacter, span);
  }
  flush_marks();
}

}  // namespace coppice::text
