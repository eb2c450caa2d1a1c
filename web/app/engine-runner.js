// Transformers on the project's own engine (shared/engine in WebAssembly): each model in an instance of the engine of its
// own, whose memory goes with it, and its threads, of which a page that is cross-origin isolated has some.
import { CoreError, loadCore } from './core.js';
import { engineOptions } from './places.js';
import { relaxedWorks } from './relaxed.js';
import { threadsToUse } from './threads.js';

const loaders = {
  coppice_engine: () => import('../engine/coppice_engine.js'),
  coppice_engine_relaxed: () => import('../engine/coppice_engine_relaxed.js'),
  coppice_engine_threads: () => import('../engine/coppice_engine_threads.js'),
  coppice_engine_relaxed_threads: () => import('../engine/coppice_engine_relaxed_threads.js'),
};

export class EngineRunner {
  #models = new Map(); // model -> { engine: what createEngine gave, core: its instance }
  #alone = false; // threads were tried, in vain
  #next = null; // promise of an instance for the next model

  has(model) {
    return this.#models.has(model);
  }

  // Fetches and compiles an instance that the next load() takes. What goes wrong is said there.
  prepare() {
    this.#next ??= this.#start();
    this.#next.catch(() => {});
  }

  // Where there is no memory to share, as some small devices give none of the size, it is one thread after all, which the
  // row says.
  async #start() {
    const build = relaxedWorks() ? 'coppice_engine_relaxed' : 'coppice_engine';
    const wanted = this.#alone ? 1 : threadsToUse();
    if (wanted > 1) {
      try {
        const core = await this.#instance(`${build}_threads`);
        return { core, threads: await core.useThreads(wanted) };
      } catch (error) {
        console.warn(`Coppice engine: no threads (${error.message})`);
        this.#alone = true;
      }
    }
    return { core: await this.#instance(build), threads: 1 };
  }

  async #instance(build) {
    const { default: createModule } = await loaders[build]();
    return loadCore(createModule, await engineOptions(build));
  }

  // file: { content }, the bytes of the ONNX file. Returns what rows say of the runtime.
  async load(model, { path, config, max_length: mostTokens }, { content }) {
    const next = this.#next ?? this.#start();
    this.#next = null; // also where it failed: the next attempt starts anew
    const { core, threads } = await next;
    this.unload(model);
    try {
      const engine = core.createEngine(config, content, { source: path, mostTokens });
      this.#models.set(model, { engine, core });
      const { version, instruction_set: instructions } = engine.about();
      return { name: 'Coppice engine', version, backend: instructions, threads, isolated: self.crossOriginIsolated === true };
    } catch (error) {
      core.endThreads();
      throw error;
    }
  }

  unload(model) {
    this.#models.get(model)?.core.endThreads();
    this.#models.delete(model); // and with it the instance
  }

  // Returns { logits, milliseconds }.
  run(model, ids) {
    const { engine } = this.#models.get(model);
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
    return this.#models.get(model).engine.profile();
  }
}
