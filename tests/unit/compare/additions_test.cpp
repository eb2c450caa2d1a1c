// Models of the visitor's own, the choice of a backend, and files that are removed.
#include <gtest/gtest.h>

#include <map>

#include "shared/compare/cells.h"
#include "shared/compare/hugging_face_folder.h"
#include "shared/compare/messages.h"
#include "tests/unit/compare/fixture.h"

namespace coppice::compare {
namespace {

std::string own_config(const std::string& changes = R"("id2label":{"0":"NEGATIVE","1":"POSITIVE"})") {
  return R"({"model_type":"bert","architectures":["BertForSequenceClassification"],"vocab_size":15,"hidden_size":4,
    "num_attention_heads":2,"intermediate_size":8,"num_hidden_layers":1,"max_position_embeddings":8,
    "type_vocab_size":2,)" +
         changes + "}";
}

HuggingFaceFolder own_folder() {
  HuggingFaceFolder folder;
  folder.files = {{"onnx/model.onnx", 500, hash_of('c')}};
  folder.weights = "onnx/model.onnx";
  folder.config = own_config();
  folder.tokenizer_config = R"({"do_lower_case":true,"model_max_length":6})";
  folder.vocabulary = vocabulary_text();
  return folder;
}

std::string own_cell(const Comparison& comparison, size_t row, const std::string& key) {
  for (const Cell& cell : cells_of(comparison.state().models[row], comparison.state())) {
    if (cell.key == key) return cell.text;
  }
  return "no such column";
}

TEST(HuggingFaceFolder, ReadsCasingLengthAndLabels) {
  const Result<HuggingFaceModel> model = read_hugging_face_folder(own_folder(), "mine");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_TRUE(model->manifest.do_lower_case);
  EXPECT_EQ(model->manifest.max_length, 6);  // the smaller of 6 and 8
  EXPECT_EQ(model->manifest.special_ids.cls, 2);
  EXPECT_FALSE(model->positive_first);
  EXPECT_EQ(model->assumption, "");
}

TEST(HuggingFaceFolder, CasedFromTokenizerConfigAndNoLimitMeansThePositions) {
  HuggingFaceFolder folder = own_folder();
  folder.tokenizer_config = R"({"do_lower_case":false,"model_max_length":1000000000000000019884624838656})";
  const Result<HuggingFaceModel> model = read_hugging_face_folder(folder, "mine");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_FALSE(model->manifest.do_lower_case);
  EXPECT_EQ(model->manifest.max_length, 8);
}

TEST(HuggingFaceFolder, TakesTheVocabularyFromTokenizerJson) {
  HuggingFaceFolder folder = own_folder();
  folder.vocabulary.reset();
  Json vocabulary;
  int id = 0;
  std::string text = vocabulary_text();
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    vocabulary[text.substr(begin, end - begin)] = id++;
    begin = end + 1;
  }
  const auto tokenizer_json = [&] {
    Json json;
    json["normalizer"] = {{"type", "BertNormalizer"},
                          {"clean_text", true},
                          {"handle_chinese_chars", true},
                          {"strip_accents", nullptr},
                          {"lowercase", true}};
    json["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
    json["model"] = {{"type", "WordPiece"},
                     {"unk_token", "[UNK]"},
                     {"continuing_subword_prefix", "##"},
                     {"max_input_chars_per_word", 100},
                     {"vocab", vocabulary}};
    return dump_json(json);
  };
  folder.tokenizer = tokenizer_json();
  EXPECT_EQ(*vocabulary_of_tokenizer_json(*folder.tokenizer, "t"), vocabulary_text());
  const Result<HuggingFaceModel> model = read_hugging_face_folder(folder, "mine");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->tokenizer.token(7), "good");

  vocabulary["good"] = 8;  // twice
  EXPECT_NE(vocabulary_of_tokenizer_json(tokenizer_json(), "t").status().message().find("once"), std::string::npos);
}

