#include "native/export/onnx_export.h"

#include <gtest/gtest.h>

#include <limits>

#include "native/export/export_model.h"
#include "native/export/model_folder.h"
#include "shared/base/half.h"
#include "shared/engine/onnx_reader.h"
#include "tests/unit/export/tiny_model.h"

namespace coppice {
namespace {

using testing::OwnedWeights;
using testing::TemporaryFolder;

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(OnnxExport, InitialisersAreTheCheckpointByNameShapeAndBits) {
  for (const records::BertConfig& config : {testing::tiny_config(), testing::tiny_uneven_config()}) {
    const OwnedWeights weights = testing::random_weights(config, 3);
    const auto bytes = onnx_bytes(config, weights.tensors, {OnnxWeights::kFloat32, "1.2.3"});
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    const auto file = engine::parse_onnx(as_bytes(*bytes), "model.onnx");
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ(file->ir_version, 8);
    EXPECT_EQ(file->opset_version, 17);
    EXPECT_EQ(file->producer_name, "coppice");
    EXPECT_EQ(file->metadata.at("coppice.weights"), "fp32");
    ASSERT_EQ(file->tensors.size(), engine::expected_tensors(config).size());
    for (const auto& [name, view] : weights.tensors) {
      const engine::TensorView& stored = file->tensors.at(name);
      EXPECT_EQ(stored.shape, view.shape) << name;
      EXPECT_TRUE(std::equal(stored.bytes.begin(), stored.bytes.end(), view.bytes.begin(), view.bytes.end())) << name;
    }
    EXPECT_TRUE(engine::take_weights(config, file->tensors, true, "model.onnx").ok());
  }
}

TEST(OnnxExport, Float16HalvesTheFileAndRoundsToNearest) {
  const records::BertConfig config = testing::tiny_config();
  const OwnedWeights weights = testing::random_weights(config, 3);
  const auto bytes = onnx_bytes(config, weights.tensors, {OnnxWeights::kFloat16, "1"});
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  const auto file = engine::parse_onnx(as_bytes(*bytes), "model.onnx");
  ASSERT_TRUE(file.ok()) << file.status().message();
  for (const auto& [name, view] : weights.tensors) {
    const engine::TensorView& stored = file->tensors.at(name);
    EXPECT_EQ(stored.dtype, engine::DType::kF16) << name;
    EXPECT_EQ(stored.bytes.size() * 2, view.bytes.size()) << name;
    const std::vector<float> rounded = *engine::to_floats(stored, name);
    const std::vector<float>& original = weights.values.at(name);
    for (size_t i = 0; i < original.size(); ++i) {
      EXPECT_NEAR(rounded[i], original[i], std::max(std::abs(original[i]) * 0x1p-11F, 0x1p-25F)) << name;
    }
  }
}

TEST(OnnxExport, TheSameInputGivesTheSameBytes) {
  const records::BertConfig config = testing::tiny_config();
  const OwnedWeights weights = testing::random_weights(config, 3);
  const OnnxExportOptions options{OnnxWeights::kFloat16, "1"};
  EXPECT_EQ(*onnx_bytes(config, weights.tensors, options), *onnx_bytes(config, weights.tensors, options));
}

TEST(OnnxExport, RefusesWhatWouldNotWork) {
  const records::BertConfig config = testing::tiny_config();
  const auto message = [&](const engine::TensorMap& tensors, OnnxWeights form) {
    const auto bytes = onnx_bytes(config, tensors, {form, "1"});
    EXPECT_FALSE(bytes.ok());
    return bytes.status().message();
  };
  OwnedWeights weights = testing::random_weights(config, 3);
  engine::TensorMap without = weights.tensors;
  without.erase("classifier.bias");
  EXPECT_EQ(message(without, OnnxWeights::kFloat32), "tensor classifier.bias is missing");

  engine::TensorMap turned = weights.tensors;
  turned["classifier.weight"].shape = {8, 2};
  EXPECT_EQ(message(turned, OnnxWeights::kFloat32), "tensor classifier.weight is (8, 2), expected (2, 8)");

  weights.values["classifier.bias"][1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(message(weights.tensors, OnnxWeights::kFloat32).find("classifier.bias holds a value that is not finite"),
            std::string::npos);

  weights.values["classifier.bias"][1] = 70000.0F;
  EXPECT_NE(message(weights.tensors, OnnxWeights::kFloat16).find("which float16 cannot"), std::string::npos);
  EXPECT_TRUE(onnx_bytes(config, weights.tensors, {OnnxWeights::kFloat32, "1"}).ok());
}

// A trained tiny model's folder with a run record and an evaluation of its very weights.
void write_trained(const std::filesystem::path& folder) {
  testing::write_tiny_model(folder, testing::tiny_config());
  RunRecorder train("train", {"coppice", "train"});
  train.record().inputs["parent_id"] = "base";
  train.record().settings = {{"max_length", 12}, {"truncation", "head_tail"}};
  testing::must(write_run_record(folder, train.finish({})));
  RunRecorder evaluate("evaluate", {"coppice", "evaluate"});
  evaluate.record().inputs = {{"weights_sha256", *sha256_file_hex(folder / "model.safetensors")},
                              {"test_set", {{"name", "imdb"}, {"split", "test"}}}};
  evaluate.record().results = {{"accuracy", 0.875}, {"n", 25000}};
  testing::must(write_run_record(folder, evaluate.finish({})));
  testing::must(refresh_manifest(folder));
}

Result<records::Manifest> run_export(const ExportModelOptions& options) {
  RunRecorder recorder("export", {"coppice", "export"});
  COPPICE_RETURN_IF_ERROR(export_model(options, recorder.record()));
  return finish_export(options.output, recorder.finish({}));
}

TEST(ExportModel, WritesAShippedFolder) {
  const TemporaryFolder folder("dense");
  write_trained(folder.path());
  const std::filesystem::path output = folder.root() / "shipped" / "dense-fp16";
  const auto manifest = run_export({folder.path(), output, OnnxWeights::kFloat16, false});
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->id, "dense-fp16");
  EXPECT_EQ(manifest->parent_id, "dense");
  EXPECT_EQ(manifest->max_length, 12);
  EXPECT_EQ(manifest->truncation, "head_tail");
  ASSERT_EQ(manifest->weights.size(), 1U);
  EXPECT_EQ(manifest->weights[0].path, "onnx/model.onnx");
  EXPECT_EQ(manifest->weights[0].dtype, "F16");
  EXPECT_EQ(manifest->metrics.at("accuracy").value, 0.875);
  EXPECT_FALSE(manifest->evaluation->exact_weights);  // the score is of the weights before rounding, and says so
  for (const char* name :
       {"README.md", "config.json", "onnx/model.onnx", "tokenizer.json", "tokenizer_config.json", "vocab.txt"}) {
    EXPECT_NE(manifest->find_file(name), nullptr) << name;
  }
  EXPECT_EQ(manifest->files.size(), 9U);  // and three run records
  EXPECT_TRUE(read_model_folder(output, Verify::kHashes).ok());

  const auto card = read_file(output / "README.md");
  for (const char* part : {"license: apache-2.0", "pipeline_tag: text-classification", "| Accuracy | 0.8750 |",
                           "Evaluated before the export", "Made from `dense`"}) {
    EXPECT_NE(card->find(part), std::string::npos) << part;
  }

  // Folders that hold only the ONNX file load like any other.
  const auto weights = load_weights(output, testing::tiny_config());
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  EXPECT_EQ(weights->format, "onnx");
  const std::vector<float> original = testing::random_weights(testing::tiny_config(), 1).values.at("classifier.bias");
  EXPECT_EQ((*engine::to_floats(weights->tensors.at("classifier.bias"), ""))[0],
            half_to_float(float_to_half(original[0])));

  // Exporting again is the same but for the new run record.
  const auto again = run_export({folder.path(), output, OnnxWeights::kFloat16, false});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->find_file("onnx/model.onnx")->sha256, manifest->find_file("onnx/model.onnx")->sha256);
}

TEST(ExportModel, LeavesTheSourceAloneAndRefusesConfusion) {
  const TemporaryFolder folder("dense");
  write_trained(folder.path());
  const std::filesystem::path output = folder.root() / "out";
  EXPECT_EQ(run_export({folder.path(), folder.path() / ".", OnnxWeights::kFloat32, false}).status().code(),
            StatusCode::kInvalidUsage);
  std::filesystem::create_directories(output);
  testing::must(write_file_atomically(output / "model.safetensors", "of another model"));
  EXPECT_EQ(run_export({folder.path(), output, OnnxWeights::kFloat32, false}).status().code(),
            StatusCode::kInvalidUsage);
  EXPECT_EQ(*read_file(output / "model.safetensors"), "of another model");
  EXPECT_EQ(run_export({folder.root() / "nowhere", output, OnnxWeights::kFloat32, false}).status().code(),
            StatusCode::kNotFound);

  // An altered source is not exported.
  std::filesystem::remove(output / "model.safetensors");
  testing::must(write_file_atomically(folder.path() / "vocab.txt", testing::tiny_vocabulary() + "extra\n"));
  const auto altered = run_export({folder.path(), output, OnnxWeights::kFloat32, false});
  EXPECT_NE(altered.status().message().find("vocab.txt: altered or cut short"), std::string::npos)
      << altered.status().message();
}

TEST(ExportModel, ReadsAFolderOfAnotherTool) {
  const TemporaryFolder folder("foreign");
  testing::write_tiny_model(folder.path(), testing::tiny_config());
  const auto manifest = run_export({folder.path(), folder.root() / "out", OnnxWeights::kFloat32, true});
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->weights.size(), 2U);
  EXPECT_EQ(manifest->max_length, 16);
  EXPECT_TRUE(manifest->metrics.empty());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "manifest.json"));
}

}  // namespace
}  // namespace coppice
