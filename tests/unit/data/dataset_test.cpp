#include "native/data/dataset.h"

#include <algorithm>
#include <set>

#include "native/data/imdb.h"
#include "tests/unit/data/made_reviews.h"

namespace coppice::data {
namespace {

class DatasetTest : public FolderTest {
 protected:
  // Writes the entries as plain files, as tar would.
  void lay_out(const std::vector<MadeEntry>& entries, const std::string& under = "") {
    for (const MadeEntry& entry : entries) write(under + entry.path, entry.content);
  }
  std::set<std::string> ids(const fs::path& data, Split split) {
    const auto reviews = read_reviews(data, split);
    EXPECT_TRUE(reviews.ok()) << reviews.status().message();
    std::set<std::string> found;
    if (reviews.ok()) {
      for (const Review& review : *reviews) found.insert(review.id);
    }
    return found;
  }
  std::string error_of(const fs::path& data, Split split = Split::kTest) {
    const auto reviews = read_reviews(data, split);
    EXPECT_FALSE(reviews.ok());
    return reviews.ok() ? "" : reviews.status().message();
  }
};

TEST_F(DatasetTest, APlainFolderTheOneAboveItAndTheFetchedOneAgree) {
  for (const bool urls : {true, false}) {
    const auto entries = made_imdb({.urls = urls});
    const std::string name = urls ? "u" : "n";
    lay_out(entries, name + "/");
    make_archive(folder_ / (name + ".tar.gz"), entries);
    ImdbOptions options;
    options.allow_unknown_hash = true;
    const auto outcome = prepare_imdb(folder_ / (name + ".tar.gz"), folder_ / (name + "_fetched"), options);
    ASSERT_TRUE(outcome.ok()) << outcome.status().message();
    for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
      const auto fetched = ids(folder_ / (name + "_fetched"), split);
      EXPECT_FALSE(fetched.empty());
      EXPECT_EQ(ids(folder_ / name, split), fetched);
      EXPECT_EQ(ids(folder_ / name / "aclImdb", split), fetched);
    }
  }
}

TEST_F(DatasetTest, TrainAndValidationAreDisjointAndTestIsWhole) {
  lay_out(made_imdb());
  const auto train = ids(folder_, Split::kTrain);
  const auto validation = ids(folder_, Split::kValidation);
  EXPECT_EQ(train.size() + validation.size(), 120U);
  EXPECT_EQ(validation.size(), 12U);
  for (const std::string& id : validation) EXPECT_FALSE(train.contains(id));
  EXPECT_EQ(ids(folder_, Split::kTest).size(), 120U);
}

TEST_F(DatasetTest, OrderTextsLabelsAndIds) {
  lay_out(made_imdb({.per_class = 12}));
  const auto reviews = read_reviews(folder_, Split::kTest);
  ASSERT_TRUE(reviews.ok());
  EXPECT_EQ((*reviews)[0].id, "test/neg/0_2");
  EXPECT_EQ((*reviews)[2].id, "test/neg/2_2") << "by number, not by name (10 after 2)";
  EXPECT_EQ((*reviews)[12].id, "test/pos/0_9");
  EXPECT_EQ((*reviews)[12].label, 1);
  EXPECT_EQ((*reviews)[12].text, made_text(12 * 3 + 1));
}

TEST_F(DatasetTest, ALimitIsBalancedAndNested) {
  lay_out(made_imdb());
  std::set<std::string> smaller;
  for (const size_t limit : {1, 2, 7, 40, 119, 120, 500}) {
    const auto reviews = read_reviews(folder_, Split::kTest, limit);
    ASSERT_TRUE(reviews.ok());
    EXPECT_EQ(reviews->size(), std::min<size_t>(limit, 120));
    size_t positive = 0;
    std::set<std::string> now;
    for (const Review& review : *reviews) {
      positive += review.label == 1 ? 1 : 0;
      now.insert(review.id);
    }
    EXPECT_EQ(positive, reviews->size() - reviews->size() / 2);
    EXPECT_TRUE(std::includes(now.begin(), now.end(), smaller.begin(), smaller.end())) << limit;
    smaller = now;
  }
}

TEST_F(DatasetTest, ALimitOfOneClassTakesWhatThereIs) {
  std::vector<Review> reviews;
  for (int i = 0; i < 20; ++i) reviews.push_back({"t", i < 3 ? 1 : 0, std::to_string(i)});
  const auto sample = balanced_sample(reviews, 10);
  EXPECT_EQ(sample.size(), 10U);
  EXPECT_EQ(std::count_if(sample.begin(), sample.end(), [](const Review& r) { return r.label == 1; }), 3);
}

TEST_F(DatasetTest, TsvFilesAloneAndInAFolder) {
  std::string tsv;
  for (int i = 0; i < 100; ++i) tsv += std::to_string(i % 2) + "\t" + made_text(static_cast<uint64_t>(i)) + "\n";
  write("all.tsv", tsv);
  EXPECT_EQ(ids(folder_ / "all.tsv", Split::kTest).size(), 100U);
  EXPECT_EQ(ids(folder_ / "all.tsv", Split::kTrain).size(), 90U);
  EXPECT_EQ(ids(folder_ / "all.tsv", Split::kValidation).size(), 10U);
  for (const char* name : {"train", "validation", "test"})
    write(std::string("set/") + name + ".tsv", "1\t" + std::string(name) + "\n");
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    const auto reviews = read_reviews(folder_ / "set", split);
    ASSERT_TRUE(reviews.ok());
    EXPECT_EQ((*reviews)[0].text, name_of(split));
  }
}

