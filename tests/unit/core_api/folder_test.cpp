// Models by folder and by bytes, and what the C library refuses, with what it says.
#include <gtest/gtest.h>

#include <filesystem>

#include "shared/base/json.h"
#include "tests/unit/core_api/files_of.h"

namespace {

using namespace coppice::test;
namespace fs = std::filesystem;

fs::path write(const Files& files) {
  const fs::path folder =
      fs::temp_directory_path() / ("coppice-core-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
                                   "-" + ::testing::UnitTest::GetInstance()->current_test_info()->name());
  fs::remove_all(folder);
  for (const auto& [path, content] : files) {
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path, std::ios::binary) << content;
  }
  return folder;
}

TEST(CoreFolder, OpensWhatIsShipped) {
  for (const char* name : {kLinear, kTransformer}) {
    Model by_folder;
    ASSERT_EQ(coppice_core_model_open((std::string("models/") + name).c_str(), &by_folder.handle), COPPICE_CORE_OK)
        << coppice_core_last_error();
    Model by_bytes;
    ASSERT_EQ(create(files_of(name), by_bytes, true), COPPICE_CORE_OK);
    const std::string text = "I have never looked at my watch so often.";
    EXPECT_EQ(verdict_of(by_folder.handle, text).class_index, verdict_of(by_bytes.handle, text).class_index);
  }
}

TEST(CoreFolder, SaysWhatIsWrongWithAFolder) {
  Model model;
  EXPECT_EQ(coppice_core_model_open("no/such/folder", &model.handle), COPPICE_CORE_NOT_FOUND);
  expect_error({"no/such/folder", "manifest.json"});
  EXPECT_EQ(coppice_core_model_open("models", &model.handle), COPPICE_CORE_NOT_FOUND);
  expect_error({"models: holds no manifest.json", "coppice export"});
  EXPECT_EQ(coppice_core_model_open(nullptr, &model.handle), COPPICE_CORE_INVALID_USAGE);
  EXPECT_EQ(coppice_core_model_open("models", nullptr), COPPICE_CORE_INVALID_USAGE);

  Files files = files_of(kLinear);
  files["model.safetensors"].pop_back();
  EXPECT_EQ(coppice_core_model_open(write(files).c_str(), &model.handle), COPPICE_CORE_INVALID_INPUT);
  expect_error({"model.safetensors: altered or cut short", "get the model anew"});
  files.erase("model.safetensors");
  const fs::path folder = write(files);
  EXPECT_EQ(coppice_core_model_open(folder.c_str(), &model.handle), COPPICE_CORE_NOT_FOUND);
  expect_error({"model.safetensors"});
  fs::remove_all(folder);
  EXPECT_EQ(model.handle, nullptr);
}

TEST(CoreFiles, AreCheckedAgainstTheManifest) {
  const Files whole = files_of(kTransformer);
  for (const auto& [path, content] : whole) {
    if (path == "manifest.json") continue;
    Files files = whole;
    files[path].back() ^= 1;
    Model model;
    EXPECT_EQ(create(files, model, true), COPPICE_CORE_INVALID_INPUT) << path;
    expect_error({(path + ": altered: manifest.json states sha256 ").c_str()});
    files.erase(path);
    EXPECT_EQ(create(files, model), COPPICE_CORE_NOT_FOUND) << path;
    expect_error({(path + ": not among the files given").c_str()});
    EXPECT_EQ(model.handle, nullptr);
  }
  Files files = whole;
  files["README.md"] = "nothing that is needed";
  Model model;
  EXPECT_EQ(create(files, model), COPPICE_CORE_OK) << coppice_core_last_error();
}

TEST(CoreFiles, WithoutAManifestAreTakenAsTheyAre) {
  for (const char* name : {kLinear, kTransformer}) {
    Files files = files_of(name);
    files.erase("manifest.json");
    Model model;
    ASSERT_EQ(create(files, model, true), COPPICE_CORE_OK) << coppice_core_last_error();
    const coppice_core_verdict verdict = verdict_of(model.handle, "A quiet, lovely film.");
    EXPECT_STREQ(verdict.label, "positive");
    const char* json = nullptr;
    ASSERT_EQ(coppice_core_model_describe(model.handle, &json, nullptr), COPPICE_CORE_OK);
    EXPECT_EQ((*coppice::parse_json(json, "about"))["checked"], false);
    // What the manifest would have told is asked for in vain.
    coppice_core_place place = {sizeof place, "laptop", nullptr, "shipped"};
    coppice_core_estimate estimate{};
    estimate.size = sizeof estimate;
    EXPECT_EQ(coppice_core_estimate_energy(model.handle, &verdict, &place, &estimate), COPPICE_CORE_UNSUPPORTED);
    expect_error({"shipped", "without a manifest", "time_power"});
    EXPECT_EQ(estimate.energy_joules, 0);
  }
}

