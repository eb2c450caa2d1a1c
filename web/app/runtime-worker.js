// The worker that runs models, one run at a time, timed round the run alone: transformers in ONNX Runtime Web or in the
// project's own engine ("backend":"core"), linear models in the core ("engine":"core"). Messages carry ids:
//   in   { id, kind: 'probe' | 'load' | 'run' | 'unload' | 'calibrate', model, ... }   out  { id, type, ... } as the core's events
//   in   { kind: 'prepare', backend }                                      out  nothing
//   in   { kind: 'unzip', ticket, bytes }                                  out  { type: 'answered', ticket, result | message }
//   in   { kind: 'reviews', ticket, name, bytes }   out  the same, result: parts of core.js's packReviews()
//   in   { kind: 'profile', ticket, model }         out  the same, result: of core.js's profile(), or null
import createModule from '../core/coppice.js';
import { isWanted, mostBytes } from './bring.js';
import { calibrate } from './calibrate.js';
import { CoreError, loadCore } from './core.js';
import { EngineRunner } from './engine-runner.js';
import { LinearRunner } from './linear-runner.js';
import { checkModel, getModel, isStored } from './model-store.js';
import { coreOptions } from './places.js';
import { startRuntime, startWasm } from './runtimes.js';
import { threadsToUse } from './threads.js';

const linear = new LinearRunner();
const engines = new EngineRunner();
const sessions = new Map(); // model -> { session, ort }
const runtimes = new Map(); // backend -> promise of { ort, about }
let announced = '';
let startProblem = null; // why ONNX Runtime could not be started before it was needed
let queue = Promise.resolve(); // sessions and runs follow one another

// What the page takes in a few milliseconds.
const mostPartBytes = 1 << 20;

const send = (message) => self.postMessage(message);

function announce(about) {
  const what = `${about.name} ${about.backend}`;
  if (announced !== what) send({ type: 'runtime', ...about });
  announced = what;
}

async function runtimeOf(backend) {
  if (!runtimes.has(backend)) runtimes.set(backend, startRuntime(backend));
  try {
    const runtime = await runtimes.get(backend);
    announce(runtime.about);
    return runtime;
  } catch (error) {
    runtimes.delete(backend); // the next attempt starts anew
    throw error;
  }
}

// The one asked for, or WASM with a notice: a browser may have WebGPU's interface and no device behind it.
async function preferredRuntime(backend) {
  if (backend !== 'webgpu') return runtimeOf('wasm');
  try {
    return await runtimeOf('webgpu');
  } catch (error) {
    fellBack(error);
    return runtimeOf('wasm');
  }
}

const fellBack = (error) =>
  send({ type: 'notice', message: `WebGPU cannot be used here (${error.message}); transformers run on WASM instead.` });

async function load(request) {
  const { id, model, url, bytes, sha256, engine, backend, content } = request;
  const progress = (done, total) => send({ id, type: 'progress', bytes_done: done, bytes_total: total });
  if (engine !== 'core' && backend === 'core') engines.prepare();
  const [runtime, file] = await Promise.all([
    engine === 'core' || backend === 'core' ? null : preferredRuntime(backend),
    content ? checkModel(content, { bytes, hash: sha256 }) : getModel({ model, url, bytes, hash: sha256 }, progress),
  ]);
  send({ id, type: 'preparing' });
  const about = await enqueue(() => {
    if (runtime) return loadSession(request, file, runtime);
    return backend === 'core' ? loadEngine(request, file) : loadLinear(request, file);
  });
  if (file.notice) send({ type: 'notice', message: file.notice });
  send({ id, type: 'loaded', stored: file.stored, ...(about ? { runtime: about } : {}) });
}

// Returns what it was loaded in.
async function loadSession({ model }, file, { ort, about, provider }) {
  await unload(model);
  try {
    // Errors only: on WebGPU it warns of each node that the processor runs.
    const session = await ort.InferenceSession.create(file.content, { executionProviders: [provider], logSeverityLevel: 3 });
    sessions.set(model, { ort, session });
    return about;
  } catch (error) {
    if (provider === 'wasm') throw new Error(`ONNX Runtime could not make a session of the file (${reasonOf(startProblem ?? error)}).`);
    fellBack(error);
    return loadSession({ model }, file, await runtimeOf('wasm'));
  }
}

// Emscripten throws bare numbers where C++ ran out of memory.
function reasonOf(error) {
  const text = `${error?.message ?? error}`;
  return /^\d+$|bad_alloc|memory|OOM/i.test(text) ? `not enough memory: ${text}` : text;
}