TEST_F(DatasetTest, BadFoldersAreNamed) {
  EXPECT_NE(error_of(folder_ / "none").find("no such file or folder"), std::string::npos);
  EXPECT_NE(error_of(folder_).find("neither test.tsv nor"), std::string::npos);
  const auto with = [&](const std::string& path, const std::string& content) {
    fs::remove_all(folder_ / "aclImdb");
    lay_out(made_imdb({.per_class = 4, .urls = false}));
    write(path, content);
    return error_of(folder_);
  };
  EXPECT_NE(with("aclImdb/test/pos/77_2.txt", "x").find("rating 2 does not fit"), std::string::npos);
  EXPECT_NE(with("aclImdb/test/neg/77_5.txt", "x").find("rating 5 does not fit"), std::string::npos);
  EXPECT_NE(with("aclImdb/test/neg/notes.txt", "x").find("NUMBER_RATING.txt"), std::string::npos);
  EXPECT_NE(with("aclImdb/test/neg/-1_2.txt", "x").find("NUMBER_RATING.txt"), std::string::npos);
  EXPECT_NE(with("aclImdb/test/neg/0_3.txt", "x").find("same number"), std::string::npos);
  EXPECT_NE(with("aclImdb/test/neg/9_3.txt", " \n").find("is empty"), std::string::npos);
  EXPECT_NE(with("aclImdb/test/neg/9_3.txt", "ab\xC0\xAF").find("byte 3 is not UTF-8"), std::string::npos);
  fs::remove_all(folder_ / "aclImdb");
  lay_out(made_imdb({.per_class = 4, .urls = false}));
  write("aclImdb/test/neg/.DS_Store", "x");
  EXPECT_EQ(ids(folder_, Split::kTest).size(), 8U);
}

TEST_F(DatasetTest, UrlListsTooShortAndCountedFromOne) {
  auto entries = made_imdb({.per_class = 4});
  set_content(entries, "aclImdb/train/urls_neg.txt", "http://www.imdb.com/title/tt1/\n");
  lay_out(entries);
  EXPECT_NE(error_of(folder_, Split::kTrain).find("1 lines, but train/neg has review number 3"), std::string::npos);
}

TEST_F(DatasetTest, SplitsOfAnotherFolderAreRefused) {
  lay_out(made_imdb({.per_class = 4}));
  write("splits.json", R"({"schema_version":1,"validation":["train/neg/0_2","train/neg/99_1"]})");
  EXPECT_NE(error_of(folder_, Split::kTrain).find("names 2 reviews, of which 1"), std::string::npos);
  write("splits.json", R"({"schema_version":9,"validation":[]})");
  EXPECT_NE(error_of(folder_, Split::kTrain).find("schema version 9"), std::string::npos);
  write("splits.json", "{");
  EXPECT_NE(error_of(folder_, Split::kTrain).find("splits.json"), std::string::npos);
}

TEST_F(DatasetTest, TheHashDependsOnIdLabelAndTextAndNotOnOrder) {
  const std::vector<Review> reviews = {{"good", 1, "a"}, {"bad", 0, "b"}};
  const std::string hash = reviews_sha256(reviews);
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(reviews_sha256({reviews[1], reviews[0]}), hash);
  std::set<std::string> all = {hash};
  for (const auto& changed : std::vector<std::vector<Review>>{{{"good!", 1, "a"}, {"bad", 0, "b"}},
                                                              {{"good", 0, "a"}, {"bad", 0, "b"}},
                                                              {{"good", 1, "c"}, {"bad", 0, "b"}},
                                                              {{"good", 1, "a"}},
                                                              {{"ood", 1, "ag"}, {"bad", 0, "b"}}}) {
    EXPECT_TRUE(all.insert(reviews_sha256(changed)).second);
  }
}

TEST(CommittedSampleTest, IsBalancedAndReadable) {
  size_t total = 0;
  for (const auto& [split, size] :
       {std::pair{Split::kTrain, size_t{400}}, {Split::kValidation, 100}, {Split::kTest, 500}}) {
    const auto reviews = read_reviews("tests/data/imdb_sample", split);
    ASSERT_TRUE(reviews.ok()) << reviews.status().message();
    EXPECT_EQ(reviews->size(), size);
    total += reviews->size();
    EXPECT_EQ(std::count_if(reviews->begin(), reviews->end(), [](const Review& r) { return r.label == 1; }),
              static_cast<long>(size / 2));
  }
  EXPECT_EQ(total, 1000U);
}

}  // namespace
}  // namespace coppice::data
