// What the text tests share: the vocabulary, the goldens, ids as text.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "shared/base/json.h"
#include "shared/text/tokenizer.h"

namespace coppice::text {

inline std::string read_test_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path << ": cannot be read; tests run in the repository root";
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline std::vector<Json> read_json_lines(const std::string& path) {
  std::istringstream in(read_test_file(path));
  std::vector<Json> lines;
  for (std::string line; std::getline(in, line);) {
    Result<Json> document = parse_json(line, path + ", line " + std::to_string(lines.size() + 1));
    EXPECT_TRUE(document.ok()) << document.status().message();
    lines.push_back(document ? *document : Json());
  }
  return lines;
}

inline const Tokenizer& bert_uncased() {
  static const Tokenizer tokenizer = [] {
    Result<Tokenizer> created = Tokenizer::create(read_test_file("tests/golden/bert_uncased_vocab.txt"));
    EXPECT_TRUE(created.ok()) << created.status().message();
    return std::move(*created);
  }();
  return tokenizer;
}

inline std::vector<int32_t> ids_of(const Json& array) { return array.get<std::vector<int32_t>>(); }

}  // namespace coppice::text
