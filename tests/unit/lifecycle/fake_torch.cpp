// A test's stand-in for coppice-torch: takes the words of train, prune, evaluate and measure, writes true records and
// files with made-up numbers, and behaves as FAKE_TORCH asks. It computes nothing.
//
// FAKE_TORCH: words separated by spaces.
//   fail=PART   exit 1 with a message if a word of the command contains PART
//   die=PART    end by SIGKILL, half of the model written
//   hang=PART   write a checkpoint and wait for SIGINT, then leave an interrupted record and exit 130; not
//               with --resume
//   no-energy   records without an energy figure
// FAKE_TORCH_LOG: a file that gains one line per call.
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "native/backend/verdicts.h"
#include "native/data/dataset.h"
#include "native/export/model_folder.h"
#include "native/export/run_recorder.h"
#include "native/io/file.h"
#include "tests/unit/stand_in/stand_in.h"

namespace {

namespace fs = std::filesystem;
using coppice::Json;
using coppice::RunRecorder;
using coppice::Status;
using coppice::stand_in::Call;
using coppice::stand_in::copy_model;
using coppice::stand_in::made_up_joules;

bool asked_to(const std::string& what, const Call& call) {
  return coppice::stand_in::has_wish(std::getenv("FAKE_TORCH"), what, [&](const std::string& part) {
    return call.words.find(part) != std::string::npos;
  });
}

Json energy_of(const std::map<std::string, double>& seconds) {
  Json energy = {{"phases", Json::array()}, {"duration_seconds", 0.0}, {"cpu_time_seconds", 0.0}};
  double all = 0;
  for (const auto& [name, of_phase] : seconds) {
    energy["phases"].push_back({{"name", name},
                                {"duration_seconds", of_phase},
                                {"cpu_time_seconds", of_phase},
                                {"energy_joules", made_up_joules(4 * of_phase)}});
    all += of_phase;
  }
  energy["duration_seconds"] = all;
  energy["energy_joules"] = made_up_joules(4 * all);
  return energy;
}

int end(const Call& call, const fs::path& folder, RunRecorder& recorder, const std::map<std::string, double>& phases,
        const Status& status) {
  if (!asked_to("no-energy", call)) recorder.record().energy = energy_of(phases);
  coppice::records::RunRecord record = recorder.finish(status);
  const Status written = coppice::write_run_record(folder, record);
  if (!written.ok()) std::cerr << written.message() << '\n';
  if (status.ok()) {
    if (const Status manifest = coppice::refresh_manifest(folder); !manifest.ok()) {
      std::cerr << manifest.message() << '\n';
      return 1;
    }
    return 0;
  }
  std::cerr << "coppice " << call.command << ": " << status.message() << '\n';
  return status.code() == coppice::StatusCode::kInterrupted ? 130 : 1;
}

int train(const Call& call, RunRecorder& recorder) {
  const fs::path output = call.text("--output");
  fs::create_directories(output);
  if (asked_to("die", call)) {
    std::ofstream(output / "model.safetensors") << "half of it";
    ::raise(SIGKILL);
  }
  recorder.record().settings["max_length"] = 16;
  recorder.record().inputs["validation_data"] = {
      {"name", "made"}, {"split", "validation"}, {"sha256", std::string(64, 'a')}, {"examples", 4}};
  recorder.record().inputs["training_data"] = {
      {"name", "made"}, {"split", "train"}, {"sha256", std::string(64, 'b')}, {"examples", 8}};
  if (asked_to("hang", call) && !call.resume) {
    coppice::stand_in::hang(output);
    return end(call, output, recorder, {{"train", 0.01}}, coppice::interrupted("stopped at a checkpoint"));
  }
  if (asked_to("fail", call)) return end(call, output, recorder, {{"train", 0.01}}, coppice::failed("the loss is nan"));
  copy_model(call.text("--base"), output);
  // Another learning rate, another model.
  const bool better = call.text("--learning-rate") == "0.002";
  recorder.record().results = {{"tokens", 100},
                               {"steps", 3},
                               {"best", {{"validation_accuracy", better ? 0.75 : 0.5}, {"validation_loss", 0.6}}}};
  fs::remove_all(output / "checkpoints");
  return end(call, output, recorder, {{"train", 0.01}, {"validate", 0.005}}, {});
}

int prune(const Call& call, RunRecorder& recorder) {
  const fs::path output = call.text("--output");
  if (asked_to("fail", call)) {
    std::cerr << "coppice prune: no such plan\n";
    return 1;
  }
  copy_model(call.text("--model"), output);
  recorder.record().results["plan"] = {{"method", call.text("--method")}};
  return end(call, output, recorder, {{"plan", 0.01}}, {});
}

int evaluate(const Call& call, RunRecorder& recorder) {
  const fs::path model = call.text("--model");
  if (asked_to("fail", call)) {
    std::cerr << "coppice evaluate: refused\n";
    return 1;
  }
  const auto limit = static_cast<size_t>(std::atoi(call.text("--limit").c_str()));
  auto selection = coppice::backend::select_reviews(call.text("--data"), coppice::data::Split::kTest, limit);
  if (!selection) {
    std::cerr << selection.status().message() << '\n';
    return 3;
  }
  // Right on all but the first, so that accuracies are true ones of these verdicts.
  std::vector<coppice::backend::Logits> logits;
  for (const coppice::data::Review& review : selection->reviews) {
    const bool positive = (review.label == 1) != logits.empty();
    logits.push_back(positive ? coppice::backend::Logits{-1, 1} : coppice::backend::Logits{1, -1});
  }
  const std::string sha256 = *coppice::sha256_file_hex(model / "model.safetensors");
  if (const std::string predictions = call.text("--predictions"); !predictions.empty()) {
    const Status written =
        coppice::backend::write_predictions(predictions, *selection, logits, model.filename().string(), sha256);
    if (!written.ok()) std::cerr << written.message() << '\n';
  }
  recorder.record().inputs["test_set"] = coppice::backend::to_json(*selection);
  recorder.record().inputs["weights_sha256"] = sha256;
  recorder.record().settings = {{"max_length", 16}, {"truncation", "head_tail"}};
  recorder.record().results = Json(*coppice::backend::metrics_of(*selection, logits));
  recorder.record().results["tokens"] = 60;
  return end(call, model, recorder, {{"evaluate", 0.01}}, {});
}

int measure(const Call& call, RunRecorder& recorder) {
  const auto models = call.options.equal_range("--model");
  for (auto model = models.first; model != models.second; ++model) {
    const fs::path folder = model->second;
    const std::string id = folder.filename().string();
    recorder.record().results = {{"model", id}, {"overall", {{"median_ms", 1.0}}}};
    if (const int code = end(call, folder, recorder, {{"measure", 0.01}, {"warm-up", 0.005}}, {}); code != 0)
      return code;
  }
  if (const std::string csv = call.text("--csv"); !csv.empty()) std::ofstream(csv) << "model\n";
  std::cout << "{\"models\":[]}\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const Call call = coppice::stand_in::begin(argc, argv, "FAKE_TORCH_LOG");
  RunRecorder recorder(call.command, {argv, argv + argc});
  if (call.command == "train") return train(call, recorder);
  if (call.command == "prune") return prune(call, recorder);
  if (call.command == "evaluate") return evaluate(call, recorder);
  if (call.command == "measure") return measure(call, recorder);
  return 2;
}