async function loadLinear({ model, config }, file) {
  try {
    await linear.load(model, config, file.content);
  } catch (error) {
    throw new Error(`the core could not read the file (${error.message}).`);
  }
}

async function loadEngine(request, file) {
  await unload(request.model);
  try {
    const about = await engines.load(request.model, request, file);
    announce(about);
    return about;
  } catch (error) {
    if (error instanceof CoreError) throw new Error(`the engine could not load the model (${error.message})`);
    throw new Error(`the engine stopped while it loaded the model (${reasonOf(error)}).`);
  }
}

async function unload(model) {
  const old = sessions.get(model);
  sessions.delete(model);
  linear.unload(model);
  engines.unload(model);
  await old?.session.release();
}

async function run({ id, model, input_ids: ids, text, timed = true }) {
  if (linear.has(model)) return void send({ id, type: 'run_done', ...linear.run(model, text, { timed }) });
  if (engines.has(model)) return void send({ id, type: 'run_done', ...engines.run(model, ids) });
  const loaded = sessions.get(model);
  if (!loaded) throw new Error('the model is not loaded.');
  const { ort, session } = loaded;
  const shape = [1, ids.length];
  const filled = (value) => new ort.Tensor('int64', new BigInt64Array(ids.length).fill(value), shape);
  const feeds = { input_ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), shape), attention_mask: filled(1n) };
  if (session.inputNames.includes('token_type_ids')) feeds.token_type_ids = filled(0n);
  const unknown = session.inputNames.filter((name) => !(name in feeds));
  if (unknown.length > 0) throw new Error(`the model has an input "${unknown[0]}", which is not one of a BERT classifier.`);
  const start = performance.now();
  const results = await session.run(feeds);
  const milliseconds = performance.now() - start;
  const { logits } = results;
  if (!logits || logits.data.length !== 2) {
    const outputs = session.outputNames.map((name) => `${name} (${results[name]?.dims.join(' x ')})`).join(', ');
    throw new Error(`the model gave ${outputs}; expected "logits" (1 x 2).`);
  }
  send({ id, type: 'run_done', logits: [Number(logits.data[0]), Number(logits.data[1])], milliseconds });
}

async function measureDevice({ id }) {
  const found = await calibrate(await loadCore(createModule, await coreOptions()));
  send({
    id,
    type: 'calibrated',
    ...found,
    threads: threadsToUse(),
    hardware_threads: navigator.hardwareConcurrency || 0,
    isolated: self.crossOriginIsolated === true,
  });
}

function enqueue(work) {
  const result = queue.then(work);
  queue = result.catch(() => {});
  return result;
}

async function unzipAll(bytes) {
  const { unzip } = await import('./zip.js');
  return unzip(new Uint8Array(bytes), { wanted: isWanted, mostBytes });
}

// In an instance of its own: what a heap has grown by, it keeps.
async function packReviews({ name, bytes }) {
  const core = await loadCore(createModule, await coreOptions());
  return core.packReviews(name, new Uint8Array(bytes), mostPartBytes);
}

async function answer(ticket, work) {
  try {
    send({ type: 'answered', ticket, result: await work });
  } catch (error) {
    send({ type: 'answered', ticket, message: error.message });
  }
}

// In the queue, so that no run is timed beside it.
async function prepare({ backend }) {
  if (backend === 'core') return void engines.prepare();
  if (backend !== 'wasm' || runtimes.has(backend)) return;
  const starting = startRuntime(backend);
  runtimes.set(backend, starting);
  try {
    const { ort } = await starting;
    await startWasm(ort);
  } catch (error) {
    runtimes.delete(backend);
    startProblem = error; // ONNX Runtime tells it once only
  }
}

const handlers = {
  probe: async ({ id, sha256 }) => send({ id, type: 'probed', on_device: await isStored(sha256) }),
  load,
  prepare: (message) => enqueue(() => prepare(message)),
  run: (message) => enqueue(() => run(message)),
  calibrate: (message) => enqueue(() => measureDevice(message)),
  unload: ({ model }) => enqueue(() => unload(model)),
  unzip: ({ ticket, bytes }) => answer(ticket, unzipAll(bytes)),
  profile: ({ ticket, model }) => answer(ticket, enqueue(() => (engines.has(model) ? engines.profile(model) : null))),
  reviews: (message) => answer(message.ticket, enqueue(() => packReviews(message))), // not beside a timed run
};

self.addEventListener('message', async ({ data }) => {
  try {
    await handlers[data.kind](data);
  } catch (error) {
    // JSON has no NaN or undefined, so a message is always a string.
    send({ id: data.id, type: 'failed', message: (data.model ? `${data.model}: ` : '') + (error?.message ?? error) });
  }
});
