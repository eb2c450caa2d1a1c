#include "native/energy/tracker.h"

namespace coppice::energy {

namespace {

void put(OrderedJson& json, const Reading& reading) {
  json["duration_seconds"] = reading.duration.value();
  json["cpu_time_seconds"] = reading.cpu_time.value();
  if (reading.energy) json["energy_joules"] = to_json(*reading.energy);
  if (reading.emissions) json["carbon_grams_co2e"] = to_json(*reading.emissions);
}

OrderedJson to_json(const DeviceReport& device) {
  OrderedJson json = OrderedJson::object();
  if (!device.name.empty()) json["name"] = device.name;
  if (!device.uuid.empty()) json["uuid"] = device.uuid;
  if (device.energy) json["energy_joules"] = to_json(*device.energy);
  if (device.utilisation_percent) json["utilisation_percent"] = *device.utilisation_percent;
  return json;
}

}  // namespace

OrderedJson to_json(const EnergyReport& report) {
  OrderedJson json;
  put(json, report.total);
  json["scope"] = to_string(report.scope);
  if (report.suspended.value() > 0.0) json["suspended_seconds"] = report.suspended.value();
  if (!report.cgroup.empty()) json["cgroup"] = report.cgroup;
  const auto put_known = [&json](const char* name, const std::optional<double>& value) {
    if (value) json[name] = *value;
  };
  put_known("cpu_utilisation_percent", report.cpu_utilisation_percent);
  put_known("mean_resident_bytes", report.mean_resident_bytes);
  put_known("peak_resident_bytes", report.peak_resident_bytes);
  json["pue"] = report.pue;
  json["components"] = OrderedJson::object();
  for (const ComponentReport& component : report.components) {
    OrderedJson& out = json["components"][to_string(component.component)];
    out["source"] = component.source;
    if (component.energy) out["energy_joules"] = to_json(*component.energy);
    for (const DeviceReport& device : component.devices) out["devices"].push_back(to_json(device));
  }
  json["phases"] = OrderedJson::array();
  for (const PhaseReport& phase : report.phases) {
    OrderedJson out;
    out["name"] = phase.name;
    put(out, phase.total);
    json["phases"].push_back(std::move(out));
  }
  if (report.intensity) json["intensity"] = to_json(*report.intensity);
  for (const IntensityPeriod& period : report.intensities) {
    OrderedJson out;
    out["from_seconds"] = period.from.value();
    out.update(to_json(period.intensity));
    json["intensities"].push_back(std::move(out));
  }
  if (report.hardware) json["embodied_grams_co2e"] = embodied_to_json(*report.hardware, report.total.duration);
  json["notes"] = report.notes;
  return json;
}

}  // namespace coppice::energy
