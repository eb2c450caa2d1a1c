#include "native/export/model_folder.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "native/export/refresh.h"
#include "tests/unit/export/tiny_model.h"

namespace coppice {
namespace {

using testing::TemporaryFolder;

const std::string kHash(64, 'a');

records::RunRecord make_record(const std::string& kind, const std::string& time, const std::string& id) {
  records::RunRecord record;
  record.kind = kind;
  record.run_id = id + "00000000";
  record.started_at = time;
  record.duration_seconds = 2.5;
  record.command = {"coppice", kind};
  record.program_version = program_version();
  return record;
}

Json figure(double value, const std::string& provenance, const std::string& method) {
  return {{"value", value}, {"low", value * 0.5}, {"high", value * 2}, {"provenance", provenance}, {"method", method}};
}

records::RunRecord train_record() {
  records::RunRecord record = make_record("train", "2026-11-24T05:54:01Z", "00000001");
  record.inputs = {{"parent_id", "base"},
                   {"training_data",
                    {{"name", "imdb"}, {"split", "train"}, {"sha256", kHash}, {"examples", 11250}, {"share", 0.5}}}};
  record.settings = {{"max_length", 12}, {"truncation", "head_tail"}, {"seed", 1}};
  record.energy = Json{{"energy_joules", figure(100, "modelled", "TDP model")},
                       {"carbon_grams_co2e", figure(10, "modelled", "TDP model")}};
  return record;
}

records::RunRecord evaluate_record(const std::filesystem::path& folder, int64_t n, double accuracy,
                                   const std::string& time, const std::string& id) {
  records::RunRecord record = make_record("evaluate", time, id);
  record.inputs = {{"weights_sha256", *sha256_file_hex(folder / "model.safetensors")},
                   {"test_set", {{"name", "imdb"}, {"split", "test"}, {"sha256", kHash}, {"examples", n}}}};
  record.results = {{"accuracy", accuracy}, {"f1", 0.875}, {"n", n}, {"intervals", {{"accuracy", {0.75, 0.95}}}}};
  return record;
}

TEST(ModelFolder, ManifestStatesWhatFilesAndRecordsSay) {
  const TemporaryFolder folder("dense");
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  testing::must(write_run_record(folder.path(), train_record()));
  testing::must(write_run_record(folder.path(),
                                 evaluate_record(folder.path(), 25000, 0.875, "2026-11-24T07:00:00Z", "00000002")));
  const Status status = refresh_manifest(folder.path());
  ASSERT_TRUE(status.ok()) << status.message();

  const auto manifest = read_model_folder(folder.path(), Verify::kHashes);
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->id, "dense");
  EXPECT_EQ(manifest->parent_id, "base");
  EXPECT_EQ(manifest->max_length, 12);
  EXPECT_EQ(manifest->truncation, "head_tail");
  EXPECT_TRUE(manifest->do_lower_case);
  EXPECT_EQ(manifest->special_ids.unk, 1);
  EXPECT_EQ(manifest->special_ids.mask, 4);
  EXPECT_EQ(manifest->labels, (std::vector<std::string>{"negative", "positive"}));
  ASSERT_EQ(manifest->weights.size(), 1U);
  EXPECT_EQ(manifest->weights[0].dtype, "F32");
  // 2 layers of 4 (8 x 8) + 2 (8 x 16) = 512 each; by hand, not by count_parameters.
  EXPECT_EQ(manifest->parameters.encoder, 1024);
  EXPECT_EQ(manifest->parameters.encoder_nonzero, 1024);
  EXPECT_EQ(manifest->parameters.total, records::count_parameters(testing::tiny_config(), true).total);
  EXPECT_EQ(manifest->encoder_flops.at(12), records::encoder_flops(testing::tiny_config(), 12));
  EXPECT_EQ(manifest->encoder_flops.size(), 1U);  // 128 tokens do not fit 16 positions
  ASSERT_TRUE(manifest->training_data);
  EXPECT_EQ(manifest->training_data->share, 0.5);
  ASSERT_TRUE(manifest->test_set);
  EXPECT_EQ(manifest->test_set->sha256, kHash);
  EXPECT_EQ(manifest->metrics.at("accuracy").value, 0.875);
  EXPECT_EQ(manifest->metrics.at("accuracy").high, 0.95);
  EXPECT_FALSE(manifest->metrics.at("f1").low.has_value());
  EXPECT_EQ(manifest->metrics.count("roc_auc"), 0U);  // absent, not 0
  ASSERT_TRUE(manifest->evaluation);
  EXPECT_TRUE(manifest->evaluation->exact_weights);
  ASSERT_EQ(manifest->plan.size(), 1U);
  EXPECT_EQ(manifest->plan[0].settings["seed"], 1);
  ASSERT_TRUE(manifest->making_energy && manifest->making_energy->energy_joules);
  EXPECT_EQ(manifest->making_energy->energy_joules->value.value(), 100);
  EXPECT_TRUE(manifest->making_energy->runs_without_figure.empty());
  EXPECT_EQ(manifest->files.size(), 6U);
  EXPECT_EQ(manifest->find_file("manifest.json"), nullptr);
  ASSERT_NE(manifest->find_file("vocab.txt"), nullptr);
  EXPECT_EQ(manifest->find_file("vocab.txt")->bytes, static_cast<int64_t>(testing::tiny_vocabulary().size()));
}

TEST(ModelFolder, TheSameFolderGivesTheSameManifest) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  testing::must(write_run_record(folder.path(), train_record()));
  testing::must(refresh_manifest(folder.path()));
  const std::string first = *read_file(folder.path() / "manifest.json");
  testing::must(refresh_manifest(folder.path()));
  EXPECT_EQ(*read_file(folder.path() / "manifest.json"), first);
}