TEST(HuggingFaceFolder, RefusesWhatItCannotCompareAndSaysWhy) {
  const auto problem = [](const auto& change) {
    HuggingFaceFolder folder = own_folder();
    change(folder);
    const Result<HuggingFaceModel> model = read_hugging_face_folder(folder, "mine");
    return model.ok() ? std::string("accepted") : model.status().message();
  };
  const auto with_config = [&](const std::string& members) {
    return problem([&](HuggingFaceFolder& folder) { folder.config = own_config(members); });
  };
  EXPECT_NE(with_config(R"("id2label":{"0":"a","1":"b","2":"c"})").find("has 3 labels"), std::string::npos);
  EXPECT_NE(with_config(R"("num_labels":5)").find("has 5 labels"), std::string::npos);
  EXPECT_NE(with_config(R"("id2label":{"0":"toxic","1":"fine"})").find("say negative or positive"), std::string::npos);
  EXPECT_NE(with_config(R"("architectures":["BertForMaskedLM"])").find("BertForMaskedLM"), std::string::npos);
  EXPECT_NE(problem([](HuggingFaceFolder& f) { f.config = R"({"model_type":"gpt2"})"; }).find("gpt2"),
            std::string::npos);
  EXPECT_NE(problem([](HuggingFaceFolder& f) { f.config = "no JSON"; }).find("config.json"), std::string::npos);
  EXPECT_NE(problem([](HuggingFaceFolder& f) { f.tokenizer_config.reset(); }).find("cased"), std::string::npos);
  EXPECT_NE(problem([](HuggingFaceFolder& f) { f.vocabulary.reset(); }).find("vocab.txt"), std::string::npos);
  EXPECT_NE(problem([](HuggingFaceFolder& f) { *f.vocabulary += "one\nmore\n"; }).find("two different models"),
            std::string::npos);
  EXPECT_NE(problem([](HuggingFaceFolder& f) { f.files.clear(); }).find("not among the files"), std::string::npos);
}

TEST(OwnModel, JoinsAsAnotherRowAndItsReversedLabelsAreTurned) {
  Driver driver;
  driver.describe();
  HuggingFaceFolder folder = own_folder();
  folder.config = own_config(R"("id2label":{"0":"positive","1":"negative"})");
  ASSERT_TRUE(driver.comparison.add_model("mine", folder).ok());
  ASSERT_EQ(driver.comparison.state().models.size(), 3U);
  EXPECT_TRUE(driver.row(2).yours);
  driver.comparison.set_text("A good film.");
  for (const char* other : {"dense", "small"}) ASSERT_TRUE(driver.comparison.select_model(other, false).ok());
  ASSERT_TRUE(driver.comparison.start().ok());
  bool judged = false;
  for (int i = 0; i < 4 && !judged; ++i) {
    for (const Request& request : driver.take()) {
      if (request.kind == RequestKind::kLoad) driver.comparison.loaded(request.id, false);
      if (request.kind != RequestKind::kRun) continue;
      EXPECT_EQ(request.input_ids, (std::vector<int32_t>{2, 5, 7, 6, 11, 3}));
      driver.comparison.run_done(request.id, {3.0, -1.0}, 1.0);
      judged = true;
      break;
    }
  }
  ASSERT_TRUE(driver.row(2).verdict.has_value());
  EXPECT_EQ(driver.row(2).verdict->label, "positive");  // logit 0 is its "positive"
}

TEST(OwnModel, WithAManifestAsksForItsFilesUnderItsOwnName) {
  Driver driver;
  driver.describe();
  ASSERT_TRUE(driver.comparison.add_model("dense-yours").ok());
  std::vector<Request> requests = driver.take();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].path, "dense-yours/manifest.json");
  driver.comparison.fetched(requests[0].id, manifest_text("dense", 2000));  // its manifest calls it "dense"
  requests = driver.take();
  ASSERT_FALSE(requests.empty());
  EXPECT_EQ(requests[0].kind, RequestKind::kProbe);  // the vocabulary is known already
  EXPECT_EQ(requests[0].path, "dense-yours/onnx/model.onnx");
}

