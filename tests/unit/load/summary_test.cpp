#include "native/load/summary.h"

#include <gtest/gtest.h>

#include "native/load/measure_url.h"
#include "native/load/server_usage.h"

namespace coppice::load {
namespace {

Sample answered(double due, double milliseconds, long code = 200) {
  Sample sample;
  sample.due = due;
  sample.sent = due;
  sample.done = due + milliseconds / 1000.0;
  sample.answer.code = code;
  return sample;
}

TEST(LoadSummary, CountsApartWhatIsApart) {
  std::vector<Sample> samples;
  for (int i = 0; i <= 100; ++i) samples.push_back(answered(0.1 * i, 1.0 * i));  // 0..100 ms: percentiles by hand
  samples.push_back(answered(1.0, 3000.0));
  samples.back().answer.cold = true;
  samples.back().answer.instance = "a";
  samples.push_back(answered(1.0, 2.0, 429));
  samples.push_back(answered(1.0, 4.0, 503));
  samples.push_back(answered(1.0, 1.0, 500));
  samples.push_back(answered(1.0, 1.0, 0));
  samples.back().answer.error = "time-out";
  samples.push_back(answered(2.0, 50.0));
  samples.back().sent = 2.04;  // all connections were busy
  const auto summary = summarise_load(samples, 10.0);
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  const OrderedJson& json = *summary;
  EXPECT_EQ(json["requests"], 107);
  EXPECT_EQ(json["answered"], 103);
  EXPECT_EQ(json["refused"], 2);
  EXPECT_EQ(json["failed"], 2);
  EXPECT_EQ(json["by_outcome"]["time-out"], 1);
  EXPECT_EQ(json["by_outcome"]["429"], 1);
  EXPECT_EQ(json["latency_ms"]["n"], 102);
  EXPECT_NEAR(json["latency_ms"]["p50"]["value"].get<double>(), 50.0, 1e-9);
  EXPECT_LT(json["latency_ms"]["p95"]["low"].get<double>(), json["latency_ms"]["p95"]["value"].get<double>());
  EXPECT_GT(json["latency_ms"]["p95"]["high"].get<double>(), json["latency_ms"]["p95"]["value"].get<double>());
  EXPECT_NEAR(json["latency_ms"]["max"].get<double>(), 100.0, 1e-9);  // the cold start is no warm answer
  EXPECT_EQ(json["cold_ms"]["n"], 1);
  EXPECT_DOUBLE_EQ(json["cold_ms"]["p50"]["value"].get<double>(), 3000.0);
  EXPECT_EQ(json["refused_ms"]["n"], 2);
  EXPECT_EQ(json["sent_late"]["requests"], 1);
  EXPECT_NEAR(json["sent_late"]["max_ms"].get<double>(), 40.0, 1e-9);
  EXPECT_EQ(json["instances_seen"], 1);
  // The last answer came at 10.1 s.
  EXPECT_NEAR(json["answered_per_second"].get<double>(), 103 / 10.1, 1e-9);
}

TEST(LoadSummary, WhatDidNotHappenIsAbsent) {
  const auto summary = summarise_load({answered(0.0, 1.0, 429)}, 1.0);
  ASSERT_TRUE(summary.ok());
  for (const char* name : {"latency_ms", "service_ms", "cold_ms", "instances_seen"}) {
    EXPECT_FALSE(summary->contains(name)) << name;
  }
  EXPECT_FALSE(summarise_load({}, 1.0).ok());
}

TEST(InstanceHeader, IsColdWhereTheInstanceIsYoungerThanTheRequest) {
  EXPECT_TRUE(parse_instance("0af7; uptime=0.2000", 0.5).cold);
  EXPECT_FALSE(parse_instance("0af7; uptime=7.2", 0.5).cold);
  EXPECT_EQ(parse_instance("0af7; uptime=7.2", 0.5).id, "0af7");
  for (const char* odd : {"", "0af7", "0af7; uptime=", "0af7; uptime=x", "0af7; uptime=-1", "; uptime=1"}) {
    EXPECT_EQ(parse_instance(odd, 9.0).id, "") << odd;
    EXPECT_FALSE(parse_instance(odd, 9.0).cold) << odd;
  }
}

TEST(ServerUsage, SumsUpWhatAnswersTell) {
  ServerUsage usage;
  const std::string energy = R"({"value":2,"low":1,"high":4,"provenance":"modelled","method":"m"})";
  const std::string carbon = R"({"value":0.5,"low":0.25,"high":1,"provenance":"modelled","method":"m"})";
  usage.add("{\"usage\":{\"energy_joules\":" + energy + ",\"carbon_grams_co2e\":" + carbon + "}}");
  usage.add("{\"usage\":{\"energy_joules\":" + energy + ",\"carbon_grams_co2e\":" + carbon + "}}");
  for (const char* without : {"", "{}", "[1]", R"({"usage":7})", R"({"usage":{"energy_joules":{"value":"2"}}})"}) {
    usage.add(without);
  }
  const OrderedJson json = usage.json();
  EXPECT_EQ(json["answers"], 2);
  EXPECT_EQ(json["without_usage"], 5);
  EXPECT_DOUBLE_EQ(json["energy_joules"]["value"].get<double>(), 4.0);
  EXPECT_DOUBLE_EQ(json["joules_per_answer"]["high"].get<double>(), 4.0);
  EXPECT_EQ(json["energy_joules"]["provenance"], "modelled");
  EXPECT_DOUBLE_EQ(json["grams_co2e_per_answer"]["value"].get<double>(), 0.5);
  EXPECT_FALSE(ServerUsage().json().contains("energy_joules"));
}

}  // namespace
}  // namespace coppice::load
