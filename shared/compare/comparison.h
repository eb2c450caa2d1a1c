// The comparison as a state machine: it emits requests with ids and takes events; it never waits, draws or reads a
// clock.
//
//   Comparison comparison;                                 // emits: fetch "catalog.json", number 1
//   while (auto request = comparison.next_request()) carry_out(*request);
//   comparison.fetched(1, catalog_bytes);                  // emits: fetch "dense/manifest.json", number 2, ...
//   comparison.set_text("A quiet, lovely film.");
//   comparison.start();                                    // emits: load, then run requests, one run at a time
//   comparison.run_done(7, {-1.2, 1.9}, 148.2);
//   comparison.state().models[0].verdict
//
// An event whose id is not pending (a late answer after a restart) is ignored. A failure stays with its model: the row
// says why and the others go on.
//
// Order of a comparison: every model gets one untimed run as soon as it is ready (its verdict is shown at once); when
// all models are ready or failed, timed repeats go round them, A B A B, so that a slow spell of the machine hits all.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/status.h"
#include "shared/compare/hugging_face_folder.h"
#include "shared/compare/reading.h"
#include "shared/compare/side_work.h"
#include "shared/compare/state.h"
#include "shared/records/manifest.h"
#include "shared/text/tokenizer.h"

namespace coppice::compare {

enum class RequestKind {
  kFetch,      // a small file, whole, answered by fetched()
  kProbe,      // is the model file in the cache? answered by probed()
  kLoad,       // model file: get, check, build a session; answered by progress(), preparing(), loaded()
  kRun,        // one inference, timed; answered by run_done()
  kSideRun,    // one inference beside the comparison (side_work.h); answered by run_done()
  kCalibrate,  // time the core's kernel and the clock for some seconds; answered by calibrated()
  kUnload,     // the session is no longer wanted; no answer
};

struct Request {
  int64_t id = 0;
  RequestKind kind = RequestKind::kFetch;
  std::string model;               // empty for the catalog
  std::string path;                // below the models folder; for kFetch, kProbe, kLoad
  int64_t bytes = -1;              // expected size, -1: not known
  std::string sha256;              // empty: not known (the catalog and the manifests)
  std::vector<int32_t> input_ids;  // kRun of a transformer; the attention mask is all ones
  // Of a linear model, which the core itself runs: kLoad and kRun.
  bool by_core = false;
  std::string config;  // kLoad: its config.json, read and checked; also of a transformer for the engine
  std::string text;    // kRun
  // Of a transformer, kLoad: what is to run it, "wasm" or "webgpu" (ONNX Runtime Web's backends), or "core", the
  // project's own engine, with the longest review it will be given.
  std::string backend;
  int64_t max_length = 0;
  bool timed = true;  // false: one plain run will do, of which the time is not used
};

class Comparison {
 public:
  Comparison();

  [[nodiscard]] const State& state() const { return state_; }
  // Oldest first; empty when there is nothing to do until the next event.
  std::optional<Request> next_request();

  // What the visitor does.
  void set_text(std::string_view text);  // any bytes; tokenised for every model that is described
  Status set_repeats(int repeats);       // 1 to 100; a comparison that runs keeps its own
  Status choose_device(std::string_view id);
  Status choose_grid(std::string_view id);
  Status select_model(std::string_view id, bool selected);
  // How it is shown and estimated (choices.h): "layout", "sort", "axis", "method", and "baseline" or "rival", whose
  // value is a model's id, or "" for none of one's own.
  Status choose(std::string_view what, std::string_view value);
  Status set_reviews(int64_t reviews);         // 1 to kMostReviews
  void tell_time_zone(std::string_view zone);  // the grid is guessed from it while none was chosen
  Status calibrate();                          // not while a comparison runs
  // Compares the selected models on the text; restarts a comparison that runs. Before the catalogue was read it begins
  // once that is, with the models and the text of then.
  Status start();
  void cancel();                      // keeps what is measured
  Status load(std::string_view id);   // download and prepare without comparing
  Status retry(std::string_view id);  // a failed model, from its manifest on
  // A model of the visitor's own becomes another row, under a name that no row has. Its files are asked for as any
  // other's, below that name, and answered from what was dropped. With a manifest (of `coppice export`), or without.
  Status add_model(std::string_view id);
  Status add_model(std::string_view id, const HuggingFaceFolder& folder);
  // "wasm", "webgpu" or "core": transformers are loaded again. Refused while models load or run.
  Status choose_backend(std::string_view backend);
  // Each chosen transformer also as a row of its own that the project's own engine runs, beside ONNX Runtime Web;
  // false: those rows are chosen no longer. Refused while a comparison runs, and where the engine runs all of them
  // anyway.
  Status run_beside(bool beside);

