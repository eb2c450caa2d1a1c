#include "native/energy/c_api/energy.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

#include "native/energy/tracker.h"
#include "shared/base/json.h"

using coppice::Status;
using coppice::StatusCode;
namespace energy = coppice::energy;

struct coppice_energy_tracker {
  std::unique_ptr<energy::EnergyTracker> tracker;

  // Texts handed out stay where they are until the end. A method's text is one of few, so keeping all costs little.
  std::mutex mutex;
  std::set<std::string> texts;
  std::optional<std::string> json;

  const char* keep(std::string text) {
    const std::lock_guard lock(mutex);
    return texts.insert(std::move(text)).first->c_str();
  }
};

namespace {

thread_local std::string last_error;
// When there is no memory for a text of its own.
thread_local const char* last_error_text = "";

void set_last_error(const char* text) noexcept {
  try {
    last_error = text;
    last_error_text = last_error.c_str();
  } catch (...) {
    last_error_text = "coppice_energy: out of memory";
  }
}

coppice_energy_status code_of(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return COPPICE_ENERGY_OK;
    case StatusCode::kInvalidInput:
      return COPPICE_ENERGY_INVALID_INPUT;
    case StatusCode::kInvalidUsage:
      return COPPICE_ENERGY_INVALID_USAGE;
    case StatusCode::kNotFound:
      return COPPICE_ENERGY_NOT_FOUND;
    case StatusCode::kUnsupported:
      return COPPICE_ENERGY_UNSUPPORTED;
    case StatusCode::kFailed:
    case StatusCode::kInterrupted:
      return COPPICE_ENERGY_FAILED;
  }
  return COPPICE_ENERGY_FAILED;
}

// Runs `work`, which returns a Status; keeps its text, and lets no exception through.
template <typename Work>
coppice_energy_status guarded(Work&& work) noexcept {
  try {
    const Status status = work();
    if (!status.ok()) set_last_error(status.message().c_str());
    return code_of(status.code());
  } catch (const std::bad_alloc&) {
    set_last_error("coppice_energy: out of memory");
  } catch (const std::exception& error) {
    set_last_error(error.what());
  } catch (...) {
    set_last_error("coppice_energy: unknown error");
  }
  return COPPICE_ENERGY_FAILED;
}

Status missing(const char* function, const char* argument) {
  return coppice::invalid_usage(std::string(function) + ": " + argument + " is NULL");
}

// The caller's struct as this version knows it. A longer one comes from a later version: what it adds must be unset.
template <typename Struct>
coppice::Result<Struct> known_part(const Struct* given, const char* name) {
  static_assert(std::is_trivially_copyable_v<Struct>);
  Struct known{};
  const size_t size = given->size;
  if (size < sizeof(size_t) || size > 4096) {
    return coppice::invalid_usage(std::string(name) + ": size is " + std::to_string(size) + ", expected sizeof(" +
                                  name + "), " + std::to_string(sizeof(Struct)) + " here");
  }
  std::memcpy(&known, given, std::min(size, sizeof(Struct)));
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (size_t i = sizeof(Struct); i < size; ++i) {
    if (bytes[i] != 0) {
      return coppice::unsupported(std::string(name) + ": an option is set that version " + COPPICE_VERSION +
                                  " of the library does not have; update the library or leave it 0");
    }
  }
  return known;
}

coppice::Result<energy::TrackerOptions> tracker_options(const coppice_energy_options* given) {
  energy::TrackerOptions options;
  if (given == nullptr) return options;
  COPPICE_ASSIGN_OR_RETURN(const coppice_energy_options known, known_part(given, "coppice_energy_options"));
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  options.place = {text(known.country), text(known.region), text(known.cloud_provider), text(known.cloud_region), {}};
  if (known.has_intensity != 0) options.place.forced = energy::GramsPerKwh(known.intensity_grams_per_kwh);
  switch (known.scope) {
    case COPPICE_ENERGY_SCOPE_PROCESS:
      options.scope = energy::Scope::kProcess;
      break;
    case COPPICE_ENERGY_SCOPE_CONTAINER:
      options.scope = energy::Scope::kContainer;
      break;
    case COPPICE_ENERGY_SCOPE_MACHINE:
      options.scope = energy::Scope::kMachine;
      break;
    default:
      return coppice::invalid_usage("coppice_energy_options: scope is " + std::to_string(known.scope) +
                                    ", expected 0 (process), 1 (container) or 2 (machine)");
  }
  if (known.process_id != 0) {
    if (options.scope != energy::Scope::kProcess) {
      return coppice::invalid_usage("coppice_energy_options: process_id goes with the scope process only");
    }
    if (known.process_id < 0 || known.process_id > INT32_MAX) {
      return coppice::not_found("coppice_energy_options: there is no process " + std::to_string(known.process_id));
    }
    options.process_tree = static_cast<int>(known.process_id);
  }
  if (known.sampling_period_seconds != 0) options.sampling_period = energy::Seconds(known.sampling_period_seconds);
  if (known.cpu_tdp_watts != 0) options.cpu_tdp = energy::Watts(known.cpu_tdp_watts);
  if (known.power_usage_effectiveness != 0) options.pue = known.power_usage_effectiveness;
  return options;
}

