// Run records: what is accepted has a safe file name and is written back and read again as the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "shared/records/run_record.h"
#include "shared/records/schema.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coppice;
  const auto record = records::parse_run_record({reinterpret_cast<const char*>(data), size}, "input");
  if (!record) return 0;
  FUZZ_CHECK(records::is_safe_relative_path(records::file_name_of(*record)));
  FUZZ_CHECK(records::file_name_of(*record).find('/') == std::string::npos);
  const std::string written = dump_json(records::to_json(*record));
  const auto again = records::parse_run_record(written, "written");
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(dump_json(records::to_json(*again)) == written);
  return 0;
}
