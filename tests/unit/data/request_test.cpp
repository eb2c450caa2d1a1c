#include "native/net/request.h"

#include <chrono>

#include "native/net/interrupt.h"
#include "tests/unit/data/fixtures.h"

namespace coppice::net {
namespace {

using data::TestServer;

GetRequest get(const std::string& url) {
  GetRequest request;
  request.url = url;
  request.timeout_seconds = 5.0;
  return request;
}

TEST(HttpGet, GivesBodyCodeAndHeadersAndSendsTheCallers) {
  const TestServer server([](const auto&) { return TestServer::answer("200 OK", "X-Some: Thing \r\n", "{\"a\":1}"); });
  GetRequest request = get(server.url("/x?y=z"));
  request.headers = {{"auth-token", "secret"}, {"Accept", "application/json"}};
  const auto reply = http_get(request);
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->code, 200);
  EXPECT_EQ(reply->body, "{\"a\":1}");
  EXPECT_EQ(reply->headers.at("x-some"), "Thing");
  EXPECT_EQ(server.requests().at(0).path, "/x?y=z");
  EXPECT_EQ(server.requests().at(0).header("auth-token"), "secret");
}

TEST(HttpGet, ARefusalIsAnAnswer) {
  const TestServer server(
      [](const auto&) { return TestServer::answer("429 Too Many Requests", "Retry-After: 7\r\n", "no"); });
  const auto reply = http_get(get(server.url("/")));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->code, 429);
  EXPECT_EQ(reply->headers.at("retry-after"), "7");
}

TEST(HttpGet, ARedirectIsNotFollowed) {
  const TestServer other([](const auto&) { return TestServer::answer("200 OK", "", "stolen"); });
  const TestServer server(
      [&](const auto&) { return TestServer::answer("302 Found", "Location: " + other.url("/") + "\r\n", ""); });
  GetRequest request = get(server.url("/"));
  request.headers = {{"auth-token", "secret"}};
  EXPECT_EQ(http_get(request)->code, 302);
  EXPECT_TRUE(other.requests().empty());
}

TEST(HttpGet, WhatIsNoAnswerIsAnErrorWithoutTheSecret) {
  const TestServer cut([](const auto&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"); });
  const TestServer large([](const auto&) { return TestServer::answer("200 OK", "", std::string(5000, 'x')); });
  const TestServer mute([](const auto&) { return std::string(); });
  for (const std::string& url : {cut.url("/"), large.url("/"), mute.url("/"), std::string("http://127.0.0.1:1/")}) {
    GetRequest request = get(url);
    request.max_bytes = 1000;
    request.headers = {{"auth-token", "s3cret"}};
    const auto reply = http_get(request);
    ASSERT_FALSE(reply.ok()) << url;
    EXPECT_EQ(reply.status().code(), StatusCode::kFailed) << url;
    EXPECT_EQ(reply.status().message().find(url), 0U);
    EXPECT_EQ(reply.status().message().find("s3cret"), std::string::npos);
  }
  for (const std::string url : {"ftp://127.0.0.1/", "file:///etc/passwd", "no address"}) {
    EXPECT_FALSE(http_get(get(url)).ok()) << url;
  }
}

TEST(HttpGet, ASlowServerIsLeftInTime) {
  std::atomic<bool> done = false;
  {
    const TestServer slow([&](const auto&) {
      for (int i = 0; i < 100 && !done; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return TestServer::answer("200 OK", "", "late");
    });
    GetRequest request = get(slow.url("/"));
    request.timeout_seconds = 0.3;
    const auto start = std::chrono::steady_clock::now();
    const auto reply = http_get(request);
    done = true;
    ASSERT_FALSE(reply.ok());
    EXPECT_NE(reply.status().message().find("no answer within"), std::string::npos) << reply.status().message();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
  }
}

TEST(HttpGet, AHeaderCannotCarryAnother) {
  GetRequest request = get("http://127.0.0.1:1/");
  request.headers = {{"auth-token", "a\r\nHost: elsewhere"}};
  EXPECT_EQ(http_get(request).status().code(), StatusCode::kInvalidUsage);
}

TEST(HttpGet, AnInterruptEndsIt) {
  request_interrupt();
  const TestServer server([](const auto&) { return TestServer::answer("200 OK", "", "x"); });
  const auto reply = http_get(get(server.url("/")));
  clear_interrupt();
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.status().code(), StatusCode::kInterrupted);
}

}  // namespace
}  // namespace coppice::net
