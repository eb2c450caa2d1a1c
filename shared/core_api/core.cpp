#include "shared/core_api/core.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#include "shared/base/json.h"
#include "shared/core_api/guard.h"

namespace coppice::core_api {
namespace {

thread_local std::string last_error;
// When there is no memory for a text of its own.
thread_local const char* last_error_text = "";
thread_local std::string needed_paths;

int32_t provenance_code(energy::ProvenanceKind kind) {
  switch (kind) {
    case energy::ProvenanceKind::kMeasured:
      return COPPICE_CORE_MEASURED;
    case energy::ProvenanceKind::kModelled:
      return COPPICE_CORE_MODELLED;
    case energy::ProvenanceKind::kAssumed:
      return COPPICE_CORE_ASSUMED;
    case energy::ProvenanceKind::kMixed:
      return COPPICE_CORE_MIXED;
  }
  return COPPICE_CORE_MIXED;
}

// A size that no version of a struct will have is an unset one.
constexpr size_t kMostStructBytes = 4096;

Status check_size(size_t size, size_t here, const std::string& name) {
  if (size >= sizeof(size_t) && size <= kMostStructBytes) return {};
  return invalid_usage(name + ": size is " + std::to_string(size) + ", expected sizeof(" + name + "), " +
                       std::to_string(here) + " here");
}

// The caller's struct as this version knows it. A longer one comes from a later version: what it adds must be unset.
template <typename Struct>
Result<Struct> known_part(const Struct* given, const char* name) {
  static_assert(std::is_trivially_copyable_v<Struct>);
  COPPICE_RETURN_IF_ERROR(check_size(given->size, sizeof(Struct), name));
  Struct known{};
  std::memcpy(&known, given, std::min(given->size, sizeof(Struct)));
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (size_t i = sizeof(Struct); i < given->size; ++i) {
    if (bytes[i] != 0) {
      return unsupported(std::string(name) + ": a member is set that version " + COPPICE_VERSION +
                         " of the library does not have; update the library or leave it 0");
    }
  }
  return known;
}

// Fills what the caller has room for; what a later version would add is absent.
template <typename Struct>
void give(Struct known, Struct* out) {
  const size_t size = out->size;
  known.size = size;
  if (size > sizeof known) std::memset(reinterpret_cast<char*>(out) + sizeof known, 0, size - sizeof known);
  std::memcpy(static_cast<void*>(out), &known, std::min(size, sizeof known));
}

// What is given with a length may be NULL where that is 0.
Result<std::string_view> view(const char* bytes, size_t length, const char* function, const char* argument) {
  if (bytes == nullptr && length > 0) return missing(function, argument);
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, length);
}

Result<EstimateQuery> query_of(std::string_view place) {
  EstimateQuery query;
  if (place.empty()) return query;
  COPPICE_ASSIGN_OR_RETURN(const Json json, parse_json(place, "place"));
  if (!json.is_object()) return invalid_input("place: expected an object of device, country and method");
  for (const auto& item : json.items()) {
    if (item.key() != "device" && item.key() != "country" && item.key() != "method") {
      return invalid_input("place: \"" + item.key() + "\" is not known; expected device, country or method");
    }
  }
  JsonReader reader(json, "place");
  query.device = reader.string_or("device", "");
  query.country = reader.string_or("country", "");
  query.method = reader.string_or("method", "");
  if (!reader.status().ok()) return reader.status();
  // Nothing is guessed: without a device there is no energy to have carbon.
  if (query.device.empty() && !(query.country.empty() && query.method.empty())) {
    return invalid_input(
        "place: a country or a method, but no device; name one of those that coppice_core_choices lists");
  }
  return query;
}

OrderedJson to_json(const Verdict& verdict, const Model& model) {
  OrderedJson json;
  json["label"] = model.label(verdict.label);
  json["classIndex"] = verdict.label;
  json["probability"] = verdict.probability;
  json["logits"] = {verdict.logits[0], verdict.logits[1]};
  json["tokens"] = verdict.tokens;
  json["tokensWhole"] = verdict.tokens_whole;
  json["truncated"] = verdict.truncated;
  json["milliseconds"] = verdict.milliseconds;
  json["energy"] = nullptr;
  json["carbon"] = nullptr;
  return json;
}

template <typename Unit>
OrderedJson to_json(const energy::Figure<Unit>& figure, const char* unit) {
  return {{unit, figure.value.value()},
          {"low", figure.low.value()},
          {"high", figure.high.value()},
          {"method", figure.provenance.method},
          {"provenance", energy::to_string(figure.provenance.kind)}};
}

void add_estimate(const Estimate& estimate, OrderedJson& json) {
  json["energy"] = to_json(estimate.energy, "joules");
  if (!estimate.carbon) return;
  OrderedJson& carbon = json["carbon"] = to_json(*estimate.carbon, "grams");
  carbon["gramsPerKwh"] = estimate.intensity->value.value();
  carbon["place"] = estimate.intensity->place;
  carbon["source"] = estimate.intensity->source;
  if (estimate.intensity->year != 0) {
    carbon["year"] = estimate.intensity->year;
  } else {
    carbon["year"] = nullptr;
  }
}

Status hand_out(coppice_core_model* model, std::string text, const char** json, size_t* length) {
  model->json = std::move(text);
  *json = model->json.c_str();
  if (length != nullptr) *length = model->json.size();
  return {};
}

}  // namespace

