#include "native/net/archive.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "native/net/interrupt.h"
#include "native/net/staging.h"
#include "tests/unit/data/fixtures.h"

namespace coppice::net {
namespace {

using data::MadeEntry;
using data::make_archive;

class ArchiveTest : public data::FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    folder_ = std::filesystem::canonical(folder_);
    archive_ = folder_ / "a.tar.gz";
    out_ = folder_ / "inner" / "out";
    std::filesystem::create_directories(out_);
    clear_interrupt();
  }
  void TearDown() override {
    clear_interrupt();
    FolderTest::TearDown();
  }

  Result<ExtractSummary> extract(const ExtractLimits& limits = {}) {
    const auto all = [](const std::string& path, int64_t) -> Result<std::optional<std::string>> {
      return std::optional<std::string>(path);
    };
    return extract_archive(archive_, out_, all, limits);
  }
  // The extraction is refused with `message`, and nothing was written outside the output folder.
  void expect_refused(const std::vector<MadeEntry>& entries, const std::string& message,
                      const ExtractLimits& limits = {}) {
    make_archive(archive_, entries);
    const auto summary = extract(limits);
    ASSERT_FALSE(summary.ok()) << message;
    EXPECT_EQ(summary.status().code(), StatusCode::kInvalidInput);
    EXPECT_NE(summary.status().message().find(message), std::string::npos) << summary.status().message();
    EXPECT_EQ(names(), (std::vector<std::string>{"a.tar.gz", "inner"}));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "inner"), {}), 1);
  }
  std::filesystem::path archive_;
  std::filesystem::path out_;
};

TEST_F(ArchiveTest, TakesTarAndZip) {
  const std::vector<MadeEntry> entries = {
      {"d/", "", AE_IFDIR}, {"d/one.txt", "first"}, {"./d//two.txt", std::string(300000, 'x')}, {"empty", ""}};
  for (const bool zip : {false, true}) {
    make_archive(archive_, entries, zip);
    const auto summary = extract();
    ASSERT_TRUE(summary.ok()) << summary.status().message();
    EXPECT_EQ(summary->files_written, 3U);
    EXPECT_EQ(summary->bytes_written, 300005);
    EXPECT_EQ(*read_file(out_ / "d/one.txt"), "first");
    EXPECT_EQ(read_file(out_ / "d/two.txt")->size(), 300000U);
    EXPECT_EQ(*read_file(out_ / "empty"), "");
    std::filesystem::remove_all(out_);
    std::filesystem::create_directories(out_);
  }
}

TEST_F(ArchiveTest, RefusesPathsThatLeaveTheFolder) {
  expect_refused({{"ok", "1"}, {"../escape", "x"}}, "\"..\" in its path");
  expect_refused({{"a/../../escape", "x"}}, "\"..\" in its path");
  expect_refused({{"/tmp/coppice_absolute", "x"}}, "absolute path");
  expect_refused({{"a\\..\\b", "x"}}, "backslash");
  expect_refused({{"C:/x", "x"}}, "drive letter");
  expect_refused({{"a\nb", "x"}}, "control character");
  expect_refused({{"..", "", AE_IFDIR}}, "\"..\" in its path");
}

TEST_F(ArchiveTest, RefusesEverythingButFilesAndFolders) {
  expect_refused({{"link", "", AE_IFLNK, "/etc"}, {"link/x", "1"}}, "a symbolic link");
  expect_refused({{"link", "", AE_IFLNK, "inside"}}, "a symbolic link");
  expect_refused({{"first", "1"}, {"second", "", AE_IFREG, "first"}}, "a hard link");
  expect_refused({{"hard", "", AE_IFREG, "/etc/passwd"}}, "a hard link");
  expect_refused({{"pipe", "", AE_IFIFO}}, "a pipe");
  expect_refused({{"device", "", AE_IFCHR}}, "a device");
}

TEST_F(ArchiveTest, RefusesWhatGoesPastTheLimits) {
  const std::vector<MadeEntry> entries = {{"a", std::string(1000, 'x')}, {"b", std::string(1000, 'x')}};
  expect_refused(entries, "larger than 999 bytes", {10000, 999, 10});
  std::filesystem::remove_all(out_);
  std::filesystem::create_directories(out_);
  expect_refused(entries, "the total above 1999 bytes", {1999, 1000, 10});
  std::filesystem::remove_all(out_);
  std::filesystem::create_directories(out_);
  expect_refused(entries, "more than 1 entries", {10000, 1000, 1});
}

