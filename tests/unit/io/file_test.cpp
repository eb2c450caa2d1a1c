#include "native/io/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace coppice {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "coppice_io_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }
  size_t entries() const { return std::distance(fs::directory_iterator(folder_), fs::directory_iterator()); }
  fs::path folder_;
};

// Runs `body` in a child whose files may not grow past `limit_bytes`: the disk is full, as far as it can tell.
template <typename Body>
int run_with_file_size_limit(rlim_t limit_bytes, Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{limit_bytes, limit_bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(FileTest, WritesAndReadsBack) {
  ASSERT_TRUE(write_file_atomically(folder_ / "a.bin", std::string_view("x\0y", 3)).ok());
  const Result<std::string> bytes = read_file(folder_ / "a.bin");
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(*bytes, std::string("x\0y", 3));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(FileTest, AFullDiskKeepsTheOldFileAndLeavesNoTemporary) {
  ASSERT_TRUE(write_file_atomically(folder_ / "a.bin", "old").ok());
  EXPECT_EQ(run_with_file_size_limit(
                4096, [&] { return write_file_atomically(folder_ / "a.bin", std::string(100000, 'n')).ok() ? 1 : 0; }),
            0);
  EXPECT_EQ(*read_file(folder_ / "a.bin"), "old");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(FileTest, AFailedProducerKeepsTheOldFile) {
  ASSERT_TRUE(write_file_atomically(folder_ / "a.bin", "old").ok());
  const Status status = write_file_atomically(folder_ / "a.bin", [](const ByteSink& write) -> Status {
    COPPICE_RETURN_IF_ERROR(write("half"));
    return failed("interrupted");
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(*read_file(folder_ / "a.bin"), "old");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(FileTest, AnAppendOnAFullDiskIsCutOffAgain) {
  ASSERT_TRUE(append_to_file(folder_ / "log", "first\n").ok());
  EXPECT_EQ(run_with_file_size_limit(
                4096, [&] { return append_to_file(folder_ / "log", std::string(100000, 'n')).ok() ? 1 : 0; }),
            0);
  EXPECT_EQ(*read_file(folder_ / "log"), "first\n");
}

TEST_F(FileTest, ErrorsNameThePathAndTheReason) {
  const Result<std::string> missing = read_file(folder_ / "nothing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_NE(missing.status().message().find("nothing"), std::string::npos);
  EXPECT_FALSE(read_file(folder_).ok());
  EXPECT_FALSE(write_file_atomically(folder_ / "no" / "such", "x").ok());
}

TEST_F(FileTest, HashesKnownVectors) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  ASSERT_TRUE(write_file_atomically(folder_ / "empty", "").ok());
  const Result<std::string> empty = sha256_file_hex(folder_ / "empty");
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(*empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace coppice
