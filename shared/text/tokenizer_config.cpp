#include "shared/text/tokenizer_config.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "shared/base/json.h"

namespace coppice::text {
namespace {

// The classes that are BERT's tokenizer under their own name, without the suffix "Fast". The last two are what
// transformers writes for any tokenizer.json.
constexpr std::string_view kTokenizerClasses[] = {
    "BertTokenizer",        "DistilBertTokenizer", "ElectraTokenizer",        "MobileBertTokenizer",
    "SqueezeBertTokenizer", "ConvBertTokenizer",   "PreTrainedTokenizerFast", "TokenizersBackend"};

std::string_view without_fast(std::string_view name) {
  constexpr std::string_view kSuffix = "TokenizerFast";
  if (name.size() < kSuffix.size() || name.substr(name.size() - kSuffix.size()) != kSuffix) return name;
  return name == "PreTrainedTokenizerFast" ? name : name.substr(0, name.size() - 4);
}

// {"type": wanted} in member `key`, which must be there.
Status expect_type(const Json& document, const char* key, const char* wanted, const std::string& source) {
  const auto it = document.find(key);
  if (it == document.end() || !it->is_object()) {
    return invalid_input(source + ": " + key + " is missing; expected an object of type " + wanted);
  }
  JsonReader reader(*it, source + ": " + key);
  const std::string type = reader.string("type");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (type != wanted) {
    return unsupported(source + ": " + key + " is a " + type + ", expected " + wanted +
                       "; only BERT's WordPiece tokenizer is supported");
  }
  return {};
}

// A special token is written as a string, or as an object with "content".
Status expect_special_token(const Json& document, const char* key, const std::string& wanted,
                            const std::string& source) {
  const auto it = document.find(key);
  if (it == document.end() || it->is_null()) return {};
  const Json* value = &*it;
  if (value->is_object() && value->contains("content")) value = &(*value)["content"];
  if (value->is_string() && value->get_ref<const std::string&>() == wanted) return {};
  return unsupported(source + ": " + key + " is " + dump_json(*value) + ", expected \"" + wanted + "\"");
}

// What one file states.
struct StatedOptions {
  std::optional<bool> do_lower_case;
  std::optional<bool> strip_accents;
  std::optional<bool> tokenize_chinese_chars;
  std::optional<int> max_word_code_points;
};

std::optional<bool> stated_boolean(JsonReader& reader, const char* key) {
  return reader.has(key) ? std::optional<bool>(reader.boolean(key)) : std::nullopt;
}

TokenizerOptions resolve(const StatedOptions& stated) {
  TokenizerOptions options;
  options.do_lower_case = stated.do_lower_case.value_or(options.do_lower_case);
  options.strip_accents = stated.strip_accents.value_or(options.do_lower_case);
  options.tokenize_chinese_chars = stated.tokenize_chinese_chars.value_or(options.tokenize_chinese_chars);
  options.max_word_code_points = stated.max_word_code_points.value_or(options.max_word_code_points);
  return options;
}

Result<StatedOptions> read_tokenizer_config(std::string_view json, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(json, source));
  JsonReader reader(document, source);
  StatedOptions stated;
  stated.do_lower_case = stated_boolean(reader, "do_lower_case");
  stated.strip_accents = stated_boolean(reader, "strip_accents");
  stated.tokenize_chinese_chars = stated_boolean(reader, "tokenize_chinese_chars");
  const std::string tokenizer_class = reader.string_or("tokenizer_class", "BertTokenizer");
  COPPICE_RETURN_IF_ERROR(reader.status());
  if (std::find(std::begin(kTokenizerClasses), std::end(kTokenizerClasses), without_fast(tokenizer_class)) ==
      std::end(kTokenizerClasses)) {
    return unsupported(source + ": tokenizer_class is " + tokenizer_class +
                       "; only BERT's WordPiece tokenizer is supported");
  }
  const std::pair<const char*, const char*> specials[] = {{"pad_token", "[PAD]"},
                                                          {"unk_token", "[UNK]"},
                                                          {"cls_token", "[CLS]"},
                                                          {"sep_token", "[SEP]"},
                                                          {"mask_token", "[MASK]"}};
  for (const auto& [key, wanted] : specials) {
    COPPICE_RETURN_IF_ERROR(expect_special_token(document, key, wanted, source));
  }
  return stated;
}

Result<StatedOptions> read_tokenizer_json(std::string_view json, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(json, source));
  if (!document.is_object()) return invalid_input(source + ": expected an object");
  COPPICE_RETURN_IF_ERROR(expect_type(document, "normalizer", "BertNormalizer", source));
  COPPICE_RETURN_IF_ERROR(expect_type(document, "pre_tokenizer", "BertPreTokenizer", source));
  COPPICE_RETURN_IF_ERROR(expect_type(document, "model", "WordPiece", source));

