// Linear models over word n-grams, run and timed by the core itself: a copy of it of the worker's own, made when the
// first such model is loaded.
//
// One run takes microseconds, and a page's clock moves in steps of 5 to 1,000 of them, by design. So a timed run is a
// batch: as many runs as take fifty steps of the clock, but at least ten milliseconds, and its time is their mean.
import createModule from '../core/coppice.js';
import { clockStep, turnsThatTake } from './calibrate.js';
import { CoreError, loadCore } from './core.js';
import { coreOptions } from './places.js';

const leastBatchMs = 10;
const mostBatchMs = 200;
const clockLookMs = 5;
const stepsPerBatch = 50;
const mostRuns = 1_000_000;

export class LinearRunner {
  #core = null; // the promise of it
  #models = new Map();
  #batchMs = 0;

  has(model) {
    return this.#models.has(model);
  }

  async load(model, config, weights) {
    this.#core ??= coreOptions().then((options) => loadCore(createModule, options));
    let core;
    try {
      core = await this.#core;
    } catch (error) {
      this.#core = null; // the next attempt starts anew
      throw error;
    }
    this.unload(model);
    this.#models.set(model, { linear: core.createLinear(config, weights), text: null, runs: 1 });
  }

  unload(model) {
    this.#models.get(model)?.linear.destroy();
    this.#models.delete(model);
  }

  // Returns { logits, milliseconds, runs }: of one run, as the mean of so many. Without `timed` it is run once and no
  // time is taken.
  run(model, text, { timed = true } = {}) {
    const loaded = this.#models.get(model);
    try {
      if (!timed) return { logits: loaded.linear.judge(text).logits, milliseconds: 0, runs: 1 };
      if (loaded.text !== text) this.#fit(loaded, text);
      const start = performance.now();
      const { logits } = loaded.linear.judge(text, loaded.runs);
      return { logits, milliseconds: (performance.now() - start) / loaded.runs, runs: loaded.runs };
    } catch (error) {
      // A trap, such as memory that ran out, leaves a copy of the core that is not to be trusted: the next load makes another.
      if (!(error instanceof CoreError)) this.#models.clear(), (this.#core = null);
      throw error;
    }
  }

  // How many runs of this text fill a batch.
  #fit(loaded, text) {
    this.#batchMs ||= Math.min(mostBatchMs, Math.max(leastBatchMs, stepsPerBatch * clockStep(clockLookMs)));
    loaded.runs = turnsThatTake(this.#batchMs, (runs) => loaded.linear.judge(text, runs), { most: mostRuns });
    loaded.text = text;
  }
}
