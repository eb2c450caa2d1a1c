// A test's stand-in for coppice-torch: takes the words of `coppice train` and `coppice prune`, writes a true run record
// with made-up scores, and behaves as FAKE_TRAINER asks. It trains nothing.
//
// FAKE_TRAINER: words separated by spaces.
//   fail=RATE     exit 1 for this learning rate, with a message
//   refuse=RATE   exit 3, with a message and no record
//   hang=RATE     write a checkpoint and wait for SIGINT, then leave an interrupted record and exit 130
//   die=RATE      end by SIGKILL
//   die-late=RATE the same right after the record of a finished run, before manifest.json; checkpoints are still there
//   no-energy     records without an energy figure
// FAKE_TRAINER_LOG: a file that gains one line per call.
#include <signal.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>

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

// True if FAKE_TRAINER has the word for this call's learning rate.
bool asked_to(const std::string& what, const Call& call) {
  return coppice::stand_in::has_wish(std::getenv("FAKE_TRAINER"), what, [&](const std::string& rate) {
    return std::strtod(rate.c_str(), nullptr) == call.number("--learning-rate", 0);
  });
}

// More reviews are better; the best learning rate is 1e-4; the batch size breaks ties by loss.
void score(const Call& call, Json& results) {
  const double reviews = call.number("--train-limit", 90);
  const double off = std::fabs(std::log10(call.number("--learning-rate", 1e-4) / 1e-4));
  const double accuracy = std::round(40 * (0.9 - 0.2 * off - 5 / reviews)) / 40;
  const double loss = 1 - accuracy + call.number("--batch-size", 16) / 1000;
  results["best"] = {{"validation_accuracy", accuracy}, {"validation_loss", loss}};
}

int end(const Call& call, RunRecorder& recorder, const Status& status) {
  const fs::path output = call.text("--output");
  if (!asked_to("no-energy", call)) {
    recorder.record().energy =
        Json::object({{"energy_joules", coppice::stand_in::made_up_joules(call.number("--train-limit", 90))}});
  }
  const Status written = coppice::write_run_record(output, recorder.finish(status));
  if (!written.ok()) std::cerr << written.message() << '\n';
  if (status.ok()) return 0;
  std::cerr << "coppice train: " << status.message() << '\n';
  return status.code() == coppice::StatusCode::kInterrupted ? 130 : 1;
}

int train(const Call& call, RunRecorder& recorder) {
  const fs::path output = call.text("--output");
  if (asked_to("refuse", call)) {
    std::cerr << "coppice train: refused as the test wished\n";
    return 3;
  }
  fs::create_directories(output);
  if (asked_to("die", call)) ::raise(SIGKILL);
  std::cerr << "train 50 %\n";
  if (asked_to("fail", call)) return end(call, recorder, coppice::failed("the loss is nan"));
  if (asked_to("hang", call) && !call.resume) {
    coppice::stand_in::hang(output);
    return end(call, recorder, coppice::interrupted("stopped at a checkpoint"));
  }
  const auto limit = static_cast<int64_t>(call.number("--train-limit", 90));
  recorder.record().settings["max_length"] = 16;
  recorder.record().inputs["training_data"] = {{"name", "made"},
                                               {"split", "train"},
                                               {"sha256", coppice::sha256_hex(std::to_string(limit))},
                                               {"examples", limit}};
  recorder.record().inputs["validation_data"] = {{"name", "made"},
                                                 {"split", "validation"},
                                                 {"sha256", coppice::sha256_hex(call.text("--data"))},
                                                 {"examples", 40}};
  score(call, recorder.record().results);
  coppice::stand_in::copy_model(call.text("--base"), output);
  if (asked_to("die-late", call)) {
    fs::create_directories(output / "checkpoints");
    end(call, recorder, {});
    ::raise(SIGKILL);
  }
  fs::remove_all(output / "checkpoints");
  const int code = end(call, recorder, {});
  const Status manifest = coppice::refresh_manifest(output);
  if (!manifest.ok()) std::cerr << manifest.message() << '\n';
  return code;
}

int prune(const Call& call, RunRecorder& recorder) {
  fs::create_directories(call.text("--output"));
  recorder.record().results["plan"] = {{"sparsity", call.number("--sparsity", -1)}};
  coppice::stand_in::copy_model(call.text("--model"), call.text("--output"));
  return end(call, recorder, {});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const Call call = coppice::stand_in::begin(argc, argv, "FAKE_TRAINER_LOG");
  RunRecorder recorder(call.command, {argv, argv + argc});
  return call.command == "prune" ? prune(call, recorder) : train(call, recorder);
}
