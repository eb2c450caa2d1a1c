// The reader against the table of documents that the published schemas (docs/schemas) are tested with, and against
// every manifest, record and catalogue of this repository. tests/schemas/schemas.test.mjs asks the schemas the same.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "shared/records/catalog.h"
#include "shared/records/manifest.h"
#include "shared/records/run_record.h"

namespace coppice::records {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = COPPICE_ROOT;

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Status read_as(const std::string& kind, const std::string& bytes) {
  if (kind == "record") return parse_run_record(bytes, kind).status();
  if (kind == "manifest") return parse_manifest(bytes, kind).status();
  if (kind == "catalog") return parse_catalog(bytes, kind).status();
  return failed("no reader of \"" + kind + "\"");
}

TEST(Schemas, TheReaderTakesAndRefusesWhatTheTableSays) {
  const Json table = Json::parse(content_of(kRoot / "tests/schemas/documents.json"));
  int rows = 0;
  for (const Json& row : table["rows"]) {
    if (row.value("reader", "") == "none") continue;  // lifecycle.json is read by the report alone
    const std::string base = row["base"];
    const Json document = table["bases"][base].patch(row.value("patch", Json::array()));
    const Status status = read_as(base, dump_json(document));
    const std::string verdict = row["verdict"];
    const bool expected = verdict == "good" || verdict == "schema alone";
    EXPECT_EQ(status.ok(), expected) << base << ": " << row["what"] << ": " << status.message();
    ++rows;
  }
  EXPECT_GT(rows, 60);
}

TEST(Schemas, TheReaderTakesEveryFileOfThisRepository) {
  int files = 0;
  for (const char* folder : {"models", "docs/records"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const fs::path& path = entry.path();
      std::string kind;
      if (path.filename() == "manifest.json") kind = "manifest";
      if (path.filename() == "catalog.json") kind = "catalog";
      if (path.parent_path().filename() == "runs" && path.extension() == ".json") kind = "record";
      if (kind.empty()) continue;
      const Status status = read_as(kind, content_of(path));
      EXPECT_TRUE(status.ok()) << path << ": " << status.message();
      ++files;
    }
  }
  EXPECT_GT(files, 30);
}

}  // namespace
}  // namespace coppice::records
