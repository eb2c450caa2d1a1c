/* Energy and carbon of a piece of work, for programs in C and for what can call C. Installed as <coppice/energy.h>,
 * library coppice-energy. The same tracker as native/energy/tracker.h: what is read and how is told there.
 *
 *   coppice_energy_options options = {.size = sizeof options, .country = "FRA"};
 *   coppice_energy_tracker* tracker;
 *   if (coppice_energy_start(&options, &tracker) != COPPICE_ENERGY_OK) complain(coppice_energy_last_error());
 *   coppice_energy_begin_phase(tracker, "train");
 *   ...
 *   const char* json;
 *   coppice_energy_finish(tracker, &json, NULL);
 *   puts(json);
 *   coppice_energy_destroy(tracker);
 *
 * Figures have a value with an interval (low <= value <= high), and a provenance: whether it was measured, modelled or
 * assumed, and by what. What is not known is absent, never 0: see the has_... members.
 *
 * Errors. A call that can fail returns a status; nothing is written to its outputs then. coppice_energy_last_error()
 * has the text. No C++ exception leaves the library, and it never prints and never ends the program.
 *
 * Ownership. A tracker is made by coppice_energy_start and released by coppice_energy_destroy. Texts that a call hands
 * out belong to the tracker and stay valid and unchanged until it is destroyed. Inputs are copied during the call. Text
 * is UTF-8 with a closing zero.
 *
 * Threads. All functions may be called from any thread, also at once on one tracker, except that destroying it must
 * come after everything else. A tracker has one thread of its own, which takes no signals. In a child after fork() a
 * tracker may be destroyed and not asked.
 *
 * Binary compatibility. Structs begin with their size, which the caller sets to sizeof: later versions add members at
 * the end and fill what the caller has room for. Zero is the default of every option. Enumerations may get further
 * values. */
#ifndef COPPICE_ENERGY_H_
#define COPPICE_ENERGY_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define COPPICE_ENERGY_API __attribute__((visibility("default")))
#else
#define COPPICE_ENERGY_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a call changes its meaning or goes away. */
#define COPPICE_ENERGY_ABI_VERSION 1

typedef enum coppice_energy_status {
  COPPICE_ENERGY_OK = 0,
  COPPICE_ENERGY_INVALID_INPUT = 1, /* data that was read is wrong */
  COPPICE_ENERGY_INVALID_USAGE = 2, /* the call makes no sense: a NULL, a PUE under 1, ... */
  COPPICE_ENERGY_NOT_FOUND = 3,     /* a place or a process that does not exist */
  COPPICE_ENERGY_UNSUPPORTED = 4,   /* well formed, but not something this version or machine does */
  COPPICE_ENERGY_FAILED = 5         /* the system refused: no memory, no thread */
} coppice_energy_status;

typedef enum coppice_energy_provenance {
  COPPICE_ENERGY_MEASURED = 1, /* read from a counter */
  COPPICE_ENERGY_MODELLED = 2, /* worked out by a named model from inputs that were observed */
  COPPICE_ENERGY_ASSUMED = 3,  /* a default stands in for something unknown */
  COPPICE_ENERGY_MIXED = 4     /* a sum or product of figures of different kinds; the method names them */
} coppice_energy_provenance;

/* Whom the energy is charged to. */
typedef enum coppice_energy_scope {
  COPPICE_ENERGY_SCOPE_PROCESS = 0,   /* this process and its ended children, or the tree below process_id */
  COPPICE_ENERGY_SCOPE_CONTAINER = 1, /* the cgroup (version 2) of this process */
  COPPICE_ENERGY_SCOPE_MACHINE = 2    /* everything */
} coppice_energy_scope;

