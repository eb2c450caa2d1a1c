// What a model reads of a text, and what its runtime is handed for a run.
//
//   a transformer      "A good film."  ->  [CLS] a good film . [SEP], as ids, cut at the model's longest input
//   a linear model     "A good film."  ->  the text itself, three words, all of them
//
// A linear model is judged by the core, which takes the text as it is; reading it is part of each timed run, and most
// of its work. A transformer's runtime takes ids, so its reading is in no time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/records/manifest.h"
#include "shared/text/tokenizer.h"

namespace coppice::compare {

struct Reading {
  std::vector<int32_t> input_ids;  // of a transformer
  std::string text;                // of a linear model
  int64_t units = 0;               // tokens with [CLS] and [SEP], or words
  int64_t units_whole = 0;         // before truncation
  bool truncated = false;
};

// tokenizer: null for a linear model, needed for all others.
Reading read_text(const records::Manifest& manifest, const text::Tokenizer* tokenizer, std::string_view text);

// The same for a transformer as its encoding, with the bytes behind each token if that is asked for.
text::Encoding encode_text(const records::Manifest& manifest, const text::Tokenizer& tokenizer, std::string_view text,
                           bool with_offsets);

bool is_linear(const records::Manifest& manifest);

// How the model's two labels stand to negative and positive: a label that begins with "pos" (whatever its case) is the
// positive one, without such a one the second is.
struct LabelOrder {
  std::array<std::string, 2> names;  // negative, positive
  double sign = 1;                   // of logit 1 - logit 0, so that above 0 is positive
};
LabelOrder label_order(const records::Manifest& manifest);

// The weights that this page can run: ONNX, or the core's own of a linear model. Null if the folder has none.
const records::WeightsFile* weights_to_run(const records::Manifest& manifest);

// The small file that has to be read before a text can be: the vocabulary, or a linear model's configuration.
const char* name_of_small_file(const records::Manifest& manifest);

}  // namespace coppice::compare
