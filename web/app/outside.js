// Carries out what the core asks for: small files by fetch, models and runs in the worker. Answers come back as events
// with the request's id; the order does not matter.
import { sha256 } from './sha256.js';

// Larger than any vocabulary or manifest; a server that answers without end is cut off there.
const mostBytes = 16 * 1024 * 1024;

async function fetchSmall(url, { bytes, sha256: hash }) {
  let response;
  try {
    response = await fetch(url, { cache: 'no-cache' });
  } catch (error) {
    throw new Error(`the download failed (${error.message}). Check the connection and try again.`);
  }
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${new URL(url).pathname}.`);
  const length = Number(response.headers.get('Content-Length') ?? 0);
  if (length > mostBytes) throw new Error(`the file has ${length} bytes, which is more than it can be.`);
  const content = new Uint8Array(await response.arrayBuffer());
  if (bytes !== undefined && content.length !== bytes) {
    throw new Error(`${new URL(url).pathname} has ${content.length} bytes, its manifest says ${bytes}. It was not used.`);
  }
  if (hash && (await sha256(content)) !== hash) {
    throw new Error(`${new URL(url).pathname} is not the file its manifest describes (SHA-256). It was not used.`);
  }
  return content;
}

// models: URL of the folder that holds catalog.json. comparison: from core.js. changed(): after every event.
export class Outside {
  #models;
  #comparison;
  #changed;
  #worker = null;
  #described = new Set();

  constructor({ models, comparison, changed }) {
    this.#models = models;
    this.#comparison = comparison;
    this.#changed = changed;
  }

  // URLs of the small files that were read: what a later visit without a network needs.
  get described() {
    return [...this.#described];
  }

  // Hands one event to the core and does what it then asks for. Returns the core's error, or null.
  send(event) {
    return this.#apply(() => this.#comparison.event(event));
  }

  setText(text) {
    return this.#apply(() => this.#comparison.setText(text));
  }

  // A file of reviews for the core. Returns its error, or null.
  readReviews(name, content, options) {
    return this.#apply(() => this.#comparison.readReviews(name, content, options));
  }

  // After a change from elsewhere, e.g. at the start.
  carryOut() {
    for (let request = this.#comparison.nextRequest(); request; request = this.#comparison.nextRequest()) {
      if (request.kind === 'fetch') this.#fetch(request);
      else this.#post(request);
    }
    this.#changed();
  }

  #apply(call) {
    let error = null;
    try {
      call();
    } catch (caught) {
      error = caught;
    }
    this.carryOut();
    return error;
  }

  async #fetch(request) {
    const url = new URL(request.path, this.#models).href;
    try {
      const content = await fetchSmall(url, request);
      this.#described.add(url);
      this.#apply(() => this.#comparison.fetched(request.id, content));
    } catch (error) {
      const prefix = request.model ? `${request.model}: ` : '';
      this.send({ type: 'failed', id: request.id, message: prefix + error.message });
    }
  }

  #post(request) {
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage({ ...request, url: request.path && new URL(request.path, this.#models).href });
  }

  #startWorker() {
    const worker = new Worker(new URL('./runtime-worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }) => this.send(data));
    const lost = (reason) => {
      worker.terminate();
      if (this.#worker === worker) this.#worker = null; // the next request starts another
      this.send({ type: 'runtime_lost', message: `the worker that ran it stopped (${reason}).` });
    };
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      lost(event.message || 'it could not be started');
    });
    worker.addEventListener('messageerror', () => lost('a message could not be read'));
    return worker;
  }
}
