#include "shared/compare/explainer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "shared/compare/explanation_text.h"
#include "tests/unit/compare/side_fixture.h"

namespace coppice::compare {
namespace {

// Ids of the fixture's vocabulary.
constexpr int32_t kGood = 7;
constexpr int32_t kBad = 8;
constexpr int32_t kNot = 9;

double count(const Request& run, int32_t id) {
  return static_cast<double>(std::count(run.input_ids.begin(), run.input_ids.end(), id));
}

TEST(Explainer, LeavesEachWordOutInTurnForEveryModel) {
  SideDriver driver;
  driver.margin = [](const Request& run) {
    const double weight = run.model == "dense" ? 2.0 : 1.0;
    return weight * (count(run, kGood) - count(run, kNot)) + 0.5;
  };
  driver.compare("not good .");  // [CLS] not good . [SEP]
  ASSERT_TRUE(driver.comparison.explain().ok());
  EXPECT_EQ(driver.side().explainer.explanation().runs_planned, 4);  // two words, two models; "." is no word
  EXPECT_EQ(driver.answer_all(), "dsds");
  const Explanation& explanation = driver.side().explainer.explanation();
  EXPECT_EQ(explanation.phase, ExplainPhase::kDone);
  ASSERT_EQ(explanation.models.size(), 2U);
  EXPECT_DOUBLE_EQ(*explanation.models[0].words[0], -2.0);  // not
  EXPECT_DOUBLE_EQ(*explanation.models[0].words[1], 2.0);   // good
  EXPECT_DOUBLE_EQ(*explanation.models[1].words[0], -1.0);
  EXPECT_DOUBLE_EQ(*explanation.models[1].words[1], 1.0);
  EXPECT_EQ(summary_of(explanation, explanation.models[0]),
            "“good” speaks most for positive, “not” most for negative. Without “good” it would say negative.");
}

TEST(Explainer, LabelsTheOtherWayRoundAreTurned) {
  SideDriver driver;
  driver.margin = [](const Request& run) { return -2.0 * count(run, kGood); };  // label 1 is negative
  const auto turned = [](std::string manifest) {
    return manifest.replace(manifest.find(R"(["negative","positive"])"), 23, R"(["POSITIVE","NEGATIVE"])");
  };
  driver.describe(turned(manifest_text("dense", 2000)), turned(manifest_text("small", 1000)));
  driver.compare("good film");
  ASSERT_TRUE(driver.comparison.explain().ok());
  driver.answer_all();
  const Explanation& explanation = driver.side().explainer.explanation();
  EXPECT_DOUBLE_EQ(*explanation.models[0].words[0], 2.0);
  EXPECT_EQ(explanation.models[0].order.names[1], "POSITIVE");
  ASSERT_TRUE(driver.comparison.read_reviews("a.tsv", "1\tgood\n0\tgood\n", false).ok());
  ASSERT_TRUE(driver.comparison.start_set().ok());
  driver.answer_all();
  EXPECT_EQ(driver.side().set.set().models[0].judgements[0].label(), 1);
}

TEST(Explainer, WaitsForAComparisonAndNeverRunsBesideOne) {
  SideDriver driver;
  driver.compare("not good");
  ASSERT_TRUE(driver.comparison.explain().ok());
  const Request side = driver.take().at(0);
  ASSERT_EQ(side.kind, RequestKind::kSideRun);
  EXPECT_FALSE(side.timed);
  // A comparison starts while a run is out: it waits for that one, then goes to its end before the next word.
  ASSERT_TRUE(driver.comparison.start().ok());
  EXPECT_TRUE(driver.take().empty()) << "one run at a time";
  driver.answer(side);
  std::string kinds;
  for (std::vector<Request> next = driver.take(); !next.empty(); next = driver.take()) {
    ASSERT_EQ(next.size(), 1U);
    kinds += next[0].kind == RequestKind::kRun ? 'c' : 'e';
    driver.answer(next[0]);
  }
  EXPECT_EQ(kinds, "cccceee");  // warm-up and one repeat of both models; then the other three words
  EXPECT_EQ(driver.side().explainer.explanation().phase, ExplainPhase::kDone);
}

TEST(Explainer, AComparisonOfAnotherTextEndsIt) {
  SideDriver driver;
  driver.compare("not good");
  ASSERT_TRUE(driver.comparison.explain().ok());
  const Request out = driver.take().at(0);
  driver.comparison.set_text("bad");
  ASSERT_TRUE(driver.comparison.start().ok());
  driver.answer(out);
  for (std::vector<Request> next = driver.take(); !next.empty(); next = driver.take()) {
    ASSERT_EQ(next[0].kind, RequestKind::kRun);
    driver.answer(next[0]);
  }
  EXPECT_EQ(driver.side().explainer.explanation().phase, ExplainPhase::kStopped);
}

TEST(Explainer, NeedsAFreshVerdictAndAWord) {
  SideDriver driver;
  driver.describe();
  driver.comparison.set_text("good");
  EXPECT_NE(driver.comparison.explain().message().find("compare first"), std::string::npos);
  SideDriver judged;
  judged.compare("good");
  judged.comparison.set_text("bad");
  EXPECT_NE(judged.comparison.explain().message().find("has changed"), std::string::npos);
  SideDriver dots;
  dots.compare(". . .");
  EXPECT_EQ(dots.comparison.explain().code(), StatusCode::kInvalidUsage);
  SideDriver huge;
  std::string text;
  for (size_t i = 0; i <= kMostWordsExplained; ++i) text += "good ";
  huge.compare(text);
  EXPECT_NE(huge.comparison.explain().message().find("4,001 words"), std::string::npos);
}

TEST(Explainer, StoppingKeepsWhatIsDoneAndIgnoresTheRunThatIsOut) {
  SideDriver driver;
  driver.compare("good bad not");
  ASSERT_TRUE(driver.comparison.explain().ok());
  driver.answer(driver.take().at(0));
  driver.answer(driver.take().at(0));
  const Request out = driver.take().at(0);
  driver.comparison.stop_explaining();
  const Explanation& explanation = driver.side().explainer.explanation();
  EXPECT_EQ(explanation.phase, ExplainPhase::kStopped);
  EXPECT_EQ(explanation.runs_done, 2);
  driver.answer(out);
  EXPECT_EQ(explanation.runs_done, 2);
  EXPECT_TRUE(driver.take().empty());
  EXPECT_TRUE(explanation.models[0].words[0].has_value());
  EXPECT_FALSE(explanation.models[0].words[1].has_value());
  // The rest can be asked for.
  EXPECT_EQ(explanation.words_left, 2U);
  ASSERT_TRUE(driver.comparison.explain_every_word().ok());
  EXPECT_EQ(driver.answer_all(), "dsds");
  EXPECT_EQ(explanation.phase, ExplainPhase::kDone);
  EXPECT_FALSE(driver.comparison.explain_every_word().ok());
}

TEST(Explainer, ALongTextGoesBySentencesThenByTheWordsOfThoseThatCount) {
  SideDriver driver;
  driver.margin = [](const Request& run) { return count(run, kGood) - 4 * count(run, kBad); };
  std::string text;
  for (int i = 0; i < 10; ++i) text += "a film and the end a film and the end. ";
  text += "bad bad not film.";
  const auto roomy = [](std::string manifest) {
    return manifest.replace(manifest.find("\"max_length\":6"), 14, "\"max_length\":512");
  };
  driver.describe(roomy(manifest_text("dense", 2000)), roomy(manifest_text("small", 1000)));
  driver.compare(text);
  ASSERT_TRUE(driver.comparison.explain().ok());
  const Explanation& explanation = driver.side().explainer.explanation();
  EXPECT_EQ(explanation.units.words.size(), 104U);
  EXPECT_EQ(explanation.runs_planned, 22);  // eleven sentences, two models
  std::string order = driver.answer_all();
  EXPECT_EQ(order.size(), 22 + 2 * kWordsAtOnce);
  EXPECT_EQ(explanation.phase, ExplainPhase::kDone);
  EXPECT_DOUBLE_EQ(*explanation.models[0].sentences[10], -8.0);
  EXPECT_DOUBLE_EQ(*explanation.models[0].words[100], -4.0) << "the sentence that counts most comes first";
  EXPECT_EQ(explanation.words_left, 104 - kWordsAtOnce);
  ASSERT_TRUE(driver.comparison.explain_every_word().ok());
  EXPECT_EQ(driver.answer_all().size(), 2 * (104 - kWordsAtOnce));
  for (const std::optional<double>& effect : explanation.models[1].words) EXPECT_TRUE(effect.has_value());
}

TEST(Explainer, WordsThatAModelDidNotReadAreNotLeftOutOfIt) {
  SideDriver driver;
  driver.compare("good a a a a film not bad");  // six tokens are read: good ... film not bad
  ASSERT_TRUE(driver.comparison.explain().ok());
  EXPECT_EQ(driver.side().explainer.explanation().runs_planned, 8);
  driver.answer_all();
  const Explanation& explanation = driver.side().explainer.explanation();
  EXPECT_TRUE(explanation.models[0].words[0].has_value());
  EXPECT_FALSE(explanation.models[0].words[2].has_value());
  EXPECT_TRUE(explanation.models[0].words[7].has_value());
}

TEST(Explainer, AModelThatFailsLeavesTheOthersTheirWords) {
  SideDriver driver;
  driver.compare("good bad not");
  ASSERT_TRUE(driver.comparison.explain().ok());
  driver.comparison.request_failed(driver.take().at(0).id, "dense: out of memory");
  EXPECT_EQ(driver.answer_all(), "sss");
  const Explanation& explanation = driver.side().explainer.explanation();
  EXPECT_EQ(explanation.phase, ExplainPhase::kDone);
  EXPECT_EQ(explanation.runs_done, explanation.runs_planned);
}

TEST(Explainer, ALostWorkerLoadsTheModelsAgainAndGoesOn) {
  SideDriver driver;
  driver.compare("good bad");
  ASSERT_TRUE(driver.comparison.explain().ok());
  ASSERT_EQ(driver.take().at(0).model, "dense");
  driver.comparison.runtime_lost("the worker stopped");  // blames dense, which ran
  const Request load = driver.take().at(0);
  EXPECT_EQ(load.kind, RequestKind::kLoad);
  EXPECT_EQ(load.model, "small");
  driver.comparison.loaded(load.id, true);
  EXPECT_EQ(driver.answer_all(), "ss");
}

TEST(ExplanationText, NamesTheWordThatCountsMostDifferently) {
  Explanation explanation;
  explanation.text = "not so not";
  explanation.units = explain::find_units(explanation.text);
  const auto model = [](const char* id, std::vector<std::optional<double>> words) {
    ExplainedModel each;
    each.id = id;
    each.order.names = {"negative", "positive"};
    each.words = std::move(words);
    return each;
  };
  explanation.models = {model("dense", {0.1, 0.0, -3.0}), model("small", {0.1, 0.2, 0.0})};
  const std::vector<std::string> sentences = differences(explanation);
  ASSERT_EQ(sentences.size(), 1U);
  // Of a margin of 0, without the word: 3 for dense, 0 for small.
  EXPECT_EQ(sentences[0],
            "“not (2nd)” counts most differently: without it dense goes from 50.0 % to 95.3 % positive, "
            "small from 50.0 % to 50.0 % positive.");
  explanation.models[1].words[2] = -2.9;
  EXPECT_NE(differences(explanation)[0].find("much alike"), std::string::npos);
}

TEST(ExplanationText, StrengthsAreSharesOfTheLargest) {
  EXPECT_EQ(strength_of(0, 0), 0);
  EXPECT_EQ(strength_of(0.05, 1), 0);
  EXPECT_EQ(strength_of(-0.5, 1), 3);
  EXPECT_EQ(strength_of(2, 2), 4);
  EXPECT_EQ(format_effect(-0.4), "−0.40");
}

// What a page needs of the text: joined segments are the text, whatever is marked in it.
TEST(TextPanel, ShowsWhatWasReadAndItsTokens) {
  SideDriver driver;
  driver.margin = [](const Request& run) { return count(run, kGood) - count(run, kBad); };
  const std::string text = "good 😀 a a a film, not bad";
  driver.compare(text);
  const auto check = [&](const Json& panel) {
    for (const Json& model : panel["models"]) {
      std::string joined;
      for (const Json& segment : model["segments"]) {
        joined += segment["text"].get<std::string>();
        if (!segment.contains("pieces")) continue;
        std::string pieces;
        for (const Json& piece : segment["pieces"]) pieces += piece.get<std::string>();
        EXPECT_EQ(pieces, segment["text"].get<std::string>());
      }
      EXPECT_EQ(joined, text);
    }
  };
  Json panel = driver.ask("text_panel");
  check(panel);
  ASSERT_EQ(panel["models"].size(), 2U);
  const Json segments = panel["models"][0]["segments"];  // six tokens: good | , not bad
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_EQ(segments[0]["text"], "good");
  EXPECT_EQ(segments[1]["read"], false);
  EXPECT_EQ(segments[1]["text"], " 😀 a a a film");
  EXPECT_EQ(segments[2]["unknown"], Json::array({0}));  // the vocabulary has no comma
  EXPECT_EQ(panel["models"][0]["read"], "Read 6 of 11 tokens: the start and the end.");
  ASSERT_TRUE(driver.comparison.explain().ok());
  driver.answer_all();
  panel = driver.ask("text_panel");
  check(panel);
  EXPECT_EQ(panel["explained"], true);
  EXPECT_EQ(panel["models"][0]["segments"][0]["by"], "word");
  EXPECT_EQ(panel["models"][0]["segments"][0]["level"], 4);
  EXPECT_EQ(panel["models"][0]["words"][0]["name"], "good");
  driver.comparison.set_text("bad film");
  EXPECT_EQ(driver.ask("text_panel")["explained"], false) << "of another text it says nothing";
}

TEST(TextPanel, AMegabyteIsShownInPart) {
  SideDriver driver;
  driver.describe();
  driver.comparison.set_text(std::string(1'000'000, 'a') + " film");
  const Result<std::string> panel = answer_question("{\"ask\":\"text_panel\"}", driver.comparison);
  ASSERT_TRUE(panel.ok());
  EXPECT_LT(panel->size(), 20'000U);
  EXPECT_NE(panel->find("\"hidden\""), std::string::npos);
}

}  // namespace
}  // namespace coppice::compare