TEST(OwnModel, ANameThatIsTakenOrWouldLeaveItsFolderIsRefused) {
  Driver driver;
  EXPECT_FALSE(driver.comparison.add_model("early").ok());  // before the catalog
  driver.describe();
  for (const char* id : {"dense", "", "a/b", "..", "a b"}) EXPECT_FALSE(driver.comparison.add_model(id).ok()) << id;
  EXPECT_EQ(driver.comparison.state().models.size(), 2U);
}

TEST(OwnModel, EventReadsAFolderAndRefusesHalfOfOne) {
  Driver driver;
  driver.describe();
  Json event = {{"type", "add_model"}, {"model", "mine"}};
  event["folder"] = {{"weights", "model.onnx"},
                     {"config", own_config()},
                     {"tokenizer_config", R"({"do_lower_case":true})"},
                     {"vocabulary", vocabulary_text()}};
  EXPECT_FALSE(apply_event(dump_json(event), driver.comparison).ok());  // no files
  event["folder"]["files"] = Json::array({{{"path", "model.onnx"}, {"bytes", 9}, {"sha256", hash_of('d')}}});
  ASSERT_TRUE(apply_event(dump_json(event), driver.comparison).ok());
  EXPECT_EQ(driver.row(2).model_bytes, 9);
}

TEST(Backend, AnotherOneLoadsTransformersAgainAndIsPartOfTheRow) {
  Driver driver;
  const Request run = driver.start_loaded();
  EXPECT_FALSE(driver.comparison.choose_backend("webgpu").ok());  // a comparison runs
  driver.comparison.cancel();
  EXPECT_FALSE(driver.comparison.choose_backend("webgl").ok());
  ASSERT_TRUE(driver.comparison.choose_backend("webgpu").ok());
  size_t unloads = 0;
  std::vector<Request> loads;
  for (const Request& request : driver.take()) {
    unloads += request.kind == RequestKind::kUnload ? 1 : 0;
    if (request.kind == RequestKind::kLoad) loads.push_back(request);
  }
  EXPECT_EQ(unloads, 2U);
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads[0].backend, "webgpu");
  // The runtime fell back for this one: its row says what it really ran in.
  driver.comparison.loaded(loads[0].id, true, Runtime{"ORT", "1", "WASM", 1, false});
  for (const Request& request : driver.take()) {
    if (request.kind == RequestKind::kLoad)
      driver.comparison.loaded(request.id, true, Runtime{"ORT", "1", "WebGPU", 0, false});
  }
  ASSERT_TRUE(driver.comparison.start().ok());
  for (int i = 0; i < 2; ++i) {
    for (const Request& request : driver.take()) {
      if (request.kind == RequestKind::kRun) driver.comparison.run_done(request.id, {0.0, 1.0}, 1.0);
    }
  }
  EXPECT_EQ(own_cell(driver.comparison, 0, "runtime"), "ORT 1, WebGPU");
  EXPECT_EQ(own_cell(driver.comparison, 1, "runtime"), "ORT 1, WASM, 1 thread");
}

