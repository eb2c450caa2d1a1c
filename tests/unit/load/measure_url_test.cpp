// coppice measure --url against servers with known delays.
#include "native/load/measure_url.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "native/export/run_recorder.h"
#include "native/serve/server.h"
#include "shared/base/json.h"
#include "tests/unit/data/fixtures.h"
#include "tests/unit/serve/temporary_site.h"

namespace coppice::load {
namespace {

using data::TestServer;

// Answers at once but for one run, which takes a second.
class StallingClassifier : public serve::Classifier {
 public:
  explicit StallingClassifier(size_t stalled_run) : stalled_run_(stalled_run) {
    info_ = {"stalling", "test", {"negative", "positive"}, 7};
  }
  [[nodiscard]] const serve::ModelInfo& info() const override { return info_; }
  Result<std::vector<serve::Verdict>> classify(std::span<const std::string_view> texts) override {
    if (++runs_ == stalled_run_) std::this_thread::sleep_for(std::chrono::seconds(1));
    return std::vector<serve::Verdict>(texts.size(), serve::Verdict{{0.0F, 1.0F}, 3, false});
  }

 private:
  serve::ModelInfo info_;
  size_t stalled_run_;
  size_t runs_ = 0;
};

class RunningServer {
 public:
  explicit RunningServer(size_t stalled_run, const serve::BatchLimits& batches = {}) {
    serve::ServerOptions options;
    options.port = 0;
    options.limits.batches = batches;
    options.account = *serve::EnergyAccount::start({});
    std::vector<std::unique_ptr<serve::Classifier>> classifiers;
    classifiers.push_back(std::make_unique<StallingClassifier>(stalled_run));
    server_ = *serve::SiteServer::bind(*serve::Site::open(files_.root()), options, std::move(classifiers));
    worker_ = std::thread([this] { EXPECT_TRUE(server_->run().ok()); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() {
    server_->stop();
    worker_.join();
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + "/v1/classify";
  }

 private:
  serve::TemporarySite files_;
  std::unique_ptr<serve::SiteServer> server_;
  std::thread worker_;
};

class MeasureUrl : public testing::Test {
 protected:
  MeasureUrl() {
    prompts_ = files_.root() / "prompts.txt";
    files_.write("prompts.txt", "A quiet, beautiful film.\nThe worst film of the year.\n");
  }
  cli::MeasureOptions options(const std::string& url, double rate, double seconds, int64_t connections) const {
    cli::MeasureOptions options;
    options.prompts = prompts_.string();
    options.json = true;
    options.load.url = url;
    options.load.rate_per_second = rate;
    options.load.seconds = seconds;
    options.load.connections = connections;
    return options;
  }
  static Json measured(const cli::MeasureOptions& options, Status* told = nullptr) {
    testing::internal::CaptureStdout();
    const Status status = run_measure_url(options, {"coppice", "measure"});
    const std::string text = testing::internal::GetCapturedStdout();
    if (told != nullptr) {
      *told = status;
    } else {
      EXPECT_TRUE(status.ok()) << status.message();
    }
    return Json::parse(text, nullptr, false);
  }
  serve::TemporarySite files_;
  std::filesystem::path prompts_;
};

// Two connections and 100 requests a second for 3 s, a second of which nothing is answered: a third of all requests
// waits, evenly between 0 and 1 s. From when they were due p90 is 0.7 s; the two that were under way when it began are
// all that a client would see that waits for its answers.
TEST_F(MeasureUrl, AStallOfASecondShowsInThePercentiles) {
  const RunningServer server(50);
  cli::MeasureOptions asked = options(server.url(), 100.0, 3.0, 2);
  asked.models = {"stalling"};
  asked.load.include_usage = true;
  asked.load.output = (files_.root() / "kept").string();
  const Json json = measured(asked);
  const Json& load = json["load"];
  EXPECT_EQ(load["requests"], 300);
  EXPECT_EQ(load["answered"], 300);
  EXPECT_EQ(load["failed"], 0);
  EXPECT_GT(load["latency_ms"]["p90"]["value"], 500.0);
  EXPECT_GT(load["latency_ms"]["p99"]["value"], 900.0);
  EXPECT_LT(load["service_ms"]["p95"]["value"], 500.0);
  EXPECT_GT(load["sent_late"]["requests"], 50);
  EXPECT_EQ(load["instances_seen"], 1);
  EXPECT_EQ(json["first_requests"].size(), 2U);
  EXPECT_EQ(json["first_requests"][0]["cold"], false);  // the server was there before
  EXPECT_FALSE(json.contains("cloud_run"));
  // Its own 300 and the two before the load.
  EXPECT_EQ(json["server_usage"]["answers"], 302);
  EXPECT_GT(json["server_usage"]["energy_joules"]["value"], 0.0);
  EXPECT_FALSE(json["server_usage"].contains("carbon_grams_co2e"));
  const auto records = read_run_records(asked.load.output);
  ASSERT_TRUE(records.ok()) << records.status().message();
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ(records->front().record.results["load"]["answered"], 300);
}

TEST_F(MeasureUrl, RefusalsAreNoAnswersAndNoFailures) {
  // While the third run stalls, one text may wait.
  const RunningServer server(3, {.texts_a_run = 1, .texts_waiting = 1, .longest_seconds = 60});
  const Json json = measured(options(server.url(), 50.0, 1.5, 32));
  const Json& load = json["load"];
  EXPECT_GT(load["refused"], 10);
  EXPECT_EQ(load["failed"], 0);
  EXPECT_EQ(load["answered"].get<int>() + load["refused"].get<int>(), 75);
  EXPECT_EQ(load["by_outcome"]["429"], load["refused"]);
}

TEST_F(MeasureUrl, ColdStartsAreToldApart) {
  // Young as a server that was woken by the request; the fourth and later answers come from a settled one.
  std::atomic<int> calls = 0;
  const TestServer server([&](const auto&) {
    const int call = ++calls;
    if (call == 1 || call == 3) std::this_thread::sleep_for(std::chrono::milliseconds(150));
    const char* instance = call == 1 ? "aa; uptime=0.0500" : call == 3 ? "bb; uptime=0.0600" : "aa; uptime=90.0";
    return TestServer::answer("200 OK", std::string("Coppice-Instance: ") + instance + "\r\n", "{}");
  });
  const Json json = measured(options(server.url("/v1/classify"), 20.0, 1.0, 1));
  EXPECT_EQ(json["first_requests"][0]["cold"], true);
  EXPECT_EQ(json["first_requests"][1]["cold"], false);
  EXPECT_EQ(json["load"]["cold_ms"]["n"], 1);
  EXPECT_GE(json["load"]["cold_ms"]["p50"]["value"], 140.0);
  EXPECT_EQ(json["load"]["latency_ms"]["n"], 19);
  EXPECT_EQ(json["load"]["instances_seen"], 2);
}

TEST_F(MeasureUrl, OfCloudRunItIsSaidWhatWasNotRead) {
  const TestServer server([](const auto&) { return TestServer::answer("200 OK", "", "{}"); });
  cli::MeasureOptions asked = options(server.url("/"), 10.0, 0.2, 1);
  asked.load.cloud_project = "demo";
  EXPECT_NE(measured(asked)["cloud_run"]["not_read"].get<std::string>().find("--cloud-service"), std::string::npos);
}

TEST_F(MeasureUrl, FaultsAreNamed) {
  Status status;
  measured(options("ftp://x/", 1.0, 1.0, 1), &status);
  EXPECT_EQ(status.code(), StatusCode::kInvalidUsage);
  measured(options("http://127.0.0.1:1/v1/classify", 1.0, 1.0, 1), &status);
  EXPECT_EQ(status.code(), StatusCode::kFailed);
  EXPECT_NE(status.message().find("before the load"), std::string::npos) << status.message();
  const RunningServer server(0);
  cli::MeasureOptions unknown = options(server.url(), 1.0, 1.0, 1);
  unknown.models = {"none"};
  measured(unknown, &status);
  EXPECT_NE(status.message().find("404"), std::string::npos) << status.message();
  cli::MeasureOptions no_token = options(server.url(), 1.0, 1.0, 1);
  no_token.load.token_variable = "COPPICE_TEST_NO_SUCH_VARIABLE";
  measured(no_token, &status);
  EXPECT_EQ(status.code(), StatusCode::kInvalidUsage);
  cli::MeasureOptions no_prompts = options(server.url(), 1.0, 1.0, 1);
  no_prompts.prompts.clear();
  measured(no_prompts, &status);
  EXPECT_EQ(status.code(), StatusCode::kInvalidUsage);
}

}  // namespace
}  // namespace coppice::load
