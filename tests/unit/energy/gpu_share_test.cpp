#include "native/energy/gpu_share.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/energy/fake_system.h"

namespace coppice::energy {
namespace {

using Samples = std::vector<GpuProcessSample>;
using Pids = std::vector<int>;

// 10 to 19 are ours, 90 and above have gone, the rest are others.
Owner by_tens(int pid) { return pid / 10 == 1 ? Owner::kOurs : pid >= 90 ? Owner::kGone : Owner::kOther; }

void expect_share(const GpuShare& share, double low, double value, double high, GpuShareBasis basis) {
  EXPECT_DOUBLE_EQ(share.low, low);
  EXPECT_DOUBLE_EQ(share.value, value);
  EXPECT_DOUBLE_EQ(share.high, high);
  EXPECT_EQ(static_cast<int>(share.basis), static_cast<int>(basis));
}

TEST(GpuShare, ByUtilisationOfOursAgainstAll) {
  GpuShareTracker tracker(by_tens);
  const Samples samples{{10, 1, 30}, {11, 1, 10}, {20, 1, 40}};
  expect_share(tracker.advance({samples, Pids{10, 11, 20}}), 0.4, 0.5, 0.5, GpuShareBasis::kUtilisation);
  // Two sample periods: 30 and 30 of twice the capacity.
  expect_share(tracker.advance({Samples{{10, 1, 30}, {10, 2, 30}, {20, 2, 60}}, Pids{10, 20}}), 0.3, 0.5, 0.5,
               GpuShareBasis::kUtilisation);
}

TEST(GpuShare, WhatEndedUnseenCountsForTheHighEnd) {
  GpuShareTracker tracker(by_tens);
  expect_share(tracker.advance({Samples{{10, 1, 20}, {90, 1, 20}}, Pids{10}}), 0.2, 0.5, 1.0,
               GpuShareBasis::kUtilisation);
}

TEST(GpuShare, TheOnlyComputeProcessIsChargedTheWhole) {
  GpuShareTracker tracker(by_tens);
  expect_share(tracker.advance({std::nullopt, Pids{10, 11}}), 1, 1, 1, GpuShareBasis::kOnlyProcess);
  expect_share(tracker.advance({Samples{}, Pids{10}}), 1, 1, 1, GpuShareBasis::kOnlyProcess);  // idle, but held by us
}

TEST(GpuShare, BesideOthersWithoutUtilisationItIsUnknown) {
  GpuShareTracker tracker(by_tens);
  expect_share(tracker.advance({std::nullopt, Pids{10, 20, 21, 22}}), 0, 0.25, 1, GpuShareBasis::kUnknown);
}

TEST(GpuShare, AProcessThatIsNotOnTheDeviceIsChargedNothing) {
  GpuShareTracker tracker(by_tens);
  expect_share(tracker.advance({std::nullopt, Pids{20}}), 0, 0, 0, GpuShareBasis::kNotThere);
  expect_share(tracker.advance({std::nullopt, Pids{}}), 0, 0, 0, GpuShareBasis::kNotThere);
  expect_share(tracker.advance({std::nullopt, Pids{90}}), 0, 0, 1, GpuShareBasis::kNotThere);
}

TEST(GpuShare, AProcessThatWasThereAtTheLookBeforeCounts) {
  GpuShareTracker tracker(by_tens);
  tracker.advance({std::nullopt, Pids{10}});
  expect_share(tracker.advance({std::nullopt, Pids{}}), 1, 1, 1, GpuShareBasis::kOnlyProcess);
  expect_share(tracker.advance({std::nullopt, Pids{}}), 0, 0, 0, GpuShareBasis::kNotThere);
}

TEST(GpuShare, WhereNobodyTellsTheWholeIsTheHighEndAndNothingTheLow) {
  GpuShareTracker tracker(by_tens);
  expect_share(tracker.advance({std::nullopt, std::nullopt}), 0, 1, 1, GpuShareBasis::kUnknown);
  GpuShareTracker nameless(OwnerOf{});
  expect_share(nameless.advance({Samples{{10, 1, 30}}, Pids{10}}), 0, 1, 1, GpuShareBasis::kUnknown);
}

void process(const FakeSystem& system, int pid, int parent, const std::string& cgroup = "/") {
  system.write(system.paths.proc / std::to_string(pid) / "stat",
               std::to_string(pid) + " (p) S " + std::to_string(parent) +
                   " 1 1 0 -1 0 0 0 0 0 1 1 2 3 20 0 1 0 5 1000 10 1 1\n");
  system.write(system.paths.proc / std::to_string(pid) / "cgroup", "0::" + cgroup + "\n");
}

TEST(ProcessOwner, DescendantsAreOursAlsoAfterTheirEnd) {
  const FakeSystem system;
  process(system, 1, 0);
  process(system, 100, 1);
  process(system, 101, 100);
  process(system, 102, 101);
  process(system, 200, 1);
  const OwnerOf owner = owner_by_tree(system.paths, 100, {});
  EXPECT_EQ(owner(102), Owner::kOurs);
  EXPECT_EQ(owner(200), Owner::kOther);
  EXPECT_EQ(owner(300), Owner::kGone);
  std::filesystem::remove_all(system.paths.proc / "102");
  EXPECT_EQ(owner(102), Owner::kOurs);
  EXPECT_EQ(owner(1), Owner::kOther);
}

TEST(ProcessOwner, AdoptedOrphansAreOursAndEarlierChildrenAreNot) {
  const FakeSystem system;
  process(system, 1, 0);
  process(system, 50, 1);    // the program that tracks
  process(system, 60, 50);   // a child it had before
  process(system, 100, 50);  // what is tracked
  process(system, 101, 50);  // its orphan
  process(system, 102, 101);
  const OwnerOf owner = owner_by_tree(system.paths, 100, {50, {60}});
  EXPECT_EQ(owner(100), Owner::kOurs);
  EXPECT_EQ(owner(102), Owner::kOurs);
  EXPECT_EQ(owner(60), Owner::kOther);
  EXPECT_EQ(owner(50), Owner::kOther);
}

TEST(ProcessOwner, OfACgroupAndThoseBelowIt) {
  const FakeSystem system;
  process(system, 10, 1, "/app/one");
  process(system, 11, 1, "/app/one/inner");
  process(system, 12, 1, "/app/one-more");
  process(system, 13, 1, "/");
  const OwnerOf owner = owner_by_cgroup(system.paths, system.paths.cgroup / "app" / "one");
  EXPECT_EQ(owner(10), Owner::kOurs);
  EXPECT_EQ(owner(11), Owner::kOurs);
  EXPECT_EQ(owner(12), Owner::kOther);
  EXPECT_EQ(owner(13), Owner::kOther);
  EXPECT_EQ(owner(14), Owner::kGone);
  EXPECT_EQ(owner_by_cgroup(system.paths, system.paths.cgroup)(13), Owner::kOurs);
}

}  // namespace
}  // namespace coppice::energy
