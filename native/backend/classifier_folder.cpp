#include "native/backend/classifier_folder.h"

#include "native/export/model_folder.h"
#include "native/io/file.h"

namespace coppice::backend {

namespace fs = std::filesystem;

Result<ClassifierFolder> open_classifier(const fs::path& folder, Arithmetic arithmetic) {
  COPPICE_ASSIGN_OR_RETURN(records::Manifest manifest, read_model_folder(folder, Verify::kHashes));
  COPPICE_ASSIGN_OR_RETURN(model::LoadedModel loaded, model::load_model(folder, 0, /*require_head=*/true));
  COPPICE_ASSIGN_OR_RETURN(text::Tokenizer tokenizer, read_tokenizer(folder));
  if (tokenizer.vocab_size() != loaded.model.config().vocab_size) {
    return invalid_input(folder.string() + ": vocab.txt has " + std::to_string(tokenizer.vocab_size()) +
                         " entries but config.json's vocab_size is " +
                         std::to_string(loaded.model.config().vocab_size) + "; take both from the same model");
  }
  COPPICE_ASSIGN_OR_RETURN(const text::Truncation truncation, text::parse_truncation(manifest.truncation));
  const records::FileEntry* entry = manifest.find_file(loaded.weights_path);
  if (entry == nullptr) return invalid_input(folder.string() + "/manifest.json does not list " + loaded.weights_path);
  text::EncodeOptions encoding;
  encoding.max_length = static_cast<int>(manifest.max_length);
  encoding.truncation = truncation;
  encoding.with_offsets = false;
  std::string sha256 = entry->sha256;
  std::string stated = "float32";
  if (loaded.int8_weights) {
    stated = "float32 from int8 weights";
    if (arithmetic == Arithmetic::kAsExported) {
      if (loaded.activation_scales) {
        loaded.model.round_activations_to_int8(*std::move(loaded.activation_scales), loaded.row_scales);
        stated = "int8 weights and activations of static scale";
      } else {
        loaded.model.round_activations_to_int8({}, loaded.row_scales);
        stated = "int8 weights and activations";
      }
    }
  }
  return ClassifierFolder{
      folder,   std::move(manifest), std::move(loaded.model), std::move(sha256), std::move(tokenizer),
      encoding, std::move(stated)};
}

Status copy_tokenizer_files(const fs::path& from, const fs::path& to) {
  for (const char* name : {"vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}) {
    if (!fs::exists(from / name)) continue;
    COPPICE_ASSIGN_OR_RETURN(const std::string bytes, read_file(from / name));
    COPPICE_RETURN_IF_ERROR(write_file_atomically(to / name, bytes));
  }
  return {};
}

}  // namespace coppice::backend
