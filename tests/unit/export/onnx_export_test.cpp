#include "native/export/onnx_export.h"

#include <gtest/gtest.h>

#include <limits>

#include "native/export/export_model.h"
#include "native/export/model_folder.h"
#include "shared/base/half.h"
#include "shared/engine/int8_rows.h"
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

TEST(OnnxExport, Int8HoldsMatricesAndWordsByRows) {
  for (const records::BertConfig& config : {testing::tiny_config(), testing::tiny_uneven_config()}) {
    OwnedWeights weights = testing::random_weights(config, 3);
    // A pruned matrix keeps its zeros, a row of zeros among them.
    const std::string pruned = "bert.encoder.layer.0.intermediate.dense.weight";
    std::vector<float>& values = weights.values.at(pruned);
    for (size_t i = 0; i < values.size(); i += 2) values[i] = 0;
    std::fill_n(values.begin(), config.hidden_size, 0.0F);
    const auto bytes = onnx_bytes(config, weights.tensors, {OnnxWeights::kInt8, "1"});
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    EXPECT_EQ(engine::parse_onnx(as_bytes(*bytes), "model.onnx")->metadata.at("coppice.weights"), "int8");
    const auto stored = engine::parse_weights(as_bytes(*bytes), "model.onnx");
    ASSERT_TRUE(stored.ok()) << stored.status().message();
    const auto taken = engine::take_weights(config, *stored, true, "model.onnx");
    ASSERT_TRUE(taken.ok()) << taken.status().message();
    size_t int8 = 0;
    for (const engine::ExpectedTensor& expected : engine::expected_tensors(config)) {
      const engine::TensorView& view = taken->at(expected.name);
      const bool matrix = expected.shape.size() == 2 && expected.name.find("position") == std::string::npos &&
                          expected.name.find("token_type") == std::string::npos &&
                          expected.name.find("classifier") == std::string::npos;
      EXPECT_EQ(view.dtype, matrix ? engine::DType::kI8 : engine::DType::kF16) << expected.name;
      EXPECT_EQ(view.row_scales.size(), matrix ? static_cast<size_t>(expected.shape[0]) * 4 : 0U) << expected.name;
      if (!matrix) continue;
      ++int8;
      const std::vector<float> rounded = *engine::to_floats(view, expected.name);
      const std::vector<float>& original = weights.values.at(expected.name);
      const size_t columns = original.size() / static_cast<size_t>(expected.shape[0]);
      for (size_t i = 0; i < original.size(); ++i) {
        float largest = 0;
        for (size_t k = i / columns * columns; k < (i / columns + 1) * columns; ++k) {
          largest = std::max(largest, std::abs(original[k]));
        }
        // Half a step: of 127 for words, of 64 for what is multiplied in integers.
        const float steps = expected.name.find("word_embeddings") != std::string::npos ? 127 : 64;
        EXPECT_LE(std::abs(rounded[i] - original[i]), largest / steps / 2 * (1 + 1e-5F)) << expected.name;
      }
    }
    EXPECT_EQ(int8, 2U * 6 + 2);
    // No sum of two products of an unsigned byte and a weight leaves 16 bits.
    const std::string query = "bert.encoder.layer.0.attention.self.query.weight";
    for (const std::byte value : taken->at(query).bytes) {
      EXPECT_LE(2 * 255 * std::abs(static_cast<int>(static_cast<int8_t>(value))), 32767);
    }
    const std::vector<float> zeros = *engine::to_floats(taken->at(pruned), pruned);
    for (size_t i = 0; i < values.size(); i += 2) EXPECT_EQ(zeros[i], 0) << i;
    for (size_t i = 0; i < static_cast<size_t>(config.hidden_size); ++i) EXPECT_EQ(zeros[i], 0) << i;
    EXPECT_LE(engine::count_nonzero(taken->at(pruned)), engine::count_nonzero(weights.tensors.at(pruned)));
  }
}

TEST(OnnxExport, Int8RefusesWhatIsNotFinite) {
  const records::BertConfig config = testing::tiny_config();
  OwnedWeights weights = testing::random_weights(config, 3);
  weights.values["bert.pooler.dense.weight"][9] = std::numeric_limits<float>::quiet_NaN();
  const auto bytes = onnx_bytes(config, weights.tensors, {OnnxWeights::kInt8, "1"});
  EXPECT_NE(bytes.status().message().find("bert.pooler.dense.weight holds a value that is not finite, in row 1"),
            std::string::npos)
      << bytes.status().message();
}