  StatedOptions stated;
  JsonReader normalizer(*document.find("normalizer"), source + ": normalizer");
  const bool clean_text = normalizer.boolean_or("clean_text", true);
  stated.do_lower_case = stated_boolean(normalizer, "lowercase");
  stated.strip_accents = stated_boolean(normalizer, "strip_accents");
  stated.tokenize_chinese_chars = stated_boolean(normalizer, "handle_chinese_chars");
  COPPICE_RETURN_IF_ERROR(normalizer.status());
  if (!clean_text) return unsupported(source + ": normalizer: clean_text is false; expected true");

  JsonReader model(*document.find("model"), source + ": model");
  const std::string prefix = model.string_or("continuing_subword_prefix", "##");
  const int64_t longest = model.integer_or("max_input_chars_per_word", 100);
  COPPICE_RETURN_IF_ERROR(model.status());
  if (prefix != "##") {
    return unsupported(source + ": model: continuing_subword_prefix is '" + prefix + "', expected ##");
  }
  if (longest < 1 || longest > kMaxWordCodePoints) {
    return invalid_input(source + ": model: max_input_chars_per_word is " + std::to_string(longest) +
                         ", expected 1 to " + std::to_string(kMaxWordCodePoints));
  }
  stated.max_word_code_points = static_cast<int>(longest);
  return stated;
}

// `first`, completed by `second`.
template <typename T>
Status agree(std::optional<T>& first, const std::optional<T>& second, const char* what) {
  if (first && second && *first != *second) {
    return invalid_input(std::string("tokenizer_config.json and tokenizer.json disagree about ") + what +
                         "; make them state the same, as the model was trained");
  }
  if (!first) first = second;
  return {};
}

}  // namespace

Result<TokenizerOptions> options_from_tokenizer_config(std::string_view json, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const StatedOptions stated, read_tokenizer_config(json, source));
  return resolve(stated);
}

Result<TokenizerOptions> options_from_tokenizer_json(std::string_view json, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const StatedOptions stated, read_tokenizer_json(json, source));
  return resolve(stated);
}

Result<Tokenizer> tokenizer_from_files(const TokenizerFiles& files) {
  StatedOptions stated;
  if (files.tokenizer_config_json) {
    COPPICE_ASSIGN_OR_RETURN(stated, read_tokenizer_config(*files.tokenizer_config_json, "tokenizer_config.json"));
  }
  if (files.tokenizer_json) {
    COPPICE_ASSIGN_OR_RETURN(const StatedOptions other, read_tokenizer_json(*files.tokenizer_json, "tokenizer.json"));
    COPPICE_RETURN_IF_ERROR(agree(stated.do_lower_case, other.do_lower_case, "lower-casing"));
    COPPICE_RETURN_IF_ERROR(agree(stated.strip_accents, other.strip_accents, "stripping accents"));
    COPPICE_RETURN_IF_ERROR(
        agree(stated.tokenize_chinese_chars, other.tokenize_chinese_chars, "spacing Chinese characters"));
    COPPICE_RETURN_IF_ERROR(agree(stated.max_word_code_points, other.max_word_code_points, "the longest word"));
  }
  Result<Tokenizer> tokenizer = Tokenizer::create(files.vocab_txt, resolve(stated));
  if (!tokenizer) return tokenizer.status().with_context("vocab.txt");
  return tokenizer;
}

}  // namespace coppice::text
