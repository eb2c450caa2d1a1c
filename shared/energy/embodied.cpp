#include "shared/energy/embodied.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/energy/device.h"
#include "shared/energy/names.h"
#include "shared/energy/places.h"
#include "shared/energy/tables/tables.h"

namespace coppice::energy {

namespace {

constexpr double kMostKg = 1e6;  // about the making of a thousand servers: a slip of the unit
constexpr double kMostYears = 50.0;

// Cloud Carbon Footprint: 4 years. EcoLogits counts 3, and Google writes its servers off over 6 (Alphabet's annual
// report of 2023).
constexpr Range kServerYears{4.0, 3.0, 6.0};

constexpr char kServerBoundary[] =
    "making of the server as Cloud Carbon Footprint models it (base, memory, processors, disks, GPUs); without "
    "network, "
    "storage services, building and end of life";

// ccf-coefficients, ccfcoef/constants.py, in kg CO2e.
constexpr double kBaseKg = 1000.0;
constexpr double kBaseMemoryGb = 16.0;
constexpr double kKgPerMemoryGb = 533.0 / 384.0;
constexpr double kKgPerFurtherProcessor = 100.0;
constexpr double kKgPerDisk = 50.0;
constexpr double kKgPerSsd = 100.0;
constexpr double kKgPerGpu = 150.0;
// No interval is published. Values for one class of device differ by a factor of two (laptops: 124 kg by ADEME 2018,
// 181 by Boavizta, 200 by the article below, 203 by Dell for one model), so that is what is taken.
constexpr double kUnpublishedLow = 0.5;
constexpr double kUnpublishedHigh = 2.0;

// Representative embodied emissions of 2020: "Assessing embodied carbon emissions of communication user devices by
// combining approaches", Renewable and Sustainable Energy Reviews 183 (2023). Display of a desktop computer apart.
constexpr struct {
  const char* id;
  double kg;
} kDevices[] = {{"laptop", 200.0}, {"desktop", 350.0}, {"phone", 50.0}, {"tablet", 100.0}};

Range exactly(double value) { return {value, value, value}; }

Range within_factor_two(double value) { return {value, kUnpublishedLow * value, kUnpublishedHigh * value}; }

// vCPUs of a machine type: guaranteed and shown; GPUs for the families that have them.
struct Shape {
  std::string family;
  double vcpus = 0.0;
  double shown = 0.0;
  int gpus = 0;
};

// Google Cloud's documentation of shared-core machine types. f1 and g1 are of the N1 family.
constexpr struct {
  const char* type;
  const char* family;
  double vcpus;
  double shown;
} kSharedCore[] = {{"e2-micro", "e2", 0.25, 2.0},
                   {"e2-small", "e2", 0.5, 2.0},
                   {"e2-medium", "e2", 1.0, 2.0},
                   {"f1-micro", "n1", 0.2, 1.0},
                   {"g1-small", "n1", 0.5, 1.0}};
constexpr int kA2HostGpus = 16;
constexpr double kA2VcpusPerGpu = 12.0;
constexpr double kA2MostVcpus = 96.0;

Shape shape_of(const std::string& type) {
  for (const auto& shared : kSharedCore) {
    if (type == shared.type) return {shared.family, shared.vcpus, shared.shown, 0};
  }
  Shape shape;
  shape.family = type.substr(0, type.find('-'));
  const size_t dash = type.rfind('-');
  int number = 0;
  const char* end = type.data() + type.size();
  const char* rest = std::from_chars(type.data() + dash + 1, end, number).ptr;
  if (rest != end && *rest == 'g') {
    shape.gpus = number;
    shape.vcpus = std::min(kA2VcpusPerGpu * number, kA2MostVcpus);
  } else {
    shape.vcpus = number;
  }
  shape.shown = shape.vcpus;
  return shape;
}

Range share_of(const Shape& shape) {
  double largest = shape.shown;
  for (const HostRow& row : ccf_hosts()) {
    const Shape other = shape_of(row.machine_type);
    if (other.family == shape.family) largest = std::max(largest, other.shown);
  }
  Range share{shape.vcpus / largest, shape.vcpus / largest, shape.shown / largest};
  if (shape.gpus > 0) share.low = std::min(share.low, static_cast<double>(shape.gpus) / kA2HostGpus);
  return share;
}

}  // namespace

Result<Hardware> hardware_of_machine_type(const std::string& type) {
  const std::string name = lower(squeeze(type));
  for (const HostRow& row : ccf_hosts()) {
    if (name != row.machine_type) continue;
    Hardware hardware;
    hardware.total_kg = exactly(row.embodied_kg);
    hardware.lifespan_years = kServerYears;
    hardware.share = share_of(shape_of(name));
    hardware.provenance = {ProvenanceKind::kModelled,
                           "host of " + name +
                               " by Cloud Carbon Footprint (ccf-coefficients), share by vCPUs; interval: "
                               "lifespan of 3 to 6 years, for the host's emissions none is published"};
    hardware.boundary = kServerBoundary;
    return hardware;
  }
  std::vector<std::string> known;
  for (const HostRow& row : ccf_hosts()) known.emplace_back(row.machine_type);
  return not_found(
      "machine type \"" + type + "\" is not in Cloud Carbon Footprint's table of Google Cloud." +
      did_you_mean(nearest_names(name, known)) +
      " For others give the host's embodied emissions with --embodied-kg and your part of it with --share.");
}

Hardware hardware_of_unknown_vcpu() {
  // Hosts of standard types only: giant memories and GPUs are not what a vCPU of no particular kind runs beside.
  std::map<std::string, std::pair<double, double>> families;  // most vCPUs, kg of that type's host
  for (const HostRow& row : ccf_hosts()) {
    if (std::string_view(row.machine_type).find("-standard-") == std::string_view::npos) continue;
    const Shape shape = shape_of(row.machine_type);
    auto& [vcpus, kg] = families[shape.family];
    if (shape.shown > vcpus) {
      vcpus = shape.shown;
      kg = row.embodied_kg;
    }
  }
  std::vector<double> per_vcpu;
  for (const auto& [name, largest] : families) per_vcpu.push_back(largest.second / largest.first);
  std::sort(per_vcpu.begin(), per_vcpu.end());
  const size_t half = per_vcpu.size() / 2;
  Hardware hardware;
  hardware.total_kg = {per_vcpu.size() % 2 == 1 ? per_vcpu[half] : (per_vcpu[half - 1] + per_vcpu[half]) / 2.0,
                       per_vcpu.front(), per_vcpu.back()};
  hardware.lifespan_years = kServerYears;
  hardware.share = exactly(1.0);
  hardware.provenance = {
      ProvenanceKind::kAssumed,
      "host per vCPU by Cloud Carbon Footprint (ccf-coefficients), median of its standard families since the "
      "host is not told; interval: lowest to highest family, lifespan of 3 to 6 years"};
  hardware.boundary = kServerBoundary;
  return hardware;
}

Result<Hardware> hardware_of_device(const std::string& id) {
  std::vector<std::string> known;
  for (const auto& device : kDevices) {
    known.emplace_back(device.id);
    if (lower(squeeze(id)) != device.id) continue;
    Hardware hardware;
    hardware.total_kg = within_factor_two(device.kg);
    hardware.lifespan_years = exactly(find_device(device.id)->lifetime_years);
    // Boavizta: 4 years at work, 5 at home.
    if (known.back() == "laptop") hardware.lifespan_years.low = 4.0;
    hardware.share = exactly(1.0);
    hardware.provenance = {ProvenanceKind::kAssumed,
                           "representative " + known.back() +
                               " of 2020 (Renewable and Sustainable Energy Reviews 183, 2023), life by Boavizta; "
                               "interval: half to double, as published values of one class differ"};
    hardware.boundary = "making and transport of one " + known.back() +
                        ", wholly reserved; without display beside it, network and end of life";
    return hardware;
  }
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
  return not_found("device \"" + id + "\" is not known; expected one of " + list + "." +
                   did_you_mean(nearest_names(id, known, 1)));
}

Result<Hardware> hardware_of_server(const ServerParts& parts) {
  const auto sound = [](int count, int least) { return count >= least && count <= 1000; };
  if (!(parts.memory_gb > 0.0 && parts.memory_gb <= 1e6)) {
    return invalid_usage("server: expected more than 0 and at most 1e6 GB of memory, not " +
                         std::to_string(parts.memory_gb));
  }
  if (!sound(parts.processors, 1) || !sound(parts.disks, 0) || !sound(parts.ssds, 0) || !sound(parts.gpus, 0)) {
    return invalid_usage("server: expected 1 to 1000 processors and 0 to 1000 disks, SSDs and GPUs");
  }
  const double kg = kBaseKg + kKgPerMemoryGb * std::max(0.0, parts.memory_gb - kBaseMemoryGb) +
                    kKgPerFurtherProcessor * (parts.processors - 1) + kKgPerDisk * parts.disks +
                    kKgPerSsd * parts.ssds + kKgPerGpu * parts.gpus;
  Hardware hardware;
  hardware.total_kg = within_factor_two(kg);
  hardware.lifespan_years = kServerYears;
  hardware.share = exactly(1.0);
  hardware.provenance = {
      ProvenanceKind::kModelled,
      "server by its parts (Cloud Carbon Footprint, ccf-coefficients); interval: half to double and a "
      "lifespan of 3 to 6 years, as none is published"};
  hardware.boundary = kServerBoundary;
  return hardware;
}

Result<Hardware> hardware_given(double total_kg, double lifespan_years, double share) {
  if (!(total_kg > 0.0 && total_kg <= kMostKg)) {
    return invalid_usage("--embodied-kg: expected more than 0 and at most 1e6 kg CO2e for the whole device, not " +
                         std::to_string(total_kg));
  }
  Hardware hardware;
  hardware.total_kg = exactly(total_kg);
  hardware.provenance = {ProvenanceKind::kAssumed, "embodied emissions given by the user, no interval given"};
  hardware.boundary = "what the user's figure for the whole device counts";
  COPPICE_ASSIGN_OR_RETURN(hardware, with_lifespan(std::move(hardware), lifespan_years));
  return with_share(std::move(hardware), share);
}

Result<Hardware> with_lifespan(Hardware hardware, double years) {
  if (!(years > 0.0 && years <= kMostYears)) {
    return invalid_usage("--lifespan-years: expected more than 0 and at most 50 years, not " + std::to_string(years));
  }
  hardware.lifespan_years = exactly(years);
  return hardware;
}

Result<Hardware> with_share(Hardware hardware, double share) {
  if (!(share > 0.0 && share <= 1.0)) {
    return invalid_usage("--share: expected more than 0 and at most 1, the part of the device that was reserved, not " +
                         std::to_string(share));
  }
  hardware.share = exactly(share);
  return hardware;
}

Figure<GramsCo2e> embodied_emissions(const Hardware& hardware, Seconds reserved) {
  const auto grams = [&](double kg, double years, double share) {
    return GramsCo2e(kg * 1000.0 * (reserved.value() / (years * kSecondsPerYear)) * share);
  };
  return {grams(hardware.total_kg.value, hardware.lifespan_years.value, hardware.share.value),
          grams(hardware.total_kg.low, hardware.lifespan_years.high, hardware.share.low),
          grams(hardware.total_kg.high, hardware.lifespan_years.low, hardware.share.high), hardware.provenance};
}

OrderedJson embodied_to_json(const Hardware& hardware, Seconds reserved) {
  OrderedJson json = to_json(embodied_emissions(hardware, reserved));
  json["total_kg"] = hardware.total_kg.value;
  json["lifespan_years"] = hardware.lifespan_years.value;
  json["share"] = hardware.share.value;
  json["reserved_seconds"] = reserved.value();
  json["boundary"] = hardware.boundary;
  return json;
}

}  // namespace coppice::energy
