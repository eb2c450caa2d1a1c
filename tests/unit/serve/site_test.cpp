#include "native/serve/site.h"

#include <gtest/gtest.h>

#include "tests/unit/serve/temporary_site.h"

namespace coppice::serve {
namespace {

class SiteTest : public testing::Test {
 protected:
  Found find(std::string_view path) const { return site_->find(path); }
  bool finds(std::string_view path) const { return find(path).kind == Found::Kind::kFile; }
  TemporarySite files_;
  Result<Site> site_ = Site::open(files_.root());
};

TEST_F(SiteTest, FindsFilesAndFolders) {
  ASSERT_TRUE(site_.ok());
  EXPECT_EQ(find("/").file.bytes, 34U);
  EXPECT_EQ(find("/core.wasm").type, "application/wasm");
  EXPECT_EQ(find("/models/dense/onnx/model.onnx").file.bytes, 1000U);
  EXPECT_TRUE(finds("/embed/"));
  EXPECT_EQ(find("/embed").kind, Found::Kind::kRedirect);
  EXPECT_EQ(find("/embed").redirect_to, "/embed/");
  EXPECT_TRUE(finds("/name with spaces & \xc3\xa9.txt"));
  EXPECT_TRUE(finds("/inside.html"));
  EXPECT_TRUE(finds("/empty.txt"));
}

TEST_F(SiteTest, FindsNothingElse) {
  ASSERT_TRUE(site_.ok());
  for (const std::string path :
       {"", "index.html", "/missing", "/index.html/", "/models", "/models/", "/../secret.txt",
        "/models/../../secret.txt", "/./index.html", "//index.html", "//evil.example/", "/embed//", "/link.txt",
        "/up/secret.txt", "/up", "/.hidden", "/..\\secret.txt", "/embed/..%2f", "/index.html\n"}) {
    EXPECT_EQ(find(path).kind, Found::Kind::kNothing) << path;
  }
  EXPECT_EQ(find(std::string("/index.html\0.txt", 16)).kind, Found::Kind::kNothing);
  EXPECT_EQ(find("/" + std::string(5000, 'a')).kind, Found::Kind::kNothing);
}

TEST_F(SiteTest, ATagFollowsTheContent) {
  ASSERT_TRUE(site_.ok());
  const std::string before = find("/empty.txt").file.entity_tag;
  EXPECT_EQ(before, "\"e3b0c44298fc1c149afbf4c8996fb924\"");
  EXPECT_EQ(find("/empty.txt").file.entity_tag, before);
  files_.write("empty.txt", "no longer");
  EXPECT_NE(find("/empty.txt").file.entity_tag, before);
}

TEST_F(SiteTest, ACompressedFormMustBeCurrent) {
  ASSERT_TRUE(site_.ok());
  const SiteFile wasm = find("/core.wasm").file;
  const Result<SiteFile> brotli = site_->compressed(wasm, "br");
  ASSERT_TRUE(brotli.ok());
  EXPECT_NE(brotli->entity_tag, wasm.entity_tag);
  EXPECT_FALSE(site_->compressed(find("/").file, "br").ok());
  const auto later = std::filesystem::last_write_time(wasm.path) + std::chrono::seconds(10);
  std::filesystem::last_write_time(wasm.path, later);
  EXPECT_FALSE(site_->compressed(wasm, "br").ok());
}

TEST(Site, NeedsAnIndex) {
  const Result<Site> missing = Site::open("no/such/folder");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.status().message().find("npm start"), std::string::npos);
  EXPECT_FALSE(Site::open("tests").ok());
}

TEST(HasHashedName, WantsAHashBeforeTheExtension) {
  for (const char* path : {"app.0f3a9c21d4.mjs", "a/core-0f3a9c21.wasm", "core-0f3a9c21.wasm.br"}) {
    EXPECT_TRUE(has_hashed_name(path)) << path;
  }
  for (const char* path : {"app.mjs", "MiniLM-L6-H384.json", "core-0f3a.wasm", "imdb-20240101.json", "x.0f3a9c21",
                           "0f3a9c21d4/app.mjs", "deadbeef.js", ""}) {
    EXPECT_FALSE(has_hashed_name(path)) << path;
  }
}

TEST(ContentTypeOf, KnowsWhatThePageLoads) {
  EXPECT_EQ(content_type_of("a/b.mjs"), "text/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("manifest.webmanifest"), "application/manifest+json");
  EXPECT_EQ(content_type_of("model.onnx"), "application/octet-stream");
  EXPECT_EQ(content_type_of("LICENSE"), "application/octet-stream");
}

}  // namespace
}  // namespace coppice::serve
