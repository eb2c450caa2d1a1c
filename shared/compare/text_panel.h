// The review as each selected model read it, as JSON for the page: which part was read, the tokens, and, where the
// verdict was explained, what each word counted.
//
//   {"models":[{"id","summary":"...","read":"Read 256 of 391 tokens: start and end.","segments":[
//      {"text":"wonderful","read":true,"word":3,"effect":2.31,"level":4,"turns":true,"by":"word",
//       "pieces":["wonder","ful"],"unknown":[1]},
//      {"text":" ...","read":false,"hidden":1200}],
//      "words":[{"word":3,"name","effect","text":"+2.31, from 97.3 % to 78.1 % positive without it"}]}],
//    "explained":bool,"status":"...","differences":["..."],"words_left":N}
//
// Segments joined are the text, but that a long one without marks is cut short in its middle: "hidden" bytes are left
// out there. "pieces" are a segment's tokens, where there is more than one; "unknown" are the places of those that the
// model's vocabulary does not have. A linear model has words and no pieces.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "shared/compare/explainer.h"
#include "shared/compare/side_run.h"

namespace coppice::compare {

// text: the current review. explanation: shown where it is of this text.
std::string text_panel_json(std::string_view text, std::span<const ModelReader> models, const Explanation& explanation,
                            bool comparing);

}  // namespace coppice::compare
