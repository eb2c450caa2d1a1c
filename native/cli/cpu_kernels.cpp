#include "native/cli/cpu_kernels.h"

#include <cstdlib>
#include <fstream>

namespace coppice::cli {
namespace {

// True if `word` stands in `flags` between spaces: "avx2" is no part of "avx2x".
bool has_flag(std::string_view flags, std::string_view word) {
  for (size_t at = flags.find(word); at != std::string_view::npos; at = flags.find(word, at + 1)) {
    const bool starts = at == 0 || flags[at - 1] == ' ' || flags[at - 1] == '\t';
    const size_t end = at + word.size();
    if (starts && (end == flags.size() || flags[end] == ' ')) return true;
  }
  return false;
}

std::string cpu_flags() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line)) {
    if (line.starts_with("flags")) return line.substr(line.find(':') + 1);
  }
  return {};
}

}  // namespace

std::string openblas_core_type(std::string_view flags) {
  const auto all = [&](std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
      if (!has_flag(flags, word)) return false;
    }
    return true;
  };
  if (all({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"})) {
    return has_flag(flags, "avx512_bf16") ? "Cooperlake" : "SkylakeX";
  }
  if (all({"avx2", "fma"})) return "Haswell";
  return {};
}

std::vector<std::pair<std::string, std::string>> backend_environment() {
  std::vector<std::pair<std::string, std::string>> settings;
  const auto set_unless_set = [&](const char* name, const std::string& value) {
    if (!value.empty() && std::getenv(name) == nullptr) settings.emplace_back(name, value);
  };
  set_unless_set("OPENBLAS_CORETYPE", openblas_core_type(cpu_flags()));
  set_unless_set("OPENBLAS_NUM_THREADS", "1");
  set_unless_set("OMP_NUM_THREADS", "1");
  set_unless_set("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32768");
  return settings;
}

}  // namespace coppice::cli
