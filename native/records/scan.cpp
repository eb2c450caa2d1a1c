#include "native/records/scan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "native/io/file.h"
#include "native/records/quick_json.h"
#include "shared/records/schema.h"

namespace coppice::records {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 12;
constexpr uintmax_t kLargestRecord = uintmax_t{64} << 20;

struct Candidate {
  fs::path path;
  bool named = false;
};

bool is_hidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.empty() && name.front() == '.';
}

// Why the text is no JSON: it breaks off (what is there could go on), or it is something else.
bool breaks_off(const std::string& bytes) {
  const size_t start = bytes.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) return true;
  if (bytes[start] != '{') return false;
  // Our writers end a file with "}\n"; a file system after a crash leaves it short or filled with zeros.
  const size_t last = bytes.find_last_not_of(" \t\r\n");
  return bytes[last] != '}' || bytes.find('\0') != std::string::npos;
}

// The word after an option in the command of a record: "--output DIR" or "--output=DIR".
std::string option_of(const RunRecord& record, const std::string& name) {
  for (size_t i = 0; i < record.command.size(); ++i) {
    if (record.command[i] == name && i + 1 < record.command.size()) return record.command[i + 1];
    if (record.command[i].rfind(name + "=", 0) == 0) return record.command[i].substr(name.size() + 1);
  }
  return "";
}

std::string string_member(const Json& holder, const char* name) {
  const auto found = holder.is_object() ? holder.find(name) : holder.end();
  return found != holder.end() && found->is_string() ? found->get<std::string>() : std::string();
}

class Scanner {
 public:
  Status add(const fs::path& given) {
    std::error_code error;
    const fs::file_status status = fs::status(given, error);
    if (!fs::exists(status)) return not_found(given.string() + ": no such file or folder");
    if (!fs::is_directory(status)) {
      candidates_.push_back({given, true});
      return {};
    }
    const size_t before = candidates_.size() + scan_.apart.size();
    walk(given, given.filename() == "runs" || fs::weakly_canonical(given, error).filename() == "runs", 0);
    if (candidates_.size() + scan_.apart.size() == before) {
      return not_found(given.string() +
                       ": holds no run record; expected record files, or a folder with runs/*.json in it or below it");
    }
    return {};
  }

  Scan finish() {
    for (const Candidate& candidate : candidates_) read(candidate);
    refuse_shared_ids();
    auto& records = scan_.records;
    std::sort(records.begin(), records.end(), [](const FoundRecord& a, const FoundRecord& b) {
      return std::tie(a.record.started_at, a.path) < std::tie(b.record.started_at, b.path);
    });
    std::sort(scan_.apart.begin(), scan_.apart.end(),
              [](const SetApart& a, const SetApart& b) { return a.path < b.path; });
    return std::move(scan_);
  }

 private:
  void set_apart(const Candidate& candidate, Problem problem, std::string message) {
    scan_.apart.push_back({candidate.path.string(), problem, std::move(message), candidate.named});
  }

