#include "native/records/select.h"

#include <algorithm>
#include <cctype>

namespace coppice::records {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool among(const std::vector<std::string>& wanted, const std::string& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

// A day becomes its first moment, or the first after it; both compare as text with started_at.
Result<std::string> moment(const std::string& text, const char* option, bool end_of_day) {
  if (text.empty()) return text;
  const std::string pattern = text.size() == 10 ? "0000-00-00" : "0000-00-00T00:00:00Z";
  bool fits = text.size() == pattern.size();
  for (size_t i = 0; fits && i < text.size(); ++i) {
    fits = pattern[i] == '0' ? std::isdigit(static_cast<unsigned char>(text[i])) != 0 : text[i] == pattern[i];
  }
  if (fits) {
    const int month = std::stoi(text.substr(5, 2));
    const int day = std::stoi(text.substr(8, 2));
    fits = month >= 1 && month <= 12 && day >= 1 && day <= 31;
  }
  if (!fits) {
    return invalid_usage(std::string(option) + " \"" + text +
                         "\": expected a day such as 2026-11-24, or a UTC time such as 2026-11-24T05:54:01Z");
  }
  if (text.size() > 10) return text;
  // "T24" sorts after every moment of the day and before the next one.
  return text + (end_of_day ? "T24:00:00Z" : "T00:00:00Z");
}

}  // namespace

Result<std::vector<FoundRecord>> select(std::vector<FoundRecord> records, const Selection& selection) {
  for (const std::string& outcome : selection.outcomes) {
    if (outcome == "finished" || outcome == "failed" || outcome == "interrupted") continue;
    return invalid_usage("--status \"" + outcome + "\": expected finished, failed or interrupted");
  }
  COPPICE_ASSIGN_OR_RETURN(const std::string since, moment(selection.since, "--since", false));
  COPPICE_ASSIGN_OR_RETURN(const std::string until, moment(selection.until, "--until", true));
  const auto wanted = [&](const FoundRecord& found) {
    const RunRecord& record = found.record;
    if (!among(selection.steps, record.kind) || !among(selection.models, found.model)) return false;
    if (!among(selection.outcomes, name_of(record.outcome))) return false;
    if (!since.empty() && record.started_at < since) return false;
    if (!until.empty() && record.started_at >= until) return false;
    if (selection.machines.empty()) return true;
    const std::string machine = lower(found.machine());
    return std::any_of(selection.machines.begin(), selection.machines.end(),
                       [&](const std::string& part) { return machine.find(lower(part)) != std::string::npos; });
  };
  records.erase(
      std::remove_if(records.begin(), records.end(), [&](const FoundRecord& found) { return !wanted(found); }),
      records.end());
  return records;
}

Result<const FoundRecord*> find_one(const std::vector<FoundRecord>& records, const std::string& name) {
  std::vector<const FoundRecord*> found;
  const bool may_be_id = name.size() >= 4 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
  for (const FoundRecord& record : records) {
    const bool by_path =
        record.path == name || std::find(record.copies.begin(), record.copies.end(), name) != record.copies.end();
    if (by_path || (may_be_id && record.record.run_id.rfind(name, 0) == 0)) found.push_back(&record);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return not_found("\"" + name +
                     "\" is no record among those found; give a record's path, or its run_id or 4 or more digits of "
                     "its beginning");
  }
  std::string ids;
  for (const FoundRecord* record : found) ids.append(" ").append(record->record.run_id);
  return invalid_usage("\"" + name + "\" begins " + std::to_string(found.size()) + " run_ids:" + ids +
                       "; give more of its digits");
}

}  // namespace coppice::records
