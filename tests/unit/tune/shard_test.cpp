#include "native/tune/shard.h"

#include <gtest/gtest.h>

#include <map>

namespace coppice::tune {
namespace {

Environment environment(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(Shard, IsWhatIsTypedOrWhatTheBatchEngineSays) {
  const auto whole = find_shard("", 0, environment({}));
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->count, 1);
  const auto typed = find_shard("1/3", 0, environment({{"CLOUD_RUN_TASK_INDEX", "0"}, {"CLOUD_RUN_TASK_COUNT", "9"}}));
  ASSERT_TRUE(typed.ok());
  EXPECT_EQ(typed->index, 1);
  EXPECT_EQ(typed->count, 3);
  EXPECT_TRUE(typed->owns(4));
  EXPECT_FALSE(typed->owns(3));
  const auto cloud_run = find_shard("", 0, environment({{"CLOUD_RUN_TASK_INDEX", "8"}, {"CLOUD_RUN_TASK_COUNT", "9"}}));
  ASSERT_TRUE(cloud_run.ok());
  EXPECT_EQ(cloud_run->index, 8);
  EXPECT_EQ(cloud_run->count, 9);
  const auto kubernetes = find_shard("", 4, environment({{"JOB_COMPLETION_INDEX", "2"}}));
  ASSERT_TRUE(kubernetes.ok());
  EXPECT_EQ(kubernetes->index, 2);
  EXPECT_EQ(kubernetes->count, 4);
}

TEST(Shard, MistakesAreNamed) {
  const auto message = [](const std::string& shard, int64_t shards, std::map<std::string, std::string> values) {
    const auto found = find_shard(shard, shards, environment(std::move(values)));
    EXPECT_FALSE(found.ok());
    EXPECT_EQ(found.status().code(), StatusCode::kInvalidUsage);
    return found.ok() ? std::string() : found.status().message();
  };
  for (const char* bad : {"4/3", "3/3", "0/0", "-1/3", "1", "1/", "/3", "a/b", "1/3/5", "1/999999999"}) {
    EXPECT_NE(message(bad, 0, {}).find("expected i/n"), std::string::npos) << bad;
  }
  EXPECT_NE(message("1/3", 3, {}).find("give one of them"), std::string::npos);
  EXPECT_NE(message("", 3, {}).find("needs an index"), std::string::npos);
  EXPECT_NE(message("", 0, {{"JOB_COMPLETION_INDEX", "2"}}).find("--shards N"), std::string::npos);
  EXPECT_NE(message("", 2, {{"JOB_COMPLETION_INDEX", "2"}}).find("expected i/n"), std::string::npos);
  EXPECT_NE(message("", 0, {{"CLOUD_RUN_TASK_INDEX", "2"}}).find("CLOUD_RUN_TASK_COUNT"), std::string::npos);
}

}  // namespace
}  // namespace coppice::tune
