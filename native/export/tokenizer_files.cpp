#include "native/export/tokenizer_files.h"

#include <optional>

#include "native/io/file.h"
#include "shared/base/json.h"
#include "shared/text/tokenizer_config.h"

namespace coppice {
namespace {

constexpr int64_t kMostTokens = 65'536;

Result<std::optional<std::string>> read_if_there(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::optional<std::string>();
  COPPICE_ASSIGN_OR_RETURN(std::string bytes, read_file(path));
  return std::optional<std::string>(std::move(bytes));
}

Status check_same_vocabulary(const text::Tokenizer& tokenizer, const std::string& bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(bytes, source));
  JsonReader reader(document, source);
  JsonReader model(reader.at("model"), source + ": model");
  const Json& vocabulary = model.at("vocab");
  COPPICE_RETURN_IF_ERROR(reader.status());
  COPPICE_RETURN_IF_ERROR(model.status());
  const auto same_token = [&](const std::string& token, const Json& id) {
    return id.is_number_integer() && id >= 0 && id < tokenizer.vocab_size() &&
           tokenizer.token(id.get<int32_t>()) == token;
  };
  if (!vocabulary.is_object() || static_cast<int64_t>(vocabulary.size()) != tokenizer.vocab_size()) {
    return invalid_input(source + ": model: vocab: " + std::to_string(vocabulary.size()) +
                         " entries, but vocab.txt has " + std::to_string(tokenizer.vocab_size()) +
                         "; take both from the same checkpoint");
  }
  for (const auto& [token, id] : vocabulary.items()) {
    if (!same_token(token, id)) {
      return invalid_input(source + ": model: vocab: \"" + token + "\" is " + dump_json(id) +
                           ", but not that line of vocab.txt; take both from the same checkpoint");
    }
  }
  if (!reader.has("added_tokens")) return {};
  const Json& added_tokens = reader.at("added_tokens");
  for (const Json& added : added_tokens) {
    JsonReader entry(added, source + ": added_tokens");
    const std::string content = entry.string("content");
    const Json& id = entry.at("id");
    COPPICE_RETURN_IF_ERROR(entry.status());
    if (!same_token(content, id) || content.size() < 3 || content.front() != '[') {
      return unsupported(source + ": added_tokens: \"" + content +
                         "\"; only the special tokens of vocab.txt are supported");
    }
  }
  return {};
}

OrderedJson special_token(const char* content, int64_t id) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

OrderedJson template_special(const char* token, int type) {
  return {{"SpecialToken", {{"id", token}, {"type_id", type}}}};
}
OrderedJson template_sequence(const char* name, int type) { return {{"Sequence", {{"id", name}, {"type_id", type}}}}; }

OrderedJson template_ids(const char* token, int64_t id) {
  OrderedJson json;
  json["id"] = token;
  json["ids"] = {id};
  json["tokens"] = OrderedJson::array({token});
  return json;
}

}  // namespace

Result<text::Tokenizer> read_tokenizer_files(const std::filesystem::path& folder) {
  COPPICE_ASSIGN_OR_RETURN(const std::string vocabulary, read_file(folder / "vocab.txt"));
  COPPICE_ASSIGN_OR_RETURN(const std::optional<std::string> config, read_if_there(folder / "tokenizer_config.json"));
  COPPICE_ASSIGN_OR_RETURN(const std::optional<std::string> tokenizer_json, read_if_there(folder / "tokenizer.json"));
  text::TokenizerFiles files;
  files.vocab_txt = vocabulary;
  if (config) files.tokenizer_config_json = *config;
  if (tokenizer_json) files.tokenizer_json = *tokenizer_json;
  Result<text::Tokenizer> tokenizer = text::tokenizer_from_files(files);
  if (!tokenizer) return tokenizer.status().with_context(folder.string());
  if (tokenizer_json) {
    COPPICE_RETURN_IF_ERROR(check_same_vocabulary(*tokenizer, *tokenizer_json, (folder / "tokenizer.json").string()));
  }
  return tokenizer;
}

std::string tokenizer_json(const text::Tokenizer& tokenizer) {
  const text::TokenizerOptions& options = tokenizer.options();
  const auto& ids = tokenizer.special_ids();
  OrderedJson json;
  json["version"] = "1.0";
  json["truncation"] = nullptr;
  json["padding"] = nullptr;
  json["added_tokens"] = {special_token("[PAD]", ids.pad), special_token("[UNK]", ids.unk),
                          special_token("[CLS]", ids.cls), special_token("[SEP]", ids.sep),
                          special_token("[MASK]", ids.mask)};
  json["normalizer"] = {{"type", "BertNormalizer"},
                        {"clean_text", true},
                        {"handle_chinese_chars", options.tokenize_chinese_chars},
                        {"strip_accents", options.strip_accents},
                        {"lowercase", options.do_lower_case}};
  json["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  OrderedJson& processor = json["post_processor"];
  processor["type"] = "TemplateProcessing";
  processor["single"] = {template_special("[CLS]", 0), template_sequence("A", 0), template_special("[SEP]", 0)};
  processor["pair"] = {template_special("[CLS]", 0), template_sequence("A", 0), template_special("[SEP]", 0),
                       template_sequence("B", 1), template_special("[SEP]", 1)};
  processor["special_tokens"] = {{"[CLS]", template_ids("[CLS]", ids.cls)}, {"[SEP]", template_ids("[SEP]", ids.sep)}};
  json["decoder"] = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  json["model"] = {{"type", "WordPiece"},
                   {"unk_token", "[UNK]"},
                   {"continuing_subword_prefix", "##"},
                   {"max_input_chars_per_word", options.max_word_code_points},
                   {"vocab", "@"}};
  // The vocabulary goes in by hand: ordered_json looks through all members for each one added.
  std::string vocabulary = "{";
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (id > 0) vocabulary += ',';
    vocabulary += dump_json(Json(std::string(tokenizer.token(id)))) + ":" + std::to_string(id);
  }
  std::string text = dump_json(json);
  const std::string spot = R"("vocab":"@")";  // the member as dumped above
  text.replace(text.find(spot), spot.size(), "\"vocab\":" + vocabulary + "}");
  return text;
}

std::string tokenizer_config_json(const text::Tokenizer& tokenizer, int64_t max_length) {
  const text::TokenizerOptions& options = tokenizer.options();
  OrderedJson json;
  json["tokenizer_class"] = "BertTokenizer";
  json["do_lower_case"] = options.do_lower_case;
  json["strip_accents"] = options.strip_accents;
  json["tokenize_chinese_chars"] = options.tokenize_chinese_chars;
  json["model_max_length"] = max_length;
  json["cls_token"] = "[CLS]";
  json["mask_token"] = "[MASK]";
  json["pad_token"] = "[PAD]";
  json["sep_token"] = "[SEP]";
  json["unk_token"] = "[UNK]";
  return dump_json(json, 1) + "\n";
}

Result<int64_t> read_model_max_length(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "tokenizer_config.json";
  COPPICE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, read_if_there(path));
  if (!bytes) return int64_t{0};
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(*bytes, path.string()));
  JsonReader reader(document, path.string());
  const double length = reader.number_or("model_max_length", 0);  // Hugging Face writes 1e30 for "no limit"
  COPPICE_RETURN_IF_ERROR(reader.status());
  return length >= 2 && length <= static_cast<double>(kMostTokens) ? static_cast<int64_t>(length) : int64_t{0};
}

}  // namespace coppice