  void walk(const fs::path& folder, bool is_runs, int depth) {
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
      entries.push_back(entry->path());
    if (error) {
      set_apart({folder, false}, Problem::kUnreadable, folder.string() + ": cannot be listed: " + error.message());
      return;
    }
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      if (is_hidden(entry) || fs::is_symlink(entry, error)) continue;
      if (fs::is_directory(entry, error)) {
        const bool skip = entry.filename() == "node_modules" || depth >= kDeepest;
        if (!skip) walk(entry, entry.filename() == "runs", depth + 1);
      } else if (is_runs && entry.extension() == ".json") {
        candidates_.push_back({entry, false});
      }
    }
  }

  void read(const Candidate& candidate) {
    std::error_code error;
    const std::string path = candidate.path.string();
    const std::string real = fs::weakly_canonical(candidate.path, error).string();
    if (!seen_files_.insert(error ? path : real).second) return;  // given twice
    ++scan_.files;
    const uintmax_t size = fs::file_size(candidate.path, error);
    if (!error && size > kLargestRecord) {
      return set_apart(candidate, Problem::kNotARecord,
                       path + ": has " + std::to_string(size) + " bytes, too many for a run record");
    }
    const Result<std::string> bytes = read_file(candidate.path);
    if (!bytes) return set_apart(candidate, Problem::kUnreadable, bytes.status().message());
    Result<Json> document = quick_parse_json(*bytes, path);
    if (!document) {
      if (breaks_off(*bytes)) {
        return set_apart(candidate, Problem::kHalfWritten,
                         path + ": breaks off after " + std::to_string(bytes->size()) +
                             " bytes; it was cut off while it was written or copied. Copy it again, or remove it");
      }
      return set_apart(candidate, Problem::kNotARecord, document.status().message());
    }
    Result<RunRecord> record = take_run_record(*document, path);
    if (!record) {
      const bool version = record.status().code() == StatusCode::kUnsupported;
      return set_apart(candidate, version ? Problem::kOtherVersion : Problem::kNotARecord, record.status().message());
    }
    const std::string contradiction = contradiction_in(*record, candidate.path.filename().string());
    if (!contradiction.empty()) {
      return set_apart(candidate, Problem::kContradictory,
                       path + ": contradicts itself: " + contradiction + ". It was altered; take it from its source");
    }
    FoundRecord found{std::move(*record), std::move(*document), path, {}, "", sha256_hex(*bytes)};
    found.model = model_of(found.record, candidate.path);
    keep(std::move(found), candidate.named);
  }

  // Each run once. Of its copies the one beside its model is shown.
  void keep(FoundRecord found, bool named) {
    const auto [place, is_new] = by_key_.try_emplace(found.key(), scan_.records.size());
    if (is_new) {
      scan_.records.push_back(std::move(found));
      named_.push_back(named);
      return;
    }
    FoundRecord& first = scan_.records[place->second];
    if (first.sha256 != found.sha256 && first.document() != found.document()) {
      clashes_[found.key()].push_back({found.path, named});
      return;
    }
    if (is_beside_model(found.path) && !is_beside_model(first.path)) {
      std::swap(first.path, found.path);
      std::swap(first.model, found.model);
    }
    first.copies.push_back(found.path);
  }

  // Two runs of one id: nobody can say which is right, so neither is used.
  void refuse_shared_ids() {
    std::vector<FoundRecord> kept;
    for (size_t i = 0; i < scan_.records.size(); ++i) {
      FoundRecord& record = scan_.records[i];
      const auto clash = clashes_.find(record.key());
      if (clash == clashes_.end()) {
        kept.push_back(std::move(record));
        continue;
      }
      std::string others;
      for (const Candidate& other : clash->second) others.append(others.empty() ? "" : ", ").append(other.path);
      const std::string what = ": has the same run_id " + record.record.run_id + " but other content than ";
      set_apart({record.path, named_[i]}, Problem::kContradictory, record.path + what + others);
      for (const Candidate& other : clash->second)
        set_apart(other, Problem::kContradictory, other.path.string() + what + record.path);
    }
    scan_.records = std::move(kept);
  }

  const std::string& id_of_folder(const fs::path& folder) {
    const auto [place, is_new] = folder_ids_.try_emplace(folder.string());
    if (!is_new) return place->second;
    std::error_code error;
    const fs::path manifest = folder / "manifest.json";
    if (!fs::exists(manifest, error)) return place->second;
    const Result<std::string> bytes = read_file(manifest);
    if (!bytes) return place->second;
    const Result<Json> document = parse_json(*bytes, manifest.string());
    if (document) place->second = string_member(*document, "id");
    return place->second;
  }

  bool is_beside_model(const fs::path& path) { return !id_of_folder(path.parent_path().parent_path()).empty(); }

  // By the manifest beside it, else by what the record itself says, else by the folder that its command names.
  std::string model_of(const RunRecord& record, const fs::path& path) {
    if (path.parent_path().filename() == "runs") {
      if (const std::string& id = id_of_folder(path.parent_path().parent_path()); !id.empty()) return id;
    }
    for (const std::string& id : {string_member(record.settings, "model_id"), string_member(record.results, "model")})
      if (!id.empty()) return id;
    std::string folder = option_of(record, "--output");
    if (folder.empty()) folder = option_of(record, "--model");
    while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
    const bool of_none = record.kind == "track" || record.kind == "lifecycle";
    return of_none ? std::string() : fs::path(folder).filename().string();
  }

  Scan scan_;
  std::vector<Candidate> candidates_;
  std::vector<bool> named_;
  std::set<std::string> seen_files_;
  std::map<std::string, size_t> by_key_;
  std::map<std::string, std::vector<Candidate>> clashes_;
  std::map<std::string, std::string> folder_ids_;
};

}  // namespace

const char* to_string(Problem problem) {
  switch (problem) {
    case Problem::kUnreadable:
      return "unreadable";
    case Problem::kHalfWritten:
      return "half_written";
    case Problem::kOtherVersion:
      return "other_version";
    case Problem::kNotARecord:
      return "not_a_record";
    case Problem::kContradictory:
      return "contradictory";
  }
  return "not_a_record";
}

std::string FoundRecord::key() const {
  const std::string of_model = record.kind == "measure" ? string_member(record.results, "model") : std::string();
  return of_model.empty() ? record.run_id : record.run_id + "/" + of_model;
}

Json FoundRecord::document() const {
  Json json = to_json(record);
  json.update(unknown);
  return json;
}

std::string FoundRecord::machine() const {
  std::string text = string_member(record.machine, "cpu_model");
  const auto threads = record.machine.find("hardware_threads");
  if (threads != record.machine.end() && threads->is_number_integer()) {
    text.append(text.empty() ? "" : ", ").append(threads->dump()).append(" threads");
  }
  return text.empty() ? "unknown machine" : text;
}

Result<Scan> scan_records(const std::vector<fs::path>& paths) {
  Scanner scanner;
  for (const fs::path& path : paths) COPPICE_RETURN_IF_ERROR(scanner.add(path));
  return scanner.finish();
}

}  // namespace coppice::records
