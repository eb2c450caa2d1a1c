// The comparison's requests, events and state as JSON: what passes between the core and the page. Written once here;
// web/core.js only carries it.
//
// Requests   {"id":1,"kind":"fetch","model":"","path":"catalog.json"}
//            {"id":5,"kind":"probe"|"load","model":"dense","path":"dense/onnx/model.onnx","bytes":N,"sha256":"..."}
//            {"id":7,"kind":"run","model":"dense","input_ids":[101,...,102]}
//            a load of a transformer has "backend":"wasm"|"webgpu"|"core"; the last, the project's own engine, also
//            "config", its config.json, and "max_length"
//            "timed":false on a run whose time is not used
//            of a linear model: a load has "engine":"core" and "config", its config.json; a run has "text" for ids
//            {"id":9,"kind":"unload","model":"dense"}    {"id":11,"kind":"calibrate","model":""}
// Events     {"type":"probed","id","on_device":bool}    {"type":"progress","id","bytes_done","bytes_total"}
//            {"type":"preparing","id"}                  {"type":"loaded","id","stored":bool}, with "runtime" where it
//                                                       is not the one last announced: {"name",...} as below
//            {"type":"run_done","id","logits":[neg,pos],"milliseconds"}, with "runs" where it is the mean of several
//            {"type":"failed","id","message"}           {"type":"runtime_lost","message"}
//            {"type":"runtime","name","version","backend","threads","isolated":bool}
//            {"type":"notice","message"}
//            {"type":"start"} {"type":"cancel"} {"type":"load","model"} {"type":"retry","model"}
//            {"type":"select","model","selected":bool} {"type":"repeats","value":5}
//            {"type":"device","value":"laptop"} {"type":"grid","value":"FRA"}
//            {"type":"backend","value":"wasm"|"webgpu"|"core"}    {"type":"beside","value":bool}
//            {"type":"stored","model","on_device":bool}
//            {"type":"add_model","model"}: its files are then fetched below that name; without a manifest also
//            "folder":
//            {"files":[{"path","bytes","sha256"}],"weights":PATH,"config":TEXT}, and as texts where they are there
//            "tokenizer_config", "tokenizer", "vocabulary"
//            and what a visitor chooses of how it is shown: choice_events.h
// The text and fetched bytes come beside this, as bytes (wasm/api/coppice_api.h).
#pragma once

#include <string>
#include <string_view>

#include "shared/base/status.h"
#include "shared/compare/comparison.h"

namespace coppice::compare {

std::string to_json(const Request& request);

// Carries out one event. A malformed event changes nothing and says what is wrong with it.
Status apply_event(std::string_view json, Comparison& comparison);

// The state with every figure both as a number ("median_ms") and as people read it (under "text"), so that the table in
// the page and the canvas say the same.
std::string view_json(const State& state);

// {"devices":[{"id","name","watts","watts_low","watts_high","source"}],"methods":[{"id","name","counts"}],
//  "grids":[{"id","name","group","grams_per_kwh"}]}
std::string choices_json();

}  // namespace coppice::compare
