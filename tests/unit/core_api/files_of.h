// A shipped model's files in memory, to be cut, altered or left out.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "shared/core_api/core.h"

namespace coppice::test {

inline constexpr const char* kTransformer = "minilm-l6-imdb-smallest";
inline constexpr const char* kLinear = "linear-ngrams";

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  EXPECT_FALSE(content.str().empty()) << path;
  return content.str();
}

using Files = std::map<std::string, std::string>;

inline Files files_of(const std::string& model) {
  Files files;
  const std::string folder = "models/" + model + "/";
  files["manifest.json"] = content_of(folder + "manifest.json");
  const char* paths = nullptr;
  size_t length = 0;
  const std::string& manifest = files["manifest.json"];
  EXPECT_EQ(coppice_core_needed_files(manifest.data(), manifest.size(), &paths, &length), COPPICE_CORE_OK);
  std::istringstream lines(std::string(paths, length));
  for (std::string path; std::getline(lines, path);) files[path] = content_of(folder + path);
  return files;
}

struct Model {
  coppice_core_model* handle = nullptr;
  ~Model() { coppice_core_model_destroy(handle); }
};

inline coppice_core_status create(const Files& files, Model& model, bool owned = false) {
  std::vector<coppice_core_file> list;
  for (const auto& [path, content] : files) {
    const void* bytes = content.data();
    if (owned) bytes = std::memcpy(coppice_core_alloc(content.size()), content.data(), content.size());
    list.push_back({path.c_str(), bytes, content.size(), owned ? 1 : 0});
  }
  return coppice_core_model_create(list.data(), list.size(), &model.handle);
}

inline coppice_core_verdict verdict_of(coppice_core_model* model, const std::string& text) {
  coppice_core_verdict verdict{};
  verdict.size = sizeof verdict;
  EXPECT_EQ(coppice_core_classify(model, text.data(), text.size(), &verdict), COPPICE_CORE_OK)
      << coppice_core_last_error();
  return verdict;
}

// The last error has all of `words`.
inline void expect_error(std::initializer_list<const char*> words) {
  for (const char* word : words)
    EXPECT_NE(std::strstr(coppice_core_last_error(), word), nullptr) << word << ": " << coppice_core_last_error();
}

}  // namespace coppice::test