TEST(Backend, TheEngineGetsConfigJsonFirstAndOnce) {
  Driver driver;
  const std::string bert = own_config();
  const auto with_config = [&](const std::string& text) {
    Json manifest = Json::parse(text, nullptr, false);
    manifest["files"].push_back({{"path", "config.json"}, {"bytes", bert.size()}, {"sha256", hash_of('c')}});
    return dump_json(manifest);
  };
  driver.describe(with_config(manifest_text("dense", 2000)), manifest_text("small", 1000));
  ASSERT_TRUE(driver.comparison.choose_backend("core").ok());
  driver.comparison.set_text("A good film.");
  ASSERT_TRUE(driver.comparison.start().ok());
  // The smaller one is first, and its manifest has no config.json.
  EXPECT_EQ(driver.row(1).phase, ModelPhase::kFailed);
  EXPECT_NE(driver.row(1).problem.find("config.json is missing"), std::string::npos) << driver.row(1).problem;
  std::vector<Request> requests = driver.take();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].kind, RequestKind::kFetch);
  EXPECT_EQ(requests[0].path, "dense/config.json");
  EXPECT_EQ(requests[0].sha256, hash_of('c'));
  EXPECT_EQ(driver.row(0).phase, ModelPhase::kDownloading);
  driver.comparison.fetched(requests[0].id, bert);
  requests = driver.take();
  ASSERT_EQ(requests.size(), 1U);
  ASSERT_EQ(requests[0].kind, RequestKind::kLoad);
  const Json load = Json::parse(to_json(requests[0]), nullptr, false);
  EXPECT_EQ(load["backend"], "core");
  EXPECT_EQ(load["config"], bert);
  EXPECT_EQ(load["max_length"], driver.row(0).max_length);
  EXPECT_FALSE(load.contains("engine"));
  driver.comparison.loaded(requests[0].id, true, Runtime{"Coppice engine", "1", "WASM", 1, false});
  requests = driver.take();
  ASSERT_EQ(requests.size(), 1U);
  driver.comparison.run_done(requests[0].id, {0.0, 1.0}, 1.0);
  EXPECT_EQ(own_cell(driver.comparison, 0, "runtime"), "Coppice engine 1, WASM, 1 thread");

  // Back and forth: it is known now.
  driver.comparison.cancel();
  for (const char* backend : {"wasm", "core"}) {
    ASSERT_TRUE(driver.comparison.choose_backend(backend).ok());
    std::vector<Request> loads;
    for (const Request& request : driver.take()) {
      EXPECT_NE(request.kind, RequestKind::kFetch);
      if (request.kind == RequestKind::kLoad) loads.push_back(request);
    }
    ASSERT_EQ(loads.size(), 1U) << backend;
    EXPECT_EQ(loads[0].backend, backend);
    EXPECT_EQ(loads[0].config.empty(), loads[0].backend == "wasm");
    driver.comparison.loaded(loads[0].id, true, Runtime{"any", "1", "WASM", 1, false});
  }

  Driver again;
  again.describe(with_config(manifest_text("dense", 2000)), manifest_text("small", 1000));
  ASSERT_TRUE(again.comparison.choose_backend("core").ok());
  ASSERT_TRUE(again.comparison.load("dense").ok());
  requests = again.take();
  ASSERT_EQ(requests.size(), 1U);
  // A config.json that the engine cannot read is said before the weights are fetched.
  again.comparison.fetched(requests[0].id, "{}");
  EXPECT_EQ(again.row(0).phase, ModelPhase::kFailed);
  EXPECT_NE(again.row(0).problem.find("dense/config.json"), std::string::npos) << again.row(0).problem;
  EXPECT_TRUE(again.take().empty());
}

