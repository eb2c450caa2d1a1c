#include "shared/records/manifest.h"

#include <gtest/gtest.h>

namespace coppice::records {
namespace {

// All members, written as the contract has them.
Json full_manifest() {
  const std::string hash(64, '0');
  const Json figure = {{"value", 2.0}, {"low", 1.0}, {"high", 4.0}, {"provenance", "modelled"}, {"method", "TDP"}};
  Json json;
  json["schema_version"] = 1;
  json["id"] = "dense";
  json["parent_id"] = "base";
  json["program_version"] = "0.1.0";
  json["plan"] = {
      {{"kind", "prune"}, {"run", "runs/p.json"}, {"settings", {{"seed", 1}}}, {"plan", {{"sparsity", 0.5}}}}};
  json["do_lower_case"] = true;
  json["max_length"] = 256;
  json["truncation"] = "head_tail";
  json["special_ids"] = {{"pad", 0}, {"unk", 100}, {"cls", 101}, {"sep", 102}, {"mask", 103}};
  json["labels"] = {"negative", "positive"};
  json["weights"] = {{{"path", "onnx/model.onnx"}, {"format", "onnx"}, {"dtype", "F16"}}};
  json["files"] = {{{"path", "onnx/model.onnx"}, {"bytes", 12}, {"sha256", hash}},
                   {{"path", "config.json"}, {"bytes", 0}, {"sha256", hash}}};
  json["parameters"] = {{"total", 100}, {"encoder", 50}, {"encoder_nonzero", 25}};
  json["encoder_flops"] = {{"128", 1000}, {"256", 2500}};
  json["metrics"] = {{"accuracy", {{"value", 0.9}, {"low", 0.8}, {"high", 0.95}}}, {"f1", {{"value", 0.5}}}};
  json["evaluation"] = {{"run", "runs/e.json"}, {"exact_weights", true}, {"engine", "core"}};
  json["test_set"] = {{"name", "imdb"}, {"split", "test"}, {"sha256", hash}, {"examples", 25000}, {"share", 1.0}};
  json["training_data"] = {{"name", "imdb"}, {"split", "train"}, {"share", 0.25}};
  json["energy"]["making"] = {{"energy_joules", figure},
                              {"carbon_grams_co2e", figure},
                              {"runs", {"runs/p.json"}},
                              {"parts", {{{"kind", "prune"}, {"run", "runs/p.json"}, {"energy_joules", figure}}}},
                              {"runs_without_figure", {"runs/q.json"}}};
  json["energy"]["inference"] = {{{"tokens", 256},
                                  {"energy_joules", figure},
                                  {"median_milliseconds", 80.5},
                                  {"engine", "core"},
                                  {"machine", "laptop"}}};
  return json;
}

TEST(Manifest, RoundTripsEveryMember) {
  const auto manifest = parse_manifest(dump_json(full_manifest()), "manifest.json");
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(Json(to_json(*manifest)), full_manifest());
  EXPECT_EQ(manifest->encoder_flops.at(256), 2500);
  EXPECT_EQ(manifest->making_energy->energy_joules->high.value(), 4.0);
  EXPECT_EQ(manifest->find_weights("onnx")->dtype, "F16");
  EXPECT_EQ(manifest->find_weights("safetensors"), nullptr);
  EXPECT_EQ(manifest->find_file("config.json")->bytes, 0);
}

TEST(Manifest, ALinearModelHasNoTokens) {
  Json json = full_manifest();
  json["architecture"] = "linear";
  for (const char* key : {"do_lower_case", "max_length", "truncation", "special_ids", "encoder_flops"}) json.erase(key);
  json["parameters"] = {{"total", 100}};
  const auto manifest = parse_manifest(dump_json(json), "manifest.json");
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->architecture, Architecture::kLinear);
  EXPECT_EQ(Json(to_json(*manifest)), json);
  // Of BERT they are still asked for, and another architecture is refused.
  json.erase("architecture");
  EXPECT_FALSE(parse_manifest(dump_json(json), "manifest.json").ok());
  json["architecture"] = "svm";
  const auto refused = parse_manifest(dump_json(json), "manifest.json");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("expected bert or linear"), std::string::npos);
}

TEST(Manifest, OptionalMembersStayAbsent) {
  Json json = full_manifest();
  for (const char* key : {"parent_id", "metrics", "evaluation", "test_set", "training_data", "energy"}) json.erase(key);
  const auto manifest = parse_manifest(dump_json(json), "manifest.json");
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(Json(to_json(*manifest)), json);
}

TEST(Manifest, RequiredMembersAreRequired) {
  for (const char* key : {"schema_version", "id", "program_version", "plan", "do_lower_case", "max_length",
                          "truncation", "special_ids", "labels", "files", "parameters", "encoder_flops"}) {
    Json json = full_manifest();
    json.erase(key);
    const auto manifest = parse_manifest(dump_json(json), "manifest.json");
    ASSERT_FALSE(manifest.ok()) << key;
    EXPECT_NE(manifest.status().message().find(key), std::string::npos) << manifest.status().message();
  }
}

TEST(Manifest, RefusesWhatContradictsItselfOrLeavesTheFolder) {
  const auto refusal = [](const char* pointer, const Json& value) {
    Json json = full_manifest();
    json[Json::json_pointer(pointer)] = value;
    const auto manifest = parse_manifest(dump_json(json), "manifest.json");
    EXPECT_FALSE(manifest.ok()) << pointer << " = " << dump_json(value);
    return manifest.status();
  };
  const auto refuse = [&](const char* pointer, const Json& value) { EXPECT_FALSE(refusal(pointer, value).ok()); };
  EXPECT_EQ(refusal("/schema_version", 2).code(), StatusCode::kUnsupported);
  EXPECT_EQ(refusal("/schema_version", 0).code(), StatusCode::kUnsupported);
  refuse("/id", "../dense");
  refuse("/id", "");
  refuse("/files/0/path", "../../etc/passwd");
  refuse("/files/0/path", "/etc/passwd");
  refuse("/files/0/path", "manifest.json");
  refuse("/files/0/path", "config.json");  // listed twice
  refuse("/files/0/bytes", -1);
  refuse("/files/0/bytes", 1.5);
  refuse("/files/0/sha256", "abc");
  refuse("/weights/0/path", "onnx/other.onnx");
  refuse("/weights/0/format", "pickle");
  refuse("/max_length", 1);
  refuse("/max_length", 1LL << 40);
  refuse("/truncation", "middle");
  refuse("/labels", {"negative"});
  refuse("/special_ids/cls", -1);
  refuse("/parameters/encoder_nonzero", 51);
  refuse("/parameters/encoder", 101);
  refuse("/encoder_flops", {{"many", 1}});
  refuse("/encoder_flops", {{"0", 1}});
  refuse("/encoder_flops", {{"99999999999999999999", 1}});
  refuse("/encoder_flops/128", -1);
  refuse("/metrics/accuracy/low", nullptr);
  refuse("/metrics/accuracy/low", 0.99);
  refuse("/training_data/share", 1.5);
  refuse("/training_data/share", 0);
  refuse("/energy/making/energy_joules/provenance", "guessed");
  refuse("/energy/making/energy_joules/low", 3.0);
  refuse("/energy/making/parts", 7);
  refuse("/energy/making/parts/0/kind", 7);
  refuse("/energy/making/parts/0/energy_joules/low", 3.0);
  refuse("/energy/inference/0/tokens", 0);
  refuse("/energy/inference", 3);
  refuse("/plan", 3);
}

}  // namespace
}  // namespace coppice::records
