#include "shared/compare/hugging_face_folder.h"

#include <algorithm>
#include <array>

#include "shared/records/bert_config.h"
#include "shared/text/tokenizer_config.h"

namespace coppice::compare {
namespace {

constexpr const char* kVersionOfOthers = "not by Coppice";

std::string lower_case_ascii(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// 0 for a name of the negative class, 1 for one of the positive, -1 for anything else.
int sentiment_of(const std::string& label) {
  const std::string name = lower_case_ascii(label);
  if (name == "negative" || name == "neg" || name == "label_0" || name == "0") return 0;
  if (name == "positive" || name == "pos" || name == "label_1" || name == "1") return 1;
  return -1;
}

// Said before the general parser's refusal, since it is the case that people meet.
Status check_classifier(const Json& config, const std::string& source) {
  if (!config.is_object()) return {};  // the parser says it
  const auto architectures = config.find("architectures");
  if (architectures != config.end() && architectures->is_array() && !architectures->empty()) {
    const bool classifies = std::any_of(architectures->begin(), architectures->end(), [](const Json& name) {
      return name.is_string() && name.get<std::string>().find("ForSequenceClassification") != std::string::npos;
    });
    if (!classifies) {
      return unsupported(source + ": architectures is " + dump_json(*architectures) +
                         "; expected a classifier (BertForSequenceClassification)");
    }
  }
  const auto labels = config.find("id2label");
  const auto count = config.find("num_labels");
  const bool by_names = labels != config.end() && labels->is_object() && labels->size() != 2;
  const bool by_count = count != config.end() && count->is_number_integer() && count->get<int64_t>() != 2;
  if (by_names || by_count) {
    return unsupported(source + ": this classifier has " +
                       (by_names ? std::to_string(labels->size()) + " labels: " + dump_json(*labels).substr(0, 200)
                                 : std::to_string(count->get<int64_t>()) + " labels") +
                       "; this page compares models with two, negative and positive");
  }
  return {};
}

Status read_labels_of_folder(const std::array<std::string, 2>& labels, const std::string& source, const std::string& id,
                             HuggingFaceModel& model) {
  const int first = sentiment_of(labels[0]);
  const int second = sentiment_of(labels[1]);
  if (first < 0 || second < 0 || first == second) {
    return unsupported(source + ": its labels are \"" + labels[0] + "\" and \"" + labels[1] +
                       "\"; this page compares models that say negative or positive");
  }
  model.positive_first = first == 1;
  const std::string name = lower_case_ascii(labels[0]);
  if (name == "label_0" || name == "0") {
    model.assumption = id + ": config.json calls its labels \"" + labels[0] + "\" and \"" + labels[1] +
                       "\"; they are read as negative and positive.";
  }
  return {};
}

// The longest input that tokenizer_config.json states; 0 where it says none, or Hugging Face's "no limit" of 1e30.
Result<int64_t> longest_input_stated(const HuggingFaceFolder& folder, const std::string& source) {
  if (!folder.tokenizer_config) return 0;
  COPPICE_ASSIGN_OR_RETURN(const Json config, parse_json(*folder.tokenizer_config, source));
  if (!config.is_object()) return 0;  // options_from_tokenizer_config says it
  const auto length = config.find("model_max_length");
  if (length == config.end() || !length->is_number_integer()) return 0;
  const int64_t value = length->get<int64_t>();
  return value >= 2 ? value : 0;
}

}  // namespace

Result<std::string> vocabulary_of_tokenizer_json(std::string_view json, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(const Json document, parse_json(json, source));
  const Json* vocabulary = nullptr;
  if (document.is_object() && document.contains("model") && document["model"].is_object() &&
      document["model"].contains("vocab")) {
    vocabulary = &document["model"]["vocab"];
  }
  if (vocabulary == nullptr || !vocabulary->is_object()) {
    return invalid_input(source + ": model.vocab: expected an object of tokens and ids");
  }
  std::vector<const std::string*> tokens(vocabulary->size(), nullptr);
  size_t bytes = 0;
  for (const auto& [token, id] : vocabulary->items()) {
    const int64_t value = id.is_number_integer() ? id.get<int64_t>() : -1;
    if (value < 0 || static_cast<size_t>(value) >= tokens.size() || tokens[static_cast<size_t>(value)] != nullptr) {
      return invalid_input(source + ": model.vocab: the id of \"" + token + "\" is " + dump_json(id) +
                           "; expected each of 0 to " + std::to_string(tokens.size() - 1) + " once");
    }
    if (token.find_first_of("\r\n") != std::string::npos) {
      return invalid_input(source + ": model.vocab: token " + std::to_string(value) + " holds a line end");
    }
    bytes += token.size() + 1;
    tokens[static_cast<size_t>(value)] = &token;
  }
  std::string lines;
  lines.reserve(bytes);
  for (const std::string* token : tokens) lines.append(*token).push_back('\n');
  return lines;
}

Result<HuggingFaceModel> read_hugging_face_folder(const HuggingFaceFolder& folder, const std::string& id) {
  const std::string config_source = id + "/config.json";
  COPPICE_ASSIGN_OR_RETURN(const Json config_json, parse_json(folder.config, config_source));
  COPPICE_RETURN_IF_ERROR(check_classifier(config_json, config_source));
  COPPICE_ASSIGN_OR_RETURN(const records::BertConfig config, records::parse_bert_config(folder.config, config_source));

  if (!folder.tokenizer_config && !folder.tokenizer) {
    return invalid_input(id +
                         ": whether the model is cased is said by tokenizer_config.json or tokenizer.json; "
                         "neither is in the folder. Add one of them");
  }
  std::string vocabulary;
  if (folder.vocabulary) {
    vocabulary = *folder.vocabulary;
  } else if (folder.tokenizer) {
    COPPICE_ASSIGN_OR_RETURN(vocabulary, vocabulary_of_tokenizer_json(*folder.tokenizer, id + "/tokenizer.json"));
  } else {
    return invalid_input(id + ": the vocabulary is missing: expected vocab.txt or tokenizer.json");
  }
  text::TokenizerFiles files;
  files.vocab_txt = vocabulary;
  if (folder.tokenizer_config) files.tokenizer_config_json = *folder.tokenizer_config;
  if (folder.tokenizer) files.tokenizer_json = *folder.tokenizer;
  Result<text::Tokenizer> tokenizer = text::tokenizer_from_files(files);
  if (!tokenizer.ok()) return tokenizer.status().with_context(id);
  if (tokenizer->vocab_size() > config.vocab_size) {
    return invalid_input(id + ": the vocabulary has " + std::to_string(tokenizer->vocab_size()) +
                         " tokens, but config.json says vocab_size " + std::to_string(config.vocab_size) +
                         ": the files are of two different models");
  }

  HuggingFaceModel model{records::Manifest{}, std::move(*tokenizer), false, ""};
  COPPICE_RETURN_IF_ERROR(read_labels_of_folder(config.labels, config_source, id, model));
  COPPICE_ASSIGN_OR_RETURN(const int64_t stated, longest_input_stated(folder, id + "/tokenizer_config.json"));

  records::Manifest& manifest = model.manifest;
  manifest.id = id;
  manifest.program_version = kVersionOfOthers;
  manifest.do_lower_case = model.tokenizer.options().do_lower_case;
  manifest.max_length = stated > 0 ? std::min(stated, config.max_position_embeddings) : config.max_position_embeddings;
  manifest.truncation = "head";  // Hugging Face's own way
  const text::SpecialIds& special = model.tokenizer.special_ids();
  manifest.special_ids = {special.pad, special.unk, special.cls, special.sep, special.mask};
  manifest.labels = {"negative", "positive"};
  manifest.weights = {{folder.weights, "onnx", ""}};
  manifest.files = folder.files;
  if (manifest.find_file(folder.weights) == nullptr) {
    return invalid_usage(id + ": \"" + folder.weights + "\" is not among the files given");
  }
  const records::ParameterCount count = records::count_parameters(config, true);
  manifest.parameters = {count.total, count.encoder, count.encoder};
  manifest.encoder_flops[manifest.max_length] = records::encoder_flops(config, manifest.max_length);
  return model;
}

}  // namespace coppice::compare
