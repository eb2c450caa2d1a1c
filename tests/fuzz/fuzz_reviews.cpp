// Files of reviews, read as each of their forms: what is accepted keeps to the limits and is text.
#include <cstdint>
#include <string>
#include <string_view>

#include "shared/reviews/review_file.h"
#include "shared/text/utf8.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice::reviews;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"input.tsv", "input.csv", "input.jsonl", "input.json", "input.txt"}) {
    const auto file = parse_review_file(name, bytes);
    if (!file) {
      FUZZ_CHECK(file.status().message().find(name) != std::string::npos);
      continue;
    }
    FUZZ_CHECK(!file->reviews.empty() && file->reviews.size() <= kMostReviews);
    int64_t labelled = 0;
    for (const Review& review : file->reviews) {
      FUZZ_CHECK(!review.text.empty() && review.text.size() <= kMostBytesOfOne);
      FUZZ_CHECK(review.line >= 1);
      FUZZ_CHECK(coppice::text::find_invalid_utf8(review.text) == std::string_view::npos);
      if (!review.label) continue;
      ++labelled;
      FUZZ_CHECK(*review.label == 0 || *review.label == 1);
    }
    FUZZ_CHECK(labelled == file->labelled);
  }
  return 0;
}
