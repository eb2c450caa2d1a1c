// Two records side by side: what they share is not said, what differs is said with how far.
#pragma once

#include <string>

#include "native/records/scan.h"

namespace coppice::records {

// {"a": {"path","run_id","kind","model","started_at","machine"}, "b": the same,
//  "same_machine": true, "same_kind": true, "notes": [...],
//  "same_values": 41, "differences": [
//    {"path": "settings.learning_rate", "a": 5e-5, "b": 1e-4, "ratio": 2.0},            b / a, of numbers where a is
//    not 0
//    {"path": "energy.energy_joules", "a": figure, "b": figure, "ratio": 1.1, "intervals": "overlap" | "apart"},
//    {"path": "results.plan", "a": ..., only one side where the other has no such member}]}
// A figure (value, low, high) is one value. Lists are one value where their lengths differ or they hold only numbers.
OrderedJson diff_records(const FoundRecord& a, const FoundRecord& b);

// The same for people.
std::string diff_text(const OrderedJson& diff);

}  // namespace coppice::records
