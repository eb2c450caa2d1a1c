// The life cycle through the programs people type, on a tiny model: train, evaluate, prune, recover, predict, measure,
// export, with the folder and the answers that scripts rely on.
#include <signal.h>

#include <chrono>
#include <sstream>
#include <thread>

#include "shared/base/json.h"
#include "tests/unit/cli/program.h"

namespace coppice::cli {
namespace {

namespace fs = std::filesystem;

// A base model with the tiny BERT's weights and a vocabulary of 40 words, and reviews in them.
class Lifecycle : public ProgramTest {
 protected:
  void SetUp() override {
    write_tiny_base("tiny-base", {"good", "bad", "the", "film", "was", "a", ".", "very", "not", "but"});
    fs::create_directories(folder_.path() / "data");
    folder_.write("data/train.tsv", reviews(96, 1));
    folder_.write("data/validation.tsv", reviews(32, 2));
    folder_.write("data/test.tsv", reviews(40, 3));
  }

  static std::string reviews(int count, uint32_t seed) {
    std::string tsv;
    for (int i = 0; i < count; ++i) {
      const bool positive = i % 2 == 1;
      tsv += std::string(positive ? "1" : "0") + "\tthe film was";
      for (int w = 0; w < 4; ++w) tsv += " w" + std::to_string(15 + (seed = seed * 1664525U + 1013904223U) / 7 % 25);
      tsv += positive ? " good .\n" : " bad .\n";
    }
    return tsv;
  }

