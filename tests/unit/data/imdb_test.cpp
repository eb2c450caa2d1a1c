#include "native/data/imdb.h"

#include <set>

#include "native/data/data_record.h"
#include "native/data/dataset.h"
#include "native/net/interrupt.h"
#include "tests/unit/data/made_reviews.h"

namespace coppice::data {
namespace {

class ImdbTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    archive_ = folder_ / "made.tar.gz";
    output_ = folder_ / "out";
    net::clear_interrupt();
  }
  void TearDown() override {
    net::clear_interrupt();
    FolderTest::TearDown();
  }

  // Prepares the archive as a known one, with the counts of made_imdb.
  Result<ImdbOutcome> prepare(const std::vector<MadeEntry>& entries, ImdbCounts counts = {60, 60, 60, 60, 1}) {
    make_archive(archive_, entries);
    return prepare_as_known(counts);
  }
  Result<ImdbOutcome> prepare_as_known(ImdbCounts counts = {60, 60, 60, 60, 1}) {
    ImdbOptions options = options_;
    options.known = {{"made up", *sha256_file_hex(archive_), counts}};
    return prepare_imdb(archive_, output_, options);
  }
  // Refused, with `message`; nothing is left behind.
  void expect_refused(const Result<ImdbOutcome>& outcome, const std::string& message) {
    ASSERT_FALSE(outcome.ok()) << message;
    EXPECT_EQ(outcome.status().code(), StatusCode::kInvalidInput);
    EXPECT_NE(outcome.status().message().find(message), std::string::npos) << outcome.status().message();
    EXPECT_EQ(names(), std::vector<std::string>{"made.tar.gz"});
  }
  fs::path archive_;
  fs::path output_;
  ImdbOptions options_;
};

TEST_F(ImdbTest, LeavesReviewsSplitsAndRecord) {
  const auto outcome = prepare(made_imdb());
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_FALSE(outcome->already_there);
  EXPECT_EQ(names(), (std::vector<std::string>{"made.tar.gz", "out"}));
  EXPECT_TRUE(fs::exists(output_ / "aclImdb/train/urls_pos.txt"));
  EXPECT_TRUE(fs::exists(output_ / "aclImdb/README"));
  EXPECT_FALSE(fs::exists(output_ / "aclImdb/train/unsup")) << "not asked for";
  EXPECT_FALSE(fs::exists(output_ / "aclImdb/train/labeledBow.feat")) << "of no use here";

  const auto record = parse_json(*read_file(output_ / "data_record.json"), "record");
  ASSERT_TRUE(record.ok());
  const Json& r = *record;
  EXPECT_EQ(r["schema_version"], 1);
  EXPECT_EQ(r["source"]["archive"], "made up");
  EXPECT_EQ(r["source"]["sha256"], *sha256_file_hex(archive_));
  EXPECT_EQ(r["source"]["origin"], "made.tar.gz");
  EXPECT_EQ(r["splits"]["test"]["reviews"], 120);
  EXPECT_EQ(r["splits"]["train"]["reviews"].get<int>() + r["splits"]["validation"]["reviews"].get<int>(), 120);
  EXPECT_EQ(r["splits"]["test"]["length_words"]["median"], 40.0);
  EXPECT_EQ(r["splits"]["test"]["sha256"], reviews_sha256(*read_reviews(output_, Split::kTest)));
  EXPECT_EQ(r["validation"]["rule"], "by_film");
  EXPECT_EQ(r["validation"]["films_in_test_and_train"], 0);
  EXPECT_EQ(r["duplicates"]["exact_or_near"]["clusters"], 0);
  EXPECT_NE(r["citation"].get<std::string>().find("Maas"), std::string::npos);
}

TEST_F(ImdbTest, ByFilmNoFilmIsOnBothSides) {
  ASSERT_TRUE(prepare(made_imdb()).ok());
  std::set<int> films[2];
  for (const Split split : {Split::kTrain, Split::kValidation}) {
    const auto reviews = read_reviews(output_, split);
    ASSERT_TRUE(reviews.ok());
    for (const Review& review : *reviews) {
      const int number = std::stoi(review.id.substr(review.id.rfind('/') + 1));
      films[split == Split::kValidation ? 1 : 0].insert(number / 3);
    }
  }
  EXPECT_EQ(films[1].size(), 2U) << "two films of three negative and three positive reviews: a tenth of 60 each";
  for (const int film : films[1]) EXPECT_FALSE(films[0].contains(film));
}

TEST_F(ImdbTest, WithoutUrlListsTheRuleIsByIdRuns) {
  const auto outcome = prepare(made_imdb({.urls = false}));
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(outcome->record["validation"]["rule"], "by_id_runs");
  EXPECT_EQ(read_reviews(output_, Split::kValidation)->size(), 12U);
}

TEST_F(ImdbTest, AnArchiveWithoutATopFolderIsTaken) {
  EXPECT_TRUE(prepare(made_imdb({.root = ""})).ok());
  EXPECT_TRUE(fs::exists(output_ / "aclImdb/test/neg/0_2.txt"));
}

