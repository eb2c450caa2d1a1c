#include "native/footprint/usage_file.h"

#include <gtest/gtest.h>

#include "tests/unit/footprint/made_export.h"

namespace coppice::footprint {
namespace {

void expect_refused_usage(const std::string& text, const std::string& message) {
  const auto rows = parse_usage(text, "usage.csv");
  ASSERT_FALSE(rows.ok()) << message;
  EXPECT_NE(rows.status().message().find(message), std::string::npos) << rows.status().message();
}

TEST(UsageFile, ReadsCsvAndJsonLines) {
  const auto csv = parse_usage(kUsage, "usage.csv");
  ASSERT_TRUE(csv.ok()) << csv.status().message();
  const auto json = parse_usage(R"({"usage_month":"2024-03","project":{"id":"shop"},"service_description":"Cloud Run",)"
                                R"("location_region":"us-central1","vcpu_seconds":3600000,"gib_seconds":0,)"
                                R"("requests":50000})",
                                "usage.jsonl");
  ASSERT_TRUE(json.ok()) << json.status().message();
  for (const auto* rows : {&*csv, &*json}) {
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ(rows->front().usage.vcpu_seconds, 3.6e6);
    EXPECT_EQ(rows->front().usage.requests, 50000);
    EXPECT_EQ(to_string(rows->front().subject), "project shop, Cloud Run, us-central1");
  }
}

TEST(UsageFile, FaultsAreNamed) {
  expect_refused_usage("usage_month,project_id\n2024-03,shop\n", "there is no column service_description");
  expect_refused_usage(
      "usage_month,project_id,service_description,location_region,vcpu_seconds,gib_seconds,requests,"
      "vcpu_hours\n2024-03,shop,Cloud Run,us-central1,1,1,1,1\n",
      "vcpu_hours is no column");
  expect_refused_usage(kUsage + "2024-03,shop,Cloud Run,us-central1,1,1,1\n", "is there already (usage.csv, line 2)");
  expect_refused_usage(kUsageHeader + "2024-03,shop,Cloud Run,us-central1,-1,1,1\n", "is negative");
  expect_refused_usage(kUsageHeader + "2024-03,shop,Cloud Run,us-central1,0,1,1\n", "without any vcpu_seconds");
  expect_refused_usage(kUsageHeader + "2024-03,,Cloud Run,us-central1,1,1,1\n", "project_id: is empty");
}

constexpr const char* kRecord = R"({"schema_version":1,"kind":"track","run_id":"0123456789abcdef",
"started_at":"2024-03-09T10:00:00Z","duration_seconds":10,"command":["coppice"],"program_version":"0.1.0","machine":{},
"inputs":{},"settings":{},"results":{},"outcome":"finished","energy":{"pue":1.25,"energy_joules":
{"value":500,"low":250,"high":1000,"provenance":"modelled","method":"m"}}})";

TEST(UsageFile, ARecordGivesTheMachinesEnergyWithoutTheBuilding) {
  const auto row = usage_of_record(kRecord, "run.json", {"shop", "Compute Engine", "us-central1"});
  ASSERT_TRUE(row.ok()) << row.status().message();
  EXPECT_EQ(row->month, (Month{2024, 3}));
  ASSERT_TRUE(row->usage.recorded);
  EXPECT_DOUBLE_EQ(row->usage.recorded->value.value(), 400.0);
  EXPECT_DOUBLE_EQ(row->usage.recorded->high.value(), 800.0);
  std::string without = kRecord;
  without.replace(without.find("energy_joules"), 13, "energy_absent");
  EXPECT_NE(usage_of_record(without, "run.json", {}).status().message().find("no energy figure"), std::string::npos);
}

}  // namespace
}  // namespace coppice::footprint
