#include "native/load/cloud_run.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/unit/data/fixtures.h"

namespace coppice::load {
namespace {

using data::TestServer;

// As the API writes it: 64-bit integers are strings, newest point first.
constexpr const char* kActive = R"({"metric":{"type":"run.googleapis.com/container/instance_count",
  "labels":{"state":"active"}},"resource":{"type":"cloud_run_revision","labels":{"project_id":"demo",
  "service_name":"coppice-pruned","revision_name":"coppice-pruned-00002-abc","location":"europe-north1",
  "configuration_name":"coppice-pruned"}},"metricKind":"GAUGE","valueType":"INT64","points":[
  {"interval":{"startTime":"2026-11-28T10:02:00Z","endTime":"2026-11-28T10:02:00Z"},"value":{"int64Value":"3"}},
  {"interval":{"startTime":"2026-11-28T10:01:00Z","endTime":"2026-11-28T10:01:00Z"},"value":{"int64Value":"1"}}]})";

CloudRunQuery query_for(const TestServer& server) {
  CloudRunQuery query;
  query.project = "demo";
  query.service = "coppice-pruned";
  query.monitoring_url = server.url("");
  query.from = 1764324000;  // 2025-11-28T10:00:00Z
  query.to = 1764324300;
  return query;
}

class CloudRun : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", "secret-token", 1);
    ::unsetenv("GCE_METADATA_HOST");
  }
  void TearDown() override {
    ::unsetenv("CLOUDSDK_AUTH_ACCESS_TOKEN");
    ::unsetenv("GCE_METADATA_HOST");
  }
};

TEST_F(CloudRun, AServiceIsKnownByItsAddress) {
  EXPECT_EQ(cloud_run_service("https://coppice-pruned-a1b2c3d4e5-lz.a.run.app/v1/classify"), "coppice-pruned");
  EXPECT_EQ(cloud_run_service("https://coppice-pruned-123456789.europe-north1.run.app"), "coppice-pruned");
  EXPECT_EQ(cloud_run_service("https://second---coppice-pruned-a1b2c3d4e5-lz.a.run.app/"), "coppice-pruned");
  for (const char* other :
       {"http://127.0.0.1:8080/v1/classify", "https://example.org/.run.app", "https://a.run.app", "x"}) {
    EXPECT_FALSE(cloud_run_service(other)) << other;
  }
}

TEST_F(CloudRun, RevisionRegionAndInstancesOverPages) {
  const TestServer server([](const TestServer::Request& request) {
    const bool second = request.path.find("pageToken=next%3D") != std::string::npos;
    std::string idle(kActive);
    idle.replace(idle.find("\"active\""), 8, "\"idle\"");
    return TestServer::answer(
        "200 OK", "",
        second ? "{\"timeSeries\":[" + idle + "]}"
               : std::string("{\"timeSeries\":[") + kActive + "],\"nextPageToken\":\"next=\",\"unit\":\"1\"}");
  });
  const auto read = read_cloud_run(query_for(server));
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_EQ((*read)["series"].size(), 2U);
  const OrderedJson& row = (*read)["series"][0];
  EXPECT_EQ(row["revision"], "coppice-pruned-00002-abc");
  EXPECT_EQ(row["region"], "europe-north1");
  EXPECT_EQ(row["state"], "active");
  EXPECT_EQ(row["instances_max"], 3.0);
  EXPECT_EQ(row["instances_mean"], 2.0);
  EXPECT_EQ((*read)["series"][1]["state"], "idle");
  const auto asked = server.requests();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].header("Authorization"), "Bearer secret-token");
  EXPECT_NE(asked[0].path.find("/v3/projects/demo/timeSeries?filter=metric.type%3D%22run.googleapis.com%2Fcontainer%2F"
                               "instance_count%22%20AND%20resource.labels.service_name%3D%22coppice-pruned%22"),
            std::string::npos)
      << asked[0].path;
  EXPECT_NE(asked[0].path.find("interval.startTime=2025-11-28T10%3A00%3A00Z&interval.endTime=2025-11-28T10%3A05%3A00Z"),
            std::string::npos);
}

TEST_F(CloudRun, PointsThatComeLateAreWaitedForAndElseMissed) {
  int calls = 0;
  const TestServer server([&](const auto&) { return ++calls, TestServer::answer("200 OK", "", "{}"); });
  CloudRunQuery query = query_for(server);
  query.wait_seconds = 0.2;
  const auto read = read_cloud_run(query);
  EXPECT_EQ(read.status().code(), StatusCode::kNotFound);
  EXPECT_NE(read.status().message().find("--cloud-wait"), std::string::npos);
  EXPECT_GE(server.requests().size(), 2U);
}

TEST_F(CloudRun, ATokenComesFromTheMetadataServerToo) {
  ::unsetenv("CLOUDSDK_AUTH_ACCESS_TOKEN");
  const TestServer metadata([](const TestServer::Request& request) {
    const bool right = request.path == "/computeMetadata/v1/instance/service-accounts/default/token" &&
                       request.header("Metadata-Flavor") == "Google";
    return right ? TestServer::answer("200 OK", "", R"({"access_token":"from-metadata","expires_in":3599})")
                 : TestServer::answer("404 Not Found", "", "");
  });
  ::setenv("GCE_METADATA_HOST", metadata.url("").substr(7).c_str(), 1);
  const TestServer server(
      [](const auto&) { return TestServer::answer("200 OK", "", std::string("{\"timeSeries\":[") + kActive + "]}"); });
  EXPECT_TRUE(read_cloud_run(query_for(server)).ok());
  EXPECT_EQ(server.requests().at(0).header("Authorization"), "Bearer from-metadata");
}

TEST_F(CloudRun, FaultsAreToldWithoutTheToken) {
  const TestServer denied([](const auto&) {
    return TestServer::answer("403 Forbidden", "", R"({"error":{"code":403,"message":"no access","status":"X"}})");
  });
  const auto read = read_cloud_run(query_for(denied));
  EXPECT_NE(read.status().message().find("403: no access"), std::string::npos) << read.status().message();
  EXPECT_NE(read.status().message().find("monitoring.viewer"), std::string::npos);
  EXPECT_EQ(read.status().message().find("secret-token"), std::string::npos);
  ::unsetenv("CLOUDSDK_AUTH_ACCESS_TOKEN");
  ::setenv("GCE_METADATA_HOST", "127.0.0.1:1", 1);
  EXPECT_NE(read_cloud_run(query_for(denied)).status().message().find("no credential"), std::string::npos);
  std::string page;
  for (const char* odd : {"", "[]", R"({"timeSeries":{}})", R"({"timeSeries":[1]})",
                          R"({"timeSeries":[{"resource":{},"points":[{"value":{"int64Value":"x"}}]}]})",
                          R"({"timeSeries":[{"resource":{},"points":[{"value":{"int64Value":3}}]}]})"}) {
    EXPECT_EQ(parse_instance_counts(odd, page).status().code(), StatusCode::kInvalidInput) << odd;
  }
  EXPECT_TRUE(parse_instance_counts("{}", page)->empty());
}

}  // namespace
}  // namespace coppice::load
