/* The C ABI between the C++ core and JavaScript, and the only way from one to the other.
 *
 * Why a C ABI and not embind: a C++ exception that passes embind reaches JavaScript as a bare number without text, and
 * embind costs 13 kB of script. Here every call returns a status; a payload comes back by pointer and length; the text
 * of the last failure is in coppice_last_error(). The same header compiles natively, where tests/unit/api tests it.
 *
 * Ownership. Handles (coppice_...*) are made by ..._create and released by ..._destroy, each exactly once; destroying
 * NULL does nothing. Memory that an output points to belongs to the handle it was asked from and is valid until the
 * next call on that handle: copy it before waiting. Inputs are read during the call and never kept. Text is UTF-8 with
 * a length in bytes, without a closing zero unless said so. Nothing here is thread-safe: one thread per handle. Passing
 * NULL where a handle or an output is expected is COPPICE_INVALID_USAGE.
 *
 *   coppice_comparison* comparison;
 *   coppice_comparison_create(&comparison);
 *   while (coppice_comparison_next_request(comparison, &json, &length) == COPPICE_OK && length > 0) carry_out(json);
 *   coppice_comparison_fetched(comparison, 1, bytes, bytes_length);
 */
#ifndef COPPICE_WASM_API_COPPICE_API_H_
#define COPPICE_WASM_API_COPPICE_API_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a call changes its meaning or goes away; the page refuses another one. */
#define COPPICE_ABI_VERSION 1

typedef enum {
  COPPICE_OK = 0,
  COPPICE_INVALID_INPUT = 1, /* the bytes given are wrong */
  COPPICE_INVALID_USAGE = 2, /* the call makes no sense, whatever the data */
  COPPICE_NOT_FOUND = 3,
  COPPICE_UNSUPPORTED = 4,
  COPPICE_FAILED = 5,
  COPPICE_INTERRUPTED = 6
} coppice_status;

int32_t coppice_abi_version(void);

/* Text of the last failed call of any kind, closed by a zero; "" if none failed yet. Valid until the next failure. */
const char* coppice_last_error(void);

/* Memory for inputs, in the heap that the pointers of this header live in. NULL when there is none left. */
void* coppice_alloc(size_t bytes);
void coppice_release(void* memory);

/* ---- Tokenizer ---------------------------------------------------------------------------------------------------*/

typedef struct coppice_tokenizer coppice_tokenizer;
typedef struct coppice_encoding coppice_encoding;

/* vocab_txt: content of vocab.txt. lower_case: 1 for uncased models (accents are stripped as well), else 0. */
coppice_status coppice_tokenizer_create(const char* vocab_txt, size_t length, int32_t lower_case,
                                        coppice_tokenizer** out);
void coppice_tokenizer_destroy(coppice_tokenizer* tokenizer);

/* max_length: [CLS] and [SEP] included; 0 for no truncation. truncation: "head" or "head_tail", closed by a zero. */
coppice_status coppice_tokenizer_encode(const coppice_tokenizer* tokenizer, const char* text, size_t length,
                                        int32_t max_length, const char* truncation, coppice_encoding** out);
void coppice_encoding_destroy(coppice_encoding* encoding);

/* (T) ids with [CLS] and [SEP]. */
coppice_status coppice_encoding_ids(const coppice_encoding* encoding, const int32_t** ids, size_t* count);
/* (T, 2) begin and end of the bytes behind each id, {0,0} for [CLS] and [SEP]; count is 2 T. */
coppice_status coppice_encoding_offsets(const coppice_encoding* encoding, const uint32_t** offsets, size_t* count);
/* Tokens before truncation, [CLS] and [SEP] included. */
coppice_status coppice_encoding_tokens_before_truncation(const coppice_encoding* encoding, uint32_t* out);

/* ---- Linear model ------------------------------------------------------------------------------------------------
 * A classifier over hashed word n-grams (shared/linear), which the core runs itself. */

typedef struct coppice_linear coppice_linear;

/* config_json, safetensors: content of the model folder's config.json and model.safetensors; both are copied. */
coppice_status coppice_linear_create(const char* config_json, size_t config_length, const void* safetensors,
                                     size_t length, coppice_linear** out);
void coppice_linear_destroy(coppice_linear* model);

