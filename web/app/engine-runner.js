// Transformers on the project's own engine (shared/engine in WebAssembly), on one thread: each model in an instance of the
// engine of its own, whose memory goes with it.
import { CoreError, loadCore } from './core.js';
import { engineOptions } from './places.js';

const loaders = {
  coppice_engine: () => import('../engine/coppice_engine.js'),
  coppice_engine_relaxed: () => import('../engine/coppice_engine_relaxed.js'),
};

// g(a, b, c) = c + the dot product of the bytes of a and b, by relaxed SIMD.
const dotProgram = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 127, 127, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 103, 0, 0, 10, 22, 1, 20, 0, 32, 0, 253, 17,
  32, 1, 253, 17, 32, 2, 253, 17, 253, 147, 2, 253, 27, 0, 11,
];

// Asked to compute, not only whether it is there: the baseline compiler of V8 11.3, just before browsers had the instruction
// without a flag, adds the product to itself instead of to c.
function relaxedWorks() {
  try {
    const { g } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(dotProgram))).exports;
    return g(0x01fe0304, 0x7f010101, 1000) === 1000 + 4 + 3 - 2 + 127;
  } catch {
    return false;
  }
}

export class EngineRunner {
  #models = new Map(); // model -> what createEngine gave
  #build = null;

  has(model) {
    return this.#models.has(model);
  }

  // file: { content }, the bytes of the ONNX file. Returns what rows say of the runtime.
  async load(model, { path, config, max_length: mostTokens }, { content }) {
    this.#build ??= relaxedWorks() ? 'coppice_engine_relaxed' : 'coppice_engine';
    const { default: createModule } = await loaders[this.#build]();
    const core = await loadCore(createModule, await engineOptions(this.#build));
    this.unload(model);
    const engine = core.createEngine(config, content, { source: path, mostTokens });
    this.#models.set(model, engine);
    const { version, instruction_set: instructions } = engine.profile();
    return { name: 'Coppice engine', version, backend: instructions, threads: 1, isolated: self.crossOriginIsolated === true };
  }

  unload(model) {
    this.#models.delete(model); // and with it the instance
  }

  // Returns { logits, milliseconds }.
  run(model, ids) {
    const engine = this.#models.get(model);
    const start = performance.now();
    try {
      const logits = engine.classify(ids);
      return { logits, milliseconds: performance.now() - start };
    } catch (error) {
      // A trap leaves an instance that is not to be trusted: the next load makes another.
      if (!(error instanceof CoreError)) this.unload(model);
      throw error;
    }
  }

  // Where the time of this model's runs went (coppice_engine_profile).
  profile(model) {
    return this.#models.get(model).profile();
  }
}
