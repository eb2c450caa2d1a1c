#include "native/lifecycle/inputs.h"

#include <algorithm>
#include <filesystem>

#include "native/export/run_recorder.h"
#include "native/io/file.h"

namespace coppice::lifecycle {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModelFiles[] = {"model.safetensors", "onnx/model.onnx", "config.json", "vocab.txt",
                                       "tokenizer_config.json"};

// The files a data path stands for. A plain aclImdb folder has no file that stands for it: the list of its folders'
// sizes would be weak, so it is refused.
Result<std::vector<std::string>> data_files(const std::string& data, const std::vector<std::string>& splits) {
  std::error_code error;
  if (fs::is_regular_file(data, error)) return std::vector<std::string>{data};
  std::vector<std::string> files;
  for (const char* split : {"train", "validation", "test"}) {
    const std::string path = data + "/" + split + ".tsv";
    const bool wanted = splits.empty() || std::find(splits.begin(), splits.end(), split) != splits.end();
    if (wanted && fs::exists(path, error)) files.push_back(path);
  }
  for (const char* name : {"data_record.json", "splits.json"}) {
    const std::string path = data + "/" + name;
    if (fs::exists(path, error)) files.push_back(path);
  }
  if (!files.empty()) return files;
  if (!fs::exists(data, error)) return not_found(data + ": no such data");
  return invalid_input(
      data +
      ": expected a TSV file, a folder with train.tsv, validation.tsv and test.tsv, or one that `coppice "
      "fetch imdb` made (with data_record.json)");
}

std::string without(const std::string& part, std::string text) {
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at)) text.erase(at, part.size());
  return text;
}

}  // namespace

Result<std::string> FileHashes::of(const std::string& path) {
  std::error_code error;
  Known now;
  now.bytes = fs::file_size(path, error);
  if (error) return not_found(path + ": " + error.message());
  now.changed = fs::last_write_time(path, error).time_since_epoch().count();
  const auto known = known_.find(path);
  if (known != known_.end() && known->second.bytes == now.bytes && known->second.changed == now.changed) {
    return known->second.sha256;
  }
  COPPICE_ASSIGN_OR_RETURN(now.sha256, sha256_file_hex(path));
  return (known_[path] = now).sha256;
}

Result<Inputs> inputs_of(const Step& step, const std::string& directory, FileHashes& hashes) {
  Inputs inputs;
  std::vector<std::string> files = step.input_files;
  std::error_code error;
  for (const std::string& path : step.optional_files)
    if (fs::exists(path, error)) files.push_back(path);
  for (const std::string& model : step.input_models) {
    bool any = false;
    for (const char* name : kModelFiles) {
      const std::string path = model + "/" + name;
      if (!fs::exists(path, error)) continue;
      files.push_back(path);
      any = true;
    }
    if (!any && inputs.missing.empty()) inputs.missing = model;
  }
  if (!step.input_data.empty()) {
    Result<std::vector<std::string>> data = data_files(step.input_data, step.splits);
    if (data) {
      files.insert(files.end(), data->begin(), data->end());
    } else if (data.status().code() == StatusCode::kNotFound) {
      if (inputs.missing.empty()) inputs.missing = step.input_data;
    } else {
      return data.status();
    }
  }
  for (const std::string& path : files) {
    if (!fs::exists(path, error)) {
      if (inputs.missing.empty()) inputs.missing = path;
      continue;
    }
    COPPICE_ASSIGN_OR_RETURN(inputs.files[shown_path(path, directory)], hashes.of(path));
  }
  if (!inputs.missing.empty()) return inputs;
  // The run directory may be moved: its own name is no part of what a step does.
  Json identity;
  identity["files"] = inputs.files;
  identity["program_version"] = program_version();
  identity["command"] = Json::array();
  for (const std::string& word : step.command) identity["command"].push_back(without(directory + "/", word));
  identity["settings"] = step.identity;
  inputs.hash = sha256_hex(dump_json(identity));
  return inputs;
}

Result<Hashes> outputs_of(const Step& step, const std::string& directory, FileHashes& hashes) {
  Hashes outputs;
  std::error_code error;
  for (const std::string& path : step.outputs) {
    if (!fs::exists(path, error)) continue;
    COPPICE_ASSIGN_OR_RETURN(outputs[shown_path(path, directory)], hashes.of(path));
  }
  return outputs;
}

std::string changed_output(const Step& step, const Hashes& outputs, const Hashes& now, const std::string& directory) {
  for (const std::string& path : step.outputs) {
    const std::string shown = shown_path(path, directory);
    const auto found = now.find(shown);
    if (found == now.end()) return shown + " is gone";
    const auto before = outputs.find(shown);
    if (before == outputs.end() || before->second != found->second) return shown + " was changed";
  }
  return "";
}

std::string difference(const StepEntry& entry, const Inputs& now) {
  for (const auto& [path, hash] : now.files) {
    const auto before = entry.inputs.find(path);
    if (before == entry.inputs.end()) return path + " is new";
    if (before->second != hash) return path;
  }
  for (const auto& [path, hash] : entry.inputs)
    if (now.files.count(path) == 0) return path + " is no longer one";
  return "the command, or the program's version";
}

}  // namespace coppice::lifecycle
