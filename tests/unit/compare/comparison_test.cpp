#include "shared/compare/comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/compare/fixture.h"

namespace coppice::compare {
namespace {

TEST(Comparison, AsksForTheCatalogThenTheManifestsThenTheVocabularyOnce) {
  Driver driver;
  std::vector<Request> requests = driver.take();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].path, "catalog.json");
  driver.comparison.fetched(requests[0].id, catalog_text());
  requests = driver.take();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].path, "dense/manifest.json");
  driver.comparison.fetched(requests[0].id, manifest_text("dense", 2000));
  const std::vector<Request> vocabulary = driver.take();
  ASSERT_EQ(vocabulary.size(), 1U);
  EXPECT_EQ(vocabulary[0].path, "dense/vocab.txt");
  EXPECT_EQ(vocabulary[0].sha256, hash_of('a'));
  driver.comparison.fetched(vocabulary[0].id, vocabulary_text());
  EXPECT_EQ(driver.take().at(0).kind, RequestKind::kProbe);
  driver.comparison.fetched(requests[1].id, manifest_text("small", 1000));
  requests = driver.take();  // the same vocabulary by its hash: only the probe
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].kind, RequestKind::kProbe);
  EXPECT_EQ(requests[0].path, "small/onnx/model.onnx");
}

TEST(Comparison, LoadsTheSmallestFirstAndShowsItsVerdictWhileTheOtherLoads) {
  Driver driver;
  driver.describe();
  driver.comparison.set_text("A good film.");
  ASSERT_TRUE(driver.comparison.start().ok());
  std::vector<Request> requests = driver.take();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].model, "small");
  EXPECT_EQ(requests[0].bytes, 1000);
  driver.comparison.loaded(requests[0].id, true);
  requests = driver.take();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].kind, RequestKind::kLoad);
  EXPECT_EQ(requests[0].model, "dense");
  EXPECT_EQ(requests[1].kind, RequestKind::kRun);
  EXPECT_EQ(requests[1].input_ids, (std::vector<int32_t>{2, 5, 7, 6, 11, 3}));
  driver.comparison.run_done(requests[1].id, {-1.0, 2.0}, 9.0);
  ASSERT_TRUE(driver.row(1).verdict.has_value());
  EXPECT_EQ(driver.row(1).verdict->label, "positive");
  EXPECT_NEAR(driver.row(1).verdict->probability, 1 / (1 + std::exp(-3.0)), 1e-15);
  EXPECT_TRUE(driver.take().empty()) << "times are taken only when nothing else loads";
  EXPECT_EQ(driver.comparison.state().phase, RunPhase::kLoading);
}

TEST(Comparison, StartedBeforeTheCatalogItBeginsOnceThatIsRead) {
  Driver driver;
  driver.comparison.set_text("A good");
  ASSERT_TRUE(driver.comparison.start().ok());
  EXPECT_EQ(driver.comparison.state().phase, RunPhase::kLoading);
  driver.comparison.set_text("A good film.");
  const std::vector<Request> asked = driver.describe();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, RequestKind::kLoad);
  driver.comparison.loaded(asked[0].id, true);
  int runs = 0;
  for (const Request& request : driver.take()) {
    if (request.kind != RequestKind::kRun) continue;
    ++runs;
    EXPECT_EQ(request.input_ids, (std::vector<int32_t>{2, 5, 7, 6, 11, 3}));
  }
  EXPECT_EQ(runs, 1);
}

TEST(Comparison, WhatWasStartedBeforeTheCatalogCanBeStoppedAndEndsWithoutOne) {
  Driver stopped;
  stopped.comparison.set_text("A good film.");
  ASSERT_TRUE(stopped.comparison.start().ok());
  stopped.comparison.cancel();
  EXPECT_EQ(stopped.comparison.state().phase, RunPhase::kIdle);
  EXPECT_TRUE(stopped.describe().empty());

  Driver without;
  without.comparison.set_text("A good film.");
  ASSERT_TRUE(without.comparison.start().ok());
  without.comparison.request_failed(without.take().at(0).id, "no network");
  EXPECT_EQ(without.comparison.state().phase, RunPhase::kIdle);
  EXPECT_NE(without.comparison.state().catalog_problem.find("no network"), std::string::npos);
  EXPECT_FALSE(without.comparison.start().ok());
}

