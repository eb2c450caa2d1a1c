#include "native/tune/shard.h"

#include <charconv>

namespace coppice::tune {
namespace {

constexpr int64_t kMostShards = 100000;

std::optional<int64_t> to_count(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

Result<Shard> checked(std::optional<int64_t> index, std::optional<int64_t> count, const std::string& source,
                      const std::string& given) {
  if (!index || !count || *count < 1 || *count > kMostShards || *index >= *count) {
    return invalid_usage(source + ": \"" + given + "\": expected i/n with i from 0 to n-1 and n from 1 to " +
                         std::to_string(kMostShards));
  }
  return Shard{*index, *count, source};
}

}  // namespace

Result<Shard> find_shard(const std::string& shard, int64_t shards, const Environment& environment) {
  if (!shard.empty()) {
    if (shards > 0) return invalid_usage("--shard and --shards: give one of them");
    const size_t slash = shard.find('/');
    const bool both = slash != std::string::npos;
    return checked(to_count(shard.substr(0, slash)), both ? to_count(shard.substr(slash + 1)) : std::nullopt, "--shard",
                   shard);
  }
  if (const auto index = environment("CLOUD_RUN_TASK_INDEX")) {
    const auto count = environment("CLOUD_RUN_TASK_COUNT");
    if (!count && shards == 0) {
      return invalid_usage("CLOUD_RUN_TASK_INDEX is set but CLOUD_RUN_TASK_COUNT is not; give --shards N or --shard");
    }
    const std::string number = shards > 0 ? std::to_string(shards) : *count;
    return checked(to_count(*index), to_count(number), "CLOUD_RUN_TASK_INDEX/CLOUD_RUN_TASK_COUNT",
                   *index + "/" + number);
  }
  if (const auto index = environment("JOB_COMPLETION_INDEX")) {
    if (shards == 0) {
      return invalid_usage("JOB_COMPLETION_INDEX is " + *index +
                           " but the number of completions is not known; give --shards N (the Job's completions), or " +
                           "--shard 0/1 for the whole sweep");
    }
    return checked(to_count(*index), shards, "JOB_COMPLETION_INDEX/--shards", *index + "/" + std::to_string(shards));
  }
  if (shards > 0) {
    return invalid_usage("--shards needs an index in CLOUD_RUN_TASK_INDEX or JOB_COMPLETION_INDEX; give --shard i/n");
  }
  return Shard{};
}

}  // namespace coppice::tune