TEST(CoreFiles, CutAndAlteredAreRefusedWithWhatIsWrong) {
  Files files = files_of(kTransformer);
  files.erase("manifest.json");
  const Files whole = files;
  const auto refused = [&](const char* path, const std::string& content, coppice_core_status status,
                           std::initializer_list<const char*> words) {
    Files altered = whole;
    altered[path] = content;
    Model model;
    EXPECT_EQ(create(altered, model, true), status) << path;
    expect_error(words);
  };
  const std::string& weights = whole.at("onnx/model.onnx");
  for (const size_t length : {size_t{0}, size_t{1}, size_t{100}, weights.size() / 2, weights.size() - 1}) {
    refused("onnx/model.onnx", weights.substr(0, length), COPPICE_CORE_INVALID_INPUT, {"onnx/model.onnx"});
  }
  refused("config.json", "{", COPPICE_CORE_INVALID_INPUT, {"config.json"});
  refused("config.json", "[1]", COPPICE_CORE_INVALID_INPUT, {"config.json"});
  refused("vocab.txt", "just\nwords\n", COPPICE_CORE_INVALID_INPUT, {"["});
  refused("vocab.txt", whole.at("vocab.txt") + "notinvocabulary\n", COPPICE_CORE_INVALID_INPUT,
          {"vocab.txt has 11501", "vocab_size"});
  refused("tokenizer_config.json", "{\"tokenizer_class\":\"T5Tokenizer\"}", COPPICE_CORE_UNSUPPORTED, {"T5Tokenizer"});
  refused("manifest.json", "{}", COPPICE_CORE_INVALID_INPUT, {"manifest.json", "schema_version"});
  refused("manifest.json", "", COPPICE_CORE_INVALID_INPUT, {"manifest.json"});
  for (const char* path : {"config.json", "vocab.txt", "onnx/model.onnx"}) {
    Files fewer = whole;
    fewer.erase(path);
    Model model;
    EXPECT_EQ(create(fewer, model), COPPICE_CORE_NOT_FOUND) << path;
    expect_error({path});
  }
}

TEST(CoreCalls, RefuseWhatMakesNoSense) {
  Model model;
  EXPECT_EQ(coppice_core_model_create(nullptr, 0, &model.handle), COPPICE_CORE_INVALID_USAGE);
  coppice_core_file file = {nullptr, coppice_core_alloc(3), 3, 1};  // owned: released though it is refused
  EXPECT_EQ(coppice_core_model_create(&file, 1, &model.handle), COPPICE_CORE_INVALID_USAGE);
  expect_error({"path is NULL"});
  file = {"config.json", coppice_core_alloc(3), 3, 1};
  EXPECT_EQ(coppice_core_model_create(&file, 1, nullptr), COPPICE_CORE_INVALID_USAGE);
  file = {"config.json", nullptr, 3, 0};
  EXPECT_EQ(coppice_core_model_create(&file, 1, &model.handle), COPPICE_CORE_INVALID_USAGE);
  file = {"config.json", nullptr, 0, 0};
  EXPECT_EQ(coppice_core_model_create(&file, 0, &model.handle), COPPICE_CORE_NOT_FOUND);
  EXPECT_EQ(coppice_core_model_create(&file, 1, &model.handle), COPPICE_CORE_INVALID_INPUT);
  const char* text = nullptr;
  EXPECT_EQ(coppice_core_needed_files("{", 1, &text, nullptr), COPPICE_CORE_INVALID_INPUT);
  EXPECT_EQ(coppice_core_needed_files("{", 1, nullptr, nullptr), COPPICE_CORE_INVALID_USAGE);
  coppice_core_model_destroy(nullptr);

  ASSERT_EQ(create(files_of(kLinear), model), COPPICE_CORE_OK);
  coppice_core_verdict verdict{};
  verdict.size = sizeof verdict;
  EXPECT_EQ(coppice_core_classify(nullptr, "x", 1, &verdict), COPPICE_CORE_INVALID_USAGE);
  EXPECT_EQ(coppice_core_classify(model.handle, nullptr, 1, &verdict), COPPICE_CORE_INVALID_USAGE);
  EXPECT_EQ(coppice_core_classify(model.handle, "x", 1, nullptr), COPPICE_CORE_INVALID_USAGE);
  EXPECT_EQ(coppice_core_classify(model.handle, nullptr, 0, &verdict), COPPICE_CORE_OK);
  EXPECT_EQ(coppice_core_model_describe(nullptr, &text, nullptr), COPPICE_CORE_INVALID_USAGE);
  EXPECT_EQ(coppice_core_model_describe(model.handle, nullptr, nullptr), COPPICE_CORE_INVALID_USAGE);
  EXPECT_EQ(coppice_core_choices(nullptr, nullptr), COPPICE_CORE_INVALID_USAGE);
  EXPECT_EQ(coppice_core_classify_json(model.handle, "x", 1, nullptr, 3, &text, nullptr), COPPICE_CORE_INVALID_USAGE);
}