TEST(Comparison, AModelThatIsNotPreselectedWaitsForItsTick) {
  Driver driver;
  driver.comparison.fetched(driver.take().at(0).id,
                            R"({"schema_version":1,"models":[{"id":"dense","preselected":false},{"id":"small"}]})");
  driver.describe();
  driver.comparison.set_text("A good film.");
  EXPECT_FALSE(driver.row(0).selected);
  ASSERT_TRUE(driver.comparison.start().ok());
  std::vector<Request> requests = driver.take();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].model, "small");
  driver.comparison.loaded(requests[0].id, true);
  for (const Request& request : driver.take()) EXPECT_NE(request.model, "dense");
  driver.comparison.cancel();
  ASSERT_TRUE(driver.comparison.select_model("dense", true).ok());
  ASSERT_TRUE(driver.comparison.start().ok());
  requests = driver.take();
  ASSERT_FALSE(requests.empty());
  EXPECT_EQ(requests[0].kind, RequestKind::kLoad);
  EXPECT_EQ(requests[0].model, "dense");
}

TEST(Comparison, TimesTheModelsInTurnOneRunAtATime) {
  Driver driver;
  ASSERT_TRUE(driver.comparison.set_repeats(3).ok());
  Request run = driver.start_loaded();
  std::string order;
  for (int count = 0; count < 8; ++count) {
    order += run.model[0];
    driver.comparison.run_done(run.id, {2.0, -1.0}, run.model == "dense" ? 10.0 + count : 5.0 + count);
    const std::vector<Request> next = driver.take();
    ASSERT_EQ(next.size(), count == 7 ? 0U : 1U);
    if (!next.empty()) run = next[0];
  }
  EXPECT_EQ(order, "sddsdsds");  // one warm-up each, the first that is ready first; then three rounds
  EXPECT_EQ(driver.comparison.state().phase, RunPhase::kDone);
  EXPECT_EQ(driver.comparison.state().comparisons_finished, 1);
  EXPECT_EQ(driver.comparison.state().agreement, Agreement::kAgree);
  EXPECT_EQ(driver.row(0).times_ms, (std::vector<double>{12, 14, 16}));
  EXPECT_DOUBLE_EQ(*driver.row(0).warm_up_ms, 11);
  EXPECT_EQ(driver.row(1).times_ms, (std::vector<double>{8, 10, 12}));
  EXPECT_DOUBLE_EQ(driver.row(0).time->median_ms, 14);
  EXPECT_FALSE(driver.row(0).against_baseline.has_value());
  EXPECT_DOUBLE_EQ(driver.row(1).against_baseline->ratio, 10.0 / 14.0);
  // Laptop: 75 W for 14 ms.
  EXPECT_NEAR(driver.row(0).estimate->energy.value.value(), 75 * 0.014, 1e-12);
  EXPECT_EQ(driver.row(0).estimate->energy.provenance.kind, energy::ProvenanceKind::kModelled);
}

TEST(Comparison, AFailureStaysWithItsModel) {
  Driver driver;
  driver.describe();
  driver.comparison.set_text("bad film");
  ASSERT_TRUE(driver.comparison.start().ok());
  Request load = driver.take().at(0);
  driver.comparison.request_failed(load.id, "small: the file is cut short");
  EXPECT_EQ(driver.row(1).phase, ModelPhase::kFailed);
  EXPECT_EQ(driver.row(1).problem, "small: the file is cut short");
  load = driver.take().at(0);
  EXPECT_EQ(load.model, "dense");
  driver.comparison.loaded(load.id, false);
  for (std::vector<Request> runs = driver.take(); !runs.empty(); runs = driver.take()) {
    EXPECT_EQ(runs.at(0).model, "dense");
    driver.comparison.run_done(runs.at(0).id, {1.0, 0.0}, 4.0);
  }
  EXPECT_EQ(driver.comparison.state().phase, RunPhase::kDone);
  EXPECT_EQ(driver.row(0).verdict->label, "negative");
  EXPECT_EQ(driver.comparison.state().agreement, Agreement::kNone);

  ASSERT_TRUE(driver.comparison.retry("small").ok());
  EXPECT_EQ(driver.take().at(0).path, "small/manifest.json");
  EXPECT_EQ(driver.row(1).phase, ModelPhase::kDescribing);
}

