#include "native/backend/measure_table.h"

#include <gtest/gtest.h>

namespace coppice::backend {
namespace {

OrderedJson figure(double value, double low, double high) {
  return {{"value", value}, {"low", low}, {"high", high}, {"provenance", "modelled"}, {"method", "CPU time x 2 W"}};
}

OrderedJson prompt(const char* id, const char* label, const char* expected, double milliseconds) {
  OrderedJson row = {{"id", id}, {"label", label}, {"score", 0.9}};
  if (*expected != '\0') row["expected_label"] = expected;
  row["tokens"] = 12;
  row["truncated"] = false;
  row["repeats"] = 5;
  row["median_ms"] = milliseconds;
  row["mad_ms"] = 0.25;
  row["p95_ms"] = milliseconds + 1;
  return row;
}

OrderedJson two_models() {
  OrderedJson models = OrderedJson::array();
  for (const char* id : {"dense", "small"}) {
    OrderedJson model = {{"model", id}, {"engine", "libtorch"}, {"prompts", OrderedJson::array()}};
    model["prompts"].push_back(prompt("one", "positive", "positive", 12.34));
    model["prompts"].push_back(prompt("two, quoted", "positive", "negative", 1234.5));
    model["prompts"][0]["energy_joules"] = figure(0.0456, 0.02, 0.09);
    model["prompts"][0]["carbon_grams_co2e"] = figure(7.1e-7, 3.3e-7, 1.5e-6);
    model["overall"] = {{"median_ms", 600.0}, {"mad_ms", 588.0}};
    models.push_back(std::move(model));
  }
  return models;
}

TEST(MeasurementTable, HasOneRowPerPromptAndModelAndMarksWhatWasNotExpected) {
  const std::string table = measurement_table(two_models());
  std::vector<std::string> lines;
  for (size_t at = 0; at < table.size(); at = table.find('\n', at) + 1) {
    lines.push_back(table.substr(at, table.find('\n', at) - at));
  }
  ASSERT_EQ(lines.size(), 1U + 4U + 2U) << table;
  EXPECT_NE(lines[1].find("one"), std::string::npos);
  EXPECT_NE(lines[1].find("dense"), std::string::npos);
  EXPECT_NE(lines[1].find("12.3 (0.2)"), std::string::npos) << lines[1];
  EXPECT_NE(lines[1].find("45.6 (20.0 to 90.0)"), std::string::npos) << lines[1];
  EXPECT_NE(lines[1].find("0.710 (0.330 to 1.50)"), std::string::npos) << lines[1];
  EXPECT_EQ(lines[1].find('!'), std::string::npos);
  EXPECT_NE(lines[2].find("small"), std::string::npos);
  EXPECT_NE(lines[3].find("positive !"), std::string::npos) << lines[3];
  EXPECT_NE(lines[3].find("1234 (0)"), std::string::npos) << lines[3];
  // No reading: a dash, not a 0.
  EXPECT_EQ(lines[3].substr(lines[3].size() - 1), "-") << lines[3];
  EXPECT_NE(lines[5].find("1 of 2 as expected"), std::string::npos) << lines[5];
}

TEST(MeasurementTable, CsvQuotesAndLeavesUnknownFiguresEmpty) {
  const std::string csv = measurement_csv(two_models());
  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "prompt,kind,model,engine,tokens,truncated,expected_label,label,score,repeats,median_ms,mad_ms,p95_ms,"
            "energy_joules,energy_joules_low,energy_joules_high,energy_joules_provenance,"
            "carbon_grams_co2e,carbon_grams_co2e_low,carbon_grams_co2e_high,carbon_grams_co2e_provenance");
  EXPECT_NE(csv.find("one,,dense,libtorch,12,false,positive,positive,0.9,5,12.34,0.25,13.34,0.0456,0.02,0.09,modelled,"
                     "7.1e-07,3.3e-07,1.5e-06,modelled\n"),
            std::string::npos)
      << csv;
  EXPECT_NE(csv.find("\"two, quoted\",,small,libtorch,12,false,negative,positive,0.9,5,1234.5,0.25,1235.5,,,,,,,,\n"),
            std::string::npos)
      << csv;
}

TEST(MeasurementTable, OfNothingIsAHeader) { EXPECT_EQ(measurement_table(OrderedJson::array()).find("prompt"), 0U); }

}  // namespace
}  // namespace coppice::backend