TEST(ModelFolder, ItsCardFollowsTheRecordsAndAnotherReadmeStays) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  const auto evaluated = [&](double accuracy, const std::string& id) {
    testing::must(write_run_record(folder.path(), evaluate_record(folder.path(), 25000, accuracy,
                                                                  "2026-11-24T07:00:0" + id + "Z", "0000000" + id)));
    testing::must(refresh_card_and_manifest(folder.path()));
  };
  evaluated(0.9, "1");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "README.md"));  // a folder in the making has no card

  ASSERT_TRUE(write_card_and_manifest(folder.path()).ok());
  const std::string first = *read_file(folder.path() / "README.md");
  EXPECT_NE(first.find("value: 0.90000"), std::string::npos);
  evaluated(0.8, "2");
  const std::string second = *read_file(folder.path() / "README.md");
  EXPECT_NE(second.find("value: 0.80000"), std::string::npos);
  EXPECT_EQ(second.find("value: 0.90000"), std::string::npos);
  EXPECT_TRUE(read_model_folder(folder.path(), Verify::kHashes).ok());

  testing::must(write_file_atomically(folder.path() / "README.md", std::string_view("# Somebody's model\n")));
  evaluated(0.75, "3");
  EXPECT_EQ(*read_file(folder.path() / "README.md"), "# Somebody's model\n");
  EXPECT_TRUE(read_model_folder(folder.path(), Verify::kHashes).ok());
}

TEST(ModelFolder, ZerosOfTheEncoderAreCounted) {
  const TemporaryFolder folder;
  const records::BertConfig config = testing::tiny_config();
  testing::write_tiny_model(folder.path(), config);
  testing::OwnedWeights weights = testing::random_weights(config, 1);
  auto& matrix = weights.values["bert.encoder.layer.1.output.dense.weight"];
  for (size_t i = 0; i < 100; ++i) matrix[i] = i % 2 == 0 ? 0.0F : -0.0F;
  weights.values["bert.pooler.dense.weight"][0] = 0.0F;  // no encoder matrix
  testing::must(
      write_file_atomically(folder.path() / "model.safetensors", testing::safetensors_bytes(weights.tensors)));
  testing::must(refresh_manifest(folder.path()));
  EXPECT_EQ(read_model_folder(folder.path())->parameters.encoder_nonzero, 924);
}

