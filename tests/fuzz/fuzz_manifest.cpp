// manifest.json, catalog.json and config.json: what is accepted is written back and read again as the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "shared/records/bert_config.h"
#include "shared/records/catalog.h"
#include "shared/records/manifest.h"
#include "shared/records/schema.h"
#include "tests/fuzz/check.h"

namespace {

using namespace coppice;

void check_manifest(std::string_view input) {
  const auto manifest = records::parse_manifest(input, "input");
  if (!manifest) return;
  for (const records::FileEntry& file : manifest->files) FUZZ_CHECK(records::is_safe_relative_path(file.path));
  const std::string written = dump_json(records::to_json(*manifest));
  const auto again = records::parse_manifest(written, "written");
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(dump_json(records::to_json(*again)) == written);
}

void check_catalog(std::string_view input) {
  const auto catalog = records::parse_catalog(input, "input");
  if (!catalog) return;
  for (const records::CatalogEntry& entry : catalog->models) FUZZ_CHECK(records::is_model_id(entry.id));
  FUZZ_CHECK(records::parse_catalog(dump_json(records::to_json(*catalog)), "written").ok());
}

void check_config(std::string_view input) {
  const auto config = records::parse_bert_config(input, "input");
  if (!config) return;
  FUZZ_CHECK(records::count_parameters(*config, true).total > 0);
  FUZZ_CHECK(records::encoder_flops(*config, config->max_position_embeddings) > 0);
  FUZZ_CHECK(records::parse_bert_config(dump_json(records::to_json(*config)), "written").ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_manifest(input);
  check_catalog(input);
  check_config(input);
  return 0;
}
