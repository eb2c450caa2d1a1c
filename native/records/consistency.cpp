// What a record says of itself, held against itself.
#include <cmath>

#include "native/records/scan.h"
#include "shared/records/figure.h"

namespace coppice::records {
namespace {

// The tracker starts before the recorder in some commands, and ends after it in others.
constexpr double kClockSlackSeconds = 5;
constexpr double kClockSlackShare = 0.02;

std::string figure_problem(const Json& holder, const char* name, const std::string& where) {
  if (!holder.contains(name)) return "";
  const Result<FigureParts> parts = parse_figure_parts(holder[name], where + name);
  if (!parts) return parts.status().message();
  if (parts->low < 0) return where + name + ": is negative";
  return "";
}

std::string energy_problem(const RunRecord& record) {
  if (!record.energy) return "";
  for (const char* name : {"energy_joules", "carbon_grams_co2e"}) {
    if (std::string problem = figure_problem(*record.energy, name, "energy: "); !problem.empty()) return problem;
  }
  const auto seconds = record.energy->find("duration_seconds");
  if (seconds == record.energy->end() || !seconds->is_number()) return "";
  const double tracked = seconds->get<double>();
  if (tracked < 0) return "energy: duration_seconds: is negative";
  if (tracked > record.duration_seconds * (1 + kClockSlackShare) + kClockSlackSeconds) {
    return "energy was tracked for " + std::to_string(tracked) + " s, longer than the run's duration_seconds " +
           std::to_string(record.duration_seconds);
  }
  return "";
}

std::string metrics_problem(const RunRecord& record) {
  if (record.kind != "evaluate" || !record.results.contains("accuracy")) return "";
  const Json& accuracy = record.results["accuracy"];
  if (!accuracy.is_number()) return "results: accuracy: expected a number";
  const auto value = accuracy.get<double>();
  if (!(value >= 0 && value <= 1)) return "results: accuracy: " + accuracy.dump() + " is no share";
  const auto intervals = record.results.find("intervals");
  if (intervals == record.results.end() || !intervals->is_object() || !intervals->contains("accuracy")) return "";
  const Json& bounds = (*intervals)["accuracy"];
  const bool pair = bounds.is_array() && bounds.size() == 2 && bounds[0].is_number() && bounds[1].is_number();
  if (!pair) return "results: intervals: accuracy: expected two numbers";
  // Both come from the same counts; their last bits may differ.
  const double slack = 1e-9;
  if (value < bounds[0].get<double>() - slack || value > bounds[1].get<double>() + slack) {
    return "results: accuracy: is outside its interval";
  }
  return "";
}

// A name in the form file_name_of gives must be this record's; any other name says nothing.
std::string name_problem(const RunRecord& record, const std::string& file_name) {
  const std::string right = file_name_of(record);
  if (file_name == right) return "";
  const size_t id = file_name.rfind('-');
  const size_t time = id == std::string::npos || id == 0 ? std::string::npos : file_name.rfind('-', id - 1);
  if (time == std::string::npos) return "";
  const std::string_view stamp = std::string_view(file_name).substr(time + 1, id - time - 1);
  const bool of_ours = stamp.size() == 16 && stamp[8] == 'T' && stamp.back() == 'Z' && file_name.size() == id + 14;
  if (!of_ours) return "";
  return "its content is that of " + right;
}

}  // namespace

std::string contradiction_in(const RunRecord& record, const std::string& file_name) {
  if (record.outcome == Outcome::kFinished && record.error) {
    return "outcome is \"finished\", and there is an error: " + *record.error;
  }
  for (const std::string& problem :
       {energy_problem(record), metrics_problem(record), name_problem(record, file_name)}) {
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace coppice::records
