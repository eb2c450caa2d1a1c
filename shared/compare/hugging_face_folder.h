// A BERT classifier in ONNX as Hugging Face's tools write it (config.json, vocab.txt or tokenizer.json,
// onnx/model.onnx), without a manifest: what the page has to know of it, read from those files.
//
//   config.json            layers, longest input, labels
//   tokenizer_config.json  casing, longest input     either of the two must say the casing
//   tokenizer.json         casing, and the vocabulary where there is no vocab.txt
//
// A folder that `coppice export` wrote has a manifest and needs none of this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/records/manifest.h"
#include "shared/text/tokenizer.h"

namespace coppice::compare {

struct HuggingFaceFolder {
  std::vector<records::FileEntry> files;  // those that are used, the weights among them
  std::string weights;                    // path of the ONNX file
  std::string config;                     // contents; of the others: absent where there is no such file
  std::optional<std::string> tokenizer_config;
  std::optional<std::string> tokenizer;
  std::optional<std::string> vocabulary;  // of vocab.txt
};

struct HuggingFaceModel {
  records::Manifest manifest;  // labels are always negative, positive
  text::Tokenizer tokenizer;
  bool positive_first = false;  // logit 0 is "positive": to be swapped
  std::string assumption;       // what had to be assumed, for the visitor; empty: nothing
};

// id: what the row is called. Refused, with the file and what was found in it: another architecture, other than two
// labels or labels that are no sentiment, no word on the casing, a vocabulary larger than the model's.
Result<HuggingFaceModel> read_hugging_face_folder(const HuggingFaceFolder& folder, const std::string& id);

// The content of a vocab.txt from the `model.vocab` of a tokenizer.json (token to id).
Result<std::string> vocabulary_of_tokenizer_json(std::string_view json, const std::string& source);

}  // namespace coppice::compare
