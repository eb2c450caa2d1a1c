/* A sentiment model in a program of yours: text in, verdict and an estimate of its energy and carbon out. Installed as
 * <coppice/core.h>, library coppice-core; the same source in WebAssembly is the npm package @coppice/core.
 *
 *   coppice_core_model* model;
 *   if (coppice_core_model_open("models/linear-ngrams", &model) != 0) complain(coppice_core_last_error());
 *   coppice_core_verdict verdict = {.size = sizeof verdict};
 *   coppice_core_classify(model, text, strlen(text), &verdict);
 *   coppice_core_estimate estimate = {.size = sizeof estimate};
 *   coppice_core_place place = {.size = sizeof place, .device = "laptop", .country = "FRA"};
 *   coppice_core_estimate_energy(model, &verdict, &place, &estimate);
 *   printf("%s, %g J\n", verdict.label, estimate.energy_joules);
 *   coppice_core_model_destroy(model);
 *
 * Units are in the names: joules, grams of CO2e, milliseconds of wall time. An estimate is modelled, not measured: time
 * x the power of a kind of device that the caller names (or another method), as on Coppice's page. Its low and high are
 * what the inputs may be, no statistical interval. What is not known is absent, never 0: see has_carbon.
 *
 * Errors. A call that can fail returns a status; nothing is written to its outputs then, but a handle becomes NULL.
 * coppice_core_last_error() has the text: what was read, what was expected, what to do next. NULL where a handle, a
 * text with a length above 0 or an output is expected is COPPICE_CORE_INVALID_USAGE. No C++ exception leaves the
 * library, and it never prints and never ends the program.
 *
 * Ownership. A model is made by coppice_core_model_create or _open and released by coppice_core_model_destroy. Inputs
 * are read during the call and not kept, but for files marked as owned. Texts in a verdict belong to the model and live
 * as long; texts of an estimate and JSON until the next call with that model. JSON ends with a zero that its length
 * does not count. Text is UTF-8; where there is no length it is closed by a zero.
 *
 * Threads. A model is used by one thread at a time, any one; several models at once by several threads. The last error,
 * and what coppice_core_needed_files gave, are the calling thread's. A call computes on its own thread alone.
 *
 * Binary compatibility. Structs but coppice_core_file begin with their size, which the caller sets to sizeof: later
 * versions add members at the end and fill what the caller has room for. Enumerations may get further values. */
#ifndef COPPICE_CORE_H_
#define COPPICE_CORE_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define COPPICE_CORE_API __attribute__((visibility("default")))
#else
#define COPPICE_CORE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a call changes its meaning or goes away. */
#define COPPICE_CORE_ABI_VERSION 1

typedef enum coppice_core_status {
  COPPICE_CORE_OK = 0,
  COPPICE_CORE_INVALID_INPUT = 1, /* the bytes given are wrong: a cut file, a text that is not UTF-8, ... */
  COPPICE_CORE_INVALID_USAGE = 2, /* the call makes no sense, whatever the data: a NULL, ... */
  COPPICE_CORE_NOT_FOUND = 3,     /* a file, a device, a country or a method that is not there or not known */
  COPPICE_CORE_UNSUPPORTED = 4,   /* well formed, but not something this version or this model does */
  COPPICE_CORE_FAILED = 5         /* no memory */
} coppice_core_status;

typedef enum coppice_core_provenance {
  COPPICE_CORE_MEASURED = 1, /* read from a counter */
  COPPICE_CORE_MODELLED = 2, /* worked out by a named model from inputs that were observed */
  COPPICE_CORE_ASSUMED = 3,  /* a default stands in for something unknown */
  COPPICE_CORE_MIXED = 4     /* a sum or product of figures of different kinds; the method names them */
} coppice_core_provenance;

/* One file of a model's folder. */
typedef struct coppice_core_file {
  const char* path; /* below the folder, with '/': "config.json", "onnx/model.onnx" */
  const void* bytes;
  size_t length;
  int32_t owned; /* 1: `bytes` are of coppice_core_alloc and belong to the library from the call on, also if it fails;
                    a transformer's weights are then computed with where they lie, without a copy. Else 0 */
} coppice_core_file;

typedef struct coppice_core_verdict {
  size_t size;          /* sizeof(coppice_core_verdict), set by the caller before the call */
  const char* label;    /* "positive"; the model's word for the class */
  int32_t class_index;  /* 0 or 1 */
  int32_t truncated;    /* 1: the text has more tokens than the model reads, and some were left out */
  double probability;   /* of that label, 0.5 to 1: softmax of the logits, as the model gives it */
  float logits[2];      /* by class */
  int64_t tokens;       /* that were judged, [CLS] and [SEP] included; words of a linear model */
  int64_t tokens_whole; /* of the whole text */
  double milliseconds;  /* that reading and judging the text took */
} coppice_core_verdict;