TEST(Beside, ATwinRunsTheSameFilesOnTheEngineBesideTheOriginal) {
  const std::string bert = own_config();
  const auto with_config = [&](const std::string& text) {
    Json manifest = Json::parse(text, nullptr, false);
    manifest["files"].push_back({{"path", "config.json"}, {"bytes", bert.size()}, {"sha256", hash_of('c')}});
    return dump_json(manifest);
  };
  Driver driver;
  driver.describe(with_config(manifest_text("dense", 2000)), with_config(manifest_text("small", 1000)));
  ASSERT_TRUE(driver.comparison.select_model("small", false).ok());
  ASSERT_TRUE(apply_event(R"({"type":"beside","value":true})", driver.comparison).ok());
  // Of the chosen one only, and once.
  ASSERT_TRUE(driver.comparison.run_beside(true).ok());
  ASSERT_EQ(driver.comparison.state().models.size(), 3U);
  EXPECT_EQ(driver.row(2).id, "dense.engine");
  EXPECT_EQ(driver.row(2).twin_of, "dense");
  EXPECT_TRUE(driver.row(2).selected);

  driver.comparison.set_text("A good film.");
  ASSERT_TRUE(driver.comparison.start().ok());
  std::map<std::string, std::string> backends;
  std::map<std::string, std::string> paths;
  std::vector<std::string> ran;
  for (std::vector<Request> requests = driver.take(); !requests.empty(); requests = driver.take()) {
    for (const Request& request : requests) {
      if (request.kind == RequestKind::kProbe) driver.comparison.probed(request.id, false);
      if (request.kind == RequestKind::kFetch) {
        EXPECT_EQ(request.path, "dense/config.json");
        driver.comparison.fetched(request.id, bert);
      }
      if (request.kind == RequestKind::kLoad) {
        backends[request.model] = request.backend;
        paths[request.model] = request.path;
        const bool engine = request.backend == "core";
        EXPECT_EQ(request.config.empty(), !engine);
        driver.comparison.loaded(request.id, true, Runtime{engine ? "Coppice engine" : "ORT", "1", "WASM", 1, false});
      }
      if (request.kind == RequestKind::kRun) {
        ran.push_back(request.model);
        driver.comparison.run_done(request.id, {0.0, 1.0}, request.model == "dense" ? 4.0 : 1.0);
      }
    }
  }
  EXPECT_EQ(backends, (std::map<std::string, std::string>{{"dense", "wasm"}, {"dense.engine", "core"}}));
  EXPECT_EQ(paths["dense.engine"], paths["dense"]);
  EXPECT_EQ(driver.comparison.state().phase, RunPhase::kDone);
  EXPECT_EQ(own_cell(driver.comparison, 0, "runtime"), "ORT 1, WASM, 1 thread");
  EXPECT_EQ(own_cell(driver.comparison, 2, "runtime"), "Coppice engine 1, WASM, 1 thread");
  ASSERT_TRUE(driver.row(2).against_baseline.has_value());
  EXPECT_DOUBLE_EQ(driver.row(2).against_baseline->ratio, 0.25);

  // A file that was removed is gone for both.
  ASSERT_TRUE(driver.comparison.set_stored("dense", false).ok());
  EXPECT_FALSE(driver.row(2).on_device);

  // No longer beside: the row stays, and is not run. On the engine alone it would be the same twice.
  ASSERT_TRUE(driver.comparison.run_beside(false).ok());
  EXPECT_FALSE(driver.row(2).selected);
  ASSERT_TRUE(driver.comparison.run_beside(true).ok());
  EXPECT_TRUE(driver.row(2).selected);
  ASSERT_TRUE(driver.comparison.choose_backend("core").ok());
  EXPECT_FALSE(driver.row(2).selected);
  EXPECT_FALSE(driver.comparison.run_beside(true).ok());
}

TEST(Beside, IsRefusedWhileAComparisonRuns) {
  Driver driver;
  driver.start_loaded();
  EXPECT_FALSE(driver.comparison.run_beside(true).ok());
  EXPECT_EQ(driver.comparison.state().models.size(), 2U);
}

TEST(Stored, ARemovedFileIsToBeDownloadedAgain) {
  Driver driver;
  driver.start_loaded();
  EXPECT_TRUE(driver.row(0).on_device);
  ASSERT_TRUE(apply_event(R"({"type":"stored","model":"dense","on_device":false})", driver.comparison).ok());
  EXPECT_FALSE(driver.row(0).on_device);
  EXPECT_FALSE(driver.comparison.set_stored("nobody", true).ok());
}

}  // namespace
}  // namespace coppice::compare
