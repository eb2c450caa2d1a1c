// The API over plain sockets: what it answers, what it refuses, and what it does under load and when it stops.
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "native/serve/openapi.h"
#include "native/serve/server.h"
#include "shared/base/json.h"
#include "tests/unit/serve/gated_classifier.h"
#include "tests/unit/serve/raw_http.h"
#include "tests/unit/serve/temporary_site.h"

namespace coppice::serve {
namespace {

class RunningApi {
 public:
  explicit RunningApi(ServerOptions options = {}, std::vector<std::string> ids = {"gated"}) {
    options.port = 0;
    std::vector<std::unique_ptr<Classifier>> classifiers;
    for (std::string& id : ids) classifiers.push_back(std::make_unique<GatedClassifier>(gate_, std::move(id)));
    Result<Site> site = Site::open(files_.root());
    Result<std::unique_ptr<SiteServer>> server = SiteServer::bind(*std::move(site), options, std::move(classifiers));
    server_ = *std::move(server);
    worker_ = std::thread([this] { status_ = server_->run(); });
  }
  RunningApi(const RunningApi&) = delete;
  RunningApi& operator=(const RunningApi&) = delete;
  ~RunningApi() {
    gate_->let_through();
    server_->stop();
    if (worker_.joinable()) worker_.join();
    EXPECT_TRUE(status_.ok()) << status_.message();
  }
  [[nodiscard]] int port() const { return server_->port(); }
  SiteServer& server() { return *server_; }
  Gate& gate() { return *gate_; }