TEST(ModelFolder, UnevenLayersAreCounted) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_uneven_config());
  const Status status = refresh_manifest(folder.path());
  ASSERT_TRUE(status.ok()) << status.message();
  // Layer 0: 4 (8 x 4) + 2 (8 x 5); layer 1: 4 (8 x 8) + 2 (8 x 11).
  EXPECT_EQ(read_model_folder(folder.path())->parameters.encoder, 208 + 432);
}

TEST(ModelFolder, FullTestSetOutweighsALaterSample) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  testing::must(write_run_record(folder.path(),
                                 evaluate_record(folder.path(), 25000, 0.875, "2026-11-24T07:00:00Z", "00000002")));
  testing::must(
      write_run_record(folder.path(), evaluate_record(folder.path(), 100, 1.0, "2026-11-24T08:00:00Z", "00000003")));
  testing::must(refresh_manifest(folder.path()));
  EXPECT_EQ(read_model_folder(folder.path())->metrics.at("accuracy").value, 0.875);
}

TEST(ModelFolder, ScoresOfWeightsThatChangedSinceAreLeftOut) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_config(), 1);
  testing::must(write_run_record(folder.path(),
                                 evaluate_record(folder.path(), 25000, 0.875, "2026-11-24T07:00:00Z", "00000002")));
  testing::write_tiny_model(folder.path(), testing::tiny_config(), 2);
  testing::must(refresh_manifest(folder.path()));
  const auto manifest = read_model_folder(folder.path());
  EXPECT_TRUE(manifest->metrics.empty());
  EXPECT_FALSE(manifest->test_set.has_value());
}

TEST(ModelFolder, ValidationScoresAreNoMetrics) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  records::RunRecord record = evaluate_record(folder.path(), 2500, 0.875, "2026-11-24T07:00:00Z", "00000002");
  record.inputs["test_set"]["split"] = "validation";
  testing::must(write_run_record(folder.path(), record));
  testing::must(refresh_manifest(folder.path()));
  EXPECT_TRUE(read_model_folder(folder.path())->metrics.empty());
}

TEST(ModelFolder, EnergySumSaysWhatItHoldsAndWhatItLacks) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  testing::must(write_run_record(folder.path(), train_record()));
  records::RunRecord prune = make_record("prune", "2026-11-24T06:00:00Z", "00000004");
  prune.results = {{"plan", {{"method", "magnitude"}, {"sparsity", 0.5}}}};
  prune.energy = Json{{"energy_joules", figure(20, "measured", "RAPL package-0")}};
  testing::must(write_run_record(folder.path(), prune));
  records::RunRecord failed_run = make_record("train", "2026-11-24T06:30:00Z", "00000005");
  failed_run.outcome = records::Outcome::kFailed;
  failed_run.error = "NaN loss";
  testing::must(write_run_record(folder.path(), failed_run));
  testing::must(refresh_manifest(folder.path()));

  const auto manifest = read_model_folder(folder.path());
  const records::MakingEnergy& making = *manifest->making_energy;
  EXPECT_EQ(making.energy_joules->value.value(), 120);
  EXPECT_EQ(making.energy_joules->low.value(), 60);
  EXPECT_EQ(making.energy_joules->provenance.kind, energy::ProvenanceKind::kMixed);
  EXPECT_EQ(making.energy_joules->provenance.method, "modelled: TDP model + measured: RAPL package-0");
  EXPECT_EQ(making.runs.size(), 2U);
  ASSERT_EQ(making.parts.size(), 2U);
  EXPECT_EQ(making.parts[1].kind, "prune");
  EXPECT_EQ(making.parts[1].energy_joules.value.value(), 20);
  ASSERT_EQ(making.runs_without_figure.size(), 1U);
  EXPECT_EQ(manifest->plan.size(), 2U);  // a failed run changed nothing
  ASSERT_TRUE(manifest->plan[1].plan.has_value());
  EXPECT_EQ((*manifest->plan[1].plan)["sparsity"], 0.5);
}