TEST_F(ArchiveTest, LimitsHoldForFilesThatArePassedOver) {
  make_archive(archive_, {{"a", std::string(1000, 'x')}, {"b", std::string(1000, 'x')}});
  const auto none = [](const std::string&, int64_t) -> Result<std::optional<std::string>> {
    return std::optional<std::string>();
  };
  EXPECT_FALSE(extract_archive(archive_, out_, none, {1999, 1000, 10}).ok());
  EXPECT_TRUE(extract_archive(archive_, out_, none, {2000, 1000, 10}).ok());
  EXPECT_TRUE(std::filesystem::is_empty(out_));
}

TEST_F(ArchiveTest, RefusesTheSameNameTwiceAndAFileAsAFolder) {
  expect_refused({{"a", "1"}, {"./a", "2"}}, "comes twice");
  std::filesystem::remove_all(out_);
  std::filesystem::create_directories(out_);
  make_archive(archive_, {{"a", "1"}, {"a/b", "2"}});
  EXPECT_FALSE(extract().ok());
}

TEST_F(ArchiveTest, ATruncatedArchiveIsAnErrorAtEveryLength) {
  std::string noise;
  for (int i = 0; i < 20000; ++i) noise += static_cast<char>(data::fs::hash_value(std::to_string(i)));
  make_archive(archive_, {{"a", noise}, {"b", noise}});
  const std::string whole = *read_file(archive_);
  for (const size_t length : {size_t{0}, size_t{5}, size_t{100}, whole.size() / 2, whole.size() - 1000}) {
    ASSERT_TRUE(write_file_atomically(archive_, whole.substr(0, length)).ok());
    const auto summary = extract();
    EXPECT_FALSE(summary.ok()) << length;
    EXPECT_EQ(summary.status().code(), StatusCode::kInvalidInput) << summary.status().message();
    std::filesystem::remove_all(out_);
    std::filesystem::create_directories(out_);
  }
}

TEST_F(ArchiveTest, NoArchiveAndNoFile) {
  ASSERT_TRUE(write_file_atomically(archive_, "<html>not found</html>").ok());
  EXPECT_EQ(extract().status().code(), StatusCode::kInvalidInput);
  std::filesystem::remove(archive_);
  EXPECT_EQ(extract().status().code(), StatusCode::kNotFound);
}

TEST_F(ArchiveTest, AnInterruptStopsIt) {
  make_archive(archive_, {{"a", "1"}});
  request_interrupt();
  EXPECT_EQ(extract().status().code(), StatusCode::kInterrupted);
}

TEST_F(ArchiveTest, AFullDiskIsAFailure) {
  make_archive(archive_, {{"a", std::string(1 << 20, 'x')}});
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100000, 100000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto summary = extract();
    ::_exit(!summary.ok() && summary.status().code() == StatusCode::kFailed ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

class StagingTest : public data::FolderTest {};

TEST_F(StagingTest, NothingIsLeftWithoutCommit) {
  {
    auto staging = StagingFolder::create(folder_ / "deep" / "target/");
    ASSERT_TRUE(staging.ok()) << staging.status().message();
    ASSERT_TRUE(write_file_atomically(staging->path() / "x", "1").ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "deep"));
}

TEST_F(StagingTest, CommitMakesTheFolderAndReplacesOnlyWhenTold) {
  for (const bool replace : {false, false, true}) {
    auto staging = StagingFolder::create(folder_ / "target");
    ASSERT_TRUE(staging.ok());
    ASSERT_TRUE(write_file_atomically(staging->path() / (replace ? "new" : "old"), "1").ok());
    const bool first = !std::filesystem::exists(folder_ / "target");
    EXPECT_EQ(staging->commit(replace).ok(), first || replace);
  }
  EXPECT_EQ(names(), std::vector<std::string>{"target"});
  EXPECT_TRUE(std::filesystem::exists(folder_ / "target/new"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "target/old"));
}

}  // namespace
}  // namespace coppice::net
