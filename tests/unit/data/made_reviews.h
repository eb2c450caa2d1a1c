// Made-up reviews for the data tests: different words for each, and an aclImdb archive of any size.
#pragma once

#include <string>
#include <vector>

#include "native/data/stable_hash.h"
#include "tests/unit/data/fixtures.h"

namespace coppice::data {

// `words` words that depend on `seed`: two seeds share next to no four-word shingle.
inline std::string made_text(uint64_t seed, size_t words = 40) {
  std::string text;
  for (size_t i = 0; i < words; ++i) {
    if (i > 0) text += ' ';
    text += "w" + std::to_string(mix64(seed * 1000003 + i) % 5000);
  }
  return text;
}

struct MadeImdb {
  size_t per_class = 60;
  size_t reviews_per_film = 3;
  bool urls = true;
  std::string root = "aclImdb/";
};

// The files of an archive: review NUMBER of each class is of film NUMBER / reviews_per_film, and film k has reviews of
// both classes. Train and test have films of their own.
inline std::vector<MadeEntry> made_imdb(const MadeImdb& made = {}) {
  std::vector<MadeEntry> entries = {{made.root + "README", "made up"}};
  uint64_t seed = 1;
  for (const char* part : {"train", "test"}) {
    for (const char* label : {"neg", "pos"}) {
      std::string urls;
      for (size_t number = 0; number < made.per_class; ++number) {
        const std::string name = std::to_string(number) + (label == std::string("neg") ? "_2.txt" : "_9.txt");
        entries.push_back({made.root + part + "/" + label + "/" + name, made_text(seed++)});
        const size_t film = 1000 + number / made.reviews_per_film + (part == std::string("test") ? 5000 : 0);
        urls += "http://www.imdb.com/title/tt" + std::to_string(film) + "/usercomments\n";
      }
      if (made.urls) entries.push_back({made.root + part + "/urls_" + label + ".txt", urls});
    }
  }
  entries.push_back({made.root + "train/unsup/0_0.txt", "unlabelled"});
  entries.push_back({made.root + "train/labeledBow.feat", "9 0:1"});
  return entries;
}

// Changes the content of one entry.
inline void set_content(std::vector<MadeEntry>& entries, const std::string& path, const std::string& content) {
  for (MadeEntry& entry : entries) {
    if (entry.path == path) {
      entry.content = content;
      return;
    }
  }
  ADD_FAILURE() << path << " is not among the entries";
}

}  // namespace coppice::data