TEST(CoreCalls, RefuseTextsThatAreNone) {
  Model model;
  ASSERT_EQ(create(files_of(kLinear), model), COPPICE_CORE_OK);
  coppice_core_verdict verdict{};
  verdict.size = sizeof verdict;
  EXPECT_EQ(coppice_core_classify(model.handle, "caf\xe9", 4, &verdict), COPPICE_CORE_INVALID_INPUT);
  expect_error({"text: byte 3 is not UTF-8"});
  EXPECT_EQ(verdict.label, nullptr);
  const std::string huge((size_t{16} << 20) + 1, 'x');
  EXPECT_EQ(coppice_core_classify(model.handle, huge.data(), huge.size(), &verdict), COPPICE_CORE_INVALID_INPUT);
  expect_error({"16777217 bytes; at most 16777216"});
  EXPECT_EQ(coppice_core_classify(model.handle, "a\0b", 3, &verdict), COPPICE_CORE_OK);
}

TEST(CoreCalls, RefusePlacesThatAreNotKnown) {
  Model model;
  ASSERT_EQ(create(files_of(kLinear), model), COPPICE_CORE_OK);
  const coppice_core_verdict verdict = verdict_of(model.handle, "good");
  const auto estimate = [&](const char* device, const char* country, const char* method) {
    const coppice_core_place place = {sizeof place, device, country, method};
    coppice_core_estimate out{};
    out.size = sizeof out;
    return coppice_core_estimate_energy(model.handle, &verdict, &place, &out);
  };
  EXPECT_EQ(estimate("toaster", "FRA", nullptr), COPPICE_CORE_NOT_FOUND);
  expect_error({"\"toaster\"", "laptop, desktop, phone, tablet, server"});
  EXPECT_EQ(estimate(nullptr, "FRA", nullptr), COPPICE_CORE_NOT_FOUND);
  EXPECT_EQ(estimate("laptop", "ATLANTIS", nullptr), COPPICE_CORE_NOT_FOUND);
  expect_error({"ATLANTIS"});
  EXPECT_EQ(estimate("laptop", "gcp:nowhere", nullptr), COPPICE_CORE_NOT_FOUND);
  EXPECT_EQ(estimate("laptop", nullptr, "guess"), COPPICE_CORE_NOT_FOUND);
  expect_error({"time_power, operations, shipped"});
  EXPECT_EQ(estimate("laptop", nullptr, "operations"), COPPICE_CORE_UNSUPPORTED);  // of transformers only
  const char* json = nullptr;
  for (const char* place : {"{", "[]", R"({"planet":"Mars"})", R"({"device":3})", R"({"country":"FRA"})"}) {
    EXPECT_EQ(coppice_core_classify_json(model.handle, "x", 1, place, std::strlen(place), &json, nullptr),
              COPPICE_CORE_INVALID_INPUT)
        << place;
    expect_error({"place"});
  }
}

}  // namespace
