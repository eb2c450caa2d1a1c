#include "tests/unit/stand_in/stand_in.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace coppice::stand_in {
namespace {

namespace fs = std::filesystem;

volatile sig_atomic_t g_stop = 0;

}  // namespace

std::string Call::text(const std::string& name) const {
  const auto found = options.find(name);
  return found == options.end() ? "" : found->second;
}

double Call::number(const std::string& name, double fallback) const {
  const std::string value = text(name);
  return value.empty() ? fallback : std::strtod(value.c_str(), nullptr);
}

Call begin(int argc, char** argv, const char* log) {
  struct sigaction action {};
  action.sa_handler = [](int) { g_stop = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  const std::set<std::string> flags = {"--resume", "--keep-zeros", "--record", "--json"};
  Call call;
  call.command = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    call.words += " " + word;
    if (word == "--resume") call.resume = true;
    if (flags.count(word) > 0 || i + 1 >= argc) continue;
    call.options.emplace(word, argv[++i]);
    call.words += std::string(" ") + argv[i];
  }
  if (const char* path = std::getenv(log)) std::ofstream(path, std::ios::app) << call.command << call.words << '\n';
  return call;
}

bool has_wish(const char* wishes, const std::string& what, const std::function<bool(const std::string&)>& meant) {
  std::istringstream words(wishes == nullptr ? "" : wishes);
  for (std::string word; words >> word;) {
    if (word == what) return true;
    if (word.rfind(what + "=", 0) == 0 && meant(word.substr(what.size() + 1))) return true;
  }
  return false;
}

void hang(const fs::path& output) {
  fs::create_directories(output / "checkpoints");
  std::ofstream(output / "checkpoints" / "checkpoint.safetensors") << "state";
  while (g_stop == 0) ::usleep(20000);
}

void copy_model(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  if (fs::equivalent(from, to)) return;
  for (const char* name : {"config.json", "model.safetensors", "vocab.txt"}) {
    if (fs::exists(from / name)) fs::copy_file(from / name, to / name, fs::copy_options::overwrite_existing);
  }
}

Json made_up_joules(double joules) {
  return {{"value", joules},
          {"low", joules / 2},
          {"high", joules * 2},
          {"provenance", "modelled"},
          {"method", "made up by the tests' stand-in"}};
}

}  // namespace coppice::stand_in
