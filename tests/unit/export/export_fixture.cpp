// Writes a model folder as `coppice train` leaves it, and reference.json beside it with logits in double precision, for
// onnx_export.test.mjs:
//
//   export_fixture tiny|uneven FOLDER
//   export_fixture encoder FOLDER PRETRAINED GOLDEN     PRETRAINED: a bare encoder, gets a seeded random classifier;
//                                                       GOLDEN: encoder_golden.json with the texts and their ids
//
// reference.json: {"cases":[{"text"?,"input_ids":[...],"fp32":[neg,pos],"fp16":[neg,pos],"int8":[neg,pos]},...]},
// where "fp16" is computed with each weight rounded to float16, and "int8" with matrices rounded by rows to 64 steps
// and word embeddings to 127, the rest to float16, and the products' inputs to 8 bits.
#include <iostream>

#include "native/export/model_folder.h"
#include "native/io/file.h"
#include "shared/base/half.h"
#include "shared/engine/int8_rows.h"
#include "tests/unit/export/reference_bert.h"
#include "tests/unit/export/tiny_model.h"

namespace coppice::testing {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostTokensOfRounded = 100;  // the reference takes its time

struct Case {
  std::optional<std::string> text;
  std::vector<int64_t> input_ids;
};

// By hand from tiny_vocabulary.
const std::vector<Case> kTinyCases = {{"a very good film.", {2, 8, 9, 5, 7, 11, 3}},
                                      {"Badly, badly bad film", {2, 6, 10, 1, 6, 10, 6, 7, 3}},
                                      {"", {2, 3}},
                                      {std::nullopt, {2, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 3}}};

// By the formula, not by the code under test.
void round_rows(const std::vector<float>& values, int64_t rows, int steps, std::vector<float>& rounded) {
  const size_t columns = values.size() / static_cast<size_t>(rows);
  for (size_t begin = 0; begin < values.size(); begin += columns) {
    double largest = 0;
    for (size_t i = begin; i < begin + columns; ++i) largest = std::max(largest, std::abs(double{values[i]}));
    const double scale = largest / steps;
    for (size_t i = begin; i < begin + columns; ++i) {
      rounded[i] = static_cast<float>(scale > 0 ? std::nearbyint(values[i] / scale) * scale : 0);
    }
  }
}

Status write_reference(const fs::path& path, const records::BertConfig& config, const WeightValues& weights,
                       const std::vector<Case>& cases) {
  WeightValues rounded = weights;
  for (auto& [name, values] : rounded) {
    for (float& value : values) value = half_to_float(float_to_half(value));
  }
  WeightValues int8 = rounded;
  for (const engine::ExpectedTensor& tensor : engine::expected_tensors(config)) {
    if (!engine::is_stored_as_int8(tensor)) continue;
    const bool words = tensor.name.find("word_embeddings") != std::string::npos;
    round_rows(weights.at(tensor.name), tensor.shape[0], words ? 127 : 64, int8[tensor.name]);
  }
  OrderedJson json;
  for (const Case& c : cases) {
    OrderedJson entry;
    if (c.text) entry["text"] = *c.text;
    entry["input_ids"] = c.input_ids;
    entry["fp32"] = ReferenceBert(config, weights).logits(c.input_ids);
    if (c.input_ids.size() <= kMostTokensOfRounded) {
      entry["fp16"] = ReferenceBert(config, rounded).logits(c.input_ids);
      entry["int8"] = ReferenceBert(config, int8, ReferenceActivations::kUint8).logits(c.input_ids);
    }
    json["cases"].push_back(std::move(entry));
  }
  return write_file_atomically(path, dump_json(json));
}

Status write_run(const fs::path& folder, int64_t max_length) {
  RunRecorder recorder("train", {"coppice", "train"});
  recorder.record().settings = {{"max_length", max_length}, {"truncation", "head"}};
  COPPICE_RETURN_IF_ERROR(write_run_record(folder, recorder.finish({})));
  return refresh_manifest(folder);
}

Status make_tiny(const std::string& kind, const fs::path& folder) {
  const records::BertConfig config = kind == "tiny" ? tiny_config() : tiny_uneven_config();
  write_tiny_model(folder, config);
  COPPICE_RETURN_IF_ERROR(write_run(folder, 16));
  return write_reference(folder.string() + ".reference.json", config, random_weights(config, 1).values, kTinyCases);
}

Status make_encoder(const fs::path& folder, const fs::path& pretrained, const fs::path& golden) {
  COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config, read_bert_config(pretrained));
  COPPICE_ASSIGN_OR_RETURN(const MappedWeights weights, load_weights(pretrained, config, false));
  WeightValues values;
  for (const auto& [name, view] : weights.tensors) {
    COPPICE_ASSIGN_OR_RETURN(values[name], engine::to_floats(view, name));
  }
  engine::TensorMap tensors = weights.tensors;
  const OwnedWeights random = random_weights(config, 7, 0.3F);
  for (const char* name : {"classifier.weight", "classifier.bias"}) {
    values[name] = random.values.at(name);
    tensors[name] = random.tensors.at(name);
  }
  COPPICE_RETURN_IF_ERROR(write_file_atomically(folder / "model.safetensors", safetensors_bytes(tensors)));
  COPPICE_RETURN_IF_ERROR(write_file_atomically(folder / "config.json", dump_json(records::to_json(config), 1)));
  for (const char* name : {"vocab.txt", "tokenizer.json", "tokenizer_config.json"}) {
    COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(pretrained / name));
    COPPICE_RETURN_IF_ERROR(write_file_atomically(folder / name, bytes));
  }
  COPPICE_RETURN_IF_ERROR(write_run(folder, 256));

  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(golden));
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, golden.string()));
  std::vector<Case> cases;
  for (const Json& entry : document["texts"]) {
    cases.push_back({entry["text"].get<std::string>(), entry["ids"].get<std::vector<int64_t>>()});
  }
  return write_reference(folder.string() + ".reference.json", config, values, cases);
}

int run(const std::vector<std::string>& arguments) {
  Status status = invalid_usage("export_fixture tiny|uneven FOLDER | encoder FOLDER PRETRAINED GOLDEN");
  if (arguments.size() >= 2) std::filesystem::create_directories(arguments[1]);
  if (arguments.size() == 2 && (arguments[0] == "tiny" || arguments[0] == "uneven")) {
    status = make_tiny(arguments[0], arguments[1]);
  } else if (arguments.size() == 4 && arguments[0] == "encoder") {
    status = make_encoder(arguments[1], arguments[2], arguments[3]);
  }
  if (!status.ok()) std::cerr << status.message() << '\n';
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace coppice::testing

int main(int argc, char** argv) { return coppice::testing::run({argv + 1, argv + argc}); }
