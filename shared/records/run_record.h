// One run of one command, written when it ends: what was run on which machine with which inputs and settings, what came
// out, and the energy it took. Everything else (manifest, model card, report) is derived from these records.
//
//   {"schema_version":1, "kind":"train", "run_id":"5f0c...", "started_at":"2026-11-24T05:54:01Z",
//    "duration_seconds":812.5, "command":["coppice","train",...], "program_version":"0.1.0", "machine":{...},
//    "inputs":{...}, "settings":{...}, "results":{...}, "energy":{...}, "outcome":"finished"}
//
// Members that the manifest takes up (all optional; what is absent stays absent there):
//   inputs.parent_id                  id of the model this one was made from
//   inputs.training_data              {"name","split","sha256","examples","share"}: see DataShare in manifest.h
//   inputs.test_set                   the same, of an "evaluate" record (there it must be given)
//   inputs.weights_sha256             of an "evaluate" record: the weights file that was evaluated (must be given);
//                                     scores of weights that have changed since are not taken up
//   settings.max_length, .truncation  what the model was trained for ("head" or "head_tail")
//   settings.model_id                 an id other than the folder's name
//   results of kind "evaluate"        {"accuracy":0.93,..., "n":25000, "intervals":{"accuracy":[low,high],...}}
//   results.plan                      of kind "prune" or "quantize": what was done, as data
//   results.energy_per_inference      of kind "measure": array of InferenceEnergy
//   energy.energy_joules, energy.carbon_grams_co2e   figures (figure.h) of the whole run
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/json.h"
#include "shared/base/status.h"

namespace coppice::records {

inline constexpr int64_t kRunRecordVersion = 1;

enum class Outcome { kFinished, kFailed, kInterrupted };
// "finished", "failed", "interrupted": as records have it.
const char* name_of(Outcome outcome);

struct RunRecord {
  std::string kind;        // "train", "prune", "evaluate", ...: lower-case letters, digits and '-'
  std::string run_id;      // 8 to 64 lower-case hexadecimal digits
  std::string started_at;  // UTC, "2026-11-24T05:54:01Z"
  double duration_seconds = 0;
  std::vector<std::string> command;
  std::string program_version;
  Json machine = Json::object();
  Json inputs = Json::object();
  Json settings = Json::object();
  Json results = Json::object();
  std::optional<Json> energy;  // absent when nothing could be measured or modelled
  Outcome outcome = Outcome::kFinished;
  std::optional<std::string> error;  // for the two outcomes that are not "finished"
};

// Errors name the member. An unknown schema_version is refused.
Result<RunRecord> parse_run_record(std::string_view bytes, const std::string& source);
// The same of a document that is parsed already, which is left with the members that are not of a RunRecord.
Result<RunRecord> take_run_record(Json& document, const std::string& source);
OrderedJson to_json(const RunRecord& record);

// "<kind>-20261124T055401Z-<first 8 of run_id>.json", the record's name below runs/.
std::string file_name_of(const RunRecord& record);

// Why the record's own members would not be read back (a bad kind, id or time), for writers.
Status check(const RunRecord& record, const std::string& source);

}  // namespace coppice::records
