#include "native/net/download.h"

#include <algorithm>

#include "native/net/interrupt.h"
#include "tests/unit/data/fixtures.h"

namespace coppice::net {
namespace {

using data::TestServer;
namespace fs = std::filesystem;

class DownloadTest : public data::FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    clear_interrupt();
    for (uint64_t i = 0; i < 300000; ++i) body_ += static_cast<char>((i * i) >> 3);
    target_ = folder_ / "file.bin";
  }
  void TearDown() override {
    clear_interrupt();
    FolderTest::TearDown();
  }
  DownloadRequest request(const std::string& url) {
    DownloadRequest request;
    request.url = url;
    request.target = target_;
    request.sha256 = sha256_hex(body_);
    request.first_delay_seconds = 0.01;
    return request;
  }
  // What an earlier run left: `bytes` of the file, begun at `url` when it had `validator`.
  void leave_part(const std::string& bytes, const std::string& url, const std::string& validator) {
    write("file.bin.part", bytes);
    write("file.bin.part.json",
          R"({"url":")" + url + R"(","validator":)" + (validator.empty() ? "\"\"" : validator) + "}");
  }
  std::string body_;
  fs::path target_;
};

TEST_F(DownloadTest, FetchesAndLeavesOnlyTheFile) {
  const TestServer server([&](const auto& r) { return TestServer::file(r, body_, "\"v1\""); });
  int64_t last = 0;
  DownloadRequest wanted = request(server.url("/x"));
  wanted.progress = [&](int64_t done, int64_t total) {
    last = done;
    EXPECT_EQ(total, static_cast<int64_t>(body_.size()));
  };
  const auto outcome = download(wanted);
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(outcome->bytes, static_cast<int64_t>(body_.size()));
  EXPECT_EQ(outcome->sha256, sha256_hex(body_));
  EXPECT_EQ(outcome->etag, "v1");
  EXPECT_EQ(last, outcome->bytes);
  EXPECT_EQ(*read_file(target_), body_);
  EXPECT_EQ(names(), std::vector<std::string>{"file.bin"});
}

TEST_F(DownloadTest, ConnectionsCutHalfWayAreResumedWhereTheyWere) {
  const TestServer server([&](const auto& r) { return TestServer::file(r, body_, "\"v1\"", 100000); });
  const auto outcome = download(request(server.url("/x")));
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(*read_file(target_), body_);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[1].header("Range"), "bytes=100000-");
  EXPECT_EQ(requests[1].header("If-Range"), "\"v1\"");
  EXPECT_EQ(requests[2].header("Range"), "bytes=200000-");
}

TEST_F(DownloadTest, AnotherRunResumesThePart) {
  const TestServer server([&](const auto& r) { return TestServer::file(r, body_, "\"v1\""); });
  leave_part(body_.substr(0, 123456), server.url("/x"), R"("\"v1\"")");
  const auto outcome = download(request(server.url("/x")));
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(outcome->resumed_from, 123456);
  EXPECT_EQ(server.requests().at(0).header("Range"), "bytes=123456-");
  EXPECT_EQ(*read_file(target_), body_);
}

TEST_F(DownloadTest, AFileThatChangedOnTheServerIsFetchedAnew) {
  const TestServer server([&](const auto& r) { return TestServer::file(r, body_, "\"v2\""); });
  leave_part(std::string(1000, 'o'), server.url("/x"), R"("\"v1\"")");
  const auto outcome = download(request(server.url("/x")));
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(outcome->resumed_from, 0);
  EXPECT_EQ(*read_file(target_), body_);
}

TEST_F(DownloadTest, APartOfAnotherAddressOrWithoutProofIsNotUsed) {
  const TestServer server([&](const auto& r) { return TestServer::file(r, body_, "\"v1\""); });
  leave_part(std::string(1000, 'o'), "http://127.0.0.1:1/other", R"("\"v1\"")");
  ASSERT_TRUE(download(request(server.url("/x"))).ok());
  EXPECT_EQ(server.requests().at(0).header("Range"), "");
  leave_part(std::string(1000, 'o'), server.url("/x"), "");
  DownloadRequest unproven = request(server.url("/x"));
  unproven.sha256.clear();
  ASSERT_TRUE(download(unproven).ok());
  EXPECT_EQ(server.requests().at(1).header("Range"), "");
  EXPECT_EQ(*read_file(target_), body_);
}