/* logits: room for two, negative and positive. words: how many the text has. Neither may be NULL. */
coppice_status coppice_linear_judge(const coppice_linear* model, const char* text, size_t length, float* logits,
                                    uint32_t* words);

/* ---- Engine ------------------------------------------------------------------------------------------------------
 * BERT classifiers on the project's own kernels (shared/engine). Only in a module of its own, coppice_engine.js, which
 * has of the rest of this header what stands above the tokenizer. */

typedef struct coppice_engine coppice_engine;

/* config_json: content of the model folder's config.json. weights: content of its onnx/model.onnx (or
 * model.safetensors) in memory of coppice_alloc, which belongs to the engine from this call on, also where it fails: it
 * computes with what lies there, so that a model takes little more memory than its file. source: the file's name in
 * messages, closed by a zero. most_tokens: the longest review, [CLS] and [SEP] included; 0: as long as config.json
 * allows. Where a matrix has a choice of formats (one with many zeros), what each costs here is measured first, which
 * takes some tens of milliseconds. */
coppice_status coppice_engine_create(const char* config_json, size_t config_length, void* weights, size_t length,
                                     const char* source, uint32_t most_tokens, coppice_engine** out);
void coppice_engine_destroy(coppice_engine* engine);

/* ids: (count) with [CLS] and [SEP]. logits: room for two, negative and positive. Allocates nothing. */
coppice_status coppice_engine_classify(coppice_engine* engine, const int32_t* ids, size_t count, float* logits);

/* What every engine of this module computes with: {"version","instruction_set"}. */
coppice_status coppice_engine_about(const char** json, size_t* length);

/* Begins threads for all engines of this module until there are `count`, the caller's included, and answers how many
 * run by now. They begin when the caller has returned to the browser, so that the first answer is 1; once there is an
 * engine it has no effect. Of coppice_engine_threads.js, for pages that are cross-origin isolated; elsewhere there is
 * one. */
uint32_t coppice_engine_use_threads(uint32_t count);

/* For tests, before the first engine: as on a processor whose products of bytes have a sign on both sides, where this
 * module has relaxed SIMD; without effect elsewhere. */
void coppice_engine_read_signed_bytes(void);

/* What it computes with, and where the time of all reviews so far went, as JSON:
 * {"version","instruction_set","arithmetic","weights_bytes","session_bytes","formats":{NAME: matrices},"costs":{FORMAT:
 * of one multiplication against dense float32},"peak_gflops":{"float32","int8"} of dense products on what stays in the
 * caches, one thread's times their number, both measured at the first call, which takes some tenths of a
 * second,"reviews","tokens", "operators":[{"name","milliseconds","multiplications","multiplications_done"},...] in the
 * order of a review, "layers":[{"milliseconds","multiplications","multiplications_done","formats"},...], the last of
 * what is in no layer}
 */
coppice_status coppice_engine_profile(coppice_engine* engine, const char** json, size_t* length);

/* ---- Calibration -------------------------------------------------------------------------------------------------*/

/* A fixed piece of float32 arithmetic for the caller to time (shared/engine/calibration_kernel.h). operations: how many
 * were done; checksum: of the results, finite. Neither may be NULL. */
coppice_status coppice_calibration_run(uint32_t rounds, double* operations, float* checksum);

/* ---- Reviews -----------------------------------------------------------------------------------------------------
 * A file of reviews read on its own, for a comparison in another instance. */

typedef struct coppice_reviews coppice_reviews;

/* name, bytes: as of coppice_comparison_read_reviews. */
coppice_status coppice_reviews_create(const char* name, const char* bytes, size_t length, coppice_reviews** out);
void coppice_reviews_destroy(coppice_reviews* reviews);
/* Records of shared/reviews/packed_reviews.h; valid until the next call with `reviews`. */
coppice_status coppice_reviews_packed(const coppice_reviews* reviews, const char** packed, size_t* length);

/* ---- Comparison --------------------------------------------------------------------------------------------------
 * The state machine of shared/compare/comparison.h. JSON as in shared/compare/messages.h. */

typedef struct coppice_comparison coppice_comparison;

coppice_status coppice_comparison_create(coppice_comparison** out);
void coppice_comparison_destroy(coppice_comparison* comparison);

/* The review, any bytes. */
coppice_status coppice_comparison_set_text(coppice_comparison* comparison, const char* text, size_t length);
/* Answers a "fetch" request. */
coppice_status coppice_comparison_fetched(coppice_comparison* comparison, int32_t request_id, const char* bytes,
                                          size_t length);
