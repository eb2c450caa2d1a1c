// README.md of a model folder: the model card, made from the manifest, with the front matter of the Hugging Face hub.
#pragma once

#include <string>

#include "shared/linear/linear_model.h"
#include "shared/records/bert_config.h"
#include "shared/records/manifest.h"

namespace coppice {

// Every figure comes from the manifest; what it does not hold is said to be not stated.
std::string model_card(const records::Manifest& manifest, const records::BertConfig& config);
std::string model_card(const records::Manifest& manifest, const linear::LinearConfig& config);

}  // namespace coppice
