// Runs a libFuzzer target without libFuzzer: every seed as it is, then mutations of the seeds from a fixed random
// sequence, so that a failure is found again by the same command.
//
//   fuzz_NAME [--runs N] [--seconds LIMIT] [--seed S] CORPUS_FOLDER_OR_FILE...
//
// A single file is run once, unchanged: how a finding is looked at. On a crash the input is left in fuzz-failure.bin.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMaxInput = 1 << 14;
std::string current_input;  // global, for the handler

void save_input() {
  if (std::FILE* file = std::fopen("fuzz-failure.bin", "wb"); file != nullptr) {
    std::fwrite(current_input.data(), 1, current_input.size(), file);
    std::fclose(file);
    std::fprintf(stderr, "the input (%zu bytes) is in fuzz-failure.bin\n", current_input.size());
  }
}
void on_abort(int) {
  save_input();
  std::_Exit(1);
}

// Sanitizers end the process without a signal; they call this instead.
extern "C" void __asan_on_error() { save_input(); }

void run_one(const std::string& input) {
  current_input = input;
  // An exact copy on the heap, so that reading past the end is seen.
  const std::vector<uint8_t> copy(input.begin(), input.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& seeds, uint64_t seed) : seeds_(seeds), random_(seed) {}

  std::string next() {
    std::string input = seeds_[below(seeds_.size())];
    for (size_t change = 1 + below(6); change > 0; --change) mutate(input);
    if (input.size() > kMaxInput) input.resize(kMaxInput);
    return input;
  }

 private:
  size_t below(size_t bound) { return bound == 0 ? 0 : static_cast<size_t>(random_() % bound); }

  void mutate(std::string& input) {
    static const std::string kTokens[] = {std::string(1, '\0'),
                                          "\xff",
                                          "\x80",
                                          "\xe2\x82",
                                          "\xf0\x9f\x98\x80",
                                          "\xcc\x81",
                                          "\"",
                                          "\\",
                                          "{",
                                          "}",
                                          "[",
                                          "]",
                                          ":",
                                          ",",
                                          "-1",
                                          "0",
                                          "1e999",
                                          "null",
                                          "18446744073709551615",
                                          "9223372036854775808",
                                          "[SEP]",
                                          " ",
                                          "\n"};
    const size_t at = below(input.size() + 1);
    switch (below(9)) {
      case 0:  // another byte
        if (at < input.size()) input[at] = static_cast<char>(random_());
        break;
      case 1:  // another bit
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 2:
        input.erase(at, 1 + below(16));
        break;
      case 3:
        input.insert(at, kTokens[below(std::size(kTokens))]);
        break;
      case 4:  // cut short
        input.resize(at);
        break;
      case 5:  // repeat a part
        input.insert(at, input.substr(below(input.size() + 1), 1 + below(64)));
        break;
      case 6: {  // a part of another seed
        const std::string& other = seeds_[below(seeds_.size())];
        input.insert(at, other.substr(below(other.size() + 1), 1 + below(256)));
        break;
      }
      case 7: {  // a little-endian number somewhere, small, large or near a power of two
        uint64_t number = uint64_t{1} << below(64);
        number += below(3) - 1;
        char bytes[8];
        std::memcpy(bytes, &number, sizeof(bytes));
        const size_t width = size_t{1} << below(4);
        if (at + width <= input.size()) input.replace(at, width, bytes, width);
        break;
      }
      default:  // one byte many times
        input.insert(at, std::string(1 + below(300), input.empty() ? 'a' : input[below(input.size())]));
        break;
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_;
};

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t runs = 20000;
  double limit_seconds = 1e9;
  uint64_t seed = 1;
  std::vector<std::filesystem::path> paths;
  for (int k = 1; k < argc; ++k) {
    const std::string argument = argv[k];
    const auto value = [&] { return k + 1 < argc ? std::strtod(argv[++k], nullptr) : 0.0; };
    if (argument == "--runs") {
      runs = static_cast<uint64_t>(value());
    } else if (argument == "--seconds") {
      limit_seconds = value();
    } else if (argument == "--seed") {
      seed = static_cast<uint64_t>(value());
    } else {
      paths.emplace_back(argument);
    }
  }
  std::signal(SIGABRT, on_abort);

  if (paths.size() == 1 && std::filesystem::is_regular_file(paths[0])) {
    run_one(read(paths[0]));
    return 0;
  }
  std::vector<std::string> seeds;
  for (const std::filesystem::path& folder : paths) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) seeds.push_back(read(entry.path()));
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds: give a corpus folder with at least one file\n");
    return 2;
  }
  std::sort(seeds.begin(), seeds.end());  // folders are listed in no order
  run_one("");
  for (const std::string& input : seeds) run_one(input);

  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  Mutator mutator(seeds, seed);
  uint64_t done = 0;
  for (; done < runs && elapsed() < limit_seconds; ++done) run_one(mutator.next());
  std::printf("%zu seeds and %llu mutations in %.1f s\n", seeds.size(), static_cast<unsigned long long>(done),
              elapsed());
  return 0;
}