/* NULL and 0 mean: not given, the default. Without any place and intensity no carbon is worked out. */
typedef struct coppice_energy_options {
  size_t size;                      /* sizeof(coppice_energy_options) */
  const char* country;              /* ISO 3166 alpha-3, or "WORLD" for the world average */
  const char* region;               /* US state, Canadian or Chinese province, Nordic bidding zone */
  const char* cloud_provider;       /* gcp, aws or azure */
  const char* cloud_region;         /* e.g. europe-west2 */
  double intensity_grams_per_kwh;   /* of CO2e, instead of any table; read only if has_intensity is 1 */
  int32_t has_intensity;            /* 0 or 1: an intensity of 0 is one that can be given */
  int32_t scope;                    /* coppice_energy_scope */
  int64_t process_id;               /* SCOPE_PROCESS only: root of another process tree */
  double sampling_period_seconds;   /* 0.01 to 3600; default 1 */
  double cpu_tdp_watts;             /* thermal design power, instead of the table's */
  double power_usage_effectiveness; /* 1 to 10; default 1 */
} coppice_energy_options;

/* Energy and carbon since the start. */
typedef struct coppice_energy_reading {
  size_t size;             /* sizeof(coppice_energy_reading), set by the caller before the call */
  double duration_seconds; /* without the time the machine slept */
  double cpu_time_seconds; /* of whom is charged */

  int32_t has_energy;        /* 1 if the five members that follow are known */
  int32_t energy_provenance; /* coppice_energy_provenance */
  double energy_joules;      /* with the power usage effectiveness */
  double energy_low_joules;
  double energy_high_joules;
  const char* energy_method; /* which counter or model, and its inputs */

  int32_t has_carbon; /* 1 if the five members that follow are known */
  int32_t carbon_provenance;
  double carbon_grams_co2e;
  double carbon_low_grams_co2e;
  double carbon_high_grams_co2e;
  const char* carbon_method;
} coppice_energy_reading;

typedef struct coppice_energy_tracker coppice_energy_tracker;

/* COPPICE_ENERGY_ABI_VERSION of the library that is linked, to compare with the header's. */
COPPICE_ENERGY_API int32_t coppice_energy_abi_version(void);
/* "0.1.0". */
COPPICE_ENERGY_API const char* coppice_energy_version(void);

/* Text of the last call that failed on this thread: what was read or given, what was expected, what to do next; "" if
 * none failed yet. Valid until the next failure on this thread. */
COPPICE_ENERGY_API const char* coppice_energy_last_error(void);

/* Starts tracking. `options` may be NULL for the defaults. Never fails for want of a counter: then models are used. */
COPPICE_ENERGY_API coppice_energy_status coppice_energy_start(const coppice_energy_options* options,
                                                              coppice_energy_tracker** tracker);
/* Ends tracking and releases the tracker with all its texts. NULL does nothing. */
COPPICE_ENERGY_API void coppice_energy_destroy(coppice_energy_tracker* tracker);

/* One phase at a time: beginning one ends the one before. The phases are listed in the JSON of finish. Both do nothing
 * after finish. */
COPPICE_ENERGY_API coppice_energy_status coppice_energy_begin_phase(coppice_energy_tracker* tracker, const char* name);
COPPICE_ENERGY_API coppice_energy_status coppice_energy_end_phase(coppice_energy_tracker* tracker);

/* Looks at the counters now. After finish: the final total. */
COPPICE_ENERGY_API coppice_energy_status coppice_energy_read(coppice_energy_tracker* tracker,
                                                             coppice_energy_reading* reading);

/* What is read and why, one line a component, for people. */
COPPICE_ENERGY_API coppice_energy_status coppice_energy_describe(coppice_energy_tracker* tracker, const char** text);

/* Ends the phase and the sampling. `json`: energy_joules and carbon_grams_co2e (each value, low, high, provenance,
 * method; absent if unknown), duration_seconds, cpu_time_seconds, components, phases, intensity, pue, scope, notes.
 * `length` in bytes without the closing zero; may be NULL. A second call gives the same text. */
COPPICE_ENERGY_API coppice_energy_status coppice_energy_finish(coppice_energy_tracker* tracker, const char** json,
                                                               size_t* length);

#ifdef __cplusplus
}
#endif

#endif /* COPPICE_ENERGY_H_ */