  [[nodiscard]] Reply post(const std::string& body,
                           const std::string& headers = "Content-Type: application/json\r\n") const {
    return send_and_read(port(), "POST /v1/classify HTTP/1.1\r\nHost: t\r\nConnection: close\r\n" + headers +
                                     "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  [[nodiscard]] Json json(const std::string& path) const {
    return Json::parse(request(port(), "GET " + path).body, nullptr, false);
  }
  [[nodiscard]] std::string metric(const std::string& name) const {
    const std::string text = request(port(), "GET /metrics").body;
    const size_t at = text.find("\n" + name + " ");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }

 private:
  TemporarySite files_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::unique_ptr<SiteServer> server_;
  Status status_;
  std::thread worker_;
};

std::string code_of(const Reply& reply) {
  const Json json = Json::parse(reply.body, nullptr, false);
  return json.is_object() && json.contains("error") ? json["error"]["code"].get<std::string>() : "no error object";
}

TEST(ApiServer, JudgesOneAndManyByOneAndSeveral) {
  const RunningApi api({}, {"a", "b"});
  const Reply one = api.post(R"({"text":"abc","model":"b"})");
  EXPECT_EQ(one.status, 200);
  EXPECT_EQ(one.headers.at("content-type"), "application/json");
  EXPECT_EQ(one.headers.at("cache-control"), "no-store");
  EXPECT_EQ(one.headers.at("x-content-type-options"), "nosniff");
  const Json answer = Json::parse(one.body);
  ASSERT_EQ(answer["models"].size(), 1U);
  EXPECT_EQ(answer["models"][0]["model"], "b");
  EXPECT_GE(answer["models"][0]["milliseconds"], 0.0);
  const Json verdict = answer["models"][0]["verdicts"][0];
  EXPECT_EQ(verdict["label"], "positive");
  EXPECT_EQ(verdict["logits"], Json({0.0, 3.0}));
  EXPECT_NEAR(verdict["score"].get<double>(), 1.0 / (1.0 + std::exp(-3.0)), 1e-12);
  EXPECT_EQ(verdict["tokens"], 3);
  const Json all = Json::parse(api.post(R"({"texts":["x","yy"]})").body);
  ASSERT_EQ(all["models"].size(), 2U);
  EXPECT_EQ(all["models"][1]["verdicts"][1]["tokens"], 2);
  EXPECT_EQ(api.json("/v1/models")["models"][0],
            Json({{"id", "a"}, {"architecture", "test"}, {"labels", {"negative", "positive"}}, {"parameters", 7}}));
}

TEST(ApiServer, AnAnswerCarriesItsTimeEnergyAndCarbonIfAsked) {
  EnergyAccountOptions account;
  account.place.country = "FRA";
  account.cpu_tdp = energy::Watts(40.0);
  const auto kept = EnergyAccount::start(account);
  ASSERT_TRUE(kept.ok()) << kept.status().message();
  ServerOptions options;
  options.account = std::shared_ptr<EnergyAccount>(kept->get(), [](EnergyAccount*) {});
  const RunningApi api(options, {"a", "b"});
  EXPECT_EQ(api.post(R"({"text":"abc"})").body.find("usage"), std::string::npos);
  const Json answer = Json::parse(api.post(R"({"texts":["abc","de"],"include_usage":true})").body);
  double models_joules = 0.0;
  for (const Json& model : answer["models"]) {
    const Json& usage = model["usage"];
    EXPECT_GT(usage["cpu_time_seconds"], 0.0);
    EXPECT_LE(usage["duration_seconds"].get<double>() * 1000.0, model["milliseconds"].get<double>());
    EXPECT_EQ(usage["energy_joules"]["provenance"], "modelled");
    models_joules += usage["energy_joules"]["value"].get<double>();
  }
  const Json& usage = answer["usage"];
  const double joules = usage["energy_joules"]["value"].get<double>();
  EXPECT_GT(joules, models_joules);  // reading and answering cost, too
  EXPECT_LT(usage["energy_joules"]["low"].get<double>(), joules);
  EXPECT_GT(usage["energy_joules"]["high"].get<double>(), joules);
  const double intensity = usage["intensity"]["intensity_g_per_kwh"].get<double>();
  EXPECT_NEAR(usage["carbon_grams_co2e"]["value"].get<double>(), joules / 3.6e6 * intensity, 1e-12);
  const std::string counted = request(api.port(), "GET /metrics").body;
  EXPECT_NE(counted.find("coppice_answer_energy_joules_total{stage=\"model\",model=\"b\",provenance=\"modelled\"} "),
            std::string::npos)
      << counted;
  // Without an account there are times and nothing made up.
  const RunningApi bare({}, {"a"});
  const Json times = Json::parse(bare.post(R"({"text":"abc","include_usage":true})").body);
  EXPECT_EQ(times["usage"].size(), 2U);
  EXPECT_EQ(request(bare.port(), "GET /metrics").body.find("joules"), std::string::npos);
}

TEST(ApiServer, FaultsAreJsonWithTheirStatus) {
  const RunningApi api({.limits = {.classify = {.body_bytes = 1000}}});
  const auto expect = [](const Reply& reply, int status, const char* code) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(code_of(reply), code) << reply.body;
    EXPECT_EQ(reply.headers.at("content-type"), "application/json");
    EXPECT_EQ(reply.replies, 1);
  };
  expect(api.post("{"), 400, "invalid_request");
  expect(api.post(""), 400, "invalid_request");
  expect(api.post(R"({"text":"x","model":"none"})"), 404, "unknown_model");
  expect(api.post(std::string(1001, ' ')), 413, "too_large");
  expect(api.post(R"({"text":"x"})", ""), 415, "unsupported_type");
  expect(api.post(R"({"text":"x"})", "Content-Type: text/plain\r\n"), 415, "unsupported_type");
  expect(api.post(R"({"text":"x"})", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"), 415,
         "unsupported_type");
  EXPECT_EQ(api.post(R"({"text":"x"})", "Content-Type: Application/JSON ; charset=utf-8\r\n").status, 200);
  const Reply get = request(api.port(), "GET /v1/classify");
  expect(get, 405, "method_not_allowed");
  EXPECT_EQ(get.headers.at("allow"), "POST");
  EXPECT_EQ(request(api.port(), "POST /v1/models").status, 405);
  for (const auto& [asked, allowed] : {std::pair("QUERY /v1/models?x=1", "GET, HEAD"),
                                       std::pair("QUERY /v1/classify", "POST"), std::pair("X-OWN /", "GET, HEAD")}) {
    const Reply unknown = request(api.port(), asked);
    EXPECT_EQ(unknown.status, 405) << asked;
    EXPECT_EQ(unknown.headers.at("allow"), allowed) << asked;
    EXPECT_EQ(unknown.headers.at("connection"), "close") << asked;
  }
  EXPECT_EQ(request(api.port(), "G@T /").status, 400);
}

// Whatever a proxy and this server could read differently: one answer, and the rest is never taken for a request.
TEST(ApiServer, SmugglingShapesGetOneAnswerAndAClosedConnection) {
  const RunningApi api;
  const std::string head = "POST /v1/classify HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n";
  const std::string inner = "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n";
  const struct {
    std::string headers;
    int status;
  } cases[] = {
      {"Transfer-Encoding: chunked\r\n", 411},
      {"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400},
      {"Content-Length: 0\r\nContent-Length: 33\r\n", 400},
      {"Content-Length: +3\r\n", 400},
      {"Content-Length: 3, 3\r\n", 400},
      {"Content-Length: 0x3\r\n", 400},
      {"Content-Length: -1\r\n", 400},
      {"Content-Length: 99999999999999999999999\r\n", 413},
      {"", 411},
  };
  for (const auto& shape : cases) {
    const Reply reply = send_and_read(api.port(), head + shape.headers + "\r\n" + inner);
    EXPECT_EQ(reply.status, shape.status) << shape.headers << reply.body;
    EXPECT_EQ(reply.replies, 1) << shape.headers;
    EXPECT_EQ(reply.headers.at("connection"), "close") << shape.headers;
  }
  for (const char* odd : {"Content-Length : 5\r\n", "Content Length: 5\r\n", "Transfer-Encoding\x0b: chunked\r\n"}) {
    const Reply reply = send_and_read(api.port(), head + odd + "\r\n" + inner);
    EXPECT_GE(reply.status, 400) << odd;
    EXPECT_EQ(reply.replies, 1) << odd;
  }
  EXPECT_EQ(request(api.port(), "GET /healthz").status, 200);
}

TEST(ApiServer, RequestsFollowOneAnotherOnAConnectionAlsoUnasked) {
  const RunningApi api;
  const std::string body = R"({"text":"abc"})";
  const std::string ask =
      "POST /v1/classify HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n";
  const Reply reply =
      send_and_read(api.port(), ask + "\r\n" + body + ask + "\r\n" + body + ask + "Connection: close\r\n\r\n" + body);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.replies, 3);
}

TEST(ApiServer, SlowAndEndlessHeadsAreCutOff) {
  const RunningApi api({.limits = {.head_bytes = 2000, .head_seconds = 0.3, .body_seconds = 0.3}});
  const std::string many = "GET / HTTP/1.1\r\n" + [] {
    std::string lines;
    for (int i = 0; i < 100; ++i) lines.append("X-").append(std::to_string(i)).append(": aaaaaaaaaaaaaaaaaaaa\r\n");
    return lines;
  }();
  EXPECT_EQ(send_and_read(api.port(), many + "\r\n").status, 431);
  // A head that never ends: one byte now and then would keep httplib waiting for ever.
  const int fd = connect_to(api.port());
  ASSERT_GE(fd, 0);
  const auto start = std::chrono::steady_clock::now();
  for (const char c : std::string("GET / HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")) {
    if (::send(fd, &c, 1, MSG_NOSIGNAL) != 1) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (std::chrono::steady_clock::now() - start > std::chrono::seconds(5)) break;
  }
  char buffer[512] = {};
  const ssize_t got = ::recv(fd, buffer, sizeof buffer - 1, 0);
  ::close(fd);
  EXPECT_GT(got, 0);
  EXPECT_NE(std::string(buffer).find(" 408 "), std::string::npos) << buffer;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  // A body that stays out.
  const Reply late = send_and_read(
      api.port(),
      "POST /v1/classify HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{");
  EXPECT_EQ(late.status, 408);
  EXPECT_EQ(code_of(late), "too_slow");
}

TEST(ApiServer, ConcurrentRequestsShareRuns) {
  RunningApi api;
  api.gate().close();
  std::vector<std::future<Reply>> replies;
  replies.push_back(std::async(std::launch::async, [&] { return api.post(R"({"text":"x"})"); }));
  api.gate().wait_for_run(1);
  for (int i = 0; i < 8; ++i) {
    replies.push_back(std::async(std::launch::async, [&] { return api.post(R"({"text":"yy"})"); }));
  }
  while (api.metric("coppice_texts_waiting{model=\"gated\"}") != "8") std::this_thread::yield();
  api.gate().let_through();
  for (auto& reply : replies) EXPECT_EQ(reply.get().status, 200);
  EXPECT_EQ(api.gate().run_sizes, (std::vector<size_t>{1, 8}));
  EXPECT_EQ(api.metric("coppice_model_runs_total"), "2");
  EXPECT_EQ(api.metric("coppice_classified_texts_total{model=\"gated\"}"), "9");
  EXPECT_EQ(api.metric("coppice_http_requests_total{route=\"/v1/classify\",status=\"200\"}"), "9");
}

TEST(ApiServer, AFullQueueAnswers429) {
  RunningApi api({.limits = {.batches = {.texts_a_run = 64, .texts_waiting = 2, .longest_seconds = 60}}});
  api.gate().close();
  auto first = std::async(std::launch::async, [&] { return api.post(R"({"text":"x"})"); });
  api.gate().wait_for_run(1);
  auto second = std::async(std::launch::async, [&] { return api.post(R"({"texts":["a","b"]})"); });
  while (api.metric("coppice_texts_waiting{model=\"gated\"}") != "2") std::this_thread::yield();
  const Reply busy = api.post(R"({"text":"c"})");
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(code_of(busy), "busy");
  EXPECT_EQ(busy.headers.at("retry-after"), "1");
  api.gate().let_through();
  EXPECT_EQ(first.get().status, 200);
  EXPECT_EQ(second.get().status, 200);
}

TEST(ApiServer, TooManyConnectionsAreSentAway) {
  RunningApi api({.limits = {.threads = 2, .waiting = 1}});
  api.gate().close();
  std::vector<std::future<Reply>> kept;
  kept.push_back(std::async(std::launch::async, [&] { return api.post(R"({"text":"x"})"); }));
  api.gate().wait_for_run(1);
  kept.push_back(std::async(std::launch::async, [&] { return api.post(R"({"text":"y"})"); }));
  // The second thread is taken and one connection waits; which of the following is sent away is a matter of timing, but
  // one must be, with an answer.
  Reply away;
  std::vector<int> waiting;
  for (int i = 0; i < 3 && away.status == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const int fd = connect_to(api.port());
    ASSERT_GE(fd, 0);
    waiting.push_back(fd);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    timeval soon{0, 300'000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    char buffer[1024] = {};
    if (::recv(fd, buffer, sizeof buffer - 1, 0) > 0) {
      EXPECT_EQ(std::string(buffer).find("HTTP/1.1 503 "), 0U) << buffer;
      EXPECT_NE(std::string(buffer).find("Retry-After: 1\r\n"), std::string::npos);
      EXPECT_NE(std::string(buffer).find("\"overloaded\""), std::string::npos);
      away.status = 503;
    }
  }
  EXPECT_EQ(away.status, 503);
  for (const int fd : waiting) ::close(fd);
  api.gate().let_through();
  for (auto& reply : kept) EXPECT_EQ(reply.get().status, 200);
  EXPECT_NE(api.metric("coppice_connections_refused_total"), "0");
}

TEST(ApiServer, IdleConnectionsMakeRoomForThoseThatWait) {
  RunningApi api({.limits = {.threads = 2, .waiting = 16}});
  const auto begun = std::chrono::steady_clock::now();
  std::vector<int> kept;
  for (int i = 0; i < 8; ++i) {
    kept.push_back(connect_to(api.port()));
    ASSERT_GE(kept.back(), 0);
    const std::string line = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_EQ(::send(kept.back(), line.data(), line.size(), 0), static_cast<ssize_t>(line.size()));
    timeval soon{5, 0};
    ::setsockopt(kept.back(), SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    char buffer[1024] = {};
    ASSERT_GT(::recv(kept.back(), buffer, sizeof buffer - 1, 0), 0) << i;
    EXPECT_EQ(std::string(buffer).find("HTTP/1.1 200 "), 0U) << buffer;
  }
  // Each would keep its thread for the two seconds that an idle connection has.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));
  for (const int fd : kept) ::close(fd);
}

TEST(ApiServer, AStopLosesNoRequestThatHasBegun) {
  RunningApi api;
  api.gate().close();
  std::vector<std::future<Reply>> begun;
  begun.push_back(std::async(std::launch::async, [&] { return api.post(R"({"text":"x"})"); }));
  api.gate().wait_for_run(1);
  for (int i = 0; i < 4; ++i)
    begun.push_back(std::async(std::launch::async, [&] { return api.post(R"({"text":"y"})"); }));
  while (api.metric("coppice_texts_waiting{model=\"gated\"}") != "4") std::this_thread::yield();
  EXPECT_EQ(request(api.port(), "GET /readyz").status, 200);
  auto stop = std::async(std::launch::async, [&] { api.server().stop(); });
  while (request(api.port(), "GET /readyz").status == 200) std::this_thread::yield();
  EXPECT_EQ(request(api.port(), "GET /readyz").status, 503);
  const Reply late = api.post(R"({"text":"z"})");
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(late.headers.at("retry-after"), "1");
  api.gate().let_through();
  for (auto& reply : begun) EXPECT_EQ(reply.get().status, 200);
  stop.get();
}

// However long the one thread is busy, and however late the kernel hands a connection over.
TEST(ApiServer, AStopAnswersWhatLayInSocketsWhenItCame) {
  RunningApi api({.limits = {.threads = 1, .waiting = 8}});
  api.gate().close();
  std::vector<std::future<Reply>> sent;
  sent.push_back(std::async(std::launch::async, [&] { return api.post(R"({"text":"first"})"); }));
  api.gate().wait_for_run(1);
  std::vector<int> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(connect_to(api.port()));
    ASSERT_GE(waiting.back(), 0);
    const std::string ask =
        "POST /v1/classify HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n"
        R"({"text":"y"}  )";
    ASSERT_EQ(::send(waiting.back(), ask.data(), ask.size(), 0), static_cast<ssize_t>(ask.size()));
  }
  auto stop = std::async(std::launch::async, [&] { api.server().stop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  api.gate().let_through();
  EXPECT_EQ(sent[0].get().status, 200);
  for (const int fd : waiting) {
    std::string text;
    char buffer[1024];
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
      text.append(buffer, static_cast<size_t>(got));
    EXPECT_EQ(text.find("HTTP/1.1 200 "), 0U) << text;
    EXPECT_NE(text.find("Connection: close"), std::string::npos) << text;
    ::close(fd);
  }
  stop.get();
}

TEST(ApiServer, AModelThatFailsIs500AndTheServerGoesOn) {
  RunningApi api;
  api.gate().failure = failed("out of memory");
  const Reply reply = api.post(R"({"text":"x"})");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(code_of(reply), "failed");
  api.gate().failure.reset();
  EXPECT_EQ(api.post(R"({"text":"x"})").status, 200);
}

TEST(ApiServer, WithoutModelsItSaysSo) {
  const RunningApi api({}, {});
  const Reply reply = api.post(R"({"text":"x"})");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(code_of(reply), "no_model");
  EXPECT_TRUE(api.json("/v1/models")["models"].empty());
}

TEST(ApiServer, ListensToIPv4AndIPv6AtOnce) {
  const RunningApi api({.host = "::"});
  EXPECT_EQ(request(api.port(), "GET /healthz").status, 200);  // by 127.0.0.1
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) GTEST_SKIP() << "this kernel has no IPv6";
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<uint16_t>(api.port()));
  address.sin6_addr = in6addr_loopback;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    GTEST_SKIP() << "this machine has no address ::1";
  }
  const std::string ask = "GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
  EXPECT_GT(::send(fd, ask.data(), ask.size(), MSG_NOSIGNAL), 0);
  char buffer[256] = {};
  EXPECT_GT(::recv(fd, buffer, sizeof buffer - 1, 0), 0);
  EXPECT_EQ(std::string(buffer).find("HTTP/1.1 200 "), 0U);
  ::close(fd);
}

TEST(ApiServer, LogsNoTextAndNoAddressAsItWasTyped) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::string log;
  {
    const RunningApi api({.log_fd = ends[1], .project = "my-project"});
    const std::string trace =
        "Content-Type: application/json\r\nX-Cloud-Trace-Context: 0af7651916cd43dd8448eb211c80319c/1;o=1\r\n";
    EXPECT_EQ(api.post(R"({"text":"a secret review"})", trace).status, 200);
    EXPECT_EQ(api.post(R"({"texts":["a secret review")", trace).status, 400);
    EXPECT_EQ(request(api.port(), "GET /secret%20review?text=secret").status, 404);
    EXPECT_EQ(request(api.port(), "SECRET /").status, 405);
  }
  ::close(ends[1]);
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    log.append(buffer, static_cast<size_t>(got));
  ::close(ends[0]);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 4) << log;
  EXPECT_EQ(log.find("ecret"), std::string::npos) << log;
  EXPECT_EQ(log.find("SECRET"), std::string::npos) << log;
  const Json first = Json::parse(log.substr(0, log.find('\n')));
  EXPECT_EQ(first["logging.googleapis.com/trace"], "projects/my-project/traces/0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(first["texts"], 1);
}

// The description names every route, every status that the tests above saw, and the limits there are.
TEST(ApiServer, TheDescriptionIsTrue) {
  const RunningApi api;
  const Json document = api.json("/openapi.json");
  ASSERT_TRUE(document.is_object());
  EXPECT_EQ(document["openapi"], "3.1.0");
  for (const auto& [path, methods] : document["paths"].items()) {
    const Reply reply = path == "/v1/classify" ? api.post(R"({"text":"x"})") : request(api.port(), "GET " + path);
    EXPECT_EQ(reply.status, 200) << path;
    const std::string type = methods.begin().value()["responses"]["200"]["content"].begin().key();
    EXPECT_EQ(reply.headers.at("content-type").substr(0, type.size()), type) << path;
  }
  for (const char* status : {"200", "400", "404", "408", "411", "413", "415", "429", "500", "503"}) {
    EXPECT_TRUE(document["paths"]["/v1/classify"]["post"]["responses"].contains(status)) << status;
  }
  const Json& properties = document["components"]["schemas"]["ClassifyRequest"]["properties"];
  EXPECT_EQ(properties["texts"]["maxItems"], ClassifyLimits().texts);
  EXPECT_EQ(properties["models"]["maxItems"], ClassifyLimits().models);
  EXPECT_EQ(properties.size(), 5U);
  EXPECT_EQ(properties["include_usage"]["type"], "boolean");
  // What a usage has is described, and nothing else.
  const Json usage = Json::parse(api.post(R"({"text":"x","include_usage":true})").body)["usage"];
  const Json& described = document["components"]["schemas"]["Usage"];
  for (const auto& [name, value] : usage.items()) EXPECT_TRUE(described["properties"].contains(name)) << name;
  for (const Json& name : described["required"]) EXPECT_TRUE(usage.contains(name.get<std::string>())) << name;
  const Json answer = Json::parse(api.post(R"({"text":"x"})").body);
  const Json& verdict = document["components"]["schemas"]["Verdict"];
  for (const Json& name : verdict["required"]) {
    EXPECT_TRUE(answer["models"][0]["verdicts"][0].contains(name.get<std::string>())) << name;
  }
  EXPECT_EQ(answer["models"][0]["verdicts"][0].size(), verdict["properties"].size());
}

}  // namespace
}  // namespace coppice::serve
