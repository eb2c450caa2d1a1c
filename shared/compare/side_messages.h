// Messages of the work beside the comparison (side_work.h), as messages.h has those of the comparison itself.
//
// Events     {"type":"explain"} {"type":"explain_every_word"} {"type":"stop_explaining"}
//            {"type":"find_disagreement"} {"type":"stop_finding"}
//            {"type":"set_use_shipped"} {"type":"set_start"} {"type":"set_pause"} {"type":"set_resume"}
//            {"type":"set_stop"}
// Questions  {"ask":"side"}                      where this work stands, and the figures of the set
//            {"ask":"text_panel"}                text_panel.h
//            {"ask":"set_review","index":12}     a review of the set, as text
//            {"ask":"set_csv"} {"ask":"set_json"}  set_export.h
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shared/base/status.h"
#include "shared/compare/comparison.h"

namespace coppice::compare {

// Nothing for a type that is none of these.
std::optional<Status> apply_side_event(const std::string& type, Comparison& comparison);

// The answer's bytes: JSON, or what the question asks for.
Result<std::string> answer_question(std::string_view json, const Comparison& comparison);

}  // namespace coppice::compare
