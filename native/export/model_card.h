// README.md of a model folder: the model card, made from the manifest and run records, with the front matter of the
// Hugging Face hub.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "native/export/comparisons.h"
#include "shared/linear/linear_model.h"
#include "shared/records/bert_config.h"
#include "shared/records/manifest.h"

namespace coppice {

inline constexpr std::string_view kModelCard = "README.md";  // its file, below the folder

// Every figure comes from the manifest and from records of comparisons; what they do not hold is said to be not stated.
std::string model_card(const records::Manifest& manifest, const records::BertConfig& config,
                       const std::vector<Comparison>& comparisons);
std::string model_card(const records::Manifest& manifest, const linear::LinearConfig& config,
                       const std::vector<Comparison>& comparisons);

// Whether a README.md is a card made by the above, and whole, and so may be made anew.
bool is_model_card(std::string_view text);

}  // namespace coppice