void set_last_error(const char* text) noexcept {
#ifdef __cpp_exceptions
  try {
#endif
    last_error = text;
    last_error_text = last_error.c_str();
#ifdef __cpp_exceptions
  } catch (...) {
    last_error_text = "coppice_core: out of memory";
  }
#endif
}

coppice_core_status code_of(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return COPPICE_CORE_OK;
    case StatusCode::kInvalidInput:
      return COPPICE_CORE_INVALID_INPUT;
    case StatusCode::kInvalidUsage:
      return COPPICE_CORE_INVALID_USAGE;
    case StatusCode::kNotFound:
      return COPPICE_CORE_NOT_FOUND;
    case StatusCode::kUnsupported:
      return COPPICE_CORE_UNSUPPORTED;
    case StatusCode::kFailed:
    case StatusCode::kInterrupted:
      return COPPICE_CORE_FAILED;
  }
  return COPPICE_CORE_FAILED;
}

Status create_model(std::vector<ModelFile> files, coppice_core_model** model) {
  *model = nullptr;
  auto made = std::make_unique<coppice_core_model>();
  COPPICE_ASSIGN_OR_RETURN(made->model, Model::create(std::move(files)));
  *model = made.release();
  return {};
}

}  // namespace coppice::core_api

using namespace coppice;
using namespace coppice::core_api;

int32_t coppice_core_abi_version(void) { return COPPICE_CORE_ABI_VERSION; }
const char* coppice_core_version(void) { return COPPICE_VERSION; }
const char* coppice_core_last_error(void) { return core_api::last_error_text; }

void* coppice_core_alloc(size_t bytes) { return std::malloc(std::max<size_t>(1, bytes)); }
void coppice_core_release(void* memory) { std::free(memory); }

coppice_core_status coppice_core_needed_files(const char* manifest, size_t length, const char** paths,
                                              size_t* paths_length) {
  return guarded([&]() -> Status {
    if (paths == nullptr) return missing("coppice_core_needed_files", "paths");
    COPPICE_ASSIGN_OR_RETURN(const std::string_view bytes,
                             view(manifest, length, "coppice_core_needed_files", "manifest"));
    COPPICE_ASSIGN_OR_RETURN(const std::vector<std::string> needed, core_api::needed_files(bytes));
    needed_paths.clear();
    for (const std::string& path : needed) needed_paths += (needed_paths.empty() ? "" : "\n") + path;
    *paths = needed_paths.c_str();
    if (paths_length != nullptr) *paths_length = needed_paths.size();
    return {};
  });
}

coppice_core_status coppice_core_model_create(const coppice_core_file* files, size_t count,
                                              coppice_core_model** model) {
  return guarded([&]() -> Status {
    constexpr const char* kName = "coppice_core_model_create";
    constexpr size_t kMostFiles = 1000;
    if (files == nullptr) return missing(kName, "files");
    if (count > kMostFiles) {
      return invalid_usage(std::string(kName) + ": " + std::to_string(count) + " files; expected those of one folder");
    }
    // What is owned is taken over before anything can go wrong.
    std::vector<ModelFile> taken(count);
    for (size_t i = 0; i < count; ++i) {
      if (files[i].owned != 0) taken[i].memory.reset(const_cast<void*>(files[i].bytes));
    }
    if (model == nullptr) return missing(kName, "model");
    *model = nullptr;
    for (size_t i = 0; i < count; ++i) {
      if (files[i].path == nullptr) return missing(kName, "a file's path");
      if (files[i].bytes == nullptr && files[i].length > 0) return missing(kName, "a file's bytes");
      taken[i].path = files[i].path;
      if (files[i].length > 0) taken[i].bytes = {static_cast<const std::byte*>(files[i].bytes), files[i].length};
    }
    return create_model(std::move(taken), model);
  });
}

void coppice_core_model_destroy(coppice_core_model* model) { delete model; }

coppice_core_status coppice_core_model_describe(coppice_core_model* model, const char** json, size_t* length) {
  return guarded([&]() -> Status {
    if (model == nullptr) return missing("coppice_core_model_describe", "model");
    if (json == nullptr) return missing("coppice_core_model_describe", "json");
    return hand_out(model, dump_json(model->model->describe()), json, length);
  });
}

