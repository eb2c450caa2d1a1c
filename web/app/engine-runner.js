// Transformers on the project's own engine (shared/engine in WebAssembly), on one thread: each model in an instance of the
// engine of its own, whose memory goes with it.
import { CoreError, loadCore } from './core.js';
import { engineOptions } from './places.js';
import { relaxedWorks } from './relaxed.js';

const loaders = {
  coppice_engine: () => import('../engine/coppice_engine.js'),
  coppice_engine_relaxed: () => import('../engine/coppice_engine_relaxed.js'),
};

export class EngineRunner {
  #models = new Map(); // model -> what createEngine gave
  #build = null;
  #next = null; // promise of an instance for the next model

  has(model) {
    return this.#models.has(model);
  }

  // Fetches and compiles an instance that the next load() takes. What goes wrong is said there.
  prepare() {
    this.#next ??= this.#start();
    this.#next.catch(() => {});
  }

  async #start() {
    this.#build ??= relaxedWorks() ? 'coppice_engine_relaxed' : 'coppice_engine';
    const { default: createModule } = await loaders[this.#build]();
    return loadCore(createModule, await engineOptions(this.#build));
  }

  // file: { content }, the bytes of the ONNX file. Returns what rows say of the runtime.
  async load(model, { path, config, max_length: mostTokens }, { content }) {
    const next = this.#next ?? this.#start();
    this.#next = null; // also where it failed: the next attempt starts anew
    const core = await next;
    this.unload(model);
    const engine = core.createEngine(config, content, { source: path, mostTokens });
    this.#models.set(model, engine);
    const { version, instruction_set: instructions } = engine.about();
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
