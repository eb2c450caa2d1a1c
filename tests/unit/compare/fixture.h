// A made-up catalog of models with a vocabulary of fifteen tokens, and a driver that answers the comparison's requests
// as the page would.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "shared/compare/comparison.h"

namespace coppice::compare {

inline const char* vocabulary_text() {
  return "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nfilm\ngood\nbad\nnot\nvery\n.\nand\nthe\nend\n";
}

inline std::string hash_of(char digit) { return std::string(64, digit); }

inline std::string catalog_text() { return R"({"schema_version":1,"models":[{"id":"dense"},{"id":"small"}]})"; }

// `bytes` is the size of the model file: the smaller is loaded first.
inline std::string manifest_text(const std::string& id, int bytes, const std::string& changes = "") {
  std::string text = R"({"schema_version":1,"id":")" + id + R"(","parent_id":null,"program_version":"0.1.0",
    "plan":[{"kind":"train","run":"runs/t.json","settings":{}},{"kind":"prune","run":"runs/p.json","settings":{}}],
    "do_lower_case":true,"max_length":6,"truncation":"head_tail",
    "special_ids":{"pad":0,"unk":1,"cls":2,"sep":3,"mask":4},"labels":["negative","positive"],
    "weights":[{"path":"onnx/model.onnx","format":"onnx","dtype":"F16"}],
    "files":[{"path":"vocab.txt","bytes":74,"sha256":")" +
                     hash_of('a') + R"("},{"path":"onnx/model.onnx","bytes":)" + std::to_string(bytes) +
                     R"(,"sha256":")" + hash_of('b') + R"("}],
    "parameters":{"total":100,"encoder":50,"encoder_nonzero":50},"encoder_flops":{"6":1000},
    "metrics":{"accuracy":{"value":0.93,"low":0.927,"high":0.933}},
    "test_set":{"name":"imdb","split":"test","examples":25000})" +
                     changes + "}";
  return text;
}

// Collects requests; answers are given by the test.
class Driver {
 public:
  Comparison comparison;

  // All that is asked for now.
  std::vector<Request> take() {
    std::vector<Request> requests;
    while (std::optional<Request> request = comparison.next_request()) requests.push_back(std::move(*request));
    return requests;
  }

  // Answers catalog, manifests, vocabulary and probes until nothing but loads and runs is asked for; those are
  // returned.
  std::vector<Request> describe(const std::string& dense_manifest = manifest_text("dense", 2000),
                                const std::string& small_manifest = manifest_text("small", 1000)) {
    std::vector<Request> rest;
    for (;;) {
      const std::vector<Request> requests = take();
      if (requests.empty()) return rest;
      for (const Request& request : requests) {
        if (request.path == "catalog.json") {
          comparison.fetched(request.id, catalog_text());
        } else if (request.path == "dense/manifest.json") {
          comparison.fetched(request.id, dense_manifest);
        } else if (request.path == "small/manifest.json") {
          comparison.fetched(request.id, small_manifest);
        } else if (request.kind == RequestKind::kFetch) {
          comparison.fetched(request.id, vocabulary_text());
        } else if (request.kind == RequestKind::kProbe) {
          comparison.probed(request.id, false);
        } else {
          rest.push_back(request);
        }
      }
    }
  }

  // Describes, sets a text, starts, loads both models; ends before the first run is answered. Returns the first run.
  Request start_loaded(const std::string& text = "A good film.") {
    describe();
    comparison.set_text(text);
    EXPECT_TRUE(comparison.start().ok());
    std::deque<Request> open;
    for (int i = 0; i < 2; ++i) {
      for (Request& request : take()) open.push_back(std::move(request));
      for (size_t k = 0; k < open.size(); ++k) {
        if (open[k].kind != RequestKind::kLoad) continue;
        comparison.loaded(open[k].id, true);
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(k));
        break;
      }
    }
    for (Request& request : take()) open.push_back(std::move(request));
    EXPECT_EQ(open.size(), 1U);
    return open.front();
  }

  const ModelRow& row(size_t i) const { return comparison.state().models[i]; }
};

}  // namespace coppice::compare