coppice_core_status coppice_core_classify(coppice_core_model* model, const char* text, size_t length,
                                          coppice_core_verdict* verdict) {
  return guarded([&]() -> Status {
    constexpr const char* kName = "coppice_core_classify";
    if (model == nullptr) return missing(kName, "model");
    if (verdict == nullptr) return missing(kName, "verdict");
    COPPICE_RETURN_IF_ERROR(check_size(verdict->size, sizeof *verdict, "coppice_core_verdict"));
    COPPICE_ASSIGN_OR_RETURN(const std::string_view bytes, view(text, length, kName, "text"));
    COPPICE_ASSIGN_OR_RETURN(const Verdict found, model->model->classify(bytes));
    coppice_core_verdict known{};
    known.label = model->model->label(found.label).c_str();
    known.class_index = found.label;
    known.truncated = found.truncated ? 1 : 0;
    known.probability = found.probability;
    known.logits[0] = found.logits[0];
    known.logits[1] = found.logits[1];
    known.tokens = found.tokens;
    known.tokens_whole = found.tokens_whole;
    known.milliseconds = found.milliseconds;
    give(known, verdict);
    return {};
  });
}

coppice_core_status coppice_core_estimate_energy(coppice_core_model* model, const coppice_core_verdict* verdict,
                                                 const coppice_core_place* place, coppice_core_estimate* estimate) {
  return guarded([&]() -> Status {
    constexpr const char* kName = "coppice_core_estimate_energy";
    if (model == nullptr) return missing(kName, "model");
    if (verdict == nullptr) return missing(kName, "verdict");
    if (place == nullptr) return missing(kName, "place");
    if (estimate == nullptr) return missing(kName, "estimate");
    COPPICE_RETURN_IF_ERROR(check_size(estimate->size, sizeof *estimate, "coppice_core_estimate"));
    COPPICE_ASSIGN_OR_RETURN(const coppice_core_verdict judged, known_part(verdict, "coppice_core_verdict"));
    COPPICE_ASSIGN_OR_RETURN(const coppice_core_place named, known_part(place, "coppice_core_place"));
    const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
    Verdict of;
    of.tokens = judged.tokens;
    of.milliseconds = judged.milliseconds;
    COPPICE_ASSIGN_OR_RETURN(const Estimate found,
                             model->model->estimate(of, {text(named.device), text(named.country), text(named.method)}));
    coppice_core_estimate known{};
    known.energy_joules = found.energy.value.value();
    known.energy_low_joules = found.energy.low.value();
    known.energy_high_joules = found.energy.high.value();
    known.energy_provenance = provenance_code(found.energy.provenance.kind);
    model->energy_method = found.energy.provenance.method;
    known.energy_method = model->energy_method.c_str();
    if (found.carbon) {
      known.has_carbon = 1;
      known.carbon_grams_co2e = found.carbon->value.value();
      known.carbon_low_grams_co2e = found.carbon->low.value();
      known.carbon_high_grams_co2e = found.carbon->high.value();
      known.carbon_provenance = provenance_code(found.carbon->provenance.kind);
      model->carbon_method = found.carbon->provenance.method;
      known.carbon_method = model->carbon_method.c_str();
      known.intensity_grams_per_kwh = found.intensity->value.value();
      known.intensity_year = found.intensity->year;
    }
    give(known, estimate);
    return {};
  });
}

coppice_core_status coppice_core_classify_json(coppice_core_model* model, const char* text, size_t text_length,
                                               const char* place, size_t place_length, const char** json,
                                               size_t* length) {
  return guarded([&]() -> Status {
    constexpr const char* kName = "coppice_core_classify_json";
    if (model == nullptr) return missing(kName, "model");
    if (json == nullptr) return missing(kName, "json");
    COPPICE_ASSIGN_OR_RETURN(const std::string_view bytes, view(text, text_length, kName, "text"));
    COPPICE_ASSIGN_OR_RETURN(const std::string_view where, view(place, place_length, kName, "place"));
    COPPICE_ASSIGN_OR_RETURN(const EstimateQuery query, query_of(where));
    COPPICE_ASSIGN_OR_RETURN(const Verdict verdict, model->model->classify(bytes));
    OrderedJson answer = to_json(verdict, *model->model);
    if (!query.device.empty()) {
      COPPICE_ASSIGN_OR_RETURN(const Estimate estimate, model->model->estimate(verdict, query));
      add_estimate(estimate, answer);
    }
    return hand_out(model, dump_json(answer), json, length);
  });
}

coppice_core_status coppice_core_choices(const char** json, size_t* length) {
  return guarded([&]() -> Status {
    if (json == nullptr) return missing("coppice_core_choices", "json");
    static const std::string text = dump_json(core_api::choices());
    *json = text.c_str();
    if (length != nullptr) *length = text.size();
    return {};
  });
}
