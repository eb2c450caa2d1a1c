#include "native/export/refresh.h"

#include <string>
#include <vector>

#include "native/export/comparisons.h"
#include "native/export/model_card.h"
#include "native/export/model_folder.h"
#include "native/export/run_recorder.h"
#include "native/io/file.h"
#include "shared/linear/linear_model.h"
#include "shared/records/bert_config.h"

namespace coppice {
namespace {

namespace fs = std::filesystem;

Status write_card(const fs::path& folder) {
  COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, make_manifest(folder));
  COPPICE_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, read_run_records(folder));
  COPPICE_ASSIGN_OR_RETURN(const std::vector<Comparison> comparisons, read_comparisons(runs, manifest));
  std::string card;
  if (manifest.architecture == records::Architecture::kLinear) {
    COPPICE_ASSIGN_OR_RETURN(const std::string config_json, read_file(folder / "config.json"));
    COPPICE_ASSIGN_OR_RETURN(const linear::LinearConfig config,
                             linear::parse_linear_config(config_json, (folder / "config.json").string()));
    card = model_card(manifest, config, comparisons);
  } else {
    COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config, read_bert_config(folder));
    card = model_card(manifest, config, comparisons);
  }
  return write_file_atomically(folder / kModelCard, card);
}

}  // namespace

Result<records::Manifest> write_card_and_manifest(const fs::path& folder) {
  COPPICE_RETURN_IF_ERROR(write_card(folder));
  COPPICE_RETURN_IF_ERROR(refresh_manifest(folder));
  return read_model_folder(folder, Verify::kSizes);
}

Status refresh_card_and_manifest(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / kModelCard, error)) {
    COPPICE_ASSIGN_OR_RETURN(const std::string card, read_file(folder / kModelCard));
    if (is_model_card(card)) COPPICE_RETURN_IF_ERROR(write_card(folder));
  }
  return refresh_manifest(folder);
}

}  // namespace coppice