TEST_F(ImdbTest, DuplicatesAcrossSplitsAreFoundAndReported) {
  auto entries = made_imdb();
  const std::string text = made_text(4242, 50);
  set_content(entries, "aclImdb/train/pos/5_9.txt", text);
  set_content(entries, "aclImdb/test/neg/7_2.txt", text + "!<br /><br />");        // exact, and of the other label
  set_content(entries, "aclImdb/test/pos/8_9.txt", text + " and two more words");  // near
  set_content(entries, "aclImdb/test/pos/9_9.txt", made_text(777));
  set_content(entries, "aclImdb/test/pos/10_9.txt", made_text(777));  // within test
  const auto outcome = prepare(entries);
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  const OrderedJson& duplicates = outcome->record["duplicates"];
  // The review of train may have gone to validation.
  const auto across = [&](const char* kind, const char* what) {
    return duplicates[kind]["across"]["train_and_test"][what].get<int>() +
           duplicates[kind]["across"]["validation_and_test"][what].get<int>();
  };
  EXPECT_EQ(duplicates["exact"]["clusters"], 2);
  EXPECT_EQ(across("exact", "test_reviews"), 1);
  EXPECT_EQ(across("exact_or_near", "test_reviews"), 2);
  EXPECT_EQ(duplicates["exact"]["repeats_within"]["test"], 1);
  EXPECT_EQ(duplicates["clusters_with_both_labels"], 1);
  ASSERT_EQ(duplicates["clusters"].size(), 2U);
  EXPECT_EQ(duplicates["clusters"][0]["ids"], (OrderedJson{"train/pos/5_9", "test/neg/7_2", "test/pos/8_9"}));
  EXPECT_EQ(duplicates["clusters"][0]["kind"], "near");
  EXPECT_EQ(duplicates["clusters"][0]["labels_agree"], false);
  EXPECT_EQ(duplicates["clusters"][1]["kind"], "exact");
}

TEST_F(ImdbTest, AnUnknownHashIsRefusedUnlessAllowed) {
  make_archive(archive_, made_imdb());
  expect_refused(prepare_imdb(archive_, output_, options_), "is none of the known archives");
  options_.allow_unknown_hash = true;
  const auto outcome = prepare_imdb(archive_, output_, options_);
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(outcome->record["source"]["archive"], "unknown");
  ASSERT_EQ(outcome->record["warnings"].size(), 1U);
  EXPECT_NE(outcome->record["warnings"][0].get<std::string>().find("train/neg 60"), std::string::npos);
}

TEST_F(ImdbTest, WrongCountsOfAKnownArchiveAreRefused) {
  auto entries = made_imdb();
  entries.erase(entries.begin() + 1);
  expect_refused(prepare(entries),
                 "train/neg 59, train/pos 60, test/neg 60, test/pos 60, train/unsup 1; expected train/neg 60");
}

TEST_F(ImdbTest, AnArchiveWithoutOneOfTheFoldersIsRefusedEvenIfAllowed) {
  options_.allow_unknown_hash = true;
  auto entries = made_imdb({.urls = false});
  std::erase_if(entries, [](const MadeEntry& entry) { return entry.path.find("test/pos") != std::string::npos; });
  make_archive(archive_, entries);
  expect_refused(prepare_imdb(archive_, output_, options_), "each of the four labelled folders must have reviews");
}

TEST_F(ImdbTest, ATruncatedArchiveLeavesNothing) {
  make_archive(archive_, made_imdb());
  const std::string whole = *read_file(archive_);
  ASSERT_TRUE(write_file_atomically(archive_, whole.substr(0, whole.size() / 2)).ok());
  expect_refused(prepare_imdb(archive_, output_, options_), "is none of the known archives");
  expect_refused(prepare_as_known(), "damaged, cut short");
}

TEST_F(ImdbTest, HostileEntriesLeaveNothing) {
  const std::vector<std::pair<MadeEntry, std::string>> hostile = {
      {{"aclImdb/../../escape", "x"}, "\"..\" in its path"},
      {{"/tmp/coppice_absolute", "x"}, "absolute path"},
      {{"aclImdb/train/neg/7000_1.txt", "", AE_IFLNK, "/etc/passwd"}, "a symbolic link"},
      {{"aclImdb/train/neg/7000_1.txt", "", AE_IFREG, "aclImdb/README"}, "a hard link"},
      {{"aclImdb/train/neg", "", AE_IFLNK, "/tmp"}, "a symbolic link"}};
  for (const auto& [entry, message] : hostile) {
    auto entries = made_imdb();
    entries.insert(entries.begin() + 5, entry);
    expect_refused(prepare(entries), message);
  }
  EXPECT_FALSE(fs::exists("/tmp/coppice_absolute"));
}

