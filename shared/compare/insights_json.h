// The comparison's second look as JSON, part of the view (messages.h) under "insights": what was chosen, the duel, the
// what-if, the trade-off, the ledger and the calibration, each with its figures and with the words people read.
//
//   {"order":[ids],"baseline":id,"pick":id,"rival":id,"layout":"cards","layout_chosen":"auto","sort","axis",
//    "method":{"id","name","counts"},"reviews":N,"reviews_text":"1.00 million",
//    "grid_guess":"Guessed from ...","calibration":{"busy":bool,"text":"...",...},
//    "duel":{"left","right","lines":[{"key","title","left","right","difference","better"}]},
//    "what_if":[{"model","energy","carbon","embodied","break_even","equivalents":[{"id","text","source"}]}],
//    "tradeoff":{"axis","source","points":[...],"front":[ids]},"ledger":[{"model","stages":[...],"total",...,"notes"}],
//    "ledger_stages":[names, in the order of a life]}
#pragma once

#include "shared/base/json.h"
#include "shared/compare/state.h"

namespace coppice::compare {

OrderedJson insights_json(const State& state);

// "This device: 2.31 GFLOP/s on one thread (2.2 to 2.4) ... its clock moves in steps of 0.1 ms, so ..." Empty before a
// calibration.
std::string calibration_text(const State& state);

}  // namespace coppice::compare
