#include "native/infer/core_folder.h"

#include <time.h>

#include <fstream>

#include "native/backend/tokenizer_folder.h"
#include "native/export/model_folder.h"
#include "shared/engine/kernel_costs.h"

namespace coppice::infer {
namespace {

namespace fs = std::filesystem;

double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// MemAvailable of /proc/meminfo in bytes; 0 where it is not told.
int64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::string unit;
  int64_t kilobytes = 0;
  while (file >> name >> kilobytes && std::getline(file, unit)) {
    if (name == "MemAvailable:") return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

double monotonic_seconds() { return seconds_of(CLOCK_MONOTONIC); }
double thread_cpu_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

Result<CoreFolder> open_core(const fs::path& folder) {
  COPPICE_ASSIGN_OR_RETURN(records::Manifest manifest, read_model_folder(folder, Verify::kHashes));
  if (manifest.architecture == records::Architecture::kLinear) {
    return invalid_usage(folder.string() + " is a linear model; --engine is of BERT-type models");
  }
  COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config, read_bert_config(folder));
  // Where both are there, the one that libtorch reads too.
  const std::string weights_path = fs::exists(folder / "model.safetensors") ? "model.safetensors" : "onnx/model.onnx";
  const records::FileEntry* entry = manifest.find_file(weights_path);
  if (entry == nullptr) return invalid_input(folder.string() + "/manifest.json does not list " + weights_path);
  const std::string source = (folder / weights_path).string();
  COPPICE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(folder / weights_path));
  engine::ClassifierOptions options;
  options.measure_costs = [](engine::FormatChoice choice, engine::KernelCosts& costs) {
    engine::measure_kernel_costs(&thread_cpu_seconds, choice, costs);
  };
  options.memory_limit_bytes = available_memory();
  COPPICE_ASSIGN_OR_RETURN(engine::Classifier classifier,
                           engine::Classifier::load(config, file.bytes(), source, options));
  COPPICE_ASSIGN_OR_RETURN(text::Tokenizer tokenizer, backend::read_tokenizer(folder));
  if (tokenizer.vocab_size() != config.vocab_size) {
    return invalid_input(folder.string() + ": vocab.txt has " + std::to_string(tokenizer.vocab_size()) +
                         " entries but config.json's vocab_size is " + std::to_string(config.vocab_size) +
                         "; take both from the same model");
  }
  if (manifest.max_length > config.max_position_embeddings) {
    return invalid_input(folder.string() + ": the manifest's max_length is " + std::to_string(manifest.max_length) +
                         " but config.json's max_position_embeddings " +
                         std::to_string(config.max_position_embeddings) + "; take both from the same model");
  }
  COPPICE_ASSIGN_OR_RETURN(const text::Truncation truncation, text::parse_truncation(manifest.truncation));
  text::EncodeOptions encoding;
  encoding.max_length = static_cast<int>(manifest.max_length);
  encoding.truncation = truncation;
  encoding.with_offsets = false;
  std::string sha256 = entry->sha256;
  return CoreFolder{folder,
                    std::move(manifest),
                    std::make_unique<engine::Classifier>(std::move(classifier)),
                    std::move(sha256),
                    std::move(tokenizer),
                    encoding};
}

Result<engine::Session> single_session(const CoreFolder& folder, engine::Threads* threads, double (*now)()) {
  engine::SessionOptions options;
  options.most_tokens = static_cast<size_t>(folder.manifest.max_length);
  options.threads = threads;
  options.now = now;
  return engine::Session::create(*folder.classifier, options);
}

}  // namespace coppice::infer