TEST(ModelFolder, RecordsAreNeverOverwritten) {
  const TemporaryFolder folder;
  testing::must(write_run_record(folder.path(), train_record()));
  records::RunRecord again = train_record();
  again.duration_seconds = 99;
  const Status status = write_run_record(folder.path(), again);
  EXPECT_EQ(status.code(), StatusCode::kFailed);
  EXPECT_NE(status.message().find("never overwritten"), std::string::npos);
  EXPECT_EQ((*read_run_records(folder.path()))[0].record.duration_seconds, 2.5);
}

TEST(ModelFolder, AlteredFileIsNamedWithBothHashes) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  testing::must(refresh_manifest(folder.path()));
  const std::filesystem::path path = folder.path() / "model.safetensors";
  std::string bytes = *read_file(path);
  const std::string before = sha256_hex(bytes);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  testing::must(write_file_atomically(path, bytes));

  EXPECT_TRUE(read_model_folder(folder.path(), Verify::kSizes).ok());
  const auto altered = read_model_folder(folder.path(), Verify::kHashes);
  ASSERT_FALSE(altered.ok());
  EXPECT_EQ(altered.status().code(), StatusCode::kInvalidInput);
  for (const std::string& part : {path.string(), before, sha256_hex(bytes)}) {
    EXPECT_NE(altered.status().message().find(part), std::string::npos) << altered.status().message();
  }

  testing::must(write_file_atomically(path, bytes.substr(0, 100)));
  const auto cut = read_model_folder(folder.path(), Verify::kSizes);
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.status().message().find("found 100"), std::string::npos) << cut.status().message();

  std::filesystem::remove(path);
  EXPECT_EQ(read_model_folder(folder.path(), Verify::kSizes).status().code(), StatusCode::kNotFound);
}

// What a program leaves that is ended after it wrote the card and before it wrote the manifest.
TEST(ModelFolder, ACardAheadOfTheManifestIsNoBrokenModel) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  testing::must(write_run_record(folder.path(), train_record()));
  ASSERT_TRUE(write_card_and_manifest(folder.path()).ok());
  const std::string before = *read_file(folder.path() / "manifest.json");
  testing::must(
      write_run_record(folder.path(), evaluate_record(folder.path(), 25000, 0.9, "2026-11-24T07:00:01Z", "00000001")));
  testing::must(refresh_card_and_manifest(folder.path()));
  testing::must(write_file_atomically(folder.path() / "manifest.json", before));
  EXPECT_TRUE(read_model_folder(folder.path(), Verify::kSizes).ok());
  EXPECT_TRUE(read_model_folder(folder.path(), Verify::kHashes).ok());
  EXPECT_FALSE(read_model_folder(folder.path(), Verify::kPublished).ok());

  testing::must(refresh_card_and_manifest(folder.path()));
  EXPECT_TRUE(read_model_folder(folder.path(), Verify::kPublished).ok());
  const std::string card = *read_file(folder.path() / "README.md");
  testing::must(write_file_atomically(folder.path() / "README.md", card.substr(0, card.size() / 2)));
  const auto cut = read_model_folder(folder.path(), Verify::kSizes);
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.status().message().find("--refresh " + folder.path().filename().string()), std::string::npos)
      << cut.status().message();
}

TEST(ModelFolder, FoldersThatAreNone) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_model_folder(folder.path() / "nowhere").status().code(), StatusCode::kNotFound);
  EXPECT_NE(read_model_folder(folder.path()).status().message().find("no manifest.json"), std::string::npos);
  testing::must(write_file_atomically(folder.path() / "file", "x"));
  EXPECT_EQ(read_model_folder(folder.path() / "file").status().code(), StatusCode::kInvalidInput);
}

