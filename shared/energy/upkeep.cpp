#include "shared/energy/upkeep.h"

#include <algorithm>
#include <cmath>

namespace coppice::energy {
namespace {

constexpr double kSecondsPerMonth = kHoursPerMonth * 3600.0;
// Cloud Carbon Footprint: Wh per TB-hour of storage, and three copies for a regional bucket.
constexpr double kSsdWattsPerTb = 1.2;
constexpr double kHddWattsPerTb = 0.65;
constexpr double kCopies = 3.0;

Status check_inputs(const UpkeepInputs& in) {
  const struct {
    const char* name;
    double value;
  } amounts[] = {{"requests_per_month", in.traffic.requests_per_month},
                 {"seconds_per_request", in.traffic.seconds_per_request},
                 {"starts_per_month", in.traffic.starts_per_month},
                 {"idle_seconds_per_start", in.traffic.idle_seconds_per_start},
                 {"vcpus", in.instance.vcpus},
                 {"memory_gib", in.instance.memory_gib},
                 {"min_instances", in.instance.min_instances},
                 {"image_bytes", in.repository.image_bytes},
                 {"versions_kept", in.repository.versions_kept},
                 {"rebuilds_per_month", in.rebuilds.per_month},
                 {"rebuild_vcpu_seconds", in.rebuilds.vcpu_seconds_each},
                 {"rebuild_gib_seconds", in.rebuilds.gib_seconds_each},
                 {"retrainings_per_month", in.retraining.per_month}};
  for (const auto& amount : amounts) {
    if (!std::isfinite(amount.value) || amount.value < 0.0) {
      return invalid_usage(std::string(amount.name) + ": expected a finite number that is not negative, not " +
                           std::to_string(amount.value));
    }
  }
  if (!std::isfinite(in.traffic.concurrency) || in.traffic.concurrency < 1.0) {
    return invalid_usage("concurrency: an instance answers at least one request at a time, not " +
                         std::to_string(in.traffic.concurrency));
  }
  if (in.retraining.per_month > 0.0 && !in.retraining.energy_each) {
    return invalid_usage("retrainings_per_month: the energy of one is needed: the run record of a training");
  }
  return {};
}

UpkeepItem item(const char* name, const CloudEstimate& estimate) {
  return {name, estimate.building, estimate.operational, estimate.embodied};
}

CloudUsage instance_seconds(const Instance& instance, double seconds) {
  CloudUsage usage;
  usage.vcpu_seconds = instance.vcpus * seconds;
  usage.gib_seconds = instance.memory_gib * seconds;
  return usage;
}

UpkeepItem storage(const UpkeepInputs& in) {
  const double tb = in.repository.image_bytes * in.repository.versions_kept / 1e12;
  const auto joules = [&](double watts, double copies) {
    return Joules(tb * watts * copies * kSecondsPerMonth * in.site.pue);
  };
  const Figure<Joules> energy{
      joules(kSsdWattsPerTb, kCopies),
      joules(kHddWattsPerTb, 1.0),
      joules(kSsdWattsPerTb, kCopies),
      {ProvenanceKind::kAssumed,
       "image x versions x 1.2 W per TB (SSD, Cloud Carbon Footprint) x 3 copies x PUE; low end "
       "one copy on HDD"}};
  // The making of a share of a disk this small is not known any better than to be small: it is left out, and said.
  const Figure<GramsCo2e> none{GramsCo2e(0.0),
                               GramsCo2e(0.0),
                               GramsCo2e(0.0),
                               {ProvenanceKind::kAssumed, "embodied carbon of storage not counted"}};
  return {"image_storage", energy, emissions_between(energy, in.site.intensity), none};
}

UpkeepItem retraining(const UpkeepInputs& in) {
  const Provenance none{ProvenanceKind::kAssumed, "no retraining"};
  Figure<Joules> energy{Joules(0.0), Joules(0.0), Joules(0.0), none};
  if (in.retraining.per_month > 0.0) energy = *in.retraining.energy_each * in.retraining.per_month;
  return {"retraining",
          energy,
          emissions_between(energy, in.site.intensity),
          {GramsCo2e(0.0),
           GramsCo2e(0.0),
           GramsCo2e(0.0),
           {ProvenanceKind::kAssumed, "embodied carbon of the training machine not counted"}}};
}

OrderedJson to_json(const UpkeepItem& part, double all) {
  OrderedJson json;
  json["name"] = part.name;
  json["energy_joules"] = to_json(part.energy);
  json["operational_grams_co2e"] = to_json(part.operational);
  json["embodied_grams_co2e"] = to_json(part.embodied);
  const double grams = part.operational.value.value() + part.embodied.value.value();
  json["share"] = all > 0.0 ? OrderedJson(grams / all) : OrderedJson(nullptr);
  return json;
}

}  // namespace

Result<Upkeep> monthly_upkeep(const UpkeepInputs& in) {
  COPPICE_RETURN_IF_ERROR(check_inputs(in));
  CloudHost idle = in.host;
  idle.utilisation = 0.0;
  const double busy = in.traffic.requests_per_month * in.traffic.seconds_per_request / in.traffic.concurrency;
  const double waiting = in.traffic.starts_per_month * in.traffic.idle_seconds_per_start;
  // Warm instances answer requests too: what they are busy with is counted once.
  const double kept = std::max(0.0, in.instance.min_instances * kSecondsPerMonth - busy);
  CloudUsage build;
  build.vcpu_seconds = in.rebuilds.per_month * in.rebuilds.vcpu_seconds_each;
  build.gib_seconds = in.rebuilds.per_month * in.rebuilds.gib_seconds_each;
  COPPICE_ASSIGN_OR_RETURN(const CloudEstimate requests,
                           estimate_cloud(instance_seconds(in.instance, busy), in.host, in.site));
  COPPICE_ASSIGN_OR_RETURN(const CloudEstimate idling,
                           estimate_cloud(instance_seconds(in.instance, waiting), idle, in.site));
  COPPICE_ASSIGN_OR_RETURN(const CloudEstimate minimum,
                           estimate_cloud(instance_seconds(in.instance, kept), idle, in.site));
  COPPICE_ASSIGN_OR_RETURN(const CloudEstimate builds, estimate_cloud(build, in.host, in.site));
  Upkeep upkeep;
  upkeep.items = {item("requests", requests),         item("idle_instances", idling),
                  item("minimum_instances", minimum), storage(in),
                  item("rebuilds", builds),           retraining(in)};
  upkeep.total = upkeep.items.front();
  upkeep.total.name = "total";
  for (size_t i = 1; i < upkeep.items.size(); ++i) {
    upkeep.total.energy = upkeep.total.energy + upkeep.items[i].energy;
    upkeep.total.operational = upkeep.total.operational + upkeep.items[i].operational;
    upkeep.total.embodied = upkeep.total.embodied + upkeep.items[i].embodied;
  }
  return upkeep;
}

OrderedJson to_json(const Upkeep& upkeep) {
  const double all = upkeep.total.operational.value.value() + upkeep.total.embodied.value.value();
  OrderedJson json;
  json["items"] = OrderedJson::array();
  for (const UpkeepItem& part : upkeep.items) json["items"].push_back(to_json(part, all));
  json["total"] = to_json(upkeep.total, all);
  return json;
}

}  // namespace coppice::energy
