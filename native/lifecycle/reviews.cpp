#include "native/lifecycle/reviews.h"

#include "native/backend/texts.h"
#include "native/backend/tokenizer_folder.h"
#include "native/data/dataset.h"
#include "native/lifecycle/journal.h"

namespace coppice::lifecycle {

Result<OrderedJson> count_reviews(const Config& config, const std::string& data, const std::string& base,
                                  const std::string& directory) {
  COPPICE_ASSIGN_OR_RETURN(const text::Tokenizer tokenizer, backend::read_tokenizer(base));
  text::EncodeOptions encoding;
  COPPICE_ASSIGN_OR_RETURN(encoding.truncation, text::parse_truncation(config.truncation));
  encoding.max_length = static_cast<int>(config.max_length);
  encoding.with_offsets = false;
  text::Encoding encoded;
  const auto tokens_of = [&](const std::string& text) {
    tokenizer.encode_into(text, encoding, encoded);
    return static_cast<int64_t>(encoded.input_ids.size());
  };
  OrderedJson json;
  json["path"] = shown_path(data, directory);
  for (const data::Split split : {data::Split::kTrain, data::Split::kValidation, data::Split::kTest}) {
    const auto limit = split == data::Split::kTest ? static_cast<size_t>(config.data.test_limit) : size_t{0};
    COPPICE_ASSIGN_OR_RETURN(const std::vector<data::Review> reviews, data::read_reviews(data, split, limit));
    int64_t tokens = 0;
    for (const data::Review& review : reviews) tokens += tokens_of(review.text);
    json["splits"][data::name_of(split)] = {
        {"reviews", reviews.size()}, {"tokens", tokens}, {"sha256", data::reviews_sha256(reviews)}};
  }
  if (config.prompts.empty()) return json;
  COPPICE_ASSIGN_OR_RETURN(const std::vector<backend::Prompt> prompts, backend::read_prompts(config.prompts));
  int64_t tokens = 0;
  for (const backend::Prompt& prompt : prompts) tokens += tokens_of(prompt.text);
  json["prompts"] = {{"path", shown_path(config.prompts, directory)}, {"count", prompts.size()}, {"tokens", tokens}};
  return json;
}

std::optional<DataSizes> sizes_of(const OrderedJson& data) {
  if (!data.is_object() || !data.contains("splits")) return std::nullopt;
  DataSizes sizes;
  const auto read = [&](const char* split, double& reviews, double& tokens) {
    const Json entry = data["splits"].value(split, OrderedJson::object());
    reviews = entry.value("reviews", 0.0);
    tokens = entry.value("tokens", 0.0);
    return reviews > 0;
  };
  bool whole = read("train", sizes.train_reviews, sizes.train_tokens);
  whole = read("validation", sizes.validation_reviews, sizes.validation_tokens) && whole;
  whole = read("test", sizes.test_reviews, sizes.test_tokens) && whole;
  if (!whole) return std::nullopt;
  if (data.contains("prompts")) {
    sizes.prompts = data["prompts"].value("count", 0.0);
    sizes.prompt_tokens = data["prompts"].value("tokens", 0.0);
  }
  return sizes;
}

}  // namespace coppice::lifecycle