TEST_F(DownloadTest, AResumedFileWithTheWrongHashIsFetchedAnewOnce) {
  // No validator, but a known hash: the resumption is a try, and the hash tells that it failed.
  const TestServer server([&](const auto& r) { return TestServer::file(r, body_, "\"v1\""); });
  leave_part(std::string(1000, 'o'), server.url("/x"), "");
  const auto outcome = download(request(server.url("/x")));
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(*read_file(target_), body_);
}

TEST_F(DownloadTest, APartThatIsCompleteNeedsNoMore) {
  const TestServer server([&](const auto& r) { return TestServer::file(r, body_, "\"v1\""); });
  leave_part(body_, server.url("/x"), R"("\"v1\"")");
  const auto outcome = download(request(server.url("/x")));
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(*read_file(target_), body_);
}

TEST_F(DownloadTest, AServerWithoutRangesOrWithWrongOnesStillGivesTheFile) {
  for (const bool wrong : {false, true}) {
    fs::remove(target_);
    const TestServer server([&](const auto& r) {
      if (wrong && !r.header("Range").empty()) {
        return TestServer::answer("206 Partial Content", "Content-Range: bytes 0-9/10\r\n", "0123456789");
      }
      return TestServer::answer("200 OK", "", body_);
    });
    leave_part(body_.substr(0, 5000), server.url("/x"), R"("\"v1\"")");
    const auto outcome = download(request(server.url("/x")));
    ASSERT_TRUE(outcome.ok()) << outcome.status().message();
    EXPECT_EQ(*read_file(target_), body_);
  }
}

TEST_F(DownloadTest, AWrongHashIsRefusedAndDeleted) {
  const TestServer server([&](const auto& r) { return TestServer::file(r, "something else", "\"v1\""); });
  const auto outcome = download(request(server.url("/x")));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().code(), StatusCode::kInvalidInput);
  EXPECT_NE(outcome.status().message().find(sha256_hex("something else")), std::string::npos);
  EXPECT_TRUE(names().empty());
}

TEST_F(DownloadTest, NotFoundAndForbiddenAreNotTriedAgain) {
  for (const auto& [answered, code] : {std::pair{"404 Not Found", StatusCode::kNotFound},
                                       {"410 Gone", StatusCode::kNotFound},
                                       {"403 Forbidden", StatusCode::kFailed},
                                       {"401 Unauthorized", StatusCode::kFailed},
                                       {"400 Bad Request", StatusCode::kFailed}}) {
    const char* line = answered;  // clang 14 captures no structured binding
    const TestServer server([&](const auto&) { return TestServer::answer(line, "", "an error page"); });
    const auto outcome = download(request(server.url("/x")));
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.status().code(), code) << line;
    EXPECT_EQ(server.requests().size(), 1U) << line;
    EXPECT_FALSE(fs::exists(target_));
  }
}

TEST_F(DownloadTest, BusyServersAreTriedAgain) {
  std::atomic<int> calls = 0;
  const TestServer server([&](const auto& r) {
    switch (calls++) {
      case 0:
        return TestServer::answer("429 Too Many Requests", "Retry-After: 1\r\n", "slow down");
      case 1:
        return TestServer::answer("500 Internal Server Error", "", "oops");
      case 2:
        return std::string();  // closed without a word
      default:
        return TestServer::file(r, body_, "\"v1\"");
    }
  });
  std::vector<std::string> notes;
  DownloadRequest wanted = request(server.url("/x"));
  wanted.note = [&](const std::string& note) { notes.push_back(note); };
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = download(wanted);
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1)) << "Retry-After is obeyed";
  EXPECT_EQ(notes.size(), 3U);
  EXPECT_NE(notes.at(0).find("429"), std::string::npos);
  EXPECT_EQ(*read_file(target_), body_);
}

TEST_F(DownloadTest, GivesUpAfterTheAttemptsAndKeepsThePart) {
  std::atomic<int> calls = 0;
  const TestServer server([&](const auto& r) {
    return calls++ == 0 ? TestServer::file(r, body_, "\"v1\"", 1000) : TestServer::answer("503 Unavailable", "", "");
  });
  const auto outcome = download(request(server.url("/x")));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().code(), StatusCode::kFailed);
  EXPECT_NE(outcome.status().message().find("1000 bytes are kept"), std::string::npos) << outcome.status().message();
  EXPECT_EQ(fs::file_size(folder_ / "file.bin.part"), 1000U);
}

