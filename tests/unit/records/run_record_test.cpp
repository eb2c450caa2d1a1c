#include "shared/records/run_record.h"

#include <gtest/gtest.h>

#include "shared/records/catalog.h"
#include "shared/records/schema.h"

namespace coppice::records {
namespace {

RunRecord full_record() {
  RunRecord record;
  record.kind = "train";
  record.run_id = "0123456789abcdef";
  record.started_at = "2026-11-24T05:54:01Z";
  record.duration_seconds = 12.25;
  record.command = {"coppice", "train", "--epochs", "1"};
  record.program_version = "0.1.0";
  record.machine = {{"cpu_model", "x"}};
  record.inputs = {{"parent_id", "base"}};
  record.settings = {{"seed", 1}};
  record.results = {{"steps", 7}};
  record.energy = Json{{"energy_joules", {{"value", 1.5}}}};
  record.outcome = Outcome::kInterrupted;
  record.error = "stopped by the user";
  return record;
}

TEST(RunRecord, RoundTrips) {
  const RunRecord record = full_record();
  const auto read_back = parse_run_record(dump_json(to_json(record)), "run");
  ASSERT_TRUE(read_back.ok()) << read_back.status().message();
  EXPECT_EQ(to_json(*read_back), to_json(record));
  EXPECT_EQ(read_back->outcome, Outcome::kInterrupted);
  EXPECT_EQ(read_back->command.size(), 4U);
  EXPECT_EQ(file_name_of(record), "train-20261124T055401Z-01234567.json");
}

TEST(RunRecord, AbsentEnergyStaysAbsent) {
  RunRecord record = full_record();
  record.energy.reset();
  record.error.reset();
  const OrderedJson json = to_json(record);
  EXPECT_FALSE(json.contains("energy"));
  EXPECT_FALSE(json.contains("error"));
  EXPECT_FALSE(parse_run_record(dump_json(json), "run")->energy.has_value());
}

TEST(RunRecord, RefusalsNameTheMember) {
  const Json good(to_json(full_record()));
  const auto refusal = [&](const char* key, const Json& value) {
    Json json = good;
    if (value.is_discarded()) {
      json.erase(key);
    } else {
      json[key] = value;
    }
    const auto parsed = parse_run_record(dump_json(json), "run");
    EXPECT_FALSE(parsed.ok()) << key;
    EXPECT_NE(parsed.status().message().find(key), std::string::npos) << parsed.status().message();
    return parsed.status();
  };
  const auto refuse = [&](const char* key, const Json& value) { EXPECT_FALSE(refusal(key, value).ok()) << key; };
  const Json absent(Json::value_t::discarded);
  for (const auto& [key, value] : good.items()) {
    if (key != "energy" && key != "error") refuse(key.c_str(), absent);
  }
  EXPECT_EQ(refusal("schema_version", 2).code(), StatusCode::kUnsupported);
  EXPECT_NE(refusal("schema_version", 2).message().find("Use a newer Coppice"), std::string::npos);
  refuse("schema_version", "1");
  refuse("kind", "../train");
  refuse("kind", "");
  refuse("run_id", "../../../etc");
  refuse("run_id", "0123");
  refuse("started_at", "2026-11-24 05:54:01");
  refuse("started_at", "yesterday");
  refuse("duration_seconds", -1);
  refuse("command", "coppice train");
  refuse("machine", Json::array());
  refuse("energy", 3);
  refuse("outcome", "done");
  refuse("error", 3);
}

TEST(Catalog, RoundTripsAndRefuses) {
  const char* written = R"({"schema_version":1,"models":[{"id":"dense"},{"id":"pruned-50.v2","preselected":false}]})";
  const auto catalog = parse_catalog(written, "catalog");
  ASSERT_TRUE(catalog.ok()) << catalog.status().message();
  ASSERT_EQ(catalog->models.size(), 2U);
  EXPECT_TRUE(catalog->models[0].preselected);
  EXPECT_FALSE(catalog->models[1].preselected);
  EXPECT_EQ(dump_json(to_json(*catalog)), written);
  for (const char* text : {
           R"({"schema_version":2,"models":[]})",
           R"({"models":[]})",
           R"({"schema_version":1})",
           R"({"schema_version":1,"models":{}})",
           R"({"schema_version":1,"models":[{"id":"../secret"}]})",
           R"({"schema_version":1,"models":[{"id":""}]})",
           R"({"schema_version":1,"models":[{"id":"a"},{"id":"a"}]})",
           R"({"schema_version":1,"models":["a"]})",
           R"({"schema_version":1,"models":[{"id":"a","preselected":"no"}]})",
           R"([])",
       }) {
    EXPECT_FALSE(parse_catalog(text, "catalog").ok()) << text;
  }
}

TEST(Schema, PathsStayBelowTheirFolder) {
  for (const char* good : {"a", "onnx/model.onnx", "runs/train-2.json", "..a/b..", "a b"}) {
    EXPECT_TRUE(is_safe_relative_path(good)) << good;
  }
  for (const char* bad :
       {"", "/etc/passwd", "../a", "a/../b", "a//b", "a/", "./a", "a\\b", "C:a", "a\nb", "https://x"}) {
    EXPECT_FALSE(is_safe_relative_path(bad)) << bad;
  }
}

}  // namespace
}  // namespace coppice::records
