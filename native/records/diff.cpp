#include "native/records/diff.h"

#include <algorithm>
#include <cstdio>

namespace coppice::records {
namespace {

// What names a run and says nothing of how it differs from another.
bool is_identity(const std::string& path) {
  return path == "run_id" || path == "started_at" || path == "schema_version" || path == "kind" || path == "machine";
}

bool is_figure(const Json& value) {
  return value.is_object() && value.contains("value") && value.contains("low") && value.contains("high") &&
         value["value"].is_number() && value["low"].is_number() && value["high"].is_number();
}

bool is_leaf(const Json& value) {
  if (is_figure(value)) return true;
  if (!value.is_structured()) return true;
  return value.is_array() &&
         std::none_of(value.begin(), value.end(), [](const Json& entry) { return entry.is_structured(); });
}

struct Walk {
  OrderedJson differences = OrderedJson::array();
  size_t same = 0;

  void one_side(const std::string& path, const char* side, const Json& value) {
    OrderedJson entry;
    entry["path"] = path;
    entry[side] = OrderedJson(value);
    differences.push_back(std::move(entry));
  }

  void leaves(const std::string& path, const Json& a, const Json& b) {
    if (a == b) {
      ++same;
      return;
    }
    OrderedJson entry;
    entry["path"] = path;
    entry["a"] = OrderedJson(a);
    entry["b"] = OrderedJson(b);
    const bool figures = is_figure(a) && is_figure(b);
    const Json& number_a = figures ? a["value"] : a;
    const Json& number_b = figures ? b["value"] : b;
    if (number_a.is_number() && number_b.is_number() && number_a.get<double>() != 0) {
      entry["ratio"] = number_b.get<double>() / number_a.get<double>();
    }
    if (figures) {
      const bool apart =
          a["high"].get<double>() < b["low"].get<double>() || b["high"].get<double>() < a["low"].get<double>();
      entry["intervals"] = apart ? "apart" : "overlap";
    }
    differences.push_back(std::move(entry));
  }

  void values(const std::string& path, const Json& a, const Json& b) {
    if (path.empty() || (a.is_object() && b.is_object() && !is_figure(a) && !is_figure(b))) {
      objects(path, a, b);
    } else if (a.is_array() && b.is_array() && a.size() == b.size() && !(is_leaf(a) && is_leaf(b))) {
      for (size_t i = 0; i < a.size(); ++i) values(path + "[" + std::to_string(i) + "]", a[i], b[i]);
    } else {
      leaves(path, a, b);
    }
  }

  void objects(const std::string& path, const Json& a, const Json& b) {
    const auto below = [&](const std::string& key) {
      std::string full = path;
      return full.append(path.empty() ? "" : ".").append(key);
    };
    for (auto member = a.begin(); member != a.end(); ++member) {
      const std::string full = below(member.key());
      if (is_identity(full)) continue;
      if (b.contains(member.key())) {
        values(full, member.value(), b[member.key()]);
      } else {
        one_side(full, "a", member.value());
      }
    }
    for (auto member = b.begin(); member != b.end(); ++member) {
      if (!a.contains(member.key()) && !is_identity(below(member.key()))) {
        one_side(below(member.key()), "b", member.value());
      }
    }
  }
};

OrderedJson identity_of(const FoundRecord& found) {
  OrderedJson json;
  json["path"] = found.path;
  json["run_id"] = found.record.run_id;
  json["kind"] = found.record.kind;
  if (!found.model.empty()) json["model"] = found.model;
  json["started_at"] = found.record.started_at;
  json["machine"] = found.machine();
  return json;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

std::string shown(const OrderedJson& value) {
  if (value.is_number_float()) return short_number(value.get<double>());
  if (value.is_object() && value.contains("value") && value.contains("low") && value.contains("high")) {
    return short_number(value["value"].get<double>()) + " (" + short_number(value["low"].get<double>()) + " to " +
           short_number(value["high"].get<double>()) + ")";
  }
  constexpr size_t kLongest = 100;
  std::string text = value.is_string() ? value.get<std::string>() : dump_json(value);
  if (text.size() <= kLongest) return text;
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + "...";
}

}  // namespace

OrderedJson diff_records(const FoundRecord& a, const FoundRecord& b) {
  Walk walk;
  walk.values("", a.document(), b.document());
  OrderedJson json;
  json["a"] = identity_of(a);
  json["b"] = identity_of(b);
  const bool same_machine = a.record.machine == b.record.machine;
  json["same_machine"] = same_machine;
  json["same_kind"] = a.record.kind == b.record.kind;
  json["notes"] = OrderedJson::array();
  if (a.record.kind != b.record.kind) json["notes"].push_back("records of two kinds of step");
  if (!same_machine) {
    json["notes"].push_back("records of two machines (" + a.machine() + "; " + b.machine() +
                            "): times and energies differ by the machine too");
  }
  if (a.record.program_version != b.record.program_version) {
    json["notes"].push_back("written by two versions of the program, " + a.record.program_version + " and " +
                            b.record.program_version);
  }
  json["same_values"] = walk.same;
  json["differences"] = std::move(walk.differences);
  return json;
}

std::string diff_text(const OrderedJson& diff) {
  std::string text;
  for (const char* side : {"a", "b"}) {
    const OrderedJson& of = diff[side];
    text.append(side).append("  ").append(of["kind"].get<std::string>());
    if (of.contains("model")) text.append(" of ").append(of["model"].get<std::string>());
    text.append(", ").append(of["started_at"].get<std::string>()).append(", ");
    text.append(of["machine"].get<std::string>()).append("  ").append(of["path"].get<std::string>()).append("\n");
  }
  for (const OrderedJson& note : diff["notes"]) text.append("note: ").append(note.get<std::string>()).append("\n");
  text += "\n";
  for (const OrderedJson& entry : diff["differences"]) {
    text.append(entry["path"].get<std::string>()).append(": ");
    if (!entry.contains("b")) {
      text.append("only a: ").append(shown(entry["a"]));
    } else if (!entry.contains("a")) {
      text.append("only b: ").append(shown(entry["b"]));
    } else {
      text.append(shown(entry["a"])).append(" -> ").append(shown(entry["b"]));
    }
    if (entry.contains("ratio")) text.append("  x ").append(short_number(entry["ratio"].get<double>()));
    if (entry.contains("intervals")) text.append(", intervals ").append(entry["intervals"].get<std::string>());
    text += "\n";
  }
  text.append(std::to_string(diff["differences"].size())).append(" values differ, ");
  text.append(diff["same_values"].dump()).append(" are the same\n");
  return text;
}

}  // namespace coppice::records