TEST(Comparison, RefusesManifestsItCannotUseAndSaysWhy) {
  const auto problem_of = [](const std::string& manifest) {
    Driver driver;
    driver.describe(manifest);
    EXPECT_EQ(driver.row(0).phase, ModelPhase::kFailed);
    EXPECT_EQ(driver.row(1).phase, ModelPhase::kOffered);
    return driver.row(0).problem;
  };
  std::string newer = manifest_text("dense", 1);
  newer.replace(newer.find("\"schema_version\":1"), 18, "\"schema_version\":7");
  EXPECT_NE(problem_of(newer).find("schema_version"), std::string::npos);
  EXPECT_NE(problem_of(manifest_text("other", 1)).find("other"), std::string::npos);
  std::string three = manifest_text("dense", 1);
  three.replace(three.find("[\"negative\",\"positive\"]"), 23, "[\"a\",\"b\",\"c\"]");
  EXPECT_NE(problem_of(three).find("labels"), std::string::npos);
  EXPECT_NE(problem_of("{\"schema").find("dense/manifest.json"), std::string::npos);
  std::string native_only = manifest_text("dense", 1);
  native_only.replace(native_only.find("\"format\":\"onnx\""), 15, "\"format\":\"safetensors\"");
  EXPECT_NE(problem_of(native_only).find("ONNX"), std::string::npos);
}

TEST(Comparison, AnUnreadableCatalogIsTheOnlyThingThatStopsAll) {
  Driver driver;
  driver.comparison.request_failed(driver.take().at(0).id, "the server answered 404");
  EXPECT_NE(driver.comparison.state().catalog_problem.find("404"), std::string::npos);
  driver.comparison.set_text("good");
  EXPECT_EQ(driver.comparison.start().code(), StatusCode::kFailed);
}

TEST(Comparison, NeedsATextAndAModel) {
  Driver driver;
  driver.describe();
  EXPECT_EQ(driver.comparison.start().code(), StatusCode::kInvalidUsage);
  driver.comparison.set_text(" \n\t ");
  EXPECT_EQ(driver.comparison.start().code(), StatusCode::kInvalidUsage);
  driver.comparison.set_text("good");
  ASSERT_TRUE(driver.comparison.select_model("dense", false).ok());
  ASSERT_TRUE(driver.comparison.select_model("small", false).ok());
  EXPECT_EQ(driver.comparison.start().code(), StatusCode::kInvalidUsage);
  EXPECT_EQ(driver.comparison.select_model("nobody", true).code(), StatusCode::kNotFound);
}

TEST(Comparison, ARestartIgnoresTheAnswerThatIsStillOnItsWay) {
  Driver driver;
  const Request old_run = driver.start_loaded("A good film.");
  driver.comparison.set_text("bad");
  ASSERT_TRUE(driver.comparison.start().ok());
  const std::vector<Request> runs = driver.take();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].input_ids, (std::vector<int32_t>{2, 8, 3}));
  driver.comparison.run_done(old_run.id, {0.0, 9.0}, 1.0);
  EXPECT_FALSE(driver.row(1).verdict.has_value());
  EXPECT_FALSE(driver.row(0).verdict.has_value());
  driver.comparison.run_done(runs[0].id, {9.0, 0.0}, 1.0);
  EXPECT_EQ(driver.row(0).verdict->label, "negative");
}

TEST(Comparison, TheTextThatWasComparedCountsEvenIfTheVisitorTypesOn) {
  Driver driver;
  driver.describe();
  driver.comparison.set_text("good");
  ASSERT_TRUE(driver.comparison.start().ok());
  driver.comparison.set_text("bad bad bad");
  driver.comparison.loaded(driver.take().at(0).id, true);
  for (const Request& request : driver.take()) {
    if (request.kind == RequestKind::kRun) {
      EXPECT_EQ(request.input_ids, (std::vector<int32_t>{2, 7, 3}));
    }
  }
  EXPECT_TRUE(driver.comparison.state().results_are_stale);
}

