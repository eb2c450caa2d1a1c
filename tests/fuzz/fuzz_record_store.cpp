// A run record that is accepted, however odd: it is listed, exported, compared with itself and checked without trouble.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "native/records/diff.h"
#include "native/records/quick_json.h"
#include "native/records/render.h"
#include "native/records/scan.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  auto document = parse_json(input, "input");
  const auto quick = records::quick_parse_json(input, "input");
  FUZZ_CHECK(quick.ok() == document.ok());
  if (!document) {
    FUZZ_CHECK(quick.status().message() == document.status().message());
    return 0;
  }
  FUZZ_CHECK(*quick == *document);
  const auto record = records::take_run_record(*document, "input");
  if (!record) return 0;
  const records::FoundRecord found{*record, *document, "a/runs/x.json", {}, "m", ""};
  (void)records::contradiction_in(*record, "train-20261124T145301Z-1adbd824.json");
  const std::string table = records::table_of({found});
  FUZZ_CHECK(std::count(table.begin(), table.end(), '\n') == 3);  // header, record, sum: a record is one line
  FUZZ_CHECK(!records::csv_of({found, found}).empty());
  FUZZ_CHECK(parse_json(records::json_line_of(found), "line").ok());
  const OrderedJson diff = records::diff_records(found, found);
  FUZZ_CHECK(diff["differences"].empty());
  FUZZ_CHECK(!records::diff_text(diff).empty());
  return 0;
}