  // Work beside the comparison (side_work.h). It waits while a comparison runs, and loads the models it needs.
  [[nodiscard]] const SideWork& side() const { return side_; }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::vector<ModelReader> readers() const;  // valid until the next call that is not const
  Status explain();                                        // the verdicts on the text that was compared
  Status explain_every_word();
  void stop_explaining();
  Status find_disagreement();
  void stop_finding();
  // A file of reviews: the shipped ones, which the walk goes through, or a set of the visitor's.
  Status read_reviews(const std::string& name, std::string_view bytes, bool shipped);
  // A set that was read elsewhere, in parts (reviews/packed_reviews.h). `first` forgets parts taken before.
  Status add_packed_reviews(std::string_view packed, bool first);
  Status use_added_reviews(const std::string& name);
  Status use_shipped_reviews();  // as the set
  Status start_set();
  Status pause_set();
  Status resume_set();
  Status stop_set();

  // What the outside answers.
  void fetched(int64_t id, std::string_view bytes);
  void probed(int64_t id, bool on_device);
  void progress(int64_t id, int64_t bytes_done, int64_t bytes_total);
  void preparing(int64_t id);
  // runtime: what it really was loaded in, where that was not the backend asked for; absent: the one last announced.
  void loaded(int64_t id, bool stored_on_device, std::optional<Runtime> runtime = std::nullopt);
  // runs: how many runs `milliseconds` is the mean of.
  void run_done(int64_t id, std::array<double, 2> logits, double milliseconds, int64_t runs = 1);
  void calibrated(int64_t id, Calibration calibration);
  void request_failed(int64_t id, std::string message);  // any request
  // The worker is gone with all its sessions. The model it was running fails; the others load again when needed.
  void runtime_lost(const std::string& message);
  void set_runtime(Runtime runtime);
  Status set_stored(std::string_view id, bool on_device);  // a kept model file was removed, or is there again
  void add_notice(std::string message);

 private:
  struct Model {
    records::Manifest manifest;
    std::shared_ptr<const text::Tokenizer> tokenizer;  // null for a linear model
    std::string config;                                // of a linear model, and of a transformer that the engine runs
    bool described = false;                            // a text can be read
    bool without_manifest = false;                     // brought by the visitor; `manifest` was made of its files
    bool positive_first = false;                       // its logits are to be swapped
    std::optional<Runtime> runtime;                    // that it is loaded in
    Reading reading;                                   // of the current text
    bool in_comparison = false;
    bool warmed_up = false;
    Reading compared;  // of the text that is compared
  };
  struct Pending {
    RequestKind kind;
    size_t model;  // index; kNoModel for the catalog
    std::string path;
  };

  int64_t emit(Request request, size_t model);
  std::optional<Pending> take_pending(int64_t id, RequestKind kind);
  const Pending* find_pending(int64_t id, RequestKind kind) const;
  Result<size_t> find_model(std::string_view id) const;

  void read_catalog(std::string_view bytes);
  void lack_catalog(std::string problem);
  void stop_waiting_for_list();
  void describe(size_t model);  // ask for its manifest
  void read_manifest(size_t model, std::string_view bytes);
  void read_vocabulary(size_t model, std::string_view bytes);
  void read_linear_config(size_t model, std::string_view bytes);
  [[nodiscard]] const std::string& backend_of(const ModelRow& row) const;
  void add_twin(size_t model);
  // The engine takes a transformer's config.json beside its weights: asked for when it is first to be loaded there.
  [[nodiscard]] bool lacks_config(size_t model) const;
  void ask_config(size_t model);
  void read_bert_config(size_t model, std::string_view bytes);
  void offer(size_t model);
  Result<size_t> new_row(std::string_view id);
  [[nodiscard]] Reading read(size_t model, std::string_view text) const;
  void read_current(size_t model);
  void fail(size_t model, std::string problem);

  void clear_results();
  void clear_result(size_t model);
  void pump();  // emits what can be done next
  void pump_loads();
  void pump_side();
  Status begin_side(Status status);
  void side_run_done(size_t model, const RunAnswer& answer);
  bool emit_run(size_t model);
  void summarise();
  void estimate(size_t model);
  void estimate_all();
  void calibration_ended(const std::string& problem);  // empty: well
  void write_headline();
  void changed() { ++state_.revision; }

  State state_;
  SideWork side_;
  reviews::ReviewFile added_;                                                 // parts of a set that is on its way
  std::vector<Model> models_;                                                 // beside state_.models
  std::map<std::string, std::shared_ptr<const text::Tokenizer>> tokenizers_;  // by vocabulary hash and casing
  std::string text_;
  std::string compared_text_;
  std::deque<Request> requests_;
  std::map<int64_t, Pending> pending_;
  int64_t last_id_ = 0;
  bool comparing_ = false;
  bool start_when_listed_ = false;  // start() came before the catalogue
  bool grid_chosen_ = false;        // by the visitor
  int repeats_now_ = 0;             // of the comparison that runs
};

}  // namespace coppice::compare