TEST(ModelFolder, RefreshRefusesWhatDoesNotFitAndKeepsTheOldManifest) {
  const TemporaryFolder folder;
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  testing::must(refresh_manifest(folder.path()));
  const std::string before = *read_file(folder.path() / "manifest.json");
  const auto refuse = [&](const std::string& expected) {
    const Status status = refresh_manifest(folder.path());
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(expected), std::string::npos) << status.message();
    EXPECT_EQ(*read_file(folder.path() / "manifest.json"), before);
  };

  // A config of another model: every tensor that differs is listed.
  testing::must(write_file_atomically(folder.path() / "config.json",
                                      dump_json(records::to_json(testing::tiny_uneven_config()), 1)));
  refuse("bert.encoder.layer.0.intermediate.dense.weight is (16, 8), expected (5, 8)");
  testing::must(
      write_file_atomically(folder.path() / "config.json", dump_json(records::to_json(testing::tiny_config()), 1)));

  testing::must(write_file_atomically(folder.path() / "vocab.txt", "good\nbad\n"));
  refuse("lacks [PAD]");
  testing::must(write_file_atomically(folder.path() / "vocab.txt", testing::tiny_vocabulary() + "one\ntoo\nmany\n"));
  refuse("15 tokens, but vocab_size in config.json is 12");
  testing::must(write_file_atomically(folder.path() / "vocab.txt", testing::tiny_vocabulary()));

  std::filesystem::create_directories(folder.path() / "runs");
  testing::must(write_file_atomically(folder.path() / "runs/train-x.json", "{\"schema_version\":1"));
  refuse("train-x.json: not valid JSON");
  testing::must(write_file_atomically(folder.path() / "runs/train-x.json", R"({"schema_version":7})"));
  refuse("schema_version is 7");
}

TEST(ModelFolder, LoadsWeightsUnderFullNames) {
  const TemporaryFolder folder;
  const records::BertConfig config = testing::tiny_config();
  testing::write_tiny_model(folder.path(), config);
  const auto weights = load_weights(folder.path(), config);
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  EXPECT_EQ(weights->format, "safetensors");
  EXPECT_EQ(weights->tensors.size(), engine::expected_tensors(config).size());
  const auto values = engine::to_floats(weights->tensors.at("classifier.bias"), "classifier.bias");
  EXPECT_EQ(*values, testing::random_weights(config, 1).values.at("classifier.bias"));
  std::filesystem::remove(folder.path() / "model.safetensors");
  EXPECT_EQ(load_weights(folder.path(), config).status().code(), StatusCode::kNotFound);
}

TEST(RunRecorder, ShortensPathsAndClosesWithTheOutcome) {
  // What lies in the home folder is shortened too; the repository may.
  ::setenv("HOME", "/nonexistent", 1);
  const std::string here = std::filesystem::current_path().string();
  RunRecorder recorder("train", {"coppice", "train", "--output=" + here + "/models/a", here, here + "x"});
  EXPECT_EQ(recorder.record().command,
            (std::vector<std::string>{"coppice", "train", "--output=./models/a", ".", here + "x"}));
  EXPECT_TRUE(records::check(recorder.record(), "record").ok());
  EXPECT_EQ(recorder.finish({}).outcome, records::Outcome::kFinished);
  EXPECT_EQ(recorder.finish(interrupted("stopped")).outcome, records::Outcome::kInterrupted);
  const records::RunRecord record = recorder.finish(failed("NaN loss at step 12"));
  EXPECT_EQ(record.outcome, records::Outcome::kFailed);
  EXPECT_EQ(record.error, "NaN loss at step 12");
  const auto read_back = records::parse_run_record(dump_json(records::to_json(record)), "record");
  ASSERT_TRUE(read_back.ok()) << read_back.status().message();
  EXPECT_NE(RunRecorder("train", {}).record().run_id, recorder.record().run_id);
}

}  // namespace
}  // namespace coppice
