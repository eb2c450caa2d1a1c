// What was collected, and what was worked out from it, as the one JSON document that the page is drawn from.
//
//   {"schema_version":1, "program_version":"0.1.0", "command":[...],
//    "records":[{"id","path","sha256","model"?,"record":{...}},...]         id: first 12 digits of the file's sha256
//    "models":[{"id","path","sha256","parent"?,"shipped","metrics_hold","manifest":{...}},...],
//    "lifecycles":[{"id","path","sha256","document"},...], "sweeps":[...], "latency_tables":[...],
//    "ort_web_times":[...],
//    "kept_apart":[{"path","sha256"?,"why","reason"},...],
//    "counts":{"files_read","copies","passed_over"}, "not_used":[PATH,...], "notes":[TEXT,...],
//    "overview":{...},                                                      of `coppice compare --json`
//    "regions":[{"provider","region","place","intensity_g_per_kwh",...},...],
//    "devices":[{"id","name","watts","watts_low","watts_high","source"},...],
//    "assumptions":{"reviews_per_month":100000}}
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "native/report/collect.h"
#include "shared/base/json.h"

namespace coppice::report {

struct DocumentOptions {
  std::vector<std::string> command;  // as typed
  std::string baseline;              // id; empty: the model that most were made from
  int64_t tokens = 256;              // length at which models are compared
  double reviews_per_month = 100000;
};

// Errors: a baseline that is none of the models. Takes the collection's models: they are empty afterwards.
// All but "records", which document_text adds.
Result<OrderedJson> make_document(Collection& collection, const DocumentOptions& options);

// The whole document.
std::string document_text(const Collection& collection, const OrderedJson& document);

}  // namespace coppice::report
