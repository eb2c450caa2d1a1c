#include "native/export/catalog.h"

#include <gtest/gtest.h>

#include "native/export/model_folder.h"
#include "tests/unit/export/tiny_model.h"

namespace coppice {
namespace {

using testing::TemporaryFolder;

void add_model(const std::filesystem::path& models, const std::string& id) {
  std::filesystem::create_directories(models / id);
  testing::write_tiny_model(models / id, testing::tiny_config());
  testing::must(refresh_manifest(models / id));
}

std::vector<std::string> ids(const Result<std::vector<CatalogModel>>& models) {
  std::vector<std::string> list;
  for (const CatalogModel& model : *models) list.push_back(model.id);
  return list;
}

TEST(Catalog, ListsFoldersKeepsTheOrderAndDropsWhatIsGone) {
  const TemporaryFolder models("models");
  add_model(models.path(), "b");
  std::filesystem::create_directories(models.path() / "no-model");
  ASSERT_EQ(ids(rebuild_catalog(models.path())), (std::vector<std::string>{"b"}));
  add_model(models.path(), "c");
  add_model(models.path(), "a");
  EXPECT_EQ(ids(rebuild_catalog(models.path())), (std::vector<std::string>{"b", "a", "c"}));
  std::filesystem::remove_all(models.path() / "a");
  EXPECT_EQ(verify_catalog(models.path()).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ids(rebuild_catalog(models.path())), (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(verify_catalog(models.path()).ok());
}

TEST(Catalog, AnIdThatIsNotTheFoldersNameIsRefusedAndNothingIsWritten) {
  const TemporaryFolder models("models");
  add_model(models.path(), "one");
  testing::must(rebuild_catalog(models.path()).status());
  const std::string before = *read_file(models.path() / "catalog.json");
  std::filesystem::rename(models.path() / "one", models.path() / "uno");
  const auto renamed = rebuild_catalog(models.path());
  ASSERT_FALSE(renamed.ok());
  EXPECT_NE(renamed.status().message().find("id is \"one\""), std::string::npos) << renamed.status().message();
  EXPECT_EQ(*read_file(models.path() / "catalog.json"), before);
}

}  // namespace
}  // namespace coppice
