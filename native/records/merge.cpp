#include "native/records/merge.h"

#include "native/io/file.h"
#include "shared/records/schema.h"

namespace coppice::records {

namespace fs = std::filesystem;

std::string name_among_many(const FoundRecord& found) {
  std::string name = file_name_of(found.record);
  const size_t slash = found.key().find('/');
  if (slash == std::string::npos) return name;
  std::string model = found.key().substr(slash + 1);
  if (!is_model_id(model)) model = "unnamed";  // it becomes part of a path
  return name.insert(name.size() - 5, "-" + model);
}

Result<MergeOutcome> merge_records(const std::vector<FoundRecord>& records, const fs::path& folder) {
  MergeOutcome outcome;
  std::error_code error;
  const fs::path runs = folder / "runs";
  std::vector<const FoundRecord*> wanted;
  for (const FoundRecord& found : records) {
    const std::string name = name_among_many(found);
    const fs::path target = runs / name;
    if (!fs::exists(target, error)) {
      wanted.push_back(&found);
      continue;
    }
    COPPICE_ASSIGN_OR_RETURN(const std::string there, sha256_file_hex(target));
    if (there != found.sha256) {
      return invalid_input(
          target.string() + " is there with other content than " + found.path +
          "; nothing was merged. Look at both (coppice records --diff), and merge into another folder");
    }
    outcome.already_there.push_back("runs/" + name);
  }
  fs::create_directories(runs, error);
  if (error) return failed("cannot make " + runs.string() + ": " + error.message());
  for (const FoundRecord* found : wanted) {
    const std::string name = name_among_many(*found);
    COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(found->path));
    if (sha256_hex(bytes) != found->sha256) {
      return failed(found->path + " changed while it was being merged; the same command again goes on");
    }
    COPPICE_RETURN_IF_ERROR(write_file_atomically(runs / name, bytes));
    outcome.written.push_back("runs/" + name);
  }
  return outcome;
}

}  // namespace coppice::records