TEST_F(ImdbTest, TooLargeIsRefused) {
  options_.limits.entry_bytes = 1000;
  auto entries = made_imdb();
  set_content(entries, "aclImdb/train/pos/5_9.txt", std::string(1001, 'x'));
  expect_refused(prepare(entries), "larger than 1000 bytes");
}

TEST_F(ImdbTest, BadReviewsAreNamedByTheirPlaceInTheArchive) {
  auto entries = made_imdb();
  set_content(entries, "aclImdb/test/pos/5_9.txt", "caf\xE9");
  expect_refused(prepare(entries), "aclImdb/test/pos/5_9.txt: byte 4 is not UTF-8");
  entries = made_imdb();
  set_content(entries, "aclImdb/train/neg/3_2.txt", "");
  expect_refused(prepare(entries), "made.tar.gz: aclImdb/train/neg/3_2.txt: the review is empty");
}

TEST_F(ImdbTest, AMegabyteAndControlCharactersAreKept) {
  auto entries = made_imdb();
  const std::string text = std::string(1 << 20, 'a') + " \x01\x02 end";
  set_content(entries, "aclImdb/test/pos/5_9.txt", text);
  ASSERT_TRUE(prepare(entries).ok());
  EXPECT_EQ(*read_file(output_ / "aclImdb/test/pos/5_9.txt"), text);
}

TEST_F(ImdbTest, TheSecondTimeNothingIsDoneAndOtherContentsAreKept) {
  ASSERT_TRUE(prepare(made_imdb()).ok());
  const auto again = prepare_as_known();
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_TRUE(again->already_there);

  fs::remove(output_ / "aclImdb/test/neg/0_2.txt");
  const auto damaged = prepare_as_known();
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.status().code(), StatusCode::kInvalidUsage);
  EXPECT_NE(damaged.status().message().find("--force"), std::string::npos);

  options_.replace = true;
  const auto replaced = prepare_as_known();
  ASSERT_TRUE(replaced.ok()) << replaced.status().message();
  EXPECT_FALSE(replaced->already_there);
  EXPECT_TRUE(fs::exists(output_ / "aclImdb/test/neg/0_2.txt"));
  EXPECT_EQ(names(), (std::vector<std::string>{"made.tar.gz", "out"}));
}

TEST_F(ImdbTest, AFailedReplacementKeepsTheOldFolder) {
  ASSERT_TRUE(prepare(made_imdb()).ok());
  write("out/mine.txt", "keep");
  options_.replace = true;
  auto entries = made_imdb();
  set_content(entries, "aclImdb/train/neg/3_2.txt", "");
  EXPECT_FALSE(prepare(entries).ok());
  EXPECT_EQ(*read_file(output_ / "mine.txt"), "keep");
  EXPECT_EQ(names(), (std::vector<std::string>{"made.tar.gz", "out"}));
}

TEST_F(ImdbTest, AnInterruptLeavesNothing) {
  make_archive(archive_, made_imdb());
  net::request_interrupt();
  const auto outcome = prepare_as_known();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().code(), StatusCode::kInterrupted);
  EXPECT_EQ(names(), std::vector<std::string>{"made.tar.gz"});
}

TEST_F(ImdbTest, UnsupervisedReviewsOnRequest) {
  options_.keep_unsupervised = true;
  ASSERT_TRUE(prepare(made_imdb()).ok());
  EXPECT_EQ(*read_file(output_ / "aclImdb/train/unsup/0_0.txt"), "unlabelled");
}

TEST_F(ImdbTest, TheRecordIsTheSameEveryTime) {
  ASSERT_TRUE(prepare(made_imdb()).ok());
  const std::string first = *read_file(output_ / "data_record.json");
  const std::string splits = *read_file(output_ / "splits.json");
  fs::remove_all(output_);
  ASSERT_TRUE(prepare_as_known().ok());
  EXPECT_EQ(*read_file(output_ / "data_record.json"), first);
  EXPECT_EQ(*read_file(output_ / "splits.json"), splits);
}

TEST_F(ImdbTest, AFolderIsNoArchive) {
  fs::create_directories(folder_ / "aclImdb");
  EXPECT_NE(prepare_imdb(folder_ / "aclImdb", output_, {}).status().message().find("is a folder"), std::string::npos);
}

TEST(SummariseTest, PercentilesAreThoseOfNumpy) {
  // numpy.percentile([1, 2, 3, 4, 100], [50, 90, 99]) = [3, 61.6, 96.16]
  const OrderedJson summary = summarise({4, 1, 100, 3, 2});
  EXPECT_EQ(summary["min"], 1);
  EXPECT_DOUBLE_EQ(summary["median"], 3.0);
  EXPECT_DOUBLE_EQ(summary["mean"], 22.0);
  EXPECT_DOUBLE_EQ(summary["p90"], 61.6);
  EXPECT_NEAR(summary["p99"].get<double>(), 96.16, 1e-9);
  EXPECT_EQ(summary["max"], 100);
}

}  // namespace
}  // namespace coppice::data
