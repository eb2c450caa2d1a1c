#include "shared/records/run_record.h"

#include <algorithm>

#include "shared/records/schema.h"

namespace coppice::records {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

bool is_kind(std::string_view kind) {
  return !kind.empty() && kind.size() <= 32 && is_lower(kind.front()) &&
         std::all_of(kind.begin(), kind.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_run_id(std::string_view id) {
  return id.size() >= 8 && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

// Only the shape: 2026-11-24T05:54:01Z.
bool is_utc_time(std::string_view time) {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00Z";
  if (time.size() != kPattern.size()) return false;
  for (size_t i = 0; i < time.size(); ++i) {
    if (kPattern[i] == '0' ? !is_digit(time[i]) : time[i] != kPattern[i]) return false;
  }
  return true;
}

void expect_object(JsonReader& reader, const char* key) {
  const Json& value = reader.at(key);
  if (reader.status().ok() && !value.is_object()) reader.fail(key, "expected an object");
}

}  // namespace

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFinished:
      return "finished";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kInterrupted:
      return "interrupted";
  }
  return "failed";
}

Status check(const RunRecord& record, const std::string& source) {
  if (!is_kind(record.kind)) {
    return invalid_input(source + ": kind: \"" + record.kind + "\" is no name of lower-case letters, digits and '-'");
  }
  if (!is_run_id(record.run_id)) {
    return invalid_input(source + ": run_id: \"" + record.run_id +
                         "\"; expected 8 to 64 lower-case hexadecimal digits");
  }
  if (!is_utc_time(record.started_at)) {
    return invalid_input(source + ": started_at: \"" + record.started_at +
                         "\"; expected UTC such as 2026-11-24T05:54:01Z");
  }
  if (!(record.duration_seconds >= 0)) return invalid_input(source + ": duration_seconds: expected 0 or more");
  return {};
}

Result<RunRecord> parse_run_record(std::string_view bytes, const std::string& source) {
  COPPICE_ASSIGN_OR_RETURN(Json document, parse_json(bytes, source));
  return take_run_record(document, source);
}

Result<RunRecord> take_run_record(Json& document, const std::string& source) {
  COPPICE_RETURN_IF_ERROR(check_schema_version(document, kRunRecordVersion, source));
  JsonReader reader(document, source);
  RunRecord record;
  record.kind = reader.string("kind");
  record.run_id = reader.string("run_id");
  record.started_at = reader.string("started_at");
  record.duration_seconds = reader.number("duration_seconds");
  record.command = reader.strings("command");
  record.program_version = reader.string("program_version");
  for (const char* key : {"machine", "inputs", "settings", "results"}) expect_object(reader, key);
  const bool has_energy = reader.has("energy");
  if (has_energy) expect_object(reader, "energy");
  const std::string outcome = reader.string("outcome");
  if (outcome == "finished") {
    record.outcome = Outcome::kFinished;
  } else if (outcome == "failed") {
    record.outcome = Outcome::kFailed;
  } else if (outcome == "interrupted") {
    record.outcome = Outcome::kInterrupted;
  } else {
    reader.fail("outcome", "is \"" + outcome + "\"; expected finished, failed or interrupted");
  }
  if (reader.has("error")) record.error = reader.string("error");
  COPPICE_RETURN_IF_ERROR(reader.status());
  // Moved, not copied: a report reads a thousand of them. The reader is not asked again.
  record.machine = std::move(document["machine"]);
  record.inputs = std::move(document["inputs"]);
  record.settings = std::move(document["settings"]);
  record.results = std::move(document["results"]);
  if (has_energy) record.energy = std::move(document["energy"]);
  COPPICE_RETURN_IF_ERROR(check(record, source));
  for (const char* taken :
       {"schema_version", "kind", "run_id", "started_at", "duration_seconds", "command", "program_version", "machine",
        "inputs", "settings", "results", "energy", "outcome", "error"}) {
    document.erase(taken);
  }
  return record;
}

OrderedJson to_json(const RunRecord& record) {
  OrderedJson json;
  json["schema_version"] = kRunRecordVersion;
  json["kind"] = record.kind;
  json["run_id"] = record.run_id;
  json["started_at"] = record.started_at;
  json["duration_seconds"] = record.duration_seconds;
  json["command"] = record.command;
  json["program_version"] = record.program_version;
  json["machine"] = record.machine;
  json["inputs"] = record.inputs;
  json["settings"] = record.settings;
  json["results"] = record.results;
  if (record.energy) json["energy"] = *record.energy;
  json["outcome"] = name_of(record.outcome);
  if (record.error) json["error"] = *record.error;
  return json;
}

std::string file_name_of(const RunRecord& record) {
  std::string time = record.started_at;
  time.erase(std::remove_if(time.begin(), time.end(), [](char c) { return c == '-' || c == ':'; }), time.end());
  return record.kind + "-" + time + "-" + record.run_id.substr(0, 8) + ".json";
}

}  // namespace coppice::records
