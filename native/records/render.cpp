#include "native/records/render.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string_view>

#include "native/records/select.h"
#include "shared/base/columns.h"
#include "shared/base/csv.h"

namespace coppice::records {
namespace {

using Path = std::initializer_list<const char*>;

const Json* member(const Json& holder, Path path) {
  const Json* at = &holder;
  for (const char* name : path) {
    const auto found = at->is_object() ? at->find(name) : at->end();
    if (!at->is_object() || found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

// The first word of a path is the name of one of the record's objects.
const Json* member(const RunRecord& record, std::string_view object, Path path) {
  if (object == "energy") return record.energy ? member(*record.energy, path) : nullptr;
  return member(object == "machine" ? record.machine : object == "settings" ? record.settings : record.results, path);
}

std::optional<double> number_at(const FoundRecord& of, const char* object, Path path) {
  const Json* found = member(of.record, object, path);
  return found != nullptr && found->is_number() ? std::optional<double>(found->get<double>()) : std::nullopt;
}

std::string text_at(const FoundRecord& of, const char* object, Path path) {
  const Json* found = member(of.record, object, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::string formatted(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string with_prefix(double value, const char* unit) {
  static constexpr struct {
    double factor;
    const char* name;
  } kPrefixes[] = {{1e6, "M"}, {1e3, "k"}, {1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}};
  for (const auto& prefix : kPrefixes) {
    if (value >= prefix.factor) return formatted("%.3g ", value / prefix.factor) + prefix.name + unit;
  }
  return formatted("%.3g ", value) + unit;
}

std::optional<std::pair<double, double>> accuracy_interval(const FoundRecord& of) {
  const Json* bounds = member(of.record, "results", {"intervals", "accuracy"});
  const bool pair = bounds != nullptr && bounds->is_array() && bounds->size() == 2 && (*bounds)[0].is_number() &&
                    (*bounds)[1].is_number();
  if (!pair) return std::nullopt;
  return std::pair{(*bounds)[0].get<double>(), (*bounds)[1].get<double>()};
}

// The one result that tells most of a run of its kind.
std::string headline(const FoundRecord& found) {
  if (found.record.error) return *found.record.error;
  if (const auto accuracy = number_at(found, "results", {"accuracy"})) {
    std::string text = "accuracy " + formatted("%.2f", 100 * *accuracy) + " %";
    if (const auto interval = accuracy_interval(found)) {
      text +=
          " (" + formatted("%.2f", 100 * interval->first) + " to " + formatted("%.2f", 100 * interval->second) + ")";
    }
    return text;
  }
  if (const auto accuracy = number_at(found, "results", {"best", "validation_accuracy"})) {
    return "validation accuracy " + formatted("%.2f", 100 * *accuracy) + " %";
  }
  if (const auto median = number_at(found, "results", {"overall", "median_ms"})) {
    return "median " + formatted("%.3g", *median) + " ms";
  }
  if (const std::string method = text_at(found, "results", {"plan", "method"}); !method.empty()) return method;
  if (const std::string weights = text_at(found, "settings", {"weights"}); !weights.empty()) return weights;
  return "";
}

// Text from outside may hold anything; a table's line must stay one line.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  constexpr size_t kLongest = 80;
  if (text.size() <= kLongest) return text;
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string csv_number(std::optional<double> value) { return value ? dump_json(Json(*value)) : std::string(); }

struct Column {
  const char* name;
  std::string (*cell)(const FoundRecord& found);
};

const Column kColumns[] = {
    {"run_id", [](const FoundRecord& f) { return f.record.run_id; }},
    {"kind", [](const FoundRecord& f) { return f.record.kind; }},
    {"model", [](const FoundRecord& f) { return csv_text_cell(f.model); }},
    {"started_at", [](const FoundRecord& f) { return f.record.started_at; }},
    {"outcome", [](const FoundRecord& f) { return std::string(name_of(f.record.outcome)); }},
    {"duration_seconds", [](const FoundRecord& f) { return csv_number(f.record.duration_seconds); }},
    {"cpu_time_seconds", [](const FoundRecord& f) { return csv_number(number_at(f, "energy", {"cpu_time_seconds"})); }},
    {"energy_joules",
     [](const FoundRecord& f) {
       return csv_number(number_at(f, "energy", {"energy_joules", "value"}));
     }},
    {"energy_joules_low",
     [](const FoundRecord& f) {
       return csv_number(number_at(f, "energy", {"energy_joules", "low"}));
     }},
    {"energy_joules_high",
     [](const FoundRecord& f) {
       return csv_number(number_at(f, "energy", {"energy_joules", "high"}));
     }},
    {"energy_provenance",
     [](const FoundRecord& f) {
       return csv_text_cell(text_at(f, "energy", {"energy_joules", "provenance"}));
     }},
    {"carbon_grams_co2e",
     [](const FoundRecord& f) {
       return csv_number(number_at(f, "energy", {"carbon_grams_co2e", "value"}));
     }},
    {"carbon_grams_co2e_low",
     [](const FoundRecord& f) {
       return csv_number(number_at(f, "energy", {"carbon_grams_co2e", "low"}));
     }},
    {"carbon_grams_co2e_high",
     [](const FoundRecord& f) {
       return csv_number(number_at(f, "energy", {"carbon_grams_co2e", "high"}));
     }},
    {"place",
     [](const FoundRecord& f) {
       return csv_text_cell(text_at(f, "energy", {"intensity", "place"}));
     }},
    {"accuracy", [](const FoundRecord& f) { return csv_number(number_at(f, "results", {"accuracy"})); }},
    {"accuracy_low",
     [](const FoundRecord& f) {
       const auto interval = accuracy_interval(f);
       return csv_number(interval ? std::optional(interval->first) : std::nullopt);
     }},
    {"accuracy_high",
     [](const FoundRecord& f) {
       const auto interval = accuracy_interval(f);
       return csv_number(interval ? std::optional(interval->second) : std::nullopt);
     }},
    {"validation_accuracy",
     [](const FoundRecord& f) {
       return csv_number(number_at(f, "results", {"best", "validation_accuracy"}));
     }},
    {"median_milliseconds",
     [](const FoundRecord& f) {
       return csv_number(number_at(f, "results", {"overall", "median_ms"}));
     }},
    {"cpu_model", [](const FoundRecord& f) { return csv_text_cell(text_at(f, "machine", {"cpu_model"})); }},
    {"hardware_threads",
     [](const FoundRecord& f) { return csv_number(number_at(f, "machine", {"hardware_threads"})); }},
    {"program_version", [](const FoundRecord& f) { return csv_text_cell(f.record.program_version); }},
    {"error", [](const FoundRecord& f) { return csv_text_cell(f.record.error.value_or("")); }},
    {"path", [](const FoundRecord& f) { return csv_text_cell(f.path); }},
};

}  // namespace

std::string table_of(const std::vector<FoundRecord>& records) {
  std::vector<std::vector<std::string>> rows = {
      {"started", "step", "model", "outcome", "seconds", "energy", "carbon", "result", "run"}};
  std::map<std::string, size_t> machines;
  for (const FoundRecord& found : records) {
    const auto joules = number_at(found, "energy", {"energy_joules", "value"});
    const auto grams = number_at(found, "energy", {"carbon_grams_co2e", "value"});
    rows.push_back({found.record.started_at, found.record.kind, found.model.empty() ? "-" : one_line(found.model),
                    name_of(found.record.outcome), formatted("%.1f", found.record.duration_seconds),
                    joules ? with_prefix(*joules, "J") : "-", grams ? with_prefix(*grams, "g") : "-",
                    one_line(headline(found)), found.record.run_id.substr(0, 8)});
    ++machines[found.machine()];
  }
  std::string text = in_columns(rows);
  text.append(std::to_string(records.size())).append(records.size() == 1 ? " record" : " records");
  if (machines.size() > 1) {
    text.append(" of ").append(std::to_string(machines.size()));
    text.append(" machines; times and energies compare within one only (--machine):\n");
    for (const auto& [machine, count] : machines)
      text.append("  ").append(one_line(machine)).append(": ").append(std::to_string(count)).append("\n");
    return text;
  }
  if (!machines.empty()) text.append(", all of ").append(one_line(machines.begin()->first));
  return text + "\n";
}

std::string csv_of(const std::vector<FoundRecord>& records) {
  std::string text;
  for (const Column& column : kColumns) text.append(text.empty() ? "" : ",").append(column.name);
  text += "\r\n";
  for (const FoundRecord& found : records) {
    bool first = true;
    for (const Column& column : kColumns) {
      text.append(first ? "" : ",").append(column.cell(found));
      first = false;
    }
    text += "\r\n";
  }
  return text;
}

std::string json_line_of(const FoundRecord& found) {
  OrderedJson json;
  json["found"]["path"] = found.path;
  if (!found.copies.empty()) json["found"]["copies"] = found.copies;
  if (!found.model.empty()) json["found"]["model"] = found.model;
  json["found"]["sha256"] = found.sha256;
  const OrderedJson record = to_json(found.record);
  json.update(record);
  for (auto other = found.unknown.begin(); other != found.unknown.end(); ++other) {
    if (!json.contains(other.key())) json[other.key()] = other.value();
  }
  return dump_json(json) + "\n";
}

std::string json_line_of(const SetApart& apart) {
  OrderedJson json;
  json["path"] = apart.path;
  json["problem"] = to_string(apart.problem);
  json["message"] = apart.message;
  return dump_json(json) + "\n";
}

}  // namespace coppice::records
