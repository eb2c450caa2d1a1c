#include <gtest/gtest.h>

#include "native/records/diff.h"
#include "native/records/scan.h"

namespace coppice::records {
namespace {

RunRecord record() {
  RunRecord made;
  made.kind = "evaluate";
  made.run_id = "0123456789abcdef";
  made.started_at = "2026-11-24T05:54:01Z";
  made.duration_seconds = 100;
  made.results = {{"accuracy", 0.9}, {"intervals", {{"accuracy", {0.88, 0.92}}}}};
  made.energy = Json{
      {"duration_seconds", 99},
      {"energy_joules", {{"value", 5}, {"low", 2}, {"high", 9}, {"provenance", "modelled"}, {"method", "made up"}}}};
  return made;
}

TEST(Contradiction, NoneInARecordThatAgreesWithItself) {
  EXPECT_EQ(contradiction_in(record(), "evaluate-20261124T055401Z-01234567.json"), "");
  EXPECT_EQ(contradiction_in(record(), "mine.json"), "");  // a name of one's own says nothing
  EXPECT_EQ(contradiction_in(record(), "my-own-name.json"), "");
}

TEST(Contradiction, EachIsNamed) {
  RunRecord changed = record();
  changed.error = "the disk is full";
  EXPECT_NE(contradiction_in(changed, "a.json").find("the disk is full"), std::string::npos);

  changed = record();
  (*changed.energy)["energy_joules"]["low"] = 6;
  EXPECT_NE(contradiction_in(changed, "a.json").find("energy_joules: value: is outside"), std::string::npos);

  changed = record();
  (*changed.energy)["energy_joules"]["low"] = -1;
  EXPECT_NE(contradiction_in(changed, "a.json").find("negative"), std::string::npos);

  changed = record();
  (*changed.energy)["duration_seconds"] = 130;
  EXPECT_NE(contradiction_in(changed, "a.json").find("longer than the run"), std::string::npos);

  changed = record();
  changed.results["accuracy"] = 1.2;
  EXPECT_NE(contradiction_in(changed, "a.json").find("1.2 is no share"), std::string::npos);

  changed = record();
  changed.results["accuracy"] = 0.95;
  EXPECT_NE(contradiction_in(changed, "a.json").find("outside its interval"), std::string::npos);

  changed = record();
  changed.results["intervals"]["accuracy"] = "wide";
  EXPECT_NE(contradiction_in(changed, "a.json").find("expected two numbers"), std::string::npos);

  // Another run's name.
  EXPECT_NE(contradiction_in(record(), "evaluate-20261124T055401Z-aaaaaaaa.json").find("its content is that of"),
            std::string::npos);
  EXPECT_NE(contradiction_in(record(), "train-20261124T055401Z-01234567.json"), "");
}

FoundRecord found(const RunRecord& record, const std::string& path) {
  return {record, Json(to_json(record)), path, {}, "m", ""};
}

const OrderedJson* entry(const OrderedJson& diff, const std::string& path) {
  for (const OrderedJson& difference : diff["differences"])
    if (difference["path"] == path) return &difference;
  return nullptr;
}

TEST(Diff, NumbersFiguresAndOneSidedMembers) {
  RunRecord b = record();
  b.run_id = "fedcba9876543210";
  b.results["accuracy"] = 0.45;
  b.settings["seed"] = 2;
  (*b.energy)["energy_joules"] = {
      {"value", 20}, {"low", 10}, {"high", 30}, {"provenance", "modelled"}, {"method", "x"}};
  const OrderedJson diff = diff_records(found(record(), "a.json"), found(b, "b.json"));
  EXPECT_EQ(entry(diff, "run_id"), nullptr);
  ASSERT_NE(entry(diff, "results.accuracy"), nullptr);
  EXPECT_DOUBLE_EQ((*entry(diff, "results.accuracy"))["ratio"].get<double>(), 0.5);
  ASSERT_NE(entry(diff, "settings.seed"), nullptr);
  EXPECT_FALSE(entry(diff, "settings.seed")->contains("a"));
  ASSERT_NE(entry(diff, "energy.energy_joules"), nullptr);
  EXPECT_EQ((*entry(diff, "energy.energy_joules"))["intervals"], "apart");
  EXPECT_DOUBLE_EQ((*entry(diff, "energy.energy_joules"))["ratio"].get<double>(), 4);
  EXPECT_EQ(diff["differences"].size(), 3U);
  EXPECT_TRUE(diff["same_machine"].get<bool>());
}

TEST(Diff, OfARecordWithItselfIsEmpty) {
  const OrderedJson diff = diff_records(found(record(), "a.json"), found(record(), "a.json"));
  EXPECT_TRUE(diff["differences"].empty());
  EXPECT_GT(diff["same_values"].get<int>(), 3);
}

}  // namespace
}  // namespace coppice::records
