#include "native/serve/server.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/serve/raw_http.h"
#include "tests/unit/serve/temporary_site.h"

namespace coppice::serve {
namespace {

// A server on a port of its own, for as long as the object lives.
class RunningServer {
 public:
  explicit RunningServer(const TemporarySite& files, bool isolate = true) {
    Result<Site> site = Site::open(files.root());
    Result<std::unique_ptr<SiteServer>> server =
        SiteServer::bind(*std::move(site), {.host = "127.0.0.1", .port = 0, .isolate = isolate});
    server_ = *std::move(server);
    worker_ = std::thread([this] { status_ = server_->run(); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() {
    server_->stop();
    worker_.join();
    EXPECT_TRUE(status_.ok()) << status_.message();
  }
  [[nodiscard]] int port() const { return server_->port(); }

 private:
  std::unique_ptr<SiteServer> server_;
  Status status_;
  std::thread worker_;
};

class ServerTest : public testing::Test {
 protected:
  Reply get(const std::string& path, const std::string& header_lines = "") const {
    return request(server_.port(), "GET " + path, header_lines);
  }
  TemporarySite files_;
  RunningServer server_{files_};
};

TEST_F(ServerTest, ServesThePage) {
  const Reply reply = get("/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "<!doctype html><title>page</title>");
  EXPECT_EQ(reply.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(reply.headers.at("content-length"), "34");
  EXPECT_EQ(reply.headers.at("cache-control"), "no-cache");
  EXPECT_EQ(reply.headers.at("accept-ranges"), "bytes");
}

TEST_F(ServerTest, EveryAnswerCarriesTheProtectingHeaders) {
  for (const char* path : {"/", "/missing", "/healthz", "/embed", "/core.wasm"}) {
    const Reply reply = get(path);
    EXPECT_EQ(reply.headers.at("cross-origin-opener-policy"), "same-origin") << path;
    EXPECT_EQ(reply.headers.at("cross-origin-embedder-policy"), "require-corp") << path;
    EXPECT_EQ(reply.headers.at("cross-origin-resource-policy"), "same-origin") << path;
    EXPECT_EQ(reply.headers.at("x-content-type-options"), "nosniff") << path;
    EXPECT_NE(reply.headers.at("content-security-policy").find("script-src 'self' 'wasm-unsafe-eval';"),
              std::string::npos)
        << path;
  }
}

TEST_F(ServerTest, WithoutIsolationItAnswersAsAPlainHost) {
  const RunningServer plain(files_, false);
  const Reply reply = request(plain.port(), "GET /");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.count("cross-origin-embedder-policy"), 0U);
  EXPECT_EQ(reply.headers.count("content-security-policy"), 1U);
}

TEST_F(ServerTest, IsHealthy) {
  const Reply reply = get("/healthz");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "ok\n");
  EXPECT_EQ(reply.headers.at("cache-control"), "no-store");
}

TEST_F(ServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  const Reply head = request(server_.port(), "HEAD /core.wasm");
  const Reply whole = get("/core.wasm");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.headers, whole.headers);
  EXPECT_EQ(head.headers.at("content-length"), "2004");
}

TEST_F(ServerTest, SendsCompressedFormsToThoseWhoAcceptThem) {
  const Reply brotli = get("/core.wasm", "Accept-Encoding: gzip, deflate, br\r\n");
  EXPECT_EQ(brotli.body, "pretend brotli");
  EXPECT_EQ(brotli.headers.at("content-encoding"), "br");
  EXPECT_EQ(brotli.headers.at("content-type"), "application/wasm");
  EXPECT_EQ(brotli.headers.at("vary"), "Accept-Encoding");
  const Reply gzip = get("/core.wasm", "Accept-Encoding: gzip, br;q=0\r\n");
  EXPECT_EQ(gzip.headers.at("content-encoding"), "gzip");
  EXPECT_NE(gzip.headers.at("etag"), brotli.headers.at("etag"));
  const Reply plain = get("/core.wasm");
  EXPECT_EQ(plain.headers.count("content-encoding"), 0U);
  EXPECT_EQ(plain.body.size(), 2004U);
  EXPECT_EQ(get("/", "Accept-Encoding: br\r\n").headers.count("content-encoding"), 0U);
}

TEST_F(ServerTest, AnUnchangedFileIsNotSentAgain) {
  const std::string tag = get("/core.wasm").headers.at("etag");
  const Reply same = get("/core.wasm", "If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.headers.at("etag"), tag);
  EXPECT_EQ(same.headers.count("content-length"), 0U);
  EXPECT_EQ(get("/core.wasm", "If-None-Match: \"other\"\r\n").status, 200);
  files_.write("core.wasm", "new");
  EXPECT_EQ(get("/core.wasm", "If-None-Match: " + tag + "\r\n").status, 200);
}

TEST_F(ServerTest, HashedNamesAreKeptForGood) {
  EXPECT_EQ(get("/app.0f3a9c21d4.mjs").headers.at("cache-control"), "public, max-age=31536000, immutable");
}

TEST_F(ServerTest, SendsRanges) {
  files_.write("digits.txt", "0123456789");
  const auto ranged = [&](const std::string& range) { return get("/digits.txt", "Range: bytes=" + range + "\r\n"); };
  const Reply middle = ranged("2-4");
  EXPECT_EQ(middle.status, 206);
  EXPECT_EQ(middle.body, "234");
  EXPECT_EQ(middle.headers.at("content-range"), "bytes 2-4/10");
  EXPECT_EQ(middle.headers.at("content-length"), "3");
  EXPECT_EQ(middle.headers.at("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(ranged("7-").body, "789");
  EXPECT_EQ(ranged("-2").body, "89");
  EXPECT_EQ(ranged("8-99999999").body, "89");
  EXPECT_EQ(ranged("-99999999").body, "0123456789");
  EXPECT_EQ(ranged("-99999999").headers.at("content-range"), "bytes 0-9/10");
}

TEST_F(ServerTest, ARangeThatHoldsNothingIsRefused) {
  for (const char* range : {"10-", "10-20", "99999999999-", "-0"}) {
    const Reply reply = get("/core.wasm.br", std::string("Range: bytes=1") + range + "\r\n");
    EXPECT_EQ(reply.status, 416) << range;
  }
  files_.write("digits.txt", "0123456789");
  EXPECT_EQ(get("/digits.txt", "Range: bytes=10-\r\n").headers.at("content-range"), "bytes */10");
  EXPECT_EQ(get("/empty.txt", "Range: bytes=0-\r\n").status, 416);
  EXPECT_EQ(get("/digits.txt", "Range: bytes=4-2\r\n").status, 416);
}

TEST_F(ServerTest, SeveralRangesGetTheWholeFile) {
  const Reply reply = get("/models/dense/onnx/model.onnx", "Range: bytes=0-1,5-6\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body.size(), 1000U);
  EXPECT_EQ(reply.headers.at("content-type"), "application/octet-stream");
}

TEST_F(ServerTest, ARangeOfAnotherVersionGetsTheWholeFile) {
  const std::string tag = get("/core.wasm").headers.at("etag");
  EXPECT_EQ(get("/core.wasm", "Range: bytes=0-3\r\nIf-Range: " + tag + "\r\n").status, 206);
  EXPECT_EQ(get("/core.wasm", "Range: bytes=0-3\r\nIf-Range: \"old\"\r\n").status, 200);
}

TEST_F(ServerTest, ARangeIsNeverOfACompressedForm) {
  const Reply reply = get("/core.wasm", "Range: bytes=0-3\r\nAccept-Encoding: br\r\n");
  EXPECT_EQ(reply.status, 206);
  EXPECT_EQ(reply.body, std::string("\0asm", 4));
  EXPECT_EQ(reply.headers.count("content-encoding"), 0U);
}

TEST_F(ServerTest, NothingOutsideTheFolderIsReached) {
  for (const char* path :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/..%5csecret.txt", "/models/../../secret.txt",
        "/%2e%2e%2fsecret.txt", "/link.txt", "/up/secret.txt", "/.hidden", "//secret.txt", "/%00", "/index.html%00.txt",
        "/%", "/%zz", "/%u002e%u002e/secret.txt"}) {
    const Reply reply = get(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(reply.body.find("secret"), std::string::npos) << path;
  }
}

TEST_F(ServerTest, NamesArePercentDecoded) {
  EXPECT_EQ(get("/name%20with%20spaces%20&%20%C3%A9.txt").body, "named");
  EXPECT_EQ(get("/core.wasm?version=2").status, 200);
}

TEST_F(ServerTest, AFolderIsRedirectedToItsSlash) {
  const Reply reply = get("/embed");
  EXPECT_EQ(reply.status, 301);
  EXPECT_EQ(reply.headers.at("location"), "/embed/");
  EXPECT_EQ(get("/embed/").body, "embedded");
  EXPECT_EQ(get("//embed").status, 404);
}

TEST_F(ServerTest, OtherMethodsAreRefused) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
    const Reply reply = request(server_.port(), std::string(method) + " /");
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.headers.at("allow"), "GET, HEAD") << method;
  }
}

TEST_F(ServerTest, ABodyIsNotTakenForARequest) {
  const std::string inner = "GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  for (const char* method : {"POST", "GET"}) {
    const Reply reply =
        send_and_read(server_.port(), std::string(method) + " / HTTP/1.1\r\nHost: test\r\nContent-Length: " +
                                          std::to_string(inner.size()) + "\r\n\r\n" + inner);
    EXPECT_GE(reply.status, 400) << method;
    EXPECT_EQ(reply.replies, 1) << method;
  }
}

TEST_F(ServerTest, AnswersSeveralRequestsOnOneConnection) {
  const int fd = connect_to(server_.port());
  const std::string ask = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(::send(fd, ask.data(), ask.size(), MSG_NOSIGNAL), static_cast<ssize_t>(ask.size()));
    std::string text;
    char buffer[4096];
    while (text.find("ok\n") == std::string::npos) {
      const ssize_t got = ::recv(fd, buffer, sizeof(buffer), 0);
      ASSERT_GT(got, 0);
      text.append(buffer, static_cast<size_t>(got));
    }
  }
  ::close(fd);
}

TEST_F(ServerTest, SurvivesWhatIsNoHttp) {
  const std::vector<std::string> inputs{
      "\r\n\r\n",
      "GET\r\n\r\n",
      std::string(100000, 'A'),
      "GET / HTTP/9.9\r\n\r\n",
      "GET /" + std::string(20000, 'a') + " HTTP/1.1\r\nConnection: close\r\n\r\n",
      "GET / HTTP/1.1\r\nRange: bytes=0-" + std::string(7000, ',') + "\r\nConnection: close\r\n\r\n",
      "GET / HTTP/1.1\r\nRange: bytes=99999999999999999999999-\r\nConnection: close\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: cut off",
  };
  // At the same time, since for some the server waits five seconds for more.
  std::vector<std::thread> clients;
  std::atomic<int> served = 0;
  for (const std::string& bytes : inputs) {
    clients.emplace_back([&] { served += send_and_read(server_.port(), bytes).status == 200 ? 1 : 0; });
  }
  EXPECT_EQ(get("/healthz").status, 200);
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(served, 0);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(ServerTest, ServesLargeFilesToSeveralClientsAtOnce) {
  std::string large(5'000'000, '\0');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 2654435761U >> 13);
  files_.write("large.bin", large);
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) clients.emplace_back([&] { right += get("/large.bin").body == large ? 1 : 0; });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 8);
}

TEST_F(ServerTest, ATakenPortIsReported) {
  const Result<std::unique_ptr<SiteServer>> second =
      SiteServer::bind(*Site::open(files_.root()), {.host = "127.0.0.1", .port = server_.port(), .isolate = true});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("another program uses this port"), std::string::npos)
      << second.status().message();
}

TEST_F(ServerTest, AForeignAddressIsReported) {
  const Result<std::unique_ptr<SiteServer>> server =
      SiteServer::bind(*Site::open(files_.root()), {.host = "192.0.2.1", .port = 0, .isolate = true});
  ASSERT_FALSE(server.ok());
  EXPECT_NE(server.status().message().find("192.0.2.1"), std::string::npos);
}

TEST(ServerStop, WorksBeforeAndDuringRun) {
  const TemporarySite files;
  auto bind = [&] {
    return *SiteServer::bind(*Site::open(files.root()), {.host = "127.0.0.1", .port = 0, .isolate = true});
  };
  const auto early = bind();
  early->stop();
  EXPECT_TRUE(early->run().ok());
  for (int i = 0; i < 20; ++i) {
    const auto server = bind();
    std::thread worker([&] { EXPECT_TRUE(server->run().ok()); });
    server->stop();
    worker.join();
  }
}

}  // namespace
}  // namespace coppice::serve