TEST(Comparison, CountsTokensAndTruncatesAsTheManifestSays) {
  Driver driver;
  driver.describe();
  driver.comparison.set_text("the film and the end . good . bad .");
  EXPECT_EQ(driver.row(0).tokens, 6);
  EXPECT_EQ(driver.row(0).tokens_whole, 12);
  EXPECT_TRUE(driver.row(0).truncated);
}

TEST(Comparison, CancelKeepsWhatIsMeasured) {
  Driver driver;
  Request run = driver.start_loaded();
  for (int i = 0; i < 3; ++i) {
    driver.comparison.run_done(run.id, {0.0, 1.0}, 20.0);
    run = driver.take().at(0);
  }
  driver.comparison.cancel();
  EXPECT_EQ(driver.comparison.state().phase, RunPhase::kDone);
  EXPECT_EQ(driver.row(0).times_ms.size(), 1U);
  EXPECT_TRUE(driver.row(0).time.has_value());
  driver.comparison.run_done(run.id, {0.0, 1.0}, 20.0);
  EXPECT_TRUE(driver.take().empty());
}

TEST(Comparison, AWorkerThatDiesTakesOnlyTheModelItRan) {
  Driver driver;
  const Request run = driver.start_loaded();
  ASSERT_EQ(run.model, "small");
  driver.comparison.runtime_lost("the worker stopped (out of memory)");
  EXPECT_EQ(driver.row(1).phase, ModelPhase::kFailed);
  EXPECT_NE(driver.row(1).problem.find("out of memory"), std::string::npos);
  const Request load = driver.take().at(0);  // the other is needed still, so it loads again
  EXPECT_EQ(load.kind, RequestKind::kLoad);
  EXPECT_EQ(load.model, "dense");
}

TEST(Comparison, LogitsThatAreNoNumbersFailTheModel) {
  Driver driver;
  const Request run = driver.start_loaded();
  driver.comparison.run_done(run.id, {NAN, 1.0}, 20.0);
  EXPECT_EQ(driver.row(1).phase, ModelPhase::kFailed);
  EXPECT_FALSE(driver.row(1).verdict.has_value());
}

TEST(Comparison, AnotherDeviceOrGridChangesTheEstimateOfFinishedRuns) {
  Driver driver;
  ASSERT_TRUE(driver.comparison.set_repeats(1).ok());
  Request run = driver.start_loaded();
  for (;;) {
    driver.comparison.run_done(run.id, {0.0, 1.0}, 100.0);
    const std::vector<Request> next = driver.take();
    if (next.empty()) break;
    run = next[0];
  }
  const double laptop = driver.row(0).estimate->energy.value.value();
  const double world = driver.row(0).estimate->carbon.value.value();
  ASSERT_TRUE(driver.comparison.choose_device("desktop").ok());
  EXPECT_NEAR(driver.row(0).estimate->energy.value.value(), laptop * 175 / 75, 1e-12);
  ASSERT_TRUE(driver.comparison.choose_device("laptop").ok());
  ASSERT_TRUE(driver.comparison.choose_grid("FRA").ok());
  EXPECT_LT(driver.row(0).estimate->carbon.value.value(), world / 3);
  EXPECT_FALSE(driver.comparison.choose_grid("ATLANTIS").ok());
  EXPECT_FALSE(driver.comparison.choose_device("toaster").ok());
  EXPECT_EQ(driver.comparison.state().grid_id, "FRA");
}

TEST(Comparison, AModelInTheCacheIsMadeReadyWithoutBeingAsked) {
  Driver driver;
  std::vector<Request> requests = driver.take();
  driver.comparison.fetched(requests[0].id, catalog_text());
  requests = driver.take();
  driver.comparison.fetched(requests[0].id, manifest_text("dense", 10));
  driver.comparison.fetched(driver.take().at(0).id, vocabulary_text());
  driver.comparison.probed(driver.take().at(0).id, true);
  EXPECT_EQ(driver.take().at(0).kind, RequestKind::kLoad);
  EXPECT_EQ(driver.comparison.state().phase, RunPhase::kIdle);
}

}  // namespace
}  // namespace coppice::compare
