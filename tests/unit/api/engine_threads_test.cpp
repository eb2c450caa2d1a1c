// The engine of the browser build with threads: wasm/platform/threads.cpp, on this machine's.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "shared/engine/classifier.h"
#include "wasm/api/coppice_api.h"
#include "wasm/platform/clock.h"
#include "wasm/platform/threads.h"

// What wasm/platform/clock.cpp is in the browser.
namespace coppice::platform {
double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
}  // namespace coppice::platform

namespace {

constexpr const char* kFolder = "models/minilm-l6-imdb-smallest/";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

coppice_engine* create() {
  const std::string config = read_file(std::string(kFolder) + "config.json");
  const std::string weights = read_file(std::string(kFolder) + "onnx/model.onnx");
  void* memory = coppice_alloc(weights.size());
  std::memcpy(memory, weights.data(), weights.size());
  coppice_engine* engine = nullptr;
  EXPECT_EQ(coppice_engine_create(config.data(), config.size(), memory, weights.size(), "model.onnx", 0, &engine),
            COPPICE_OK)
      << coppice_last_error();
  return engine;
}

// In one test: the threads of a module begin once, and stay.
TEST(EngineThreads, ComputeTheSameToTheLastBit) {
  EXPECT_EQ(coppice_engine_use_threads(1), 1U);
  for (int i = 0; coppice_engine_use_threads(3) < 3 && i < 5000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_EQ(coppice_engine_use_threads(3), 3U);
  EXPECT_EQ(coppice_engine_use_threads(2), 3U);
  coppice_engine* engine = create();
  ASSERT_NE(coppice::platform::threads(), nullptr);
  EXPECT_EQ(coppice::platform::threads()->count(), 3U);
  EXPECT_EQ(coppice_engine_use_threads(8), 3U) << "once there is an engine";

  // Each part once, more often than threads are there to take them.
  for (size_t parts = 1; parts <= 3; ++parts) {
    std::array<int, 3> calls{};
    coppice::platform::threads()->run(parts, [&](size_t part) { ++calls[part]; });
    for (size_t part = 0; part < 3; ++part) EXPECT_EQ(calls[part], part < parts ? 1 : 0);
  }

  const std::string config_json = read_file(std::string(kFolder) + "config.json");
  const std::string weights = read_file(std::string(kFolder) + "onnx/model.onnx");
  const auto config = coppice::records::parse_bert_config(config_json, "config.json");
  ASSERT_TRUE(config);
  const auto classifier =
      coppice::engine::Classifier::load(*config, std::as_bytes(std::span<const char>(weights)), "model.onnx", {});
  ASSERT_TRUE(classifier);
  auto alone = coppice::engine::Session::create(*classifier, {});
  ASSERT_TRUE(alone);
  for (const size_t length : {1, 7, 64, 200}) {
    std::vector<int32_t> ids(length);
    for (size_t i = 0; i < length; ++i) ids[i] = static_cast<int32_t>(1000 + i * 37 % 9000);
    std::array<float, 2> together{};
    ASSERT_EQ(coppice_engine_classify(engine, ids.data(), ids.size(), together.data()), COPPICE_OK);
    std::array<float, 2> expected{};
    const std::span<const int32_t> review(ids);
    ASSERT_TRUE(alone->classify({&review, 1}, {&expected, 1}).ok());
    EXPECT_EQ(together, expected) << length << " tokens";
  }
  coppice_engine_destroy(engine);
}

}  // namespace
