// Carries out what the core asks for: small files by fetch, models and runs in the worker. Answers come back as events
// with the request's id; the order does not matter.
import { startWorker } from './places.js';
import { check } from './small-files.js';

// One file of a model that the visitor brought.
async function readOwn(files, path, request) {
  const file = files.get(path);
  if (!file) throw new Error(`${path} is missing in the folder that was dropped.`);
  if (request.bytes !== undefined && file.size !== request.bytes) {
    throw new Error(`${path} has ${file.size} bytes, its manifest says ${request.bytes}: it was cut short or altered. It was not used.`);
  }
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new Error(`${path} can no longer be read (${error.message}). Drop the model again.`);
  }
}

// models: URL of the folder that holds catalog.json. files: SmallFiles of it. changed(): after every event. The worker starts
// at once, so that it is there when the core is; of use after attach().
export class Outside {
  #models;
  #comparison = null;
  #changed;
  #worker = null;
  #files;
  #own = new Map(); // model -> its files, of those that the visitor brought
  #asked = new Map(); // ticket -> { resolve, reject } of what the worker does apart from the core's requests
  #tickets = 0;
  #sets = 0;

  constructor({ models, files, changed }) {
    this.#models = models;
    this.#files = files;
    this.#changed = changed;
    this.#worker = this.#startWorker();
  }

  // comparison: from core.js. Carries out what it asks for from the start.
  attach(comparison) {
    this.#comparison = comparison;
    this.carryOut();
  }

  // URLs of the small files that were read: what a later visit without a network needs.
  get described() {
    return this.#files.described;
  }

  // The visitor is about to compare: the worker, and in it the runtime for `backend`, are started meanwhile. What goes
  // wrong is said when a model is loaded, which tries again.
  prepare(backend) {
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage({ kind: 'prepare', backend });
  }

  // Hands one event to the core and does what it then asks for. Returns the core's error, or null.
  send(event) {
    return this.#apply(() => this.#comparison.event(event));
  }

  setText(text) {
    return this.#apply(() => this.#comparison.setText(text));
  }

  // One of bring.js's models. Returns the core's error, or null.
  addModel({ event, files }) {
    this.#own.set(event.model, files);
    const error = this.send(event);
    if (error) this.#own.delete(event.model);
    return error;
  }

  #ask(message) {
    this.#tickets += 1;
    const ticket = this.#tickets;
    const answer = new Promise((resolve, reject) => this.#asked.set(ticket, { resolve, reject }));
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage({ ...message, ticket }, message.bytes ? [message.bytes] : []);
    return answer.finally(() => this.#asked.delete(ticket));
  }

  // In the worker, since it takes seconds. Resolves to Map(path -> Uint8Array).
  unzip(bytes) {
    return this.#ask({ kind: 'unzip', bytes });
  }

  // Where the time of a model's runs went in the project's own engine; null where it is not loaded there.
  profile(model) {
    return this.#ask({ kind: 'profile', model });
  }

  // A short file of reviews for the core. Returns its error, or null.
  readReviews(name, content, options) {
    return this.#apply(() => this.#comparison.readReviews(name, content, options));
  }

  // A set of the visitor's, of any length: read in the worker and taken part by part, so that the page stays alive.
  // Resolves to the core's error or null; undefined where a later one has taken its place.
  async readSet(name, bytes) {
    this.#sets += 1;
    const mine = this.#sets;
    try {
      const parts = await this.#ask({ kind: 'reviews', name, bytes });
      for (const [place, part] of parts.entries()) {
        if (mine !== this.#sets) return undefined;
        this.#comparison.addReviews(part, { first: place === 0 });
        await new Promise((resolve) => setTimeout(resolve));
      }
    } catch (error) {
      return error;
    }
    return mine === this.#sets ? this.#apply(() => this.#comparison.useAddedReviews(name)) : undefined;
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
      const { files: own, path } = this.#ownOf(request);
      let content;
      if (own) {
        content = await check(await readOwn(own, path, request), path, request);
      } else {
        content = await this.#files.get(url, request);
      }
      this.#apply(() => this.#comparison.fetched(request.id, content));
    } catch (error) {
      const prefix = request.model ? `${request.model}: ` : '';
      this.send({ type: 'failed', id: request.id, message: prefix + error.message });
    }
  }

  // The files of the folder that a request's path begins with, where the visitor brought them, and the path below it.
  #ownOf({ path = '' }) {
    const [folder] = path.split('/', 1);
    return { files: this.#own.get(folder), path: path.slice(folder.length + 1) };
  }

  #post(request) {
    const { files: own } = this.#ownOf(request);
    if (own && request.kind === 'probe') return void this.send({ type: 'probed', id: request.id, on_device: true });
    if (own && request.kind === 'load') return void this.#loadOwn(request);
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage({ ...request, url: request.path && new URL(request.path, this.#models).href });
  }

  async #loadOwn(request) {
    try {
      const { files, path } = this.#ownOf(request);
      const content = await readOwn(files, path, request);
      this.#worker ??= this.#startWorker();
      this.#worker.postMessage({ ...request, content }, [content.buffer]);
    } catch (error) {
      this.send({ type: 'failed', id: request.id, message: `${request.model}: ${error.message}` });
    }
  }

  #startWorker() {
    const worker = startWorker();
    worker.addEventListener('message', ({ data }) => {
      if (data.type !== 'answered') return void this.send(data);
      const { resolve, reject } = this.#asked.get(data.ticket);
      if (data.message === undefined) resolve(data.result);
      else reject(new Error(data.message));
    });
    const lost = (reason) => {
      worker.terminate();
      if (this.#worker === worker) this.#worker = null; // the next request starts another
      for (const { reject } of this.#asked.values()) reject(new Error(`the worker stopped (${reason}).`));
      if (this.#comparison) this.send({ type: 'runtime_lost', message: `the worker that ran it stopped (${reason}).` });
    };
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      lost(event.message || 'it could not be started');
    });
    worker.addEventListener('messageerror', () => lost('a message could not be read'));
    return worker;
  }
}
