#include "native/backend/data_share.h"

#include <filesystem>

namespace coppice::backend {

namespace fs = std::filesystem;

Result<DataSelection> select_reviews(const std::string& data, data::Split split, size_t limit) {
  DataSelection selection;
  const fs::path path = fs::weakly_canonical(data);
  const bool is_imdb =
      fs::exists(path / "aclImdb") || fs::exists(path / "train" / "pos") || fs::exists(path / "test" / "pos");
  selection.name = is_imdb ? "imdb" : path.stem().string();
  selection.split = data::name_of(split);
  COPPICE_ASSIGN_OR_RETURN(selection.reviews, data::read_reviews(data, split));
  selection.available = selection.reviews.size();
  if (limit > 0 && limit < selection.available) {
    selection.reviews = data::balanced_sample(std::move(selection.reviews), limit);
  }
  selection.sha256 = data::reviews_sha256(selection.reviews);
  return selection;
}

Json to_json(const DataSelection& selection) {
  Json json = {{"name", selection.name},
               {"split", selection.split},
               {"sha256", selection.sha256},
               {"examples", selection.reviews.size()}};
  if (selection.available > 0) {
    json["share"] = static_cast<double>(selection.reviews.size()) / static_cast<double>(selection.available);
  }
  return json;
}

}  // namespace coppice::backend
