// `coppice tune` as people run it, over a stand-in for coppice-torch that makes up its scores (fake_trainer.cpp).
#include "tests/unit/tune/sweep_fixture.h"

namespace coppice::cli {
namespace {

using TuneProgram = SweepTest;

const std::string kGrid = " --learning-rate 1e-5,1e-4,1e-3 --batch-size 8,16 ";

TEST_F(TuneProgram, AGridRunsEachTrialOnceAndKeepsTheBest) {
  const ProgramResult result = tune("--output " + at("out") + kGrid + "--country FRA --threads 1 --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = *parse_json(result.out, "standard output");
  EXPECT_EQ(answer, sweep("out"));
  EXPECT_EQ(answer["schema_version"], 1);
  EXPECT_EQ(answer["trials"].size(), 6U);
  EXPECT_TRUE(answer["complete"].get<bool>());
  EXPECT_EQ(answer["totals"]["finished"], 6);
  // 90 J a trial with its interval, added end to end.
  EXPECT_DOUBLE_EQ(answer["totals"]["energy_joules"]["value"].get<double>(), 540);
  EXPECT_DOUBLE_EQ(answer["totals"]["energy_joules"]["low"].get<double>(), 270);
  EXPECT_EQ(answer["totals"]["energy_joules"]["provenance"], "modelled");
  // 1e-4 is best, and of its two the smaller batch has the lower loss.
  EXPECT_EQ(answer["winner"], "002");
  const Json best = trial(answer, "002");
  EXPECT_EQ(best["parameters"], (Json{{"learning_rate", 1e-4}, {"batch_size", 8}}));
  const double accuracy = best["validation_accuracy"]["value"].get<double>();
  EXPECT_GT(accuracy, 0.8);
  EXPECT_LT(best["validation_accuracy"]["low"].get<double>(), accuracy);
  EXPECT_GT(best["validation_accuracy"]["high"].get<double>(), accuracy);
  EXPECT_EQ(answer["validation_data"]["examples"], 40);

  // Options that are not tune's went to each trial.
  ASSERT_EQ(calls().size(), 6U);
  for (const std::string& call : calls())
    EXPECT_NE(call.find(" --country FRA --threads 1 "), std::string::npos) << call;
  // Records stay, models go, but for the winner's.
  for (const char* id : {"000", "001", "002", "003", "004", "005"}) {
    EXPECT_TRUE(exists(std::string("out/trials/") + id + "/runs")) << id;
    EXPECT_FALSE(exists(std::string("out/trials/") + id + "/model.safetensors")) << id;
  }
  const Json manifest = *parse_json(file_content(folder_.path() / "out/best/manifest.json"), "manifest");
  EXPECT_EQ(manifest["id"], "best");
  EXPECT_FALSE(exists("out/best/trial.json"));
  EXPECT_TRUE(exists("out/best/" + best["runs"][0].get<std::string>()));

  // Again: nothing is run twice, nothing changes. Other numbers of threads are the same sweep.
  const ProgramResult again = tune("--output " + at("out") + kGrid + "--country FRA --threads 2 --resume");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(calls().size(), 6U);
  EXPECT_NE(again.out.find("best: 002"), std::string::npos) << again.out;
  EXPECT_NE(again.out.find("6 finished, 0 failed"), std::string::npos) << again.out;
  EXPECT_LT(again.out.find("\n002"), again.out.find("\n003"));
  EXPECT_LT(again.out.find("\n003"), again.out.find("\n000"));
}

TEST_F(TuneProgram, KeepsEveryModelOnRequest) {
  ASSERT_EQ(tune("--output " + at("out") + " --learning-rate 1e-4,1e-3 --keep-models").exit_code, 0);
  EXPECT_TRUE(exists("out/trials/000/model.safetensors"));
  EXPECT_TRUE(exists("out/trials/001/model.safetensors"));
  EXPECT_TRUE(exists("out/best/model.safetensors"));
}

TEST_F(TuneProgram, ATrialThatFailsIsRecordedAndTheOthersGoOn) {
  const ProgramResult result =
      tune("--output " + at("out") + " --learning-rate 1e-5,1e-4,1e-3,1e-2", "fail=1e-4 refuse=1e-5 die=1e-2");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json answer = sweep("out");
  EXPECT_EQ(answer["totals"]["failed"], 3);
  EXPECT_EQ(answer["winner"], "002");
  EXPECT_EQ(trial(answer, "001")["outcome"], "failed");
  EXPECT_NE(trial(answer, "001")["error"].get<std::string>().find("the loss is nan"), std::string::npos);
  EXPECT_DOUBLE_EQ(trial(answer, "001")["energy_joules"]["value"].get<double>(), 90);  // failed work took energy too
  EXPECT_NE(trial(answer, "000")["error"].get<std::string>().find("refused as the test wished"), std::string::npos);
  EXPECT_NE(trial(answer, "003")["error"].get<std::string>().find("signal 9"), std::string::npos);
  EXPECT_EQ(trial(answer, "003")["attempts_without_record"], 1);
  EXPECT_FALSE(trial(answer, "003").contains("energy_joules"));
  EXPECT_EQ(answer["totals"]["trials_without_full_energy"], (Json{"000", "003"}));
  EXPECT_NE(result.out.find("1 finished, 3 failed"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("failed: 001: "), std::string::npos) << result.out;
  EXPECT_FALSE(exists("out/trials/001/model.safetensors"));

  // They stay failed until asked for, and then only they are run.
  ASSERT_EQ(tune("--output " + at("out") + " --learning-rate 1e-5,1e-4,1e-3,1e-2").exit_code, 0);
  EXPECT_EQ(calls().size(), 4U);
  ASSERT_EQ(tune("--output " + at("out") + " --learning-rate 1e-5,1e-4,1e-3,1e-2 --retry-failed").exit_code, 0);
  EXPECT_EQ(calls().size(), 7U);
  EXPECT_EQ(sweep("out")["winner"], "001");
  EXPECT_EQ(trial(sweep("out"), "001")["attempts"], 2);
  EXPECT_DOUBLE_EQ(trial(sweep("out"), "001")["energy_joules"]["value"].get<double>(), 180);
  bool in_best = false;
  const Json retried = trial(sweep("out"), "001");
  for (const Json& run : retried["runs"]) in_best = in_best || exists("out/best/" + run.get<std::string>());
  EXPECT_TRUE(in_best);  // the new winner took the old one's place
}

TEST_F(TuneProgram, ATrialThatWasEndedAfterItsRecordStillHasItsModel) {
  const ProgramResult result = tune("--output " + at("out") + " --learning-rate 1e-5,1e-4", "die-late=1e-4");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(sweep("out")["winner"], "001");
  EXPECT_TRUE(exists("out/best/model.safetensors"));
  EXPECT_TRUE(exists("out/best/manifest.json"));
  EXPECT_FALSE(exists("out/best/checkpoints"));
  EXPECT_FALSE(exists("out/trials/001/checkpoints"));
}

TEST_F(TuneProgram, WhenAllFailSoDoesTheSweep) {
  const ProgramResult result = tune("--output " + at("out") + " --learning-rate 1e-5", "fail=1e-5");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("no trial finished"), std::string::npos) << result.err;
  EXPECT_FALSE(exists("out/best"));
}

TEST_F(TuneProgram, AProgramThatCannotBeRunEndsTheSweepAtOnce) {
  const ProgramResult result =
      run_shell("COPPICE_TORCH_PROGRAM=/nonexistent/torch '" COPPICE_PROGRAM "' tune --base " + at("base") +
                " --data " + at("data") + " --learning-rate 1e-5,1e-4 --output " + at("out"));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("cannot run /nonexistent/torch"), std::string::npos) << result.err;
  EXPECT_EQ(trial(sweep("out"), "001")["outcome"], "not_run");
}

TEST_F(TuneProgram, CtrlCStopsAtACheckpointAndTheSameCommandGoesOn) {
  const std::string options = " --output " + at("out") + " --learning-rate 1e-4,1e-5,1e-3";
  // Stopped while the second trial has a checkpoint.
  const ProgramResult stopped = run_shell(
      "COPPICE_TORCH_PROGRAM='" FAKE_TRAINER "' FAKE_TRAINER_LOG=" + at("calls") +
      " FAKE_TRAINER='hang=1e-5' '" COPPICE_PROGRAM "' tune --base " + at("base") + " --data " + at("data") + options +
      " & pid=$!; for i in $(seq 600); do test -e " + at("out/trials/001/checkpoints/checkpoint.safetensors") +
      " && break; sleep 0.1; done; kill -TERM $pid; wait $pid");
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_NE(stopped.err.find("the same command goes on"), std::string::npos) << stopped.err;
  const Json half = sweep("out");
  EXPECT_EQ(half["stopped"], "interrupted");
  EXPECT_FALSE(half["complete"].get<bool>());
  EXPECT_EQ(trial(half, "000")["outcome"], "finished");
  EXPECT_EQ(trial(half, "001")["outcome"], "interrupted");
  EXPECT_EQ(trial(half, "002")["outcome"], "not_run");
  EXPECT_EQ(half["winner"], "000");
  EXPECT_TRUE(exists("out/best/model.safetensors"));  // the best so far

  ASSERT_EQ(tune(options, "hang=1e-5").exit_code, 0);
  const std::vector<std::string> made = calls();
  ASSERT_EQ(made.size(), 4U);
  EXPECT_NE(made[2].find("trials/001"), std::string::npos);
  EXPECT_NE(made[2].find(" --resume"), std::string::npos) << made[2];
  EXPECT_EQ(made[3].find(" --resume"), std::string::npos) << made[3];
  const Json whole = sweep("out");
  EXPECT_TRUE(whole["complete"].get<bool>());
  EXPECT_EQ(trial(whole, "001")["attempts"], 2);
  EXPECT_EQ(trial(whole, "001")["runs"].size(), 2U);
  EXPECT_DOUBLE_EQ(trial(whole, "001")["energy_joules"]["value"].get<double>(), 180);
}

TEST_F(TuneProgram, BudgetsStopIt) {
  const std::string options = " --output " + at("out") + kGrid;
  // Energy: 90 J a trial; the third call of the trainer is told what is left.
  const ProgramResult energy = tune(options + "--energy-budget 200");
  EXPECT_EQ(energy.exit_code, 0) << energy.err;
  EXPECT_EQ(calls().size(), 3U);
  EXPECT_NE(calls()[2].find(" --energy-budget 20"), std::string::npos) << calls()[2];
  EXPECT_NE(sweep("out")["stopped"].get<std::string>().find("200 J is used up (270 J)"), std::string::npos);
  EXPECT_NE(energy.out.find("best so far: 002"), std::string::npos) << energy.out;
  // It counts what earlier calls used.
  EXPECT_EQ(tune(options + "--energy-budget 250").exit_code, 0);
  EXPECT_EQ(calls().size(), 3U);
  // Number of trials.
  EXPECT_EQ(tune(options + "--trials 4").exit_code, 0);
  EXPECT_EQ(calls().size(), 4U);
  EXPECT_EQ(sweep("out")["stopped"], "--trials 4 of 6 candidates");
  // Time: the trial that runs is stopped at a checkpoint.
  EXPECT_EQ(tune(options + "--time-budget 2", "hang=1e-3").exit_code, 0);
  EXPECT_EQ(trial(sweep("out"), "004")["outcome"], "interrupted");
  EXPECT_NE(sweep("out")["stopped"].get<std::string>().find("time budget of 2 s"), std::string::npos);
  // And on to the end.
  EXPECT_EQ(tune(options).exit_code, 0);
  EXPECT_TRUE(sweep("out")["complete"].get<bool>());
  EXPECT_FALSE(sweep("out").contains("stopped"));

  const ProgramResult unknown = tune(" --output " + at("blind") + kGrid + "--energy-budget 200", "no-energy");
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("--energy-budget cannot be kept"), std::string::npos) << unknown.err;
}

TEST_F(TuneProgram, RandomTrialsOnlyGrow) {
  const std::string options = " --output " + at("out") +
                              " --method random --learning-rate 1e-5..1e-3 --dropout 0..0.3 --search-seed 5 --trials ";
  ASSERT_EQ(tune(options + "2").exit_code, 0);
  const Json two = sweep("out");
  ASSERT_EQ(tune(options + "4").exit_code, 0);
  EXPECT_EQ(calls().size(), 4U);
  const Json four = sweep("out");
  EXPECT_EQ(four["trials"].size(), 4U);
  EXPECT_EQ(four["trials"][1], two["trials"][1]);
  EXPECT_EQ(four["sweep_id"], two["sweep_id"]);
  // Fewer again: what was there stays listed.
  ASSERT_EQ(tune(options + "2").exit_code, 0);
  EXPECT_EQ(sweep("out")["trials"], four["trials"]);
}

TEST_F(TuneProgram, HalvingPromotesTheBestToMoreReviews) {
  const std::string options = " --output " + at("out") +
                              " --method halving --eta 3 --min-reviews 10 --learning-rate 1e-6,1e-5,3e-5,1e-4,3e-4,1e-3"
                              " --batch-size 8,16";
  const ProgramResult result = tune(options, "fail=3e-4");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = sweep("out");
  EXPECT_EQ(answer["halving"]["rung_reviews"], (Json{10, 30, 90}));
  std::map<int64_t, std::vector<int64_t>> rungs;
  for (const Json& entry : answer["trials"])
    rungs[entry["rung"].get<int64_t>()].push_back(entry["candidate"].get<int64_t>());
  EXPECT_EQ(rungs[0].size(), 12U);
  // Of 12 the best 4: 1e-4 (6, 7), then 3e-5 (4, 5), 3e-4 having failed.
  EXPECT_EQ(rungs[1], (std::vector<int64_t>{4, 5, 6, 7}));
  EXPECT_EQ(rungs[2], std::vector<int64_t>{6});
  EXPECT_EQ(answer["winner"], "006-rung2");
  EXPECT_EQ(calls().size(), 17U);
  EXPECT_NE(calls()[0].find(" --train-limit 10 "), std::string::npos);
  EXPECT_NE(calls()[16].find(" --train-limit 90 "), std::string::npos);
  EXPECT_EQ(trial(answer, "006-rung2")["reviews"], 90);
  EXPECT_TRUE(exists("out/best/manifest.json"));
  EXPECT_LT(result.out.find("006-rung2"), result.out.find("006-rung1"));

  ASSERT_EQ(tune(options).exit_code, 0);
  EXPECT_EQ(calls().size(), 17U);
}

TEST_F(TuneProgram, ShardsShareAFolder) {
  const std::string options = " --output " + at("out") + kGrid;
  const std::string cloud_run = "CLOUD_RUN_TASK_COUNT=3 CLOUD_RUN_TASK_INDEX=";
  ASSERT_EQ(tune(options, "", cloud_run + "1").exit_code, 0);
  ASSERT_EQ(calls().size(), 2U);
  EXPECT_NE(calls()[0].find("trials/001"), std::string::npos);
  EXPECT_NE(calls()[1].find("trials/004"), std::string::npos);
  EXPECT_FALSE(exists("out/best"));  // not for this shard to say
  ASSERT_EQ(tune(options, "", cloud_run + "1").exit_code, 0);
  EXPECT_EQ(calls().size(), 2U);  // a shard run twice does nothing twice
  ASSERT_EQ(tune(options + "--shards 3", "", "JOB_COMPLETION_INDEX=0").exit_code, 0);
  ASSERT_EQ(tune(options + "--shard 2/3").exit_code, 0);
  EXPECT_EQ(calls().size(), 6U);
  EXPECT_EQ(sweep("out")["winner"], "002");
  EXPECT_TRUE(sweep("out")["complete"].get<bool>());
  EXPECT_TRUE(exists("out/best/manifest.json"));
}

TEST_F(TuneProgram, ShardsOfAHalvingWaitForTheirRung) {
  const std::string options =
      " --output " + at("out") + " --method halving --eta 2 --rungs 2 --learning-rate 1e-5,1e-4,1e-3,1e-2 --shard ";
  const ProgramResult first = tune(options + "0/2");
  EXPECT_EQ(first.exit_code, 75) << first.err;
  EXPECT_NE(first.err.find("waits for trials of other shards: 001-rung0 003-rung0"), std::string::npos) << first.err;
  EXPECT_EQ(calls().size(), 2U);
  // The second finds the first's records: its part of the next rung follows, and then it waits in turn.
  const ProgramResult second = tune(options + "1/2 --wait 1");
  EXPECT_EQ(second.exit_code, 75);
  EXPECT_EQ(calls().size(), 5U);
  const ProgramResult last = tune(options + "0/2");
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(calls().size(), 6U);
  EXPECT_EQ(sweep("out")["winner"], "001-rung1");
  EXPECT_TRUE(exists("out/best/manifest.json"));
  EXPECT_EQ(tune(options + "1/2").exit_code, 0);
  EXPECT_EQ(calls().size(), 6U);
}

TEST_F(TuneProgram, MergeJoinsFoldersOfOneSweep) {
  for (const char* shard : {"0", "1", "2"}) {
    ASSERT_EQ(tune(" --output " + at(std::string("s") + shard) + kGrid + "--shard " + shard + "/3").exit_code, 0);
  }
  const std::string merge = "--merge " + at("s0") + " " + at("s1") + " " + at("s2") + " --output " + at("all");
  const ProgramResult merged = tune(merge + " --json");
  ASSERT_EQ(merged.exit_code, 0) << merged.err;
  const Json answer = *parse_json(merged.out, "standard output");
  EXPECT_TRUE(answer["complete"].get<bool>());
  EXPECT_EQ(answer["winner"], "002");
  EXPECT_DOUBLE_EQ(answer["totals"]["energy_joules"]["value"].get<double>(), 540);
  EXPECT_TRUE(exists("all/best/manifest.json"));
  EXPECT_FALSE(exists("all/trials/002/model.safetensors"));
  // Again, and with a shard named twice: nothing is counted twice.
  const ProgramResult again = tune("--merge " + at("s0") + " " + at("s0") + " " + at("s1") + " --output " + at("all"));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(sweep("all"), answer);
  // Some are missing: said, not made up.
  ASSERT_EQ(tune("--merge " + at("s0") + " " + at("s1") + " --output " + at("some")).exit_code, 0);
  EXPECT_FALSE(sweep("some")["complete"].get<bool>());
  EXPECT_EQ(sweep("some")["totals"]["not_run"], 2);

  ASSERT_EQ(tune(" --output " + at("other") + " --learning-rate 1e-4").exit_code, 0);
  const ProgramResult mixed = tune("--merge " + at("s0") + " " + at("other") + " --output " + at("mixed"));
  EXPECT_EQ(mixed.exit_code, 2);
  EXPECT_NE(mixed.err.find("holds another sweep"), std::string::npos) << mixed.err;
  EXPECT_EQ(tune("--merge " + at("data") + " --output " + at("mixed")).exit_code, 3);
}

TEST_F(TuneProgram, SparsityPrunesFirst) {
  const ProgramResult result = run_with("tune --prune-from " + at("base") + " --data " + at("data") + " --output " +
                                        at("out") + " --sparsity 0.5,0.8 --country FRA --learning-rate 1e-4");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> made = calls();
  ASSERT_EQ(made.size(), 4U);
  EXPECT_EQ(made[0].rfind("prune ", 0), 0U);
  EXPECT_NE(made[0].find(" --method magnitude "), std::string::npos);
  EXPECT_NE(made[0].find(" --sparsity 0.5 --country FRA"), std::string::npos) << made[0];
  EXPECT_EQ(made[1].rfind("train --base " + (folder_.path() / "out/trials/000").string(), 0), 0U) << made[1];
  EXPECT_NE(made[1].find(" --keep-zeros"), std::string::npos);
  EXPECT_EQ(made[1].find("sparsity"), std::string::npos);
  // The cost of pruning is in the trial's.
  EXPECT_DOUBLE_EQ(trial(sweep("out"), "000")["energy_joules"]["value"].get<double>(), 180);
  EXPECT_EQ(trial(sweep("out"), "000")["runs"].size(), 2U);
}

TEST_F(TuneProgram, DryRunSaysWhatWouldRunAndWritesNothing) {
  const ProgramResult result = tune("--output " + at("out") + kGrid + "--dry-run --json --shard 1/2 --country FRA");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json answer = *parse_json(result.out, "standard output");
  ASSERT_EQ(answer["trials"].size(), 6U);
  EXPECT_FALSE(answer["trials"][0]["of_this_shard"].get<bool>());
  EXPECT_TRUE(answer["trials"][1]["of_this_shard"].get<bool>());
  EXPECT_EQ(answer["trials"][1]["command"][0], "coppice");
  const ProgramResult text = tune("--output " + at("out") + kGrid + "--dry-run");
  EXPECT_NE(text.out.find("005  not_run  coppice train --base"), std::string::npos) << text.out;
  EXPECT_FALSE(exists("out"));
  EXPECT_TRUE(calls().empty());
}

}  // namespace
}  // namespace coppice::cli
