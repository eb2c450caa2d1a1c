#include "native/report/collect.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "native/report/document.h"
#include "shared/records/run_record.h"

namespace coppice::report {
namespace {

namespace fs = std::filesystem;

class Collecting : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "coppice-collect-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  static records::RunRecord record(const std::string& id) {
    records::RunRecord made;
    made.kind = "train";
    made.run_id = id;
    made.started_at = "2026-11-24T05:54:01Z";
    made.program_version = "0.1.0";
    return made;
  }
  static std::string text_of(const records::RunRecord& made) { return dump_json(records::to_json(made)); }

  [[nodiscard]] Result<Collection> collected() const { return collect({{}, {folder_}}); }

  fs::path folder_;
};

TEST_F(Collecting, RecordsInOrderOfTimeAndCopiesOnce) {
  records::RunRecord later = record("00000002");
  later.started_at = "2026-11-25T00:00:00Z";
  write("a/runs/train-b.json", text_of(later));
  write("b/runs/train-a.json", text_of(record("00000001")));
  write("c/runs/train-a.json", text_of(record("00000001")));
  write("config.json", "{\"hidden_size\":384}");
  write("node_modules/x/runs/y.json", "never looked at");
  const Result<Collection> found = collected();
  ASSERT_TRUE(found.ok()) << found.status().message();
  ASSERT_EQ(found->records.size(), 2U);
  EXPECT_EQ(found->records[0].record.run_id, "00000001");
  EXPECT_EQ(found->copies, 1);
  EXPECT_EQ(found->passed_over, 1);
  EXPECT_TRUE(found->apart.empty());
}

TEST_F(Collecting, WhatIsBrokenIsKeptApartWithItsReason) {
  write("runs/train-good.json", text_of(record("00000001")));
  write("runs/train-cut.json", text_of(record("00000002")).substr(0, 40));
  std::string other = text_of(record("00000003"));
  other.replace(other.find("\"schema_version\":1"), 18, "\"schema_version\":9");
  write("runs/train-new.json", other);
  write("runs/train-bad.json", "{\"schema_version\":1,\"kind\":\"train\"}");
  const Result<Collection> found = collected();
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->records.size(), 1U);
  std::map<std::string, Why> why;
  for (const KeptApart& apart : found->apart) why[fs::path(apart.file.path).filename().string()] = apart.why;
  EXPECT_EQ(why["train-cut.json"], Why::kHalfWritten);
  EXPECT_EQ(why["train-new.json"], Why::kOtherVersion);
  EXPECT_EQ(why["train-bad.json"], Why::kNotValid);
}

TEST_F(Collecting, OneRunToldInTwoWaysIsNeither) {
  write("a/runs/train-a.json", text_of(record("00000001")));
  records::RunRecord other = record("00000001");
  other.duration_seconds = 5;
  write("b/runs/train-a.json", text_of(other));
  write("c/runs/train-c.json", text_of(record("00000002")));
  const Result<Collection> found = collected();
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->records.size(), 1U);
  ASSERT_EQ(found->apart.size(), 2U);
  EXPECT_EQ(found->apart[0].why, Why::kContradiction);
}

// Models that are measured in turns have one run, and a record each.
TEST_F(Collecting, OneRunOfTwoModelsIsNoContradiction) {
  for (const char* model : {"a", "b"}) {
    records::RunRecord made = record("00000001");
    made.kind = "measure";
    made.inputs["weights_sha256"] = model;
    write(std::string(model) + "/runs/measure.json", text_of(made));
  }
  const Result<Collection> found = collected();
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->records.size(), 2U);
  EXPECT_TRUE(found->apart.empty());
}

TEST_F(Collecting, TheDocumentHoldsTheFilesOwnText) {
  const std::string text = "\xEF\xBB\xBF" + text_of(record("00000001"));
  write("runs/train-a.json", text);
  Result<Collection> found = collected();
  ASSERT_TRUE(found.ok()) << found.status().message();
  const Result<OrderedJson> document = make_document(*found, {});
  ASSERT_TRUE(document.ok()) << document.status().message();
  const Result<Json> whole = parse_json(document_text(*found, *document), "document");
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  EXPECT_EQ((*whole)["records"][0]["record"]["run_id"], "00000001");
  EXPECT_EQ((*whole)["records"][0]["id"], found->records[0].file.sha256.substr(0, 12));
  EXPECT_GT((*whole)["regions"].size(), 20U);
}

TEST_F(Collecting, TimesInTheBrowsersRuntimeAreTakenWhole) {
  const std::string times =
      R"({"schema_version":1,"kind":"ort-web-times","runtime":"ORT","tokens":256,"turns":5,"models":[)"
      R"({"model":"m","median_ms":350.5,"ratio_to_first":1,"ratio_mad":0,"bytes":7}]})";
  write("runs/train-a.json", text_of(record("00000001")));
  write("measure/browser.json", times);
  write("broken/browser.json", std::string(times).replace(times.find("350.5"), 5, "\"x\""));
  const Result<Collection> found = collected();
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->others.size(), 1U);
  ASSERT_EQ(found->apart.size(), 1U);
  EXPECT_EQ(found->apart[0].why, Why::kNotValid);
  EXPECT_NE(found->apart[0].reason.find("broken/browser.json: times in ONNX Runtime Web without a usable median_ms"),
            std::string::npos)
      << found->apart[0].reason;
}

TEST_F(Collecting, NothingIsBadInput) {
  EXPECT_EQ(collected().status().code(), StatusCode::kInvalidInput);
  EXPECT_EQ(collect({{}, {folder_ / "nowhere"}}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace coppice::report