/* Any other event, as JSON. A failure says what the visitor or the caller did wrong and changes nothing. */
coppice_status coppice_comparison_event(coppice_comparison* comparison, const char* json, size_t length);
/* The next thing to do, as JSON; length 0 when there is none until the next event. */
coppice_status coppice_comparison_next_request(coppice_comparison* comparison, const char** json, size_t* length);
/* The whole state, as JSON. */
coppice_status coppice_comparison_view(coppice_comparison* comparison, const char** json, size_t* length);
/* Counts changes of the state: the view is worth asking for only when it has moved. 0 for NULL. */
uint32_t coppice_comparison_revision(const coppice_comparison* comparison);
/* Devices and grids to choose from, as JSON. */
coppice_status coppice_comparison_choices(coppice_comparison* comparison, const char** json, size_t* length);

/* A file of reviews, by its name, whose ending says how it is read (shared/reviews/review_file.h). shipped: 1 for the
 * page's own, through which a disagreement is looked for; 0 for a set of the visitor's. Refused, it changes nothing. */
coppice_status coppice_comparison_read_reviews(coppice_comparison* comparison, const char* name, const char* bytes,
                                               size_t length, int32_t shipped);
/* A set of the visitor's, read by another instance: its parts in order (first: 1 for the first of them), whole records
 * of coppice_reviews_packed each, then its name. Each takes as long as its part; what fails changes no set. */
coppice_status coppice_comparison_add_reviews(coppice_comparison* comparison, const char* packed, size_t length,
                                              int32_t first);
coppice_status coppice_comparison_use_added_reviews(coppice_comparison* comparison, const char* name);
/* A question of shared/compare/side_messages.h, as JSON; the answer's bytes, which are JSON or a file to keep. */
coppice_status coppice_comparison_ask(coppice_comparison* comparison, const char* question, size_t question_length,
                                      const char** answer, size_t* length);

/* ---- Drawing: only in the browser build ---------------------------------------------------------------------------
 * Draws a comparison on a WebGL 2 canvas. Lengths in CSS pixels. */

typedef struct coppice_ui coppice_ui;

/* canvas: a selector, or a name registered with the module's specialHTMLTargets, closed by a zero. Does not own the
 * comparison, which must outlive it. COPPICE_UNSUPPORTED where there is no WebGL 2. One at a time. */
coppice_status coppice_ui_create(const char* canvas, const coppice_comparison* comparison, coppice_ui** out);
void coppice_ui_destroy(coppice_ui* ui);

/* A TrueType font, called before the first draw. weight: 400 or 600. Fonts of one weight complete one another (Latin,
 * Greek, ...). The bytes are copied. */
coppice_status coppice_ui_add_font(coppice_ui* ui, int32_t weight, const char* bytes, size_t length);
coppice_status coppice_ui_resize(coppice_ui* ui, float width, float height, float pixel_ratio);
coppice_status coppice_ui_set_dark(coppice_ui* ui, int32_t dark);
/* What the chart shows: 0 time, 1 energy, 2 accuracy against energy, time or size, 3 the ledger of the life cycle. */
coppice_status coppice_ui_set_chart(coppice_ui* ui, int32_t chart);
/* What is drawn: 0 the comparison of one review, 1 the run over a set of reviews. */
coppice_status coppice_ui_set_view(coppice_ui* ui, int32_t view);
/* down: 1 while the button or finger is down. Leaving the canvas is coppice_ui_pointer_leave. */
coppice_status coppice_ui_pointer(coppice_ui* ui, float x, float y, int32_t down);
coppice_status coppice_ui_pointer_leave(coppice_ui* ui);
/* Draws one frame. wanted_height: what the content needs at this width; again: 1 when another frame should follow. */
coppice_status coppice_ui_draw(coppice_ui* ui, float seconds_since_last, float* wanted_height, int32_t* again);
/* Where the chart's card begins, from the top of the canvas as last drawn, and how high it is; 0 high: there is none.
 */
coppice_status coppice_ui_chart_place(const coppice_ui* ui, float* top, float* height);
/* After the browser has given a lost WebGL context back. */
coppice_status coppice_ui_context_restored(coppice_ui* ui);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COPPICE_WASM_API_COPPICE_API_H_ */
