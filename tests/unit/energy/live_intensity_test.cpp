#include "native/energy/live_intensity.h"

#include <sys/stat.h>

#include "tests/unit/data/fixtures.h"

namespace coppice::energy {
namespace {

using data::TestServer;

constexpr char kToken[] = "t0ken-of-a-user";
// The shape of a recorded answer.
constexpr char kRecorded[] = R"({"zone":"FR","carbonIntensity":46,"datetime":"2026-11-24T09:00:00.000Z",
  "updatedAt":"2026-11-24T08:48:27.926Z","createdAt":"2026-11-21T09:47:16.265Z","emissionFactorType":"lifecycle",
  "isEstimated":true,"estimationMethod":"TIME_SLICER_AVERAGE"})";

Result<Intensity> ask(const TestServer& server, const std::string& zone = "FR") {
  LiveOptions options;
  options.zone = zone;
  options.token = kToken;
  options.base_url = server.url("/v4");
  options.timeout_seconds = 5.0;
  return fetch_live_intensity(options);
}

TEST(LiveIntensity, AsksForTheZoneWithTheTokenInAHeader) {
  const TestServer server([](const auto&) { return TestServer::answer("200 OK", "", kRecorded); });
  const auto live = ask(server, "fr");
  ASSERT_TRUE(live.ok()) << live.status().message();
  EXPECT_EQ(live->value, GramsPerKwh(46.0));
  EXPECT_EQ(live->live->as_of, "2026-11-24T09:00:00.000Z");
  EXPECT_EQ(live->live->estimated, true);
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.path, "/v4/carbon-intensity/latest?zone=FR&disableCallerLookup=true");
  EXPECT_EQ(request.header("auth-token"), kToken);
  EXPECT_EQ(to_json(*live).dump().find(kToken), std::string::npos);
}

TEST(LiveIntensity, EveryRefusalSaysWhatToDo) {
  const struct {
    const char* status;
    const char* headers;
    std::string body;
    StatusCode code;
    const char* message;
  } cases[] = {
      {"401 Unauthorized", "", R"({"error":"Invalid auth-token t0ken-of-a-user"})", StatusCode::kFailed,
       "HTTP 401 (it says: Invalid auth-token ***): the token was refused"},
      {"403 Forbidden", "", "", StatusCode::kFailed, "its plan includes this zone"},
      {"404 Not Found", "", R"({"message":"Zone 'XX' does not exist"})", StatusCode::kNotFound,
       "Zone 'XX' does not exist"},
      {"400 Bad Request", "", "<html>", StatusCode::kNotFound, "no value for this zone"},
      {"429 Too Many Requests", "Retry-After: 60\r\n", "", StatusCode::kFailed, "try again in 60 s"},
      {"429 Too Many Requests", "", "", StatusCode::kFailed, "try again later"},
      {"500 Internal Server Error", "", "", StatusCode::kFailed, "HTTP 500: try again later"},
      {"301 Moved Permanently", "Location: http://127.0.0.1:1/\r\n", "", StatusCode::kFailed, "redirect"},
      {"200 OK", "", "<html>", StatusCode::kInvalidInput, "Electricity Maps, zone FR"},
      {"200 OK", "", R"({"zone":"DE","carbonIntensity":1,"datetime":"2026-11-24T09:00:00.000Z"})",
       StatusCode::kInvalidInput, "asked for FR"},
  };
  for (const auto& expected : cases) {
    const TestServer server(
        [&](const auto&) { return TestServer::answer(expected.status, expected.headers, expected.body); });
    const auto live = ask(server);
    ASSERT_FALSE(live.ok()) << expected.status;
    EXPECT_EQ(live.status().code(), expected.code) << expected.status;
    EXPECT_NE(live.status().message().find(expected.message), std::string::npos) << live.status().message();
    EXPECT_EQ(live.status().message().find(kToken), std::string::npos) << live.status().message();
  }
}

TEST(LiveIntensity, ASlowServerAndNoServerAreErrors) {
  std::atomic<bool> done = false;
  const TestServer slow([&](const auto&) {
    for (int i = 0; i < 100 && !done; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return std::string();
  });
  LiveOptions options{"FR", kToken, slow.url(""), 0.2};
  EXPECT_NE(fetch_live_intensity(options).status().message().find("no answer within"), std::string::npos);
  done = true;
  options.base_url = "http://127.0.0.1:1";
  EXPECT_EQ(fetch_live_intensity(options).status().code(), StatusCode::kFailed);
}

TEST(LiveIntensity, TheTokenGoesNowhereUnencrypted) {
  for (const char* url : {"http://api.example.org/v3", "http://127.0.0.1.example.org/", "http://localhost@example.org/",
                          "https://", "ftp://127.0.0.1/", "https://a.example/?x=1", "https://u:p@a.example", ""}) {
    const auto live = fetch_live_intensity({"FR", kToken, url, 0.2});
    ASSERT_FALSE(live.ok());
    EXPECT_EQ(live.status().code(), StatusCode::kInvalidUsage) << url;
  }
}

class LiveTokenTest : public data::FolderTest {};

TEST_F(LiveTokenTest, ComesFromTheFileThenTheEnvironmentThenCodecarbonsSettings) {
  write("token", "from-file\nsecond line\n");
  ::chmod((folder_ / "token").c_str(), 0600);
  const std::map<std::string, Setting> settings{{"electricitymaps_api_token", {"from-settings", "x"}}};
  const auto file = find_live_token(folder_ / "token", "from-environment", settings);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->token, "from-file");
  EXPECT_EQ(file->warning, "");
  EXPECT_EQ(find_live_token("", "from-environment", settings)->token, "from-environment");
  EXPECT_EQ(find_live_token("", nullptr, settings)->token, "from-settings");
  EXPECT_EQ(find_live_token("", "", settings)->token, "from-settings");
  ::chmod((folder_ / "token").c_str(), 0644);
  EXPECT_NE(find_live_token(folder_ / "token", nullptr, {})->warning.find("chmod 600"), std::string::npos);
}

TEST_F(LiveTokenTest, WhatCannotBeATokenIsRefusedWithoutShowingIt) {
  write("empty", "\nx\n");
  write("two words", "abc def\n");
  write("long", std::string(600, 'x'));
  for (const char* name : {"empty", "two words", "long", "absent"}) {
    const auto token = find_live_token(folder_ / name, nullptr, {});
    ASSERT_FALSE(token.ok()) << name;
    EXPECT_EQ(token.status().message().find("abc def"), std::string::npos);
  }
  EXPECT_NE(find_live_token("", nullptr, {}).status().message().find("ELECTRICITYMAPS_TOKEN"), std::string::npos);
}

}  // namespace
}  // namespace coppice::energy