int32_t code_of(energy::ProvenanceKind kind) {
  switch (kind) {
    case energy::ProvenanceKind::kMeasured:
      return COPPICE_ENERGY_MEASURED;
    case energy::ProvenanceKind::kModelled:
      return COPPICE_ENERGY_MODELLED;
    case energy::ProvenanceKind::kAssumed:
      return COPPICE_ENERGY_ASSUMED;
    case energy::ProvenanceKind::kMixed:
      return COPPICE_ENERGY_MIXED;
  }
  return COPPICE_ENERGY_MIXED;
}

}  // namespace

int32_t coppice_energy_abi_version(void) { return COPPICE_ENERGY_ABI_VERSION; }
const char* coppice_energy_version(void) { return COPPICE_VERSION; }
const char* coppice_energy_last_error(void) { return last_error_text; }

coppice_energy_status coppice_energy_start(const coppice_energy_options* options, coppice_energy_tracker** tracker) {
  return guarded([&]() -> Status {
    if (tracker == nullptr) return missing("coppice_energy_start", "tracker");
    COPPICE_ASSIGN_OR_RETURN(energy::TrackerOptions chosen, tracker_options(options));
    auto made = std::make_unique<coppice_energy_tracker>();
    COPPICE_ASSIGN_OR_RETURN(made->tracker, energy::EnergyTracker::start(std::move(chosen)));
    *tracker = made.release();
    return {};
  });
}

void coppice_energy_destroy(coppice_energy_tracker* tracker) {
  static_cast<void>(guarded([&] {
    delete tracker;
    return Status();
  }));
}

coppice_energy_status coppice_energy_begin_phase(coppice_energy_tracker* tracker, const char* name) {
  return guarded([&]() -> Status {
    if (tracker == nullptr) return missing("coppice_energy_begin_phase", "tracker");
    if (name == nullptr) return missing("coppice_energy_begin_phase", "name");
    tracker->tracker->begin_phase(name);
    return {};
  });
}

coppice_energy_status coppice_energy_end_phase(coppice_energy_tracker* tracker) {
  return guarded([&]() -> Status {
    if (tracker == nullptr) return missing("coppice_energy_end_phase", "tracker");
    tracker->tracker->end_phase();
    return {};
  });
}

coppice_energy_status coppice_energy_read(coppice_energy_tracker* tracker, coppice_energy_reading* reading) {
  return guarded([&]() -> Status {
    if (tracker == nullptr) return missing("coppice_energy_read", "tracker");
    if (reading == nullptr) return missing("coppice_energy_read", "reading");
    const size_t size = reading->size;
    if (size < sizeof(size_t) || size > 4096) {
      return coppice::invalid_usage("coppice_energy_reading: size is " + std::to_string(size) +
                                    ", expected sizeof(coppice_energy_reading), " +
                                    std::to_string(sizeof(coppice_energy_reading)) + " here");
    }
    const energy::Reading now = tracker->tracker->now();
    coppice_energy_reading known{};
    known.size = size;
    known.duration_seconds = now.duration.value();
    known.cpu_time_seconds = now.cpu_time.value();
    if (now.energy) {
      known.has_energy = 1;
      known.energy_provenance = code_of(now.energy->provenance.kind);
      known.energy_joules = now.energy->value.value();
      known.energy_low_joules = now.energy->low.value();
      known.energy_high_joules = now.energy->high.value();
      known.energy_method = tracker->keep(now.energy->provenance.method);
    }
    if (now.emissions) {
      known.has_carbon = 1;
      known.carbon_provenance = code_of(now.emissions->provenance.kind);
      known.carbon_grams_co2e = now.emissions->value.value();
      known.carbon_low_grams_co2e = now.emissions->low.value();
      known.carbon_high_grams_co2e = now.emissions->high.value();
      known.carbon_method = tracker->keep(now.emissions->provenance.method);
    }
    // What a later version would add is unknown to this one: absent.
    if (size > sizeof known) std::memset(reinterpret_cast<char*>(reading) + sizeof known, 0, size - sizeof known);
    std::memcpy(reading, &known, std::min(size, sizeof known));
    return {};
  });
}

coppice_energy_status coppice_energy_describe(coppice_energy_tracker* tracker, const char** text) {
  return guarded([&]() -> Status {
    if (tracker == nullptr) return missing("coppice_energy_describe", "tracker");
    if (text == nullptr) return missing("coppice_energy_describe", "text");
    std::string lines;
    for (const std::string& line : tracker->tracker->describe()) lines += line + "\n";
    *text = tracker->keep(std::move(lines));
    return {};
  });
}

coppice_energy_status coppice_energy_finish(coppice_energy_tracker* tracker, const char** json, size_t* length) {
  return guarded([&]() -> Status {
    if (tracker == nullptr) return missing("coppice_energy_finish", "tracker");
    if (json == nullptr) return missing("coppice_energy_finish", "json");
    std::string text = coppice::dump_json(energy::to_json(tracker->tracker->finish()), 1);
    const std::lock_guard lock(tracker->mutex);
    if (!tracker->json) tracker->json = std::move(text);
    *json = tracker->json->c_str();
    if (length != nullptr) *length = tracker->json->size();
    return {};
  });
}
