#include "native/lifecycle/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "native/io/file.h"

namespace coppice::lifecycle {
namespace {

Config small() {
  const std::string path = "docs/lifecycle/small.json";
  Result<Config> config = parse_config(*read_file(path), path);
  EXPECT_TRUE(config.ok()) << config.status().message();
  return *std::move(config);
}

DataSizes sizes() { return {400, 100, 500, 50000, 12500, 62500, 16, 700}; }

const Step& step(const Plan& plan, const std::string& id) {
  const auto found = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const Step& one) { return one.id == id; });
  EXPECT_NE(found, plan.steps.end()) << id;
  return found == plan.steps.end() ? plan.steps.front() : *found;
}

double units(const Step& of, const std::string& rate) {
  double sum = 0;
  for (const Term& term : of.work) sum += term.rate == rate ? term.units : 0;
  return sum;
}

TEST(LifecyclePlan, EveryStepReadsWhatAnEarlierOneMadeOrWhatWasGiven) {
  const Config config = small();
  const Plan plan = make_plan(config, "D", *base_path(config, "D"), config.data.path, {}, sizes());
  std::set<std::string> made;
  std::set<std::string> ids;
  for (const Step& one : plan.steps) {
    EXPECT_TRUE(ids.insert(one.id).second) << one.id;
    for (const std::string& file : one.input_files) {
      const bool of_the_run = file.rfind("D/", 0) == 0;
      EXPECT_TRUE(!of_the_run || made.count(file) > 0) << one.id << " reads " << file;
    }
    for (const std::string& model : one.input_models) {
      const bool there = std::any_of(made.begin(), made.end(),
                                     [&](const std::string& file) { return file.rfind(model + "/", 0) == 0; });
      EXPECT_TRUE(there) << one.id << " reads " << model;
    }
    made.insert(one.outputs.begin(), one.outputs.end());
    // What it removes is its own.
    for (const std::string& path : one.owned) EXPECT_EQ(path.rfind("D/", 0), 0U) << one.id;
  }
  // All that the issue names.
  std::set<std::string> kinds;
  for (const Step& one : plan.steps) kinds.insert(one.kind);
  for (const char* kind : {"data", "base", "probe", "train-linear", "train", "tune", "choose", "evaluate", "prune",
                           "quantize", "export", "compare", "measure", "browser", "serving", "report"})
    EXPECT_EQ(kinds.count(kind), 1U) << kind;
}

TEST(LifecyclePlan, TestReviewsAreReadByEvaluationsAlone) {
  const Config config = small();
  const Plan plan = make_plan(config, "D", "D/base/m", config.data.path, {}, sizes());
  for (const Step& one : plan.steps) {
    const bool all = one.splits.empty() && !one.input_data.empty();
    const bool test = std::find(one.splits.begin(), one.splits.end(), "test") != one.splits.end();
    const bool may = one.kind == "evaluate" || one.kind == "compare" || one.kind == "data" || one.kind == "probe";
    EXPECT_TRUE(may || !(all || test)) << one.id;
  }
}

TEST(LifecyclePlan, WorkIsCountedInTokens) {
  const Config config = small();
  const Plan plan = make_plan(config, "D", "D/base/m", config.data.path, {}, sizes());
  // Two epochs, one validation each.
  EXPECT_DOUBLE_EQ(units(step(plan, "baseline"), "train"), 100000);
  EXPECT_DOUBLE_EQ(units(step(plan, "baseline"), "judge"), 25000);
  EXPECT_DOUBLE_EQ(units(step(plan, "baseline"), "save"), 2);
  // Two trials like it.
  EXPECT_DOUBLE_EQ(units(step(plan, "tuning"), "train"), 200000);
  // One epoch, the teacher's answers on all training reviews, one validation.
  EXPECT_DOUBLE_EQ(units(step(plan, "recover-unstructured"), "train"), 50000);
  EXPECT_DOUBLE_EQ(units(step(plan, "recover-unstructured"), "judge"), 62500);
  // Half of the time is left of a model that was cut to it.
  EXPECT_DOUBLE_EQ(units(step(plan, "recover-structured"), "train"), 50000);
  EXPECT_DOUBLE_EQ(units(step(plan, "evaluate-structured"), "judge"), 31250);
  EXPECT_DOUBLE_EQ(units(step(plan, "evaluate-dense"), "judge"), 62500);
  EXPECT_DOUBLE_EQ(units(step(plan, "measure-dense"), "infer"), 700 * 6);
}

TEST(LifecyclePlan, WithoutSizesNothingIsPredicted) {
  const Config config = small();
  for (const Step& one : make_plan(config, "D", "D/base/m", config.data.path, {}, std::nullopt).steps)
    EXPECT_TRUE(one.work.empty()) << one.id;
}

TEST(LifecyclePlan, WhatIsNotThereIsSaid) {
  Tools tools;
  tools.node_missing = "no node";
  tools.serve_missing = "no server";
  tools.report_missing = "no report";
  const Config config = small();
  const Plan plan = make_plan(config, "D", "D/base/m", config.data.path, tools, sizes());
  EXPECT_EQ(step(plan, "browser").unavailable, "no node");
  EXPECT_EQ(step(plan, "serving").unavailable, "no server");
  EXPECT_EQ(step(plan, "report").unavailable, "no report");
}

}  // namespace
}  // namespace coppice::lifecycle
