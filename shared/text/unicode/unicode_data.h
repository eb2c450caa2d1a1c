// What the tokenizer needs to know of a code point, from the generated tables (unicode_tables.cpp, made by
// generate.py).
#pragma once

#include <cstdint>
#include <string_view>

namespace coppice::text::unicode {

// Bits of CodePointRecord::flags. Surrogates and values above U+10FFFF never reach the tables: utf8.h refuses them.
constexpr uint8_t kDrop = 1;             // U+0000, U+FFFD, control, format, private use, unassigned
constexpr uint8_t kSpace = 2;            // tab, LF, CR and the separators (Zs, Zl, Zp)
constexpr uint8_t kPunctuation = 4;      // categories P*, and every ASCII symbol
constexpr uint8_t kNonSpacingMark = 8;   // category Mn
constexpr uint8_t kCjkIdeograph = 16;    // the blocks BERT puts spaces round
constexpr uint8_t kDecomposes = 32;      // has a canonical decomposition in the table
constexpr uint8_t kHangulSyllable = 64;  // decomposes by arithmetic
constexpr uint8_t kLowers = 128;         // has a lower-case form, lower_delta away

struct CodePointRecord {
  uint8_t flags;
  uint8_t combining_class;
  uint8_t decomposition_length;   // code points, at most 4; fully decomposed
  uint16_t decomposition_offset;  // into kDecompositions
  int32_t lower_delta;            // lower-case code point minus this one
};

constexpr char32_t kLastCodePoint = 0x10FFFF;
constexpr int kBlockBits = 7;

extern const char* const kUnicodeVersion;
extern const uint16_t kStage1[];
extern const uint16_t kStage2[];
extern const CodePointRecord kRecords[];
extern const char32_t kDecompositions[];

// `code_point` at most kLastCodePoint.
inline const CodePointRecord& record_of(char32_t code_point) {
  const uint32_t block = kStage1[code_point >> kBlockBits];
  return kRecords[kStage2[(block << kBlockBits) | (code_point & ((1U << kBlockBits) - 1))]];
}

inline std::u32string_view decomposition_of(const CodePointRecord& record) {
  return {kDecompositions + record.decomposition_offset, record.decomposition_length};
}

}  // namespace coppice::text::unicode
