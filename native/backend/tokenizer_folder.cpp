#include "native/backend/tokenizer_folder.h"

#include <optional>

#include "native/io/file.h"
#include "shared/text/tokenizer_config.h"

namespace coppice::backend {

namespace fs = std::filesystem;

Result<text::Tokenizer> read_tokenizer(const fs::path& folder) {
  COPPICE_ASSIGN_OR_RETURN(const std::string vocab_txt, read_file(folder / "vocab.txt"));
  std::optional<std::string> config;
  std::optional<std::string> tokenizer_json;
  if (fs::exists(folder / "tokenizer_config.json")) {
    COPPICE_ASSIGN_OR_RETURN(config, read_file(folder / "tokenizer_config.json"));
  }
  if (fs::exists(folder / "tokenizer.json")) {
    COPPICE_ASSIGN_OR_RETURN(tokenizer_json, read_file(folder / "tokenizer.json"));
  }
  text::TokenizerFiles files;
  files.vocab_txt = vocab_txt;
  if (config) files.tokenizer_config_json = *config;
  if (tokenizer_json) files.tokenizer_json = *tokenizer_json;
  Result<text::Tokenizer> tokenizer = text::tokenizer_from_files(files);
  if (!tokenizer) return tokenizer.status().with_context(folder.string());
  return tokenizer;
}

}  // namespace coppice::backend
