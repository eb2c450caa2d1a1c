#include "native/data/imdb.h"

#include <algorithm>

#include "native/data/acl_imdb.h"
#include "native/data/data_record.h"
#include "native/data/duplicates.h"
#include "native/data/splits_file.h"
#include "native/io/file.h"
#include "native/net/interrupt.h"
#include "native/net/staging.h"

namespace coppice::data {
namespace {

namespace fs = std::filesystem;

constexpr ImdbCounts kPublishedCounts = {12'500, 12'500, 12'500, 12'500, 50'000};
constexpr const char* kRoot = "aclImdb";

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

std::string describe(const ImdbCounts& counts) {
  return "train/neg " + std::to_string(counts.train_negative) + ", train/pos " + std::to_string(counts.train_positive) +
         ", test/neg " + std::to_string(counts.test_negative) + ", test/pos " + std::to_string(counts.test_positive) +
         ", train/unsup " + std::to_string(counts.unsupervised);
}

// Decides which files of the archive are written, and counts all of them.
class Chooser {
 public:
  explicit Chooser(bool keep_unsupervised) : keep_unsupervised_(keep_unsupervised) {}

  Result<std::optional<std::string>> operator()(const std::string& path) {
    // The archive's one top folder is named aclImdb; an archive made inside that folder has none.
    std::string_view inner = path;
    if (!starts_with(inner, "train/") && !starts_with(inner, "test/")) {
      const size_t slash = inner.find('/');
      if (slash == std::string_view::npos) return std::optional<std::string>();
      inner.remove_prefix(slash + 1);
    }
    const size_t slash = inner.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? inner : inner.substr(slash + 1);
    if (starts_with(name, ".")) return std::optional<std::string>();  // what macOS leaves beside files
    const std::string_view folder = slash == std::string_view::npos ? std::string_view() : inner.substr(0, slash);
    const bool wanted = count(folder) || inner == "README" ||
                        ((folder == "train" || folder == "test") && (name == "urls_neg.txt" || name == "urls_pos.txt"));
    if (!wanted) return std::optional<std::string>();
    return std::optional<std::string>(std::string(kRoot) + "/" + std::string(inner));
  }

  [[nodiscard]] const ImdbCounts& counts() const { return counts_; }

 private:
  bool count(std::string_view folder) {
    size_t* place = folder == "train/neg"   ? &counts_.train_negative
                    : folder == "train/pos" ? &counts_.train_positive
                    : folder == "test/neg"  ? &counts_.test_negative
                    : folder == "test/pos"  ? &counts_.test_positive
                                            : nullptr;
    if (place != nullptr) {
      ++*place;
      return true;
    }
    if (folder != "train/unsup") return false;
    ++counts_.unsupervised;
    return keep_unsupervised_;
  }

  bool keep_unsupervised_;
  ImdbCounts counts_;
};

// The record of an output folder that needs no work: same archive, same options, files complete.
std::optional<OrderedJson> record_of_same(const fs::path& output, const std::string& sha256,
                                          const ImdbOptions& options) {
  const Result<std::string> bytes = read_file(output / kDataRecordFileName);
  if (!bytes) return std::nullopt;
  OrderedJson record = OrderedJson::parse(*bytes, nullptr, /*allow_exceptions=*/false);
  if (record.is_discarded() || !record.is_object()) return std::nullopt;
  const auto member = [&](const char* pointer) -> OrderedJson {
    const OrderedJson::json_pointer place(pointer);
    return record.contains(place) ? record[place] : OrderedJson();
  };
  if (member("/schema_version") != kDataRecordSchemaVersion || member("/source/sha256") != sha256 ||
      member("/validation/seed") != options.split.seed || member("/validation/share") != options.split.share) {
    return std::nullopt;
  }
  std::error_code error;
  if (!fs::exists(output / kSplitsFileName, error)) return std::nullopt;
  if (options.keep_unsupervised && !fs::exists(output / kRoot / "train" / "unsup", error)) return std::nullopt;
  for (const auto& [part, splits] :
       {std::pair{"train", std::vector<const char*>{"train", "validation"}}, {"test", {"test"}}}) {
    for (const char* label : {"negative", "positive"}) {
      size_t expected = 0;
      for (const char* split : splits) {
        const OrderedJson count = member((std::string("/splits/") + split + "/" + label).c_str());
        if (!count.is_number_unsigned()) return std::nullopt;
        expected += count.get<size_t>();
      }
      fs::directory_iterator files(output / kRoot / part / std::string(label).substr(0, 3), error);
      if (error || static_cast<size_t>(std::distance(files, {})) != expected) return std::nullopt;
    }
  }
  return record;
}

Status check_output(const fs::path& output, bool replace) {
  std::error_code error;
  const fs::file_status status = fs::status(output, error);
  if (!fs::exists(status)) return {};
  if (!fs::is_directory(status)) return invalid_usage(output.string() + " is a file; expected a folder to write to");
  if (fs::is_empty(output, error) || replace) return {};
  return invalid_usage(output.string() +
                       " has other contents (another archive, other options or incomplete); choose another output "
                       "folder, or replace it with --force");
}

Result<KnownArchive> identify(const fs::path& archive, const std::string& sha256, const ImdbOptions& options) {
  for (const KnownArchive& known : options.known) {
    if (known.sha256 == sha256) return known;
  }
  if (options.allow_unknown_hash) return KnownArchive{"unknown", sha256, kPublishedCounts};
  std::string message = archive.string() + ": sha256 " + sha256 + " is none of the known archives:";
  for (const KnownArchive& known : options.known) message += " " + known.sha256 + " (" + known.name + ")";
  return invalid_input(message +
                       ". It is damaged, cut short or another data set: fetch it again, or take it as it is with "
                       "--allow-unknown-hash");
}

}  // namespace

std::vector<KnownArchive> known_imdb_archives() {
  return {{"official", "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe", kPublishedCounts},
          {"text-only repack", "f245836a00dff40d96c019dc0f922d61b2d16d937da78f0148ef8ebdf351f49c", kPublishedCounts}};
}

Result<ImdbOutcome> prepare_imdb(const fs::path& archive, const fs::path& output, const ImdbOptions& options) {
  std::error_code error;
  if (fs::is_directory(archive, error)) {
    return invalid_input(archive.string() +
                         " is a folder; expected the archive aclImdb_v1.tar.gz. An extracted aclImdb folder needs no "
                         "fetch: it is read as it is");
  }
  Result<std::string> sha256 = sha256_file_hex(archive);
  if (!sha256) return sha256.status();
  COPPICE_ASSIGN_OR_RETURN(const KnownArchive known, identify(archive, *sha256, options));
  if (std::optional<OrderedJson> record = record_of_same(output, *sha256, options)) {
    return ImdbOutcome{std::move(*record), true};
  }
  COPPICE_RETURN_IF_ERROR(check_output(output, options.replace));

  COPPICE_ASSIGN_OR_RETURN(net::StagingFolder staging, net::StagingFolder::create(output));
  Chooser chooser(options.keep_unsupervised);
  const auto choose = [&](const std::string& path, int64_t) { return chooser(path); };
  COPPICE_RETURN_IF_ERROR(
      net::extract_archive(archive, staging.path(), choose, options.limits, options.progress).status());

  DataSource source;
  source.origin = options.origin.empty() ? archive.filename().string() : options.origin;
  source.archive = known.name;
  source.sha256 = *sha256;
  source.bytes = static_cast<int64_t>(fs::file_size(archive, error));
  if (chooser.counts() != known.counts) {
    const std::string difference =
        "file counts are " + describe(chooser.counts()) + "; expected " + describe(known.counts);
    const ImdbCounts& found = chooser.counts();
    if (known.name != "unknown") return invalid_input(archive.string() + ": " + difference + ". Fetch it again");
    if (found.train_negative == 0 || found.train_positive == 0 || found.test_negative == 0 ||
        found.test_positive == 0) {
      return invalid_input(archive.string() + ": " + difference +
                           ". It is no IMDb archive, or an incomplete one: each of the four labelled folders must have "
                           "reviews");
    }
    source.warnings.push_back(difference);
  }

  const fs::path root = staging.path() / kRoot;
  // Messages name the place in the archive; the staging folder is gone by the time they are read.
  const auto in_archive = [&](const Status& status) {
    std::string message = status.message();
    for (size_t at; (at = message.find(staging.path().string() + "/")) != std::string::npos;) {
      message.erase(at, staging.path().string().size() + 1);
    }
    return Status(status.code(), archive.string() + ": " + message);
  };
  const Result<AclImdbPart> train = read_acl_imdb(root, "train");
  if (!train) return in_archive(train.status());
  const Result<AclImdbPart> test = read_acl_imdb(root, "test");
  if (!test) return in_archive(test.status());
  if (net::interrupt_requested()) return interrupted("stopped; " + output.string() + " is as it was");
  const ValidationSplit split = split_validation(*train, find_duplicates(train->reviews).near, options.split);
  OrderedJson record = make_data_record(source, *train, *test, split, chooser.counts().unsupervised);
  COPPICE_RETURN_IF_ERROR(write_splits(staging.path() / kSplitsFileName, *train, split));
  COPPICE_RETURN_IF_ERROR(write_file_atomically(staging.path() / kDataRecordFileName, dump_json(record, 1) + "\n"));
  if (net::interrupt_requested()) return interrupted("stopped; " + output.string() + " is as it was");
  COPPICE_RETURN_IF_ERROR(staging.commit(options.replace));
  return ImdbOutcome{std::move(record), false};
}

}  // namespace coppice::data