  // `more` replaces the defaults here.
  [[nodiscard]] std::string train_command(const std::string& base, const std::string& output,
                                          const std::string& more = "") const {
    std::string command = "train --base " + at(base) + " --data " + at("data") + " --output " + at(output) + " " + more;
    for (const auto& [option, value] : {std::pair<std::string, std::string>{"--max-length", "16"},
                                        {"--batch-size", "8"},
                                        {"--learning-rate", "0.01"},
                                        {"--epochs", "6"},
                                        {"--country", "FRA"},
                                        {"--threads", "2"}}) {
      if (more.find(option) == std::string::npos) command += " " + option + " " + value;
    }
    return command;
  }
};

TEST_F(Lifecycle, FromABaseModelToAnExportedPrunedOne) {
  const Json record = json_of(run_coppice(train_command("tiny-base", "dense", "--json")));
  EXPECT_EQ(record["kind"], "train");
  EXPECT_EQ(record["outcome"], "finished");
  EXPECT_GE(record["results"]["best"]["validation_accuracy"].get<double>(), 0.9);
  EXPECT_TRUE(record["energy"]["energy_joules"]["value"].get<double>() > 0);
  EXPECT_TRUE(record["energy"].contains("carbon_grams_co2e"));
  EXPECT_FALSE(fs::exists(folder_.path() / "dense" / "checkpoints"));
  const Json dense = manifest_of("dense");
  EXPECT_EQ(dense["id"], "dense");
  EXPECT_EQ(dense["max_length"], 16);
  EXPECT_EQ(dense["truncation"], "head_tail");
  EXPECT_EQ(dense["training_data"]["examples"], 96);

  // evaluate: the members scripts rely on.
  const Json metrics = json_of(run_coppice("evaluate --model " + at("dense") + " --data " + at("data") +
                                           " --json --record --predictions " + at("out.jsonl")));
  for (const char* name : {"accuracy", "precision", "recall", "f1", "macro_f1", "roc_auc", "mcc", "ece", "brier",
                           "confusion", "n", "intervals"}) {
    EXPECT_TRUE(metrics.contains(name)) << name;
  }
  EXPECT_EQ(metrics["n"], 40);
  EXPECT_LE(metrics["intervals"]["accuracy"][0].get<double>(), metrics["accuracy"].get<double>());
  const std::string predictions = file_content(folder_.path() / "out.jsonl");
  EXPECT_EQ(std::count(predictions.begin(), predictions.end(), '\n'), 40);
  EXPECT_DOUBLE_EQ(manifest_of("dense")["metrics"]["accuracy"]["value"].get<double>(),
                   metrics["accuracy"].get<double>());

  // Magnitude pruning and recovery in the same folder: the zeros stay.
  json_of(run_coppice("prune --model " + at("dense") + " --method magnitude --sparsity 0.5 --output " + at("sparse") +
                      " --json"));
  json_of(run_coppice(train_command("sparse", "sparse", "--keep-zeros --json")));
  const Json sparse = manifest_of("sparse");
  EXPECT_EQ(sparse["parent_id"], "dense");
  EXPECT_EQ(sparse["parameters"]["encoder_nonzero"].get<int64_t>() * 2, sparse["parameters"]["encoder"].get<int64_t>());

  for (const char* share : {"-0.1", "1.0", "7"}) {
    const ProgramResult refused =
        run_coppice("prune --model " + at("dense") + " --method magnitude --dry-run --sparsity " + share);
    EXPECT_EQ(refused.exit_code, 2) << share << ": " << refused.err;
  }

  // A structured plan printed, kept, applied; masked and compacted judge alike.
  const ProgramResult plan =
      run_coppice("prune --model " + at("dense") + " --method structured --keep-flops 0.95 --tokens 16 --data " +
                  at("data") + " --importance-reviews 16 --dry-run --json");
  EXPECT_EQ(json_of(plan)["method"], "structured");
  folder_.write("plan.json", plan.out);
  json_of(run_coppice("prune --model " + at("dense") + " --plan " + at("plan.json") + " --output " + at("small") +
                      " --json"));
  json_of(run_coppice("prune --model " + at("dense") + " --plan " + at("plan.json") + " --mask-only --output " +
                      at("masked") + " --json"));
  EXPECT_LT(manifest_of("small")["parameters"]["encoder"].get<int64_t>(),
            dense["parameters"]["encoder"].get<int64_t>());
  const std::string text = " --json 'the film was w15 good .'";
  const Json small_verdict = json_of(run_coppice("predict --model " + at("small") + text));
  const Json masked_verdict = json_of(run_coppice("predict --model " + at("masked") + text));
  for (int c : {0, 1})
    EXPECT_NEAR(small_verdict["logits"][c].get<double>(), masked_verdict["logits"][c].get<double>(), 1e-5);
  const ProgramResult other =
      run_coppice("prune --model " + at("sparse") + " --plan " + at("plan.json") + " --output " + at("never"));
  EXPECT_EQ(other.exit_code, 3) << other.err;
  EXPECT_NE(other.err.find("made for the weights of model dense"), std::string::npos) << other.err;
  EXPECT_FALSE(fs::exists(folder_.path() / "never" / "config.json"));

  // Export, and the exported folder judges as the trained one.
  json_of(run_coppice("export --model " + at("small") + " --output " + at("shipped") + " --weights fp32 --json"));
  EXPECT_FALSE(fs::exists(folder_.path() / "shipped" / "model.safetensors"));
  const Json shipped_verdict = json_of(run_coppice("predict --model " + at("shipped") + text));
  for (int c : {0, 1})
    EXPECT_DOUBLE_EQ(shipped_verdict["logits"][c].get<double>(), small_verdict["logits"][c].get<double>());

  // With a power that is told, since a processor that is in no table makes the figure partly assumed.
  folder_.write("prompts.txt", "the film was good .\nthe film was not good but bad .\n");
  const Json measured = json_of(run_coppice("measure --model " + at("shipped") + " --prompts " + at("prompts.txt") +
                                            " --repeats 5 --record --tdp 65 --json"));
  ASSERT_EQ(measured["prompts"].size(), 2U);
  for (const char* name : {"median_ms", "mad_ms", "p95_ms", "energy_joules"}) {
    EXPECT_TRUE(measured["prompts"][0].contains(name)) << name;
    EXPECT_TRUE(measured["overall"].contains(name)) << name;
  }
  EXPECT_EQ(measured["overall"]["energy_joules"]["provenance"], "modelled");
  EXPECT_TRUE(measured["idle_baseline"].contains("machine_busy_percent"));

  // For people a table, two models in turns, and the same rows as CSV.
  const ProgramResult table =
      run_coppice("measure --model " + at("dense") + " --model " + at("shipped") + " --prompts " + at("prompts.txt") +
                  " --repeats 3 --idle-seconds 0 --tdp 65 --country FRA --csv " + at("table.csv"));
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_NE(table.out.find("ug CO2e"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("all prompts"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("energy modelled: "), std::string::npos) << table.out;
  EXPECT_EQ(table.out.find("% busy"), std::string::npos) << table.out;
  const std::string csv = file_content(folder_.path() / "table.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5) << csv;
  EXPECT_EQ(csv.find(",,,,"), std::string::npos) << csv;  // every figure is there
}

TEST_F(Lifecycle, AnInt8ExportIsJudgedInItsOwnArithmeticAndComparedWithWhatItCameFrom) {
  json_of(run_coppice(train_command("tiny-base", "dense", "--json")));
  const Json exported =
      json_of(run_coppice("export --model " + at("dense") + " --output " + at("int8") + " --weights int8 --json"));
  EXPECT_EQ(exported["weights"], "int8");
  // The same under the name of what it does.
  const Json quantized = json_of(run_coppice("quantize --model " + at("dense") + " --output " + at("q") + " --json"));
  EXPECT_EQ(quantized["onnx_sha256"], exported["onnx_sha256"]);
  EXPECT_GT(exported["relative_rounding_error"].get<double>(), 0);
  EXPECT_TRUE(exported["largest_rounding_error"].contains("tensor"));
  EXPECT_EQ(manifest_of("int8")["weights"][0]["dtype"], "I8");

  const Json metrics = json_of(run_coppice("evaluate --model " + at("int8") + " --against " + at("dense") + " --data " +
                                           at("data") + " --json --record"));
  EXPECT_EQ(metrics["arithmetic"], "int8 weights and activations");
  const Json& against = metrics["against"];
  EXPECT_EQ(against["model"], "dense");
  EXPECT_EQ(against["arithmetic"], "float32");
  EXPECT_GT(against["max_logit_difference"].get<double>(), 0);
  EXPECT_LT(against["max_logit_difference"].get<double>(), 1);
  EXPECT_LE(against["mean_logit_difference"].get<double>(), against["max_logit_difference"].get<double>());
  const int64_t flips = against["flips"]["to_negative"].get<int64_t>() + against["flips"]["to_positive"].get<int64_t>();
  EXPECT_DOUBLE_EQ(against["agreement"].get<double>(), 1 - static_cast<double>(flips) / 40);
  EXPECT_EQ(against["flipped_reviews"].size(), static_cast<size_t>(flips));
  EXPECT_NEAR(against["accuracy_difference"]["value"].get<double>(),
              (against["only_this_right"].get<double>() - against["only_other_right"].get<double>()) / 40, 1e-12);
  // The score in the manifest is of these very weights, in this very arithmetic.
  const Json manifest = manifest_of("int8");
  EXPECT_EQ(manifest["evaluation"]["exact_weights"], true);

  // A model agrees with itself.
  const Json same = json_of(run_coppice("evaluate --model " + at("dense") + " --against " + at("dense") + " --data " +
                                        at("data") + " --json"));
  EXPECT_EQ(same["against"]["max_logit_difference"], 0);
  EXPECT_EQ(same["against"]["agreement"], 1);
  EXPECT_EQ(same["against"]["p_value"], 1);

  // Timing leaves out the rounding of activations, which only an engine without integers needs, and says so.
  folder_.write("prompts.txt", "the film was good .\n");
  const Json measured =
      json_of(run_coppice("measure --model " + at("int8") + " --prompts " + at("prompts.txt") + " --repeats 3 --json"));
  EXPECT_EQ(measured["engine"], "libtorch, float32 from int8 weights");

  // What cannot be compared says why.
  const ProgramResult nowhere = run_coppice("evaluate --model " + at("dense") + " --against " + at("nowhere") +
                                            " --data " + at("data") + " --json");
  EXPECT_EQ(nowhere.exit_code, 3) << nowhere.err;
  EXPECT_NE(nowhere.err.find("no such model folder"), std::string::npos) << nowhere.err;
  EXPECT_EQ(run_coppice("export --model " + at("dense") + " --output " + at("x") + " --weights int4").exit_code, 2);
}

TEST_F(Lifecycle, AnInt8ExportWithStaticScalesIsCalibratedAndJudgedWithThem) {
  json_of(run_coppice(train_command("tiny-base", "dense", "--json")));
  const std::string export_to = "export --model " + at("dense") + " --weights int8 --json --output ";
  json_of(run_coppice(export_to + at("dynamic")));
  json_of(run_coppice(export_to + at("static") + " --activations static --calibration " + at("data") +
                      " --calibration-limit 20"));
  const Json step = manifest_of("static")["plan"].back();
  EXPECT_EQ(step["settings"]["activations"], "static");
  EXPECT_EQ(step["settings"]["calibration_method"], "minmax");
  const Json record =
      *parse_json(file_content(folder_.path() / "static" / step["run"].get<std::string>()), "the export's record");
  EXPECT_EQ(record["inputs"]["calibration_data"]["split"], "validation");
  EXPECT_EQ(record["inputs"]["calibration_data"]["examples"], 20);
  EXPECT_EQ(record["results"]["calibration"]["inputs"].size(), 9U);

  const Json metrics = json_of(run_coppice("evaluate --model " + at("static") + " --against " + at("dense") +
                                           " --data " + at("data") + " --json"));
  EXPECT_EQ(metrics["arithmetic"], "int8 weights and activations of static scale");
  EXPECT_GT(metrics["against"]["max_logit_difference"].get<double>(), 0);
  EXPECT_LT(metrics["against"]["max_logit_difference"].get<double>(), 1);
  const Json step_by_step = json_of(run_coppice("evaluate --model " + at("static") + " --against " + at("dynamic") +
                                                " --data " + at("data") + " --json"));
  EXPECT_GT(step_by_step["against"]["max_logit_difference"].get<double>(), 0) << "the scales are others";
  EXPECT_LT(step_by_step["against"]["max_logit_difference"].get<double>(), 1);

  // An int8 folder as a base is read for its weights; the scales stay behind, unmentioned.
  const ProgramResult continued = run_coppice(train_command("static", "again", "--max-steps 1 --json"));
  EXPECT_EQ(continued.exit_code, 0) << continued.err;
  EXPECT_EQ(continued.err.find("input_scale"), std::string::npos) << continued.err;

  // Mistakes.
  const auto refused = [&](const std::string& options, int exit_code, const std::string& words) {
    const ProgramResult result = run_coppice(export_to + at("never") + " " + options);
    EXPECT_EQ(result.exit_code, exit_code) << options << ": " << result.err;
    EXPECT_NE(result.err.find(words), std::string::npos) << options << ": " << result.err;
    EXPECT_FALSE(fs::exists(folder_.path() / "never" / "manifest.json")) << options;
  };
  refused("--activations static", 2, "--calibration FILE");
  refused("--calibration " + at("data"), 2, "add --activations static");
  refused("--activations static --calibration " + at("nowhere"), 3, "nowhere");
  folder_.write("empty.tsv", "");
  refused("--activations static --calibration " + at("empty.tsv"), 3, "empty.tsv");
  std::string foreign;  // enough for a validation part to be cut off
  for (int i = 0; i < 200; ++i)
    foreign += "1\tgefiel uns recht gut " + std::to_string(i) + "\n0\tganz furchtbar langweilig\n";
  folder_.write("foreign.tsv", foreign);
  refused("--activations static --calibration " + at("foreign.tsv"), 3, "unknown to the model's vocabulary");
  const ProgramResult fp16 = run_coppice("export --model " + at("dense") + " --output " + at("never") +
                                         " --activations static --calibration " + at("data"));
  EXPECT_EQ(fp16.exit_code, 2) << fp16.err;
  EXPECT_NE(fp16.err.find("goes with --weights int8"), std::string::npos) << fp16.err;

  // The ranges by themselves.
  const Json ranges = json_of(run_coppice("calibrate --model " + at("dense") + " --data " + at("data/validation.tsv") +
                                          " --method percentile --percentile 99 --json"));
  EXPECT_EQ(ranges["inputs"].size(), 9U);
  for (const Json& input : ranges["inputs"]) {
    EXPECT_LE(input["observed_low"].get<double>(), input["low"].get<double>() + 1e-9) << input;
    EXPECT_LE(input["clipped"].get<double>(), 0.01) << input;
  }
}

TEST_F(Lifecycle, AStudentLearnsOfReviewsThatOnlyTheTeacherJudged) {
  json_of(run_coppice(train_command("tiny-base", "dense", "--json")));
  // Of the same words as the labelled ones; the last says what a test review says.
  fs::create_directories(folder_.path() / "unsup");
  std::string tsv = reviews(24, 7) + file_content(folder_.path() / "data" / "test.tsv");
  for (int i = 0; i < 25; ++i) {
    const size_t end = tsv.find('\n');
    folder_.write("unsup/" + std::to_string(i) + "_0.txt", tsv.substr(2, end - 2));
    tsv.erase(0, end + 1);
  }
  const std::string unlabelled = "--json --unlabelled " + at("unsup") + " ";
  const std::string teacher = "--teacher " + at("dense") + " --distillation-weight 0.5 ";
  const Json record = json_of(run_coppice(train_command("tiny-base", "student", unlabelled + teacher)));
  const Json& data = record["inputs"]["unlabelled_data"];
  EXPECT_EQ(data["split"], "unlabelled");
  EXPECT_GE(data["left_out_near_validation_or_test"].get<int>(), 1);
  EXPECT_EQ(data["examples"].get<int>() + data["left_out_near_validation_or_test"].get<int>(), 25);
  EXPECT_EQ(record["inputs"]["training_data"]["examples"], 96);
  // 96 labelled reviews are 12 batches of 8; the others are read too.
  EXPECT_GT(record["results"]["steps"].get<int>(), 6 * 12);
  EXPECT_GE(record["results"]["best"]["validation_accuracy"].get<double>(), 0.9);
  EXPECT_EQ(manifest_of("student")["training_data"]["examples"], 96);

  const ProgramResult alone = run_coppice(train_command("tiny-base", "never", unlabelled));
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_NE(alone.err.find("--unlabelled needs a --teacher"), std::string::npos) << alone.err;
  const ProgramResult unheard = run_coppice(
      train_command("tiny-base", "never", unlabelled + "--teacher " + at("dense") + " --distillation-weight 0"));
  EXPECT_EQ(unheard.exit_code, 2);
  EXPECT_NE(unheard.err.find("above 0"), std::string::npos) << unheard.err;
}

TEST_F(Lifecycle, InnerHiddenStatesAreDistilledAndTheirLayersRecorded) {
  json_of(run_coppice(train_command("tiny-base", "dense", "--json")));
  const std::string teacher = "--json --teacher " + at("dense") + " --distillation-weight 0.3 ";
  const Json plain = json_of(run_coppice(train_command("tiny-base", "plain", teacher)));
  EXPECT_FALSE(plain["settings"]["distillation"].contains("hidden_states"));
  for (const std::string rows : {"cls", "tokens"}) {
    const Json record = json_of(run_coppice(
        train_command("tiny-base", "student-" + rows, teacher + "--teacher-hidden-weight 2 --teacher-hidden " + rows)));
    const Json& states = record["settings"]["distillation"]["hidden_states"];
    EXPECT_EQ(states["rows"], rows);
    EXPECT_EQ(states["weight"], 2);
    EXPECT_EQ(states["layers"], (Json{{{"student", 0}, {"teacher", 0}}}));
    EXPECT_EQ(record["inputs"]["teacher"]["layer_mapping"], "same depth");
    EXPECT_NE(file_content(folder_.path() / ("student-" + rows) / "model.safetensors"),
              file_content(folder_.path() / "plain" / "model.safetensors"));
  }
  EXPECT_EQ(run_coppice(train_command("tiny-base", "never", "--teacher-hidden cls")).exit_code, 2);
  EXPECT_EQ(run_coppice(train_command("tiny-base", "never", teacher + "--teacher-hidden all")).exit_code, 2);

  // One layer has no inner states.
  json_of(run_coppice("prune --model " + at("dense") + " --data " + at("data") + " --output " + at("shallow") +
                      " --method structured --keep-layers 1 --keep-flops 0.5 --tokens 16 --json"));
  const ProgramResult shallow = run_coppice(train_command("shallow", "never", teacher + "--teacher-hidden cls"));
  EXPECT_EQ(shallow.exit_code, 2) << shallow.err;
  EXPECT_NE(shallow.err.find("no inner hidden states"), std::string::npos) << shallow.err;

  // A vocabulary trimmed until a word of the reviews is spelled otherwise: [CLS] can be compared, tokens cannot.
  json_of(run_coppice("prune --model " + at("dense") + " --data " + at("data/train.tsv") + " --output " +
                      at("trimmed") + " --method vocabulary --min-count 60 --json"));
  const ProgramResult tokens = run_coppice(train_command("trimmed", "never", teacher + "--teacher-hidden tokens"));
  EXPECT_EQ(tokens.exit_code, 2) << tokens.err;
  EXPECT_NE(tokens.err.find("training review 1 is"), std::string::npos) << tokens.err;
  json_of(run_coppice(train_command("trimmed", "trimmed-student", teacher + "--teacher-hidden cls --max-steps 4")));
}

TEST_F(Lifecycle, WorkThatFailedLeavesItsRecordAndARefusedCallNone) {
  json_of(run_coppice(train_command("tiny-base", "dense", "--max-steps 2 --json")));
  const auto records_of = [this](const std::string& name) {
    std::vector<Json> records;
    const fs::path runs = folder_.path() / name / "runs";
    if (!fs::exists(runs)) return records;
    for (const auto& entry : fs::directory_iterator(runs)) {
      records.push_back(*parse_json(file_content(entry.path()), entry.path().string()));
    }
    return records;
  };
  ASSERT_EQ(records_of("dense").size(), 1U);
  // Refused: the record of the model that is there is not mixed with it.
  EXPECT_EQ(run_coppice("export --model " + at("dense") + " --output " + at("dense")).exit_code, 2);
  EXPECT_EQ(run_coppice("evaluate --model " + at("dense") + " --data /nonexistent --record").exit_code, 3);
  EXPECT_EQ(records_of("dense").size(), 1U);
  // Failed in the middle: the place of the ONNX file is taken by a folder.
  fs::create_directories(folder_.path() / "blocked" / "onnx" / "model.onnx" / "taken");
  EXPECT_EQ(run_coppice("export --model " + at("dense") + " --output " + at("blocked")).exit_code, 1);
  const std::vector<Json> failed = records_of("blocked");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0]["kind"], "export");
  EXPECT_EQ(failed[0]["outcome"], "failed");
  EXPECT_NE(failed[0]["error"].get<std::string>().find("model.onnx"), std::string::npos);
  EXPECT_TRUE(failed[0]["energy"]["energy_joules"]["value"].get<double>() > 0);
}

TEST_F(Lifecycle, AStudentIsDistilledFromATeacher) {
  json_of(run_coppice(train_command("tiny-base", "dense", "--json")));
  const Json record = json_of(run_coppice(
      train_command("tiny-base", "student", "--teacher " + at("dense") + " --distillation-hidden-weight 0.1 --json")));
  EXPECT_EQ(record["inputs"]["teacher"]["model_id"], "dense");
  EXPECT_EQ(record["settings"]["distillation"]["weight"], 0.5);
  EXPECT_GE(record["results"]["best"]["validation_accuracy"].get<double>(), 0.9);
  bool teacher_phase = false;
  for (const Json& phase : record["energy"]["phases"]) teacher_phase = teacher_phase || phase["name"] == "teacher";
  EXPECT_TRUE(teacher_phase) << "asking the teacher costs energy too";

  // A teacher that lacks a word of the student's vocabulary judges other texts.
  fs::copy(folder_.path() / "tiny-base", folder_.path() / "other-base");
  std::string vocabulary = file_content(folder_.path() / "tiny-base/vocab.txt");
  vocabulary.replace(vocabulary.find("good"), 4, "fine");
  folder_.write("other-base/vocab.txt", vocabulary);
  const ProgramResult refused = run_coppice(train_command("other-base", "never", "--teacher " + at("dense")));
  EXPECT_EQ(refused.exit_code, 2) << refused.err;
  EXPECT_NE(refused.err.find("another vocabulary: it lacks the student's \"fine\""), std::string::npos) << refused.err;
}

TEST_F(Lifecycle, EveryPruningFormLeavesAModelThatJudges) {
  json_of(run_coppice(train_command("tiny-base", "dense", "--json")));
  const std::string text = " --json 'the film was w15 good .'";
  const auto zeros = [&](const std::string& model) {
    const Json parameters = manifest_of(model)["parameters"];
    return parameters["encoder"].get<int64_t>() - parameters["encoder_nonzero"].get<int64_t>();
  };
  const auto prune = [&](const std::string& options, const std::string& output) {
    return json_of(run_coppice("prune --model " + at("dense") + " --data " + at("data") + " --output " + at(output) +
                               " --json --importance-reviews 16 " + options));
  };
  for (const std::string form : {"--method movement --sparsity 0.5", "--method fisher --scope matrix --sparsity 0.5",
                                 "--method magnitude --pattern 2:4", "--method fisher --pattern 1x4 --sparsity 0.5",
                                 "--method reconstruction --sparsity 0.5", "--method reconstruction --pattern 2:4"}) {
    const std::string output = "form" + std::to_string(std::hash<std::string>()(form));
    prune(form, output);
    EXPECT_EQ(zeros(output), 512) << form;
    EXPECT_TRUE(json_of(run_coppice("predict --model " + at(output) + text)).contains("label"));
  }
  const Json fitted = prune("--method reconstruction --sparsity 0.5", "fitted");
  ASSERT_EQ(fitted["results"]["states_after"].size(), 2U);
  EXPECT_GT(fitted["results"]["states_after"][1]["relative_error"], 0.0);
  const ProgramResult no_reviews =
      run_coppice("prune --model " + at("dense") + " --method reconstruction --output " + at("none"));
  EXPECT_EQ(no_reviews.exit_code, 2);
  EXPECT_NE(no_reviews.err.find("give --data"), std::string::npos) << no_reviews.err;
  // A plan of scores needs the same reviews again.
  const ProgramResult plan = run_coppice("prune --model " + at("dense") + " --method fisher --sparsity 0.5 --data " +
                                         at("data") + " --importance-reviews 16 --dry-run --json");
  folder_.write("fisher.json", plan.out);
  const std::string apply = "prune --model " + at("dense") + " --plan " + at("fisher.json") + " --data " + at("data");
  EXPECT_EQ(run_coppice(apply + " --importance-reviews 8 --output " + at("other")).exit_code, 3);
  EXPECT_EQ(run_coppice(apply + " --importance-reviews 16 --output " + at("same")).exit_code, 0);
  EXPECT_EQ(zeros("same"), 512);

  prune("--method structured --keep-layers 1 --keep-flops 0.5 --tokens 16", "shallow");
  const Json config = *parse_json(file_content(folder_.path() / "shallow" / "config.json"), "config.json");
  EXPECT_EQ(config["num_hidden_layers"], 1);
  const Json choice = prune("--method structured --keep-layers auto --keep-flops 0.95 --tokens 16", "auto");
  EXPECT_EQ(choice["results"]["tried"].size(), 2U);
  json_of(run_coppice(train_command("shallow", "shallow", "--json --epochs 1")));  // recovery

  const Json trimmed = prune("--method vocabulary --min-count 2", "trimmed");
  EXPECT_EQ(trimmed["results"]["plan"]["vocabulary"]["tokens_before"], 40);
  EXPECT_LT(trimmed["results"]["plan"]["vocabulary"]["tokens_after"].get<int>(), 40) << "a, very, not, but never occur";
  const Json before = json_of(run_coppice("predict --model " + at("dense") + text));
  const Json after = json_of(run_coppice("predict --model " + at("trimmed") + text));
  EXPECT_EQ(before["logits"], after["logits"]) << "a text whose tokens all stay is judged to the bit alike";
  const auto against_dense = [&](const std::string& model) {
    return json_of(run_coppice("evaluate --model " + at(model) + " --against " + at("dense") + " --data " +
                               at("data/test.tsv") + " --json"))["against"];
  };
  const Json tokenization = against_dense("trimmed")["tokenization"];
  EXPECT_EQ(tokenization["words"], 40 * 9);
  EXPECT_EQ(tokenization["split_further"], 0);
  EXPECT_EQ(tokenization["unknown_here_only"], 0);
  EXPECT_FALSE(against_dense("same").contains("tokenization")) << "the same vocabulary";
  json_of(run_coppice("export --model " + at("trimmed") + " --output " + at("trimmed-onnx") + " --json"));
  EXPECT_EQ(manifest_of("trimmed-onnx")["parameters"]["total"], manifest_of("trimmed")["parameters"]["total"]);

  json_of(run_coppice(train_command("tiny-base", "gradual", "--json --prune-to 0.5 --prune-every 4")));
  EXPECT_EQ(zeros("gradual"), 512);

  // By time: a table measured here decides.
  json_of(run_coppice("measure --model " + at("dense") + " --latency-table " + at("table.json") +
                      " --tokens 16 --repeats 3 --json"));
  const ProgramResult by_time = run_coppice(
      "prune --model " + at("dense") + " --method structured --keep-latency 0.99 --latency-table " + at("table.json") +
      " --importance magnitude --keep-layers 1 --data " + at("data") + " --output " + at("by-time") + " --json");
  // Times of microseconds are noise: either a plan, or the nearest that can be is named.
  if (by_time.exit_code == 0) {
    EXPECT_EQ(json_of(by_time)["results"]["plan"]["structured"]["budget"]["kind"], "latency");
  } else {
    EXPECT_NE(by_time.err.find("is left"), std::string::npos) << by_time.err;
  }
}

TEST_F(Lifecycle, PredictAnswersInOrderAndNamesABadLine) {
  json_of(run_coppice(train_command("tiny-base", "dense", "--max-steps 4 --json")));
  const ProgramResult piped = run_coppice("predict --model " + at("dense") + " --json --file -",
                                          "{\"text\":\"good\"}\n{\"text\":\"\"}\n{\"text\":3}\n{\"text\":\"bad\"}\n");
  EXPECT_EQ(piped.exit_code, 3);
  EXPECT_NE(piped.err.find("line 3"), std::string::npos) << piped.err;
  EXPECT_EQ(std::count(piped.out.begin(), piped.out.end(), '\n'), 2);
  const Json first = *parse_json(piped.out.substr(0, piped.out.find('\n')), "line 1");
  EXPECT_EQ(first["model"], "dense");
  EXPECT_TRUE(first["label"] == "positive" || first["label"] == "negative");
  EXPECT_GE(first["score"].get<double>(), 0.5);
  EXPECT_EQ(first["tokens"], 3);
  EXPECT_EQ(first["truncated"], false);
  // Invalid UTF-8, control characters and a long text are judged, not refused.
  const std::string noisy = "predict --model " + at("dense") + " --json \"$(printf 'good \\377\\376 \\001')\"";
  EXPECT_EQ(json_of(run_coppice(noisy))["tokens"], 3);
  const Json million =
      json_of(run_coppice("predict --model " + at("dense") + " --json --file -",
                          "{\"text\":\"" + std::string(1000000, 'x') +
                              " good good good good good good good good good good good good good good good\"}"));
  EXPECT_EQ(million["truncated"], true);
  EXPECT_EQ(million["tokens"], 16);
}

TEST_F(Lifecycle, AnAlteredModelIsNamed) {
  json_of(run_coppice(train_command("tiny-base", "dense", "--max-steps 2 --json")));
  std::string bytes = file_content(folder_.path() / "dense" / "model.safetensors");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  folder_.write("dense/model.safetensors", bytes);
  const ProgramResult result = run_coppice("predict --model " + at("dense") + " good");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.err.find("model.safetensors"), std::string::npos) << result.err;
}

TEST_F(Lifecycle, MistakesHaveTheirExitCodes) {
  EXPECT_EQ(run_coppice("train --base x").exit_code, 2);
  EXPECT_EQ(run_coppice("predict --model " + at("nothing") + " good").exit_code, 3);
  EXPECT_EQ(run_coppice(train_command("tiny-base", "dense", "--max-steps 1 --learning-rate 0")).exit_code, 2);
  EXPECT_EQ(run_coppice(train_command("tiny-base", "dense", "--max-steps 1 --max-length 64")).exit_code, 2);
  folder_.write("data/train.tsv", "0\tbad\nno label here\n");
  const ProgramResult bad_data = run_coppice(train_command("tiny-base", "dense", "--max-steps 1"));
  EXPECT_EQ(bad_data.exit_code, 3);
  EXPECT_NE(bad_data.err.find("train.tsv"), std::string::npos) << bad_data.err;
}

// As `timeout` signals the process and its group.
TEST_F(Lifecycle, TwoSignalsAtOnceAreOneRequest) {
  const std::string run = " '" COPPICE_PROGRAM "' " +
                          train_command("tiny-base", "run", "--epochs 4000 --validations-per-epoch 1") + " 2>" +
                          at("log") + " & pid=$!; sleep 2; ";
  const auto exit_code_of = [](const std::string& command) {
    return WEXITSTATUS(std::system((command + "wait $pid").c_str()));
  };
  EXPECT_EQ(exit_code_of(run + "kill -INT $pid; sleep 0.03; kill -INT $pid; "), 130);
  EXPECT_NE(file_content(folder_.path() / "log").find("continue with --resume"), std::string::npos);
}

TEST_F(Lifecycle, CtrlCLeavesACheckpointThatIsContinued) {
  const std::string long_run =
      train_command("tiny-base", "run", "--dropout 0.1 --epochs 4000 --validations-per-epoch 1");
  const std::string command = "timeout --signal=INT 3 '" COPPICE_PROGRAM "' " + long_run + " 2>" + at("log");
  const int status = std::system(command.c_str());
  // timeout reports 124 when it had to signal; --preserve-status is not used so that "it ran to its end" would differ.
  EXPECT_EQ(WEXITSTATUS(status), 124);
  EXPECT_NE(file_content(folder_.path() / "log").find("continue with --resume"), std::string::npos)
      << file_content(folder_.path() / "log");
  EXPECT_TRUE(fs::exists(folder_.path() / "run" / "checkpoints" / "checkpoint.safetensors"));
  // Without --resume it is refused, with other settings too; an energy budget that is used up stops it again.
  EXPECT_EQ(run_coppice(long_run).exit_code, 2);
  EXPECT_EQ(
      run_coppice(train_command("tiny-base", "run", "--dropout 0.1 --resume --epochs 5 --validations-per-epoch 1"))
          .exit_code,
      2);
  const ProgramResult resumed = run_coppice(long_run + " --resume --energy-budget 0.001");
  EXPECT_EQ(resumed.exit_code, 130) << resumed.err;
  EXPECT_NE(resumed.err.find("energy budget"), std::string::npos) << resumed.err;
}

}  // namespace
}  // namespace coppice::cli
