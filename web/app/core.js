// The C++ core as ordinary objects: the one script that touches the WASM heap. Every call of the C ABI
// (wasm/api/coppice_api.h) goes through here.
//
// A typed view over the heap dies when the heap grows, so nothing here keeps one: outputs are copied before a function
// returns, inputs are released in `finally`, and views are taken anew each time.

const abiVersion = 1;
const statusNames = ['ok', 'invalid_input', 'invalid_usage', 'not_found', 'unsupported', 'failed', 'interrupted'];

// A call of the core that did not succeed; `code` is a name of statusNames.
export class CoreError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'CoreError';
    this.code = code;
  }
}

// createModule: the default export of coppice.js. options: Emscripten's ({ wasmBinary } in node).
export async function loadCore(createModule, options = {}) {
  const module = await createModule(options);
  return new Core(module);
}

// Copies of `packed` (shared/reviews/packed_reviews.h) cut between records.
function splitRecords(packed, mostBytes) {
  const headBytes = 12;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const parts = [];
  let begin = 0;
  for (let at = 0; at < packed.length; ) {
    const end = at + headBytes + view.getUint32(at + 8, true);
    if (end - begin > mostBytes && at > begin) {
      parts.push(packed.slice(begin, at));
      begin = at;
    }
    at = end;
  }
  parts.push(packed.slice(begin));
  return parts;
}

class Core {
  #module;
  #common; // what every module has, under its own name: (name) => function
  #scratch; // room for the outputs of one call: a pointer or a number, and a length

  constructor(module) {
    this.#module = module;
    // Of the library of shared/core_api the names go on with core_.
    const prefix = module._coppice_core_abi_version ? '_coppice_core_' : '_coppice_';
    this.#common = (name) => module[prefix + name];
    const version = this.#common('abi_version')();
    if (version !== abiVersion) {
      throw new CoreError('unsupported', `the core speaks version ${version} of its interface, this page ${abiVersion}`);
    }
    this.#scratch = this.#common('alloc')(16);
    new Uint8Array(module.HEAPU8.buffer, this.#scratch, 16).fill(0);
  }

  #check(status) {
    if (status !== 0) throw new CoreError(statusNames[status] ?? String(status), this.#lastError());
  }

  #lastError() {
    const heap = this.#module.HEAPU8;
    const start = this.#common('last_error')();
    let end = start;
    while (heap[end] !== 0) end += 1;
    return new TextDecoder().decode(heap.slice(start, end));
  }

