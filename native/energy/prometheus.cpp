#include "native/energy/prometheus.h"

#include <charconv>

#include "native/io/file.h"

namespace coppice::energy {

namespace {

std::string sample_of(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return error == std::errc() ? std::string(text, end) : "NaN";
}

// Backslash, quote and newline are escaped in a label's value.
std::string label(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

}  // namespace

std::string prometheus_text(const Reading& reading, const std::string& project) {
  const std::string labels = "{project=\"" + label(project.empty() ? "coppice" : project) + "\"";
  std::string text;
  const auto gauge = [&](const char* name, const char* help, double value, const std::string& more = "") {
    text += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " gauge\n" + name + labels + more + "} " +
            sample_of(value) + "\n";
  };
  gauge("coppice_duration_seconds", "Wall time of the tracked run.", reading.duration.value());
  gauge("coppice_cpu_time_seconds", "CPU time of the tracked run.", reading.cpu_time.value());
  if (reading.energy) {
    const std::string kind = std::string(",provenance=\"") + to_string(reading.energy->provenance.kind) + "\"";
    gauge("coppice_energy_joules", "Energy so far.", reading.energy->value.value(), kind);
    gauge("coppice_energy_low_joules", "Lower end of the interval.", reading.energy->low.value(), kind);
    gauge("coppice_energy_high_joules", "Upper end of the interval.", reading.energy->high.value(), kind);
  }
  if (reading.emissions) {
    gauge("coppice_carbon_grams_co2e", "Emissions so far.", reading.emissions->value.value());
  }
  return text;
}

Status write_prometheus(const std::filesystem::path& path, const Reading& reading, const std::string& project) {
  return write_file_atomically(path, prometheus_text(reading, project));
}

}  // namespace coppice::energy
