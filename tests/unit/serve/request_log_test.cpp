#include "native/serve/request_log.h"

#include <gtest/gtest.h>

#include "shared/base/json.h"

namespace coppice::serve {
namespace {

constexpr const char* kTrace = "0af7651916cd43dd8448eb211c80319c";

TEST(ParseTrace, ReadsBothHeadersAndPrefersTheStandard) {
  const TraceId w3c = parse_trace(std::string("00-") + kTrace + "-b7ad6b7169203331-01", "");
  EXPECT_EQ(w3c.trace, kTrace);
  EXPECT_EQ(w3c.span, "b7ad6b7169203331");
  EXPECT_TRUE(w3c.sampled);
  const TraceId cloud = parse_trace("", std::string(kTrace) + "/74;o=1");
  EXPECT_EQ(cloud.trace, kTrace);
  EXPECT_EQ(cloud.span, "000000000000004a");
  EXPECT_TRUE(cloud.sampled);
  EXPECT_EQ(parse_trace("", kTrace).trace, kTrace);
  EXPECT_FALSE(parse_trace("", std::string(kTrace) + "/74;o=0").sampled);
  EXPECT_EQ(parse_trace("00-11111111111111111111111111111111-b7ad6b7169203331-00", kTrace).trace[0], '1');
}

TEST(ParseTrace, WhatIsMalformedIsLeftOut) {
  for (const std::string& header :
       {std::string(), std::string("x"), std::string(55, '0'),
        std::string("00-") + std::string(32, '0') + "-b7ad6b7169203331-01",
        std::string("00-") + kTrace + "-b7ad6b716920333\"-01", std::string(kTrace) + "\n"}) {
    EXPECT_EQ(parse_trace(header, "").trace, "") << header;
  }
  EXPECT_EQ(parse_trace("", "0AF7651916CD43DD8448EB211C80319C/1").trace, "");
  EXPECT_EQ(parse_trace("", std::string(kTrace) + "/x").span, "");
  EXPECT_EQ(parse_trace("", std::string(kTrace) + "/1x").span, "");
}

TEST(LogLine, IsOneLineOfJsonForCloudLogging) {
  LogEntry entry{"POST", Route::kClassify, 200, 0.0123, 3, parse_trace("", std::string(kTrace) + "/74;o=1")};
  const std::string line = log_line(entry, "my-project");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Json json = Json::parse(line, nullptr, false);
  EXPECT_EQ(json["severity"], "INFO");
  EXPECT_EQ(json["message"], "POST /v1/classify 200");
  EXPECT_EQ(json["httpRequest"]["latency"], "0.012300s");
  EXPECT_EQ(json["httpRequest"]["status"], 200);
  EXPECT_EQ(json["texts"], 3);
  EXPECT_EQ(json["logging.googleapis.com/trace"], std::string("projects/my-project/traces/") + kTrace);
  EXPECT_EQ(json["logging.googleapis.com/spanId"], "000000000000004a");
  entry.trace = {};
  EXPECT_FALSE(Json::parse(log_line(entry, "my-project")).contains("logging.googleapis.com/trace"));
}

TEST(LogLine, SeverityFollowsTheStatus) {
  const auto severity = [](int status) {
    return Json::parse(log_line({"GET", Route::kPage, status, 0.0, 0, {}}, ""))["severity"].get<std::string>();
  };
  EXPECT_EQ(severity(304), "INFO");
  EXPECT_EQ(severity(404), "WARNING");
  EXPECT_EQ(severity(503), "ERROR");
}

}  // namespace
}  // namespace coppice::serve