  // Copies bytes in, calls `use(pointer, length)`, releases.
  #withBytes(bytes, use) {
    const pointer = this.#common('alloc')(Math.max(1, bytes.length));
    if (pointer === 0) throw new CoreError('failed', `the core has no memory left for ${bytes.length} bytes`);
    try {
      this.#module.HEAPU8.set(bytes, pointer);
      return use(pointer, bytes.length);
    } finally {
      this.#common('release')(pointer);
    }
  }

  #withText(text, use) {
    return this.#withBytes(new TextEncoder().encode(text), use); // lone surrogates become U+FFFD
  }

  #withZeroTerminated(text, use) {
    return this.#withText(`${text}\0`, use);
  }

  #word(offset) {
    return this.#module.HEAPU32[(this.#scratch + offset) >> 2];
  }

  #handle(call) {
    this.#check(call(this.#scratch));
    return this.#word(0);
  }

  // For calls that give (pointer, count): the elements of `heapName`, copied.
  #array(heapName, call) {
    this.#check(call(this.#scratch, this.#scratch + 4));
    const heap = this.#module[heapName];
    const start = this.#word(0) / heap.BYTES_PER_ELEMENT;
    return heap.slice(start, start + this.#word(4));
  }

  #json(call) {
    const bytes = this.#array('HEAPU8', call);
    return bytes.length === 0 ? null : JSON.parse(new TextDecoder().decode(bytes));
  }

  createTokenizer(vocabulary, { lowerCase = true } = {}) {
    const module = this.#module;
    const handle = this.#withBytes(vocabulary, (bytes, length) =>
      this.#handle((out) => module._coppice_tokenizer_create(bytes, length, lowerCase ? 1 : 0, out)),
    );
    return {
      // text: a string, or bytes as they are. Returns { ids, offsets, tokensBeforeTruncation }.
      encode: (text, { maxLength = 0, truncation = 'head' } = {}) => {
        const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
        const encoding = this.#withZeroTerminated(truncation, (rule) =>
          this.#withBytes(bytes, (pointer, length) =>
            this.#handle((out) => module._coppice_tokenizer_encode(handle, pointer, length, maxLength, rule, out)),
          ),
        );
        try {
          const ids = this.#array('HEAP32', (a, b) => module._coppice_encoding_ids(encoding, a, b));
          const offsets = this.#array('HEAPU32', (a, b) => module._coppice_encoding_offsets(encoding, a, b));
          this.#check(module._coppice_encoding_tokens_before_truncation(encoding, this.#scratch));
          return { ids, offsets, tokensBeforeTruncation: this.#word(0) };
        } finally {
          module._coppice_encoding_destroy(encoding);
        }
      },
      destroy: () => module._coppice_tokenizer_destroy(handle),
    };
  }

  // A linear model over word n-grams, from its folder's files: config.json as text, model.safetensors as bytes.
  createLinear(config, weights) {
    const module = this.#module;
    const handle = this.#withText(config, (json, jsonLength) =>
      this.#withBytes(weights, (bytes, length) =>
        this.#handle((out) => module._coppice_linear_create(json, jsonLength, bytes, length, out)),
      ),
    );
    return {
      // Judges the text `times` times over: one time is too short for a browser's clock. Returns { logits, words }.
      judge: (text, times = 1) =>
        this.#withText(text, (bytes, length) => {
          for (let i = 0; i < times; i += 1) {
            this.#check(module._coppice_linear_judge(handle, bytes, length, this.#scratch, this.#scratch + 8));
          }
          const start = this.#scratch >> 2;
          return { logits: Array.from(module.HEAPF32.slice(start, start + 2)), words: this.#word(8) };
        }),
      destroy: () => module._coppice_linear_destroy(handle),
    };
  }

  // Only of the engine's module (coppice_engine.js): a transformer on the project's own kernels. config: its config.json as
  // text; weights: the bytes of its ONNX file; source: the file's name in messages; mostTokens: the longest review.
  createEngine(config, weights, { source, mostTokens = 0 }) {
    const module = this.#module;
    // Belongs to the engine from the call on, which computes with what lies there.
    const memory = module._coppice_alloc(Math.max(1, weights.length));
    if (memory === 0) throw new CoreError('failed', `no memory left for ${weights.length} bytes. Choose a smaller model.`);
    module.HEAPU8.set(weights, memory);
    const handle = this.#withText(config, (json, jsonLength) =>
      this.#withZeroTerminated(source, (name) =>
        this.#handle((out) => module._coppice_engine_create(json, jsonLength, memory, weights.length, name, mostTokens, out)),
      ),
    );
    return {
      // ids: an array or Int32Array with [CLS] and [SEP]. Returns the two logits.
      classify: (ids) =>
        this.#withBytes(new Uint8Array(Int32Array.from(ids).buffer), (pointer) => {
          this.#check(module._coppice_engine_classify(handle, pointer, ids.length, this.#scratch));
          const start = this.#scratch >> 2;
          return Array.from(module.HEAPF32.slice(start, start + 2));
        }),
      about: () => this.#json((a, b) => module._coppice_engine_about(a, b)),
      // See coppice_engine_profile; also heap_bytes, of all memory of this module.
      profile: () => ({
        ...this.#json((a, b) => module._coppice_engine_profile(handle, a, b)),
        heap_bytes: module.HEAPU8.length,
      }),
      destroy: () => module._coppice_engine_destroy(handle),
    };
  }

  // Before the first engine, of a module with threads: waits until there are `count`, the worker's own included, and
  // answers how many there are.
  async useThreads(count, { milliseconds = 3000 } = {}) {
    const end = performance.now() + milliseconds;
    for (;;) {
      const running = this.#module._coppice_engine_use_threads(count);
      if (running >= count || performance.now() > end) return running;
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  // Threads do not end with the module, which they keep.
  endThreads() {
    this.#module.PThread?.terminateAllThreads();
  }

  // The same, for tests: see coppice_engine_read_signed_bytes.
  readSignedBytes() {
    this.#module._coppice_engine_read_signed_bytes();
  }

  // Only of the library's module (coppice_model.js): the paths that a model's manifest.json, as bytes, asks for.
  neededFiles(manifest) {
    const paths = this.#withBytes(manifest, (bytes, length) =>
      this.#array('HEAPU8', (a, b) => this.#module._coppice_core_needed_files(bytes, length, a, b)),
    );
    return new TextDecoder().decode(paths).split('\n');
  }

  // The same: devices, countries and methods.
  modelChoices() {
    return this.#json((a, b) => this.#module._coppice_core_choices(a, b));
  }

  // The same: a model from the files of its folder, { 'config.json': bytes, ... }.
  createModel(files) {
    const module = this.#module;
    const entries = Object.entries(files);
    const kept = []; // that are to be given back; the files' own bytes are the model's from the call on
    const take = (bytes, list) => {
      const pointer = this.#common('alloc')(bytes.length);
      if (pointer === 0) throw new CoreError('failed', `no memory left for ${bytes.length} bytes. Choose a smaller model.`);
      list.push(pointer);
      module.HEAPU8.set(bytes, pointer);
      return pointer;
    };
    const owned = [];
    let handle;
    try {
      const list = entries.flatMap(([path, bytes]) => [
        take(new TextEncoder().encode(`${path}\0`), kept),
        take(bytes, owned),
        bytes.length,
        1,
      ]);
      const pointer = take(new Uint8Array(Uint32Array.from(list).buffer), kept);
      const ours = owned.splice(0);
      handle = this.#handle((out) => module._coppice_core_model_create(pointer, ours.length, out));
    } finally {
      for (const pointer of [...kept, ...owned]) this.#common('release')(pointer);
    }
    return {
      about: this.#json((a, b) => module._coppice_core_model_describe(handle, a, b)),
      // text: a string, or bytes of UTF-8. place: { device, country, method } of those that modelChoices() lists.
      classify: (text, place = {}) => {
        const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
        return this.#withText(JSON.stringify(place), (where, whereLength) =>
          this.#withBytes(bytes, (pointer, length) =>
            this.#json((a, b) => module._coppice_core_classify_json(handle, pointer, length, where, whereLength, a, b)),
          ),
        );
      },
      heapBytes: () => module.HEAPU8.length,
      destroy: () => module._coppice_core_model_destroy(handle),
    };
  }

  // Runs the calibration kernel for the caller to time. Returns how many float32 operations it did.
  calibrate(rounds) {
    this.#check(this.#module._coppice_calibration_run(rounds, this.#scratch, this.#scratch + 8));
    if (!Number.isFinite(this.#module.HEAPF32[(this.#scratch + 8) >> 2])) {
      throw new CoreError('failed', 'the calibration kernel gave no finite number');
    }
    return this.#module.HEAPF64[this.#scratch >> 3];
  }

  // A file of reviews, read for a comparison elsewhere: parts of at most `mostBytes` (or one review), each of whole records.
  packReviews(name, content, mostBytes) {
    const module = this.#module;
    const handle = this.#withZeroTerminated(name, (named) =>
      this.#withBytes(content, (bytes, length) => this.#handle((out) => module._coppice_reviews_create(named, bytes, length, out))),
    );
    try {
      const packed = this.#array('HEAPU8', (a, b) => module._coppice_reviews_packed(handle, a, b));
      return splitRecords(packed, mostBytes);
    } finally {
      module._coppice_reviews_destroy(handle);
    }
  }

  // The comparison; its messages are those of shared/compare/messages.h.
  createComparison() {
    const module = this.#module;
    const handle = this.#handle((out) => module._coppice_comparison_create(out));
    return {
      handle,
      setText: (text) =>
        this.#withText(text, (bytes, length) =>
          this.#check(module._coppice_comparison_set_text(handle, bytes, length)),
        ),
      fetched: (id, content) =>
        this.#withBytes(content, (bytes, length) =>
          this.#check(module._coppice_comparison_fetched(handle, id, bytes, length)),
        ),
      event: (event) =>
        this.#withText(JSON.stringify(event), (bytes, length) =>
          this.#check(module._coppice_comparison_event(handle, bytes, length)),
        ),
      // A file of reviews: the page's own, or a set of the visitor's.
      readReviews: (name, content, { shipped = false } = {}) =>
        this.#withZeroTerminated(name, (named) =>
          this.#withBytes(content, (bytes, length) =>
            this.#check(module._coppice_comparison_read_reviews(handle, named, bytes, length, shipped ? 1 : 0)),
          ),
        ),
      // A part of packReviews() of another instance, and the end of them.
      addReviews: (packed, { first }) =>
        this.#withBytes(packed, (bytes, length) =>
          this.#check(module._coppice_comparison_add_reviews(handle, bytes, length, first ? 1 : 0)),
        ),
      useAddedReviews: (name) =>
        this.#withZeroTerminated(name, (named) => this.#check(module._coppice_comparison_use_added_reviews(handle, named))),
      // A question of shared/compare/side_messages.h, answered by JSON; askBytes: by the bytes of a file or text.
      ask: (question) =>
        this.#withText(JSON.stringify(question), (bytes, length) =>
          this.#json((a, b) => module._coppice_comparison_ask(handle, bytes, length, a, b)),
        ),
      askBytes: (question) =>
        this.#withText(JSON.stringify(question), (bytes, length) =>
          this.#array('HEAPU8', (a, b) => module._coppice_comparison_ask(handle, bytes, length, a, b)),
        ),
      nextRequest: () => this.#json((a, b) => module._coppice_comparison_next_request(handle, a, b)),
      view: () => this.#json((a, b) => module._coppice_comparison_view(handle, a, b)),
      choices: () => this.#json((a, b) => module._coppice_comparison_choices(handle, a, b)),
      revision: () => module._coppice_comparison_revision(handle),
      destroy: () => module._coppice_comparison_destroy(handle),
    };
  }

  // Drawing on `canvas`; fonts: [{ weight: 400 | 600, bytes }].
  createDrawing(canvas, comparison, fonts) {
    const module = this.#module;
    const name = '!coppice';
    module.specialHTMLTargets[name] = canvas;
    const handle = this.#withZeroTerminated(name, (target) =>
      this.#handle((out) => module._coppice_ui_create(target, comparison.handle, out)),
    );
    for (const { weight, bytes } of fonts) {
      this.#withBytes(bytes, (pointer, length) =>
        this.#check(module._coppice_ui_add_font(handle, weight, pointer, length)),
      );
    }
    return {
      resize: (width, height, ratio) => this.#check(module._coppice_ui_resize(handle, width, height, ratio)),
      setDark: (dark) => this.#check(module._coppice_ui_set_dark(handle, dark ? 1 : 0)),
      // chart: 'time', 'energy', 'tradeoff' or 'ledger'.
      setChart: (chart) =>
        this.#check(module._coppice_ui_set_chart(handle, ['time', 'energy', 'tradeoff', 'ledger'].indexOf(chart))),
      setView: (view) => this.#check(module._coppice_ui_set_view(handle, view === 'set' ? 1 : 0)),
      pointer: (x, y, down) => this.#check(module._coppice_ui_pointer(handle, x, y, down ? 1 : 0)),
      pointerLeave: () => this.#check(module._coppice_ui_pointer_leave(handle)),
      contextRestored: () => this.#check(module._coppice_ui_context_restored(handle)),
      // Of the last drawing: { top, height } of the chart's card; height 0 where there is none.
      chartPlace: () => {
        this.#check(module._coppice_ui_chart_place(handle, this.#scratch, this.#scratch + 4));
        const start = this.#scratch >> 2;
        return { top: module.HEAPF32[start], height: module.HEAPF32[start + 1] };
      },
      // Returns { wantedHeight, again }.
      draw: (seconds) => {
        this.#check(module._coppice_ui_draw(handle, seconds, this.#scratch, this.#scratch + 4));
        return { wantedHeight: module.HEAPF32[this.#scratch >> 2], again: this.#word(4) === 1 };
      },
      destroy: () => module._coppice_ui_destroy(handle),
    };
  }
}