/* Where the work is done, as the caller knows it, and how it is estimated. */
typedef struct coppice_core_place {
  size_t size;         /* sizeof(coppice_core_place) */
  const char* device;  /* "laptop", "desktop", "phone", "tablet" or "server" */
  const char* country; /* ISO 3166 alpha-3, "WORLD", or "gcp:" and a region of Google Cloud; NULL: no carbon */
  const char* method;  /* "time_power" (NULL: this), "operations" or "shipped"; coppice_core_choices tells them apart */
} coppice_core_place;

typedef struct coppice_core_estimate {
  size_t size; /* sizeof(coppice_core_estimate), set by the caller before the call */
  double energy_joules;
  double energy_low_joules;
  double energy_high_joules;
  int32_t energy_provenance; /* coppice_core_provenance */
  int32_t has_carbon;        /* 1 if a country was named: the members from carbon_grams_co2e on are known */
  const char* energy_method; /* which model, and its inputs */
  double carbon_grams_co2e;  /* of the electricity alone, not of making the device */
  double carbon_low_grams_co2e;
  double carbon_high_grams_co2e;
  int32_t carbon_provenance;
  int32_t intensity_year; /* that the intensity is of; 0: not known */
  const char* carbon_method;
  double intensity_grams_per_kwh;
} coppice_core_estimate;

typedef struct coppice_core_model coppice_core_model;

/* COPPICE_CORE_ABI_VERSION of the library that is linked, to compare with the header's. */
COPPICE_CORE_API int32_t coppice_core_abi_version(void);
/* "0.1.0". */
COPPICE_CORE_API const char* coppice_core_version(void);

/* Text of the last call that failed on this thread; "" if none failed yet. Valid until the next failure there. */
COPPICE_CORE_API const char* coppice_core_last_error(void);

/* Memory for owned files. NULL when there is none left. */
COPPICE_CORE_API void* coppice_core_alloc(size_t bytes);
COPPICE_CORE_API void coppice_core_release(void* memory);

/* Which files a model is created from besides its manifest.json, whose content is given: their paths, one a line,
 * closed by a zero. Valid until this thread's next call of it. */
COPPICE_CORE_API coppice_core_status coppice_core_needed_files(const char* manifest, size_t length, const char** paths,
                                                               size_t* paths_length);

/* From the files of a model's folder: manifest.json and those that it needs, whose sizes and sha256 are checked; in
 * WebAssembly the sizes alone, since the package's JavaScript has checked the sha256. Without a manifest.json, from
 * config.json, a transformer's vocab.txt (and tokenizer_config.json, if there is one) and its weights, onnx/model.onnx
 * or model.safetensors, unchecked. Others are ignored. Transformers are BERT-type classifiers of two labels; linear
 * models are Coppice's. */
COPPICE_CORE_API coppice_core_status coppice_core_model_create(const coppice_core_file* files, size_t count,
                                                               coppice_core_model** model);
/* From a folder with a manifest.json. Only natively: a browser has no folders. */
COPPICE_CORE_API coppice_core_status coppice_core_model_open(const char* folder, coppice_core_model** model);
/* NULL does nothing. */
COPPICE_CORE_API void coppice_core_model_destroy(coppice_core_model* model);

/* What the model is, as JSON: id, architecture, labels, parameters, the longest input and how a longer one is cut, the
 * weights' file, whether it was checked against a manifest, arithmetic and instruction set. `length` may be NULL. */
COPPICE_CORE_API coppice_core_status coppice_core_model_describe(coppice_core_model* model, const char** json,
                                                                 size_t* length);

/* Judges a text of at most 16 MiB. */
COPPICE_CORE_API coppice_core_status coppice_core_classify(coppice_core_model* model, const char* text, size_t length,
                                                           coppice_core_verdict* verdict);

/* The energy of a verdict that this model gave, from its milliseconds and tokens. */
COPPICE_CORE_API coppice_core_status coppice_core_estimate_energy(coppice_core_model* model,
                                                                  const coppice_core_verdict* verdict,
                                                                  const coppice_core_place* place,
                                                                  coppice_core_estimate* estimate);

/* Both at once, for callers from other languages. `place`: JSON of {"device","country","method"}, each of which may be
 * absent; no device: no estimate. `json`: {"label", "classIndex", "probability", "logits", "tokens", "tokensWhole",
 * "truncated", "milliseconds", "energy":{"joules","low","high","method","provenance"},
 * "carbon":{"grams","low","high","method","provenance","gramsPerKwh","place","source","year"}}, energy and carbon null
 * where there is none. `length` may be NULL. */
COPPICE_CORE_API coppice_core_status coppice_core_classify_json(coppice_core_model* model, const char* text,
                                                                size_t text_length, const char* place,
                                                                size_t place_length, const char** json, size_t* length);

/* Devices, countries and methods to choose from, as JSON. Valid for ever. `length` may be NULL. */
COPPICE_CORE_API coppice_core_status coppice_core_choices(const char** json, size_t* length);

#ifdef __cplusplus
}
#endif

#endif /* COPPICE_CORE_H_ */