TEST_F(DownloadTest, NobodyListens) {
  std::string url;
  {
    const TestServer server([](const auto&) { return std::string(); });
    url = server.url("/x");
  }
  DownloadRequest wanted = request(url);
  wanted.attempts = 2;
  EXPECT_EQ(download(wanted).status().code(), StatusCode::kFailed);
}

TEST_F(DownloadTest, AnInterruptKeepsThePartAndSaysHowToGoOn) {
  const TestServer server([&](const auto& r) {
    if (r.first_byte() > 0) return TestServer::file(r, body_, "\"v1\"");
    return TestServer::file(r, body_, "\"v1\"", 100000);
  });
  DownloadRequest wanted = request(server.url("/x"));
  wanted.progress = [](int64_t done, int64_t) {
    if (done > 0) request_interrupt();
  };
  const auto outcome = download(wanted);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().code(), StatusCode::kInterrupted);
  EXPECT_NE(outcome.status().message().find("run the same command again to resume"), std::string::npos);
  const auto kept = fs::file_size(folder_ / "file.bin.part");
  EXPECT_GT(kept, 0U);

  clear_interrupt();
  wanted.progress = {};
  const auto resumed = download(wanted);
  ASSERT_TRUE(resumed.ok()) << resumed.status().message();
  EXPECT_EQ(resumed->resumed_from, static_cast<int64_t>(kept));
  EXPECT_EQ(*read_file(target_), body_);
}

TEST_F(DownloadTest, TooLargeIsRefusedWhetherTheServerSaysSoOrNot) {
  for (const bool says : {true, false}) {
    const TestServer server([&](const auto&) {
      return says ? TestServer::answer("200 OK", "", body_) : "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body_;
    });
    DownloadRequest wanted = request(server.url("/x"));
    wanted.max_bytes = 200000;
    const auto outcome = download(wanted);
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.status().code(), StatusCode::kInvalidInput);
    EXPECT_NE(outcome.status().message().find("larger than 200000 bytes"), std::string::npos);
  }
}

TEST_F(DownloadTest, RedirectsAreFollowedAndTheHubsHeadersKept) {
  const std::string hash = sha256_hex(body_);
  const TestServer* self = nullptr;
  const TestServer server([&](const auto& r) {
    if (r.path == "/x") {
      return TestServer::answer(
          "302 Found",
          "Location: " + self->url("/cdn") + "\r\nX-Linked-Etag: \"" + hash + "\"\r\nX-Repo-Commit: abc\r\n", "Found");
    }
    if (r.path == "/loop") return TestServer::answer("302 Found", "Location: /loop\r\n", "");
    if (r.path == "/file") return TestServer::answer("302 Found", "Location: file:///etc/passwd\r\n", "");
    return TestServer::file(r, body_, "\"cdn\"");
  });
  self = &server;
  const auto outcome = download(request(server.url("/x")));
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(outcome->linked_etag, hash);
  EXPECT_EQ(outcome->repo_commit, "abc");
  EXPECT_EQ(outcome->etag, "cdn");
  EXPECT_EQ(*read_file(target_), body_);
  EXPECT_FALSE(download(request(server.url("/loop"))).ok());
  EXPECT_FALSE(download(request(server.url("/file"))).ok()) << "never a local file";
}

TEST_F(DownloadTest, AnEmptyFile) {
  const TestServer server([](const auto&) { return TestServer::answer("200 OK", "", ""); });
  DownloadRequest wanted = request(server.url("/x"));
  wanted.sha256 = sha256_hex("");
  ASSERT_TRUE(download(wanted).ok());
  EXPECT_EQ(*read_file(target_), "");
}

TEST(UrlTest, NamesAndKinds) {
  EXPECT_TRUE(is_url("https://example.org/x"));
  EXPECT_TRUE(is_url("HTTP://example.org"));
  EXPECT_FALSE(is_url("file:///etc/passwd"));
  EXPECT_FALSE(is_url("data/x.tar.gz"));
  EXPECT_EQ(file_name_of_url("https://h/a/b.tar.gz?x=/y#z", "f"), "b.tar.gz");
  EXPECT_EQ(file_name_of_url("https://h/", "f"), "f");
  EXPECT_EQ(file_name_of_url("https://h", "f"), "f");
  EXPECT_EQ(file_name_of_url("https://h/..", "f"), "f");
  EXPECT_EQ(file_name_of_url("https://h/a%2Fb", "f"), "f");
}

}  // namespace
}  // namespace coppice::net
