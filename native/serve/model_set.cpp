#include "native/serve/model_set.h"

#include "native/io/file.h"
#include "native/serve/bert_classifier.h"
#include "native/serve/linear_classifier.h"
#include "shared/records/catalog.h"
#include "shared/records/manifest.h"

namespace coppice::serve {
namespace fs = std::filesystem;
namespace {

// Of the files that judging reads; a folder may leave out what only training needs.
Status check_hashes(const fs::path& folder, const records::Manifest& manifest) {
  for (const records::FileEntry& entry : manifest.files) {
    if (entry.path.starts_with("runs/") || entry.path == "README.md") continue;
    const fs::path path = folder / entry.path;
    std::error_code error;
    if (!fs::exists(path, error) && entry.path.ends_with(".safetensors") &&
        manifest.architecture != records::Architecture::kLinear) {
      continue;
    }
    COPPICE_ASSIGN_OR_RETURN(const std::string hash, sha256_file_hex(path));
    if (hash != entry.sha256) {
      return invalid_input(path.string() + ": is not the file that manifest.json lists (sha256 " + hash.substr(0, 12) +
                           "..., expected " + entry.sha256.substr(0, 12) + "...); copy the model's folder again");
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Classifier>> open_classifier(const fs::path& folder) {
  const fs::path file = folder / "manifest.json";
  COPPICE_ASSIGN_OR_RETURN(const std::string text, read_file(file));
  COPPICE_ASSIGN_OR_RETURN(const records::Manifest manifest, records::parse_manifest(text, file.string()));
  COPPICE_RETURN_IF_ERROR(check_hashes(folder, manifest));
  switch (manifest.architecture) {
    case records::Architecture::kBert:
      return open_bert_classifier(folder, manifest);
    case records::Architecture::kLinear:
      return open_linear_classifier(folder, manifest);
  }
  return unsupported(manifest.id + ": an architecture that this program does not judge with");
}

Result<std::vector<std::unique_ptr<Classifier>>> open_models(const fs::path& folder) {
  const fs::path file = folder / "catalog.json";
  COPPICE_ASSIGN_OR_RETURN(const std::string text, read_file(file));
  COPPICE_ASSIGN_OR_RETURN(const records::Catalog catalog, records::parse_catalog(text, file.string()));
  std::vector<std::unique_ptr<Classifier>> classifiers;
  for (const records::CatalogEntry& entry : catalog.models) {
    COPPICE_ASSIGN_OR_RETURN(std::unique_ptr<Classifier> classifier, open_classifier(folder / entry.id));
    classifiers.push_back(std::move(classifier));
  }
  return classifiers;
}

ModelSet::ModelSet(std::vector<std::unique_ptr<Classifier>> classifiers, const BatchLimits& limits,
                   const std::function<void(size_t)>& on_run) {
  for (auto& classifier : classifiers) {
    batchers_.push_back(std::make_unique<Batcher>(std::move(classifier), limits, on_run));
  }
}

Batcher* ModelSet::find(std::string_view id) const {
  for (const auto& batcher : batchers_) {
    if (batcher->info().id == id) return batcher.get();
  }
  return nullptr;
}

}  // namespace coppice::serve