TEST(OnnxExport, AnAlteredInt8FileIsRefusedWithTheTensorsName) {
  const records::BertConfig config = testing::tiny_config();
  const OwnedWeights weights = testing::random_weights(config, 3);
  std::string bytes = *onnx_bytes(config, weights.tensors, {OnnxWeights::kInt8, "1"});
  // The scales' name occurs as the initialiser's and as the node's input; without the former they are another tensor.
  const std::string name = "bert.pooler.dense.weight_scale";
  for (size_t at = bytes.find(name); at != std::string::npos; at = bytes.find(name, at + 1)) bytes[at + 5] = 'q';
  const auto stored = engine::parse_weights(as_bytes(bytes), "model.onnx");
  ASSERT_TRUE(stored.ok());
  const auto taken = engine::take_weights(config, *stored, true, "model.onnx");
  EXPECT_NE(taken.status().message().find("Unexpected (1): bert.qooler.dense.weight_scale"), std::string::npos)
      << taken.status().message();
}

TEST(OnnxExport, TheSameInputGivesTheSameBytes) {
  const records::BertConfig config = testing::tiny_config();
  const OwnedWeights weights = testing::random_weights(config, 3);
  for (const OnnxWeights form : {OnnxWeights::kFloat32, OnnxWeights::kFloat16, OnnxWeights::kInt8}) {
    const OnnxExportOptions options{form, "1"};
    EXPECT_EQ(*onnx_bytes(config, weights.tensors, options), *onnx_bytes(config, weights.tensors, options));
  }
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

TEST(ExportModel, WritesAnInt8FolderAndReadsItBack) {
  const TemporaryFolder folder("dense");
  write_trained(folder.path());
  const std::filesystem::path output = folder.root() / "dense-int8";
  RunRecorder recorder("export", {"coppice", "export"});
  testing::must(export_model({folder.path(), output, OnnxWeights::kInt8, false}, recorder.record()));
  EXPECT_EQ(recorder.record().settings["weights"], "int8");
  const double all = recorder.record().results["relative_rounding_error"].get<double>();
  const Json& worst = recorder.record().results["largest_rounding_error"];
  // Half a step of 1/64 of the largest is at most 0.8 % of it, half of that in the mean; the others are smaller.
  EXPECT_GT(all, 1e-4);
  EXPECT_LT(all, 0.02);
  EXPECT_GE(worst["relative_rounding_error"].get<double>(), all);
  EXPECT_TRUE(engine::is_stored_as_int8({worst["tensor"].get<std::string>(), {1, 1}}));
  const auto manifest = finish_export(output, recorder.finish({}));
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->weights[0].dtype, "I8");
  EXPECT_FALSE(manifest->evaluation->exact_weights);
  const records::BertConfig config = testing::tiny_config();
  int64_t total = 0;
  for (const engine::ExpectedTensor& tensor : engine::expected_tensors(config)) {
    total += tensor.shape.size() == 2 ? tensor.shape[0] * tensor.shape[1] : tensor.shape[0];
  }
  EXPECT_EQ(manifest->parameters.total, total);  // scales are no parameters
  const auto card = read_file(output / "README.md");
  EXPECT_NE(card->find("onnx/model.onnx (I8)"), std::string::npos);
  EXPECT_NE(card->find("rounded to 8 bits"), std::string::npos);

  // Exporting what is int8 already changes no integer: the largest of a row is the limit again.
  const std::filesystem::path second = folder.root() / "again-int8";
  RunRecorder again("export", {"coppice", "export"});
  testing::must(export_model({output, second, OnnxWeights::kInt8, false}, again.record()));
  const auto first_weights = load_weights(output, config);
  const auto second_weights = load_weights(second, config);
  ASSERT_TRUE(first_weights.ok() && second_weights.ok());
  for (const auto& [name, view] : first_weights->tensors) {
    const engine::TensorView& other = second_weights->tensors.at(name);
    EXPECT_TRUE(std::equal(view.bytes.begin(), view.bytes.end(), other.bytes.begin(), other.bytes.end())) << name;
  }
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
