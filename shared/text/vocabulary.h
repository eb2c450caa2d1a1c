// vocab.txt: one token a line, its id the line number counted from 0.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "shared/base/status.h"

namespace coppice::text {

// Ids of the five tokens every BERT-type model has.
struct SpecialIds {
  int32_t pad;
  int32_t unk;
  int32_t cls;
  int32_t sep;
  int32_t mask;
};

class Vocabulary {
 public:
  // `vocab_txt` is the file's content; lines end in LF or CR LF. Refused, with the line named: an empty file, bytes
  // that are not UTF-8, an empty line, the same token twice, a special token missing.
  static Result<Vocabulary> parse(std::string_view vocab_txt);

  [[nodiscard]] int32_t size() const { return static_cast<int32_t>(tokens_.size()); }
  // Empty for an id outside [0, size).
  [[nodiscard]] std::string_view token(int32_t id) const;
  // -1 if the vocabulary has no such token.
  [[nodiscard]] int32_t find(std::string_view token) const;
  [[nodiscard]] const SpecialIds& special_ids() const { return special_ids_; }
  // All ids, in the byte order of their tokens.
  [[nodiscard]] const std::vector<int32_t>& sorted_ids() const { return sorted_ids_; }

 private:
  struct Range {
    uint32_t begin;
    uint32_t length;
  };
  Status sort_and_check_unique();
  Status find_special_tokens();

  std::vector<char> text_;
  std::vector<Range> tokens_;  // offsets, not views: a Vocabulary may be copied and moved
  std::vector<int32_t> sorted_ids_;
  SpecialIds special_ids_{};
};

}  // namespace coppice::text
