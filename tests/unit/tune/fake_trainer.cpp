// A test's stand-in for coppice-torch: takes the words of `coppice train` and `coppice prune`, writes a true run record
// with made-up scores, and behaves as FAKE_TRAINER asks. It trains nothing.
//
// FAKE_TRAINER: words separated by spaces.
//   fail=RATE     exit 1 for this learning rate, with a message
//   refuse=RATE   exit 3, with a message and no record
//   hang=RATE     write a checkpoint and wait for SIGINT, then leave an interrupted record and exit 130
//   die=RATE      end by SIGKILL
//   no-energy     records without an energy figure
// FAKE_TRAINER_LOG: a file that gains one line per call.
#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "native/export/model_folder.h"
#include "native/export/run_recorder.h"
#include "native/io/file.h"

namespace {

namespace fs = std::filesystem;
using coppice::Json;
using coppice::RunRecorder;
using coppice::Status;

volatile sig_atomic_t g_stop = 0;

struct Call {
  std::string command;
  std::map<std::string, std::string> options;
  bool resume = false;
  [[nodiscard]] double number(const std::string& name, double fallback) const {
    const auto found = options.find(name);
    return found == options.end() ? fallback : std::strtod(found->second.c_str(), nullptr);
  }
};

Call parse(int argc, char** argv) {
  Call call;
  call.command = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--resume") {
      call.resume = true;
    } else if (word != "--keep-zeros" && i + 1 < argc) {
      call.options[word] = argv[++i];
    }
  }
  return call;
}

// True if FAKE_TRAINER has the word for this call's learning rate.
bool asked_to(const std::string& what, const Call& call) {
  const char* wishes = std::getenv("FAKE_TRAINER");
  if (wishes == nullptr) return false;
  std::istringstream words(wishes);
  for (std::string word; words >> word;) {
    if (word == what) return true;
    if (word.rfind(what + "=", 0) == 0 &&
        std::strtod(word.c_str() + what.size() + 1, nullptr) == call.number("--learning-rate", 0)) {
      return true;
    }
  }
  return false;
}

void copy_base(const fs::path& base, const fs::path& output) {
  if (fs::equivalent(base, output)) return;
  for (const char* name : {"config.json", "model.safetensors", "vocab.txt"}) {
    if (fs::exists(base / name)) fs::copy_file(base / name, output / name, fs::copy_options::overwrite_existing);
  }
}

Json energy_of(double joules) {
  return {{"energy_joules",
           {{"value", joules},
            {"low", joules / 2},
            {"high", joules * 2},
            {"provenance", "modelled"},
            {"method", "made up by the tests' stand-in"}}}};
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
  const fs::path output = call.options.at("--output");
  if (!asked_to("no-energy", call)) recorder.record().energy = energy_of(call.number("--train-limit", 90));
  const Status written = coppice::write_run_record(output, recorder.finish(status));
  if (!written.ok()) std::cerr << written.message() << '\n';
  if (status.ok()) return 0;
  std::cerr << "coppice train: " << status.message() << '\n';
  return status.code() == coppice::StatusCode::kInterrupted ? 130 : 1;
}

int train(const Call& call, RunRecorder& recorder) {
  const fs::path output = call.options.at("--output");
  if (asked_to("refuse", call)) {
    std::cerr << "coppice train: refused as the test wished\n";
    return 3;
  }
  fs::create_directories(output);
  if (asked_to("die", call)) ::raise(SIGKILL);
  std::cerr << "train 50 %\n";
  if (asked_to("fail", call)) return end(call, recorder, coppice::failed("the loss is nan"));
  if (asked_to("hang", call) && !call.resume) {
    fs::create_directories(output / "checkpoints");
    std::ofstream(output / "checkpoints" / "checkpoint.safetensors") << "state";
    while (g_stop == 0) ::usleep(20000);
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
                                                 {"sha256", coppice::sha256_hex(call.options.at("--data"))},
                                                 {"examples", 40}};
  score(call, recorder.record().results);
  copy_base(call.options.at("--base"), output);
  fs::remove_all(output / "checkpoints");
  const int code = end(call, recorder, {});
  const Status manifest = coppice::refresh_manifest(output);
  if (!manifest.ok()) std::cerr << manifest.message() << '\n';
  return code;
}

int prune(const Call& call, RunRecorder& recorder) {
  fs::create_directories(call.options.at("--output"));
  recorder.record().results["plan"] = {{"sparsity", call.number("--sparsity", -1)}};
  copy_base(call.options.at("--model"), call.options.at("--output"));
  return end(call, recorder, {});
}

}  // namespace

int main(int argc, char** argv) {
  struct sigaction action {};
  action.sa_handler = [](int) { g_stop = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  if (argc < 2) return 2;
  const Call call = parse(argc, argv);
  if (const char* log = std::getenv("FAKE_TRAINER_LOG")) {
    std::ofstream out(log, std::ios::app);
    for (int i = 1; i < argc; ++i) out << argv[i] << (i + 1 < argc ? ' ' : '\n');
  }
  RunRecorder recorder(call.command, {argv, argv + argc});
  return call.command == "prune" ? prune(call, recorder) : train(call, recorder);
}
