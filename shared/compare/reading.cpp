#include "shared/compare/reading.h"

#include "shared/linear/words.h"

namespace coppice::compare {

Reading read_text(const records::Manifest& manifest, const text::Tokenizer* tokenizer, std::string_view text) {
  Reading reading;
  if (is_linear(manifest)) {
    reading.text.assign(text);
    linear::for_each_word(text, [&](uint64_t) { ++reading.units; });
    reading.units_whole = reading.units;
    return reading;
  }
  text::Encoding encoding = encode_text(manifest, *tokenizer, text, false);
  reading.input_ids = std::move(encoding.input_ids);
  reading.units = static_cast<int64_t>(reading.input_ids.size());
  reading.units_whole = encoding.tokens_before_truncation;
  reading.truncated = encoding.truncated;
  return reading;
}

text::Encoding encode_text(const records::Manifest& manifest, const text::Tokenizer& tokenizer, std::string_view text,
                           bool with_offsets) {
  text::EncodeOptions options;
  options.max_length = static_cast<int>(manifest.max_length);
  const Result<text::Truncation> truncation = text::parse_truncation(manifest.truncation);
  if (truncation.ok()) options.truncation = *truncation;  // the manifest's parser knows no other
  options.with_offsets = with_offsets;
  return tokenizer.encode(text, options);
}

LabelOrder label_order(const records::Manifest& manifest) {
  std::string first = manifest.labels[0].substr(0, 3);
  for (char& c : first) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (first == "pos") return {{manifest.labels[1], manifest.labels[0]}, -1};
  return {{manifest.labels[0], manifest.labels[1]}, 1};
}

bool is_linear(const records::Manifest& manifest) { return manifest.architecture == records::Architecture::kLinear; }

const records::WeightsFile* weights_to_run(const records::Manifest& manifest) {
  return manifest.find_weights(is_linear(manifest) ? "safetensors" : "onnx");
}

const char* name_of_small_file(const records::Manifest& manifest) {
  return is_linear(manifest) ? "config.json" : "vocab.txt";
}

}  // namespace coppice::compare
