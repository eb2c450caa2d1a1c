// Words and sentences of any text: in order, within the text, each word in one sentence; and tokens left out are those
// of the part.
#include <cstdint>
#include <string_view>

#include "shared/explain/occlusion.h"
#include "shared/explain/units.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const explain::Units units = explain::find_units(text);
  uint32_t end = 0;
  for (const text::Span word : units.words) {
    FUZZ_CHECK(word.begin >= end && word.end > word.begin && word.end <= size);
    FUZZ_CHECK(explain::without_bytes(text, word).size() == size - (word.end - word.begin) + 1);
    end = word.end;
  }
  size_t next = 0;
  uint32_t sentence_end = 0;
  for (const explain::Sentence& sentence : units.sentences) {
    FUZZ_CHECK(sentence.first_word == next && sentence.end_word > next);
    FUZZ_CHECK(sentence.span.begin >= sentence_end && sentence.span.end <= size);
    FUZZ_CHECK(sentence.span.begin <= units.words[sentence.first_word].begin);
    FUZZ_CHECK(sentence.span.end >= units.words[sentence.end_word - 1].end);
    next = sentence.end_word;
    sentence_end = sentence.span.end;
  }
  FUZZ_CHECK(next == units.words.size());
  return 0;
}
