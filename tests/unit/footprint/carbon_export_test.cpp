#include "native/footprint/carbon_export.h"

#include <gtest/gtest.h>

#include "tests/unit/footprint/made_export.h"

namespace coppice::footprint {
namespace {

void expect_refused(const std::string& text, const std::string& message) {
  const auto rows = parse_carbon_export(text, "export.csv");
  ASSERT_FALSE(rows.ok()) << message;
  EXPECT_EQ(rows.status().code(), StatusCode::kInvalidInput);
  EXPECT_NE(rows.status().message().find(message), std::string::npos) << rows.status().message();
  EXPECT_NE(rows.status().message().find("export.csv"), std::string::npos) << rows.status().message();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(CarbonExport, ReadsCsvWithDotsAndUnderscoresAlike) {
  const std::string csv = kHeader + row("2024-03-01", 1.5) + row("2024-04-01", 2.5);
  std::string underscores = csv;
  for (char& c : underscores) c = c == '.' && &c - underscores.data() < static_cast<long>(kHeader.size()) ? '_' : c;
  for (const std::string& text : {csv, underscores}) {
    const auto rows = parse_carbon_export(text, "export.csv");
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    ASSERT_EQ(rows->size(), 2U);
    const ExportRow& first = rows->front();
    EXPECT_EQ(first.month, (Month{2024, 3}));
    EXPECT_EQ(first.subject.project, "shop");
    EXPECT_EQ(first.subject.service, "Cloud Run");
    EXPECT_EQ(first.subject.region, "us-central1");
    EXPECT_EQ(first.model_version, "12");
    EXPECT_EQ(first.carbon.location_kg, 2.0);
    EXPECT_EQ(first.carbon.market_kg, 1.25);
    EXPECT_EQ(first.carbon.scope3_kg, 0.4);
  }
}

constexpr const char* kNested = R"({"usage_month":"2024-03-01","billing_account_id":"01-AB",
"project":{"id":"shop","number":"123"},"service":{"id":"152E","description":"Cloud Run"},
"location":{"location":"us-central1-a","region":"us-central1"},"carbon_model_version":"12",
"carbon_footprint_total_kgCO2e":{"location_based":2.0,"market_based":"1.25","after_offsets":null},
"carbon_footprint_kgCO2e":{"scope1":0.1,"scope2":{"location_based":1.5,"market_based":0.75},"scope3":0.4}})";

TEST(CarbonExport, ReadsNestedJsonAndJsonLinesWithNumbersInQuotesToo) {
  std::string line = kNested;
  std::erase(line, '\n');
  for (const std::string& text : {std::string("[") + kNested + "]", line + "\n", line}) {
    const auto rows = parse_carbon_export(text, "export.json");
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ(rows->front().carbon.location_kg, 2.0);
    EXPECT_EQ(rows->front().carbon.market_kg, 1.25);
    EXPECT_EQ(rows->front().location, "us-central1-a");
  }
}

TEST(CarbonExport, EachColumnOfTheSchemaIsNeededButTheDeprecatedOne) {
  for (const char* column :
       {"usage_month", "billing_account_id", "project.id", "service.description", "service.id", "location.location",
        "location.region", "carbon_model_version", "carbon_footprint_total_kgCO2e.location_based",
        "carbon_footprint_total_kgCO2e.market_based", "carbon_footprint_kgCO2e.scope1",
        "carbon_footprint_kgCO2e.scope2.location_based", "carbon_footprint_kgCO2e.scope2.market_based",
        "carbon_footprint_kgCO2e.scope3"}) {
    const std::string other = std::string("x") + column;
    expect_refused(replaced(kHeader, column, other) + row("2024-03-01", 1), "there is no column " + flat_name(column));
  }
  EXPECT_TRUE(parse_carbon_export(
                  replaced(kHeader, "carbon_footprint_total_kgCO2e.after_offsets", "note") + row("2024-03-01", 1), "e")
                  .ok());
}

TEST(CarbonExport, OtherUnitsAndSchemasAreRefused) {
  const std::string rest = row("2024-03-01", 1);
  expect_refused(replaced(kHeader, "carbon_footprint_kgCO2e.scope3", "carbon_footprint_tCO2e.scope3") + rest,
                 "is not in kgCO2e");
  expect_refused(replaced(kHeader, "carbon_footprint_kgCO2e.scope3", "carbon_footprint_kgCO2e") + rest, "older schema");
  expect_refused(replaced(kHeader, "carbon_footprint_kgCO2e.scope3", "carbon_footprint_kgCO2e.scope4") + rest,
                 "is not of the schema");
  expect_refused("a,b\n1,2\n", "there is no column usage_month");
}

TEST(CarbonExport, AmountsAndMonthsAreChecked) {
  const std::string good = kHeader + row("2024-03-01", 1);
  expect_refused(replaced(good, ",0.4\n", ",NaN\n"), "line 2: carbon_footprint_kgco2e_scope3: expected a number");
  expect_refused(replaced(good, ",0.4\n", ",inf\n"), "expected a number");
  expect_refused(replaced(good, ",0.4\n", ",1e999\n"), "expected a number");
  expect_refused(replaced(good, ",0.4\n", ",\"0,4\"\n"), "found \"0,4\"");
  expect_refused(replaced(good, ",0.4\n", ",\n"), "is empty");
  expect_refused(replaced(good, ",0.4\n", ",-0.4\n"), "is negative (-0.4)");
  expect_refused(replaced(good, ",0.4\n", ",0.9\n"), "its scopes add up to");
  expect_refused(replaced(good, ",0.4\n", ",0.4,1\n"), "the header has 16");
  for (const char* month : {"2024-13-01", "2024-03-02", "2024/03/01", "March 2024", "24-03-01", "2024-0x-01"}) {
    expect_refused(kHeader + row(month, 1), "expected a month such as 2026-09");
  }
}

TEST(CarbonExport, ARowTwiceIsNeverCountedTwice) {
  expect_refused(kHeader + row("2024-03-01", 1) + row("2024-04-01", 1) + row("2024-03-01", 2),
                 "line 4: the same month, billing account, project, service and location as export.csv, line 2");
}

TEST(CarbonExport, EmptyAndBrokenFilesAreRefused) {
  expect_refused("", "holds no row");
  expect_refused(kHeader, "holds no row");
  expect_refused("[]", "holds no row");
  expect_refused("[1]", "row 1: expected an object");
  expect_refused("{\"a\":[1]}", "found an array");
  expect_refused("{\"a\":", "not valid JSON");
  expect_refused("{\"project\":{\"id\":\"x\"},\"project_id\":\"y\"}", "twice");
  expect_refused("a,a\n1,2\n", "is there twice");
}

}  // namespace
}  // namespace coppice::footprint
