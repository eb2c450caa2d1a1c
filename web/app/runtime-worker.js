// The worker that runs models, one run at a time, timed round the run alone: transformers in ONNX Runtime Web, linear
// models in the core ("engine":"core"). Messages carry ids:
//   in   { id, kind: 'probe' | 'load' | 'run' | 'unload', model, ... }     out  { id, type, ... } as the core's events
import { LinearRunner } from './linear-runner.js';
import { getModel, isStored } from './model-store.js';

const linear = new LinearRunner();
const sessions = new Map();
let runtime = null; // the promise of ONNX Runtime, once asked for
let queue = Promise.resolve(); // sessions and runs follow one another

const send = (message) => self.postMessage(message);

async function startRuntime() {
  const ort = await import('../ort/ort.wasm.min.mjs');
  const isolated = self.crossOriginIsolated === true;
  // Half the threads of a big machine gain little on models this small and disturb what else runs.
  const threads = isolated ? Math.max(1, Math.min(4, navigator.hardwareConcurrency || 1)) : 1;
  ort.env.wasm.wasmPaths = new URL('../ort/', import.meta.url).href;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  send({
    type: 'runtime',
    name: 'ONNX Runtime Web',
    version: ort.env.versions.web ?? ort.env.versions.common,
    backend: 'WASM',
    threads,
    isolated,
  });
  return ort;
}

async function load(request) {
  const { id, url, bytes, sha256, engine } = request;
  if (engine !== 'core') runtime ??= startRuntime();
  const [ort, file] = await Promise.all([
    engine === 'core' ? null : runtime,
    getModel({ url, bytes, hash: sha256 }, (done, total) =>
      send({ id, type: 'progress', bytes_done: done, bytes_total: total }),
    ),
  ]);
  send({ id, type: 'preparing' });
  await enqueue(() => (ort ? loadSession(request, file, ort) : loadLinear(request, file)));
  if (file.notice) send({ type: 'notice', message: file.notice });
  send({ id, type: 'loaded', stored: file.stored });
}

async function loadSession({ model }, file, ort) {
  const old = sessions.get(model);
  sessions.delete(model);
  await old?.release();
  try {
    sessions.set(model, await ort.InferenceSession.create(file.content, { executionProviders: ['wasm'] }));
  } catch (error) {
    throw new Error(`ONNX Runtime could not make a session of the file (${error.message}).`);
  }
}

async function loadLinear({ model, config }, file) {
  try {
    await linear.load(model, config, file.content);
  } catch (error) {
    throw new Error(`the core could not read the file (${error.message}).`);
  }
}

async function run({ id, model, input_ids: ids, text, timed = true }) {
  if (linear.has(model)) return void send({ id, type: 'run_done', ...linear.run(model, text, { timed }) });
  const ort = await runtime;
  const session = sessions.get(model);
  if (!session) throw new Error('the model is not loaded.');
  const shape = [1, ids.length];
  const filled = (value) => new ort.Tensor('int64', new BigInt64Array(ids.length).fill(value), shape);
  const feeds = { input_ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), shape), attention_mask: filled(1n) };
  if (session.inputNames.includes('token_type_ids')) feeds.token_type_ids = filled(0n);
  const start = performance.now();
  const results = await session.run(feeds);
  const milliseconds = performance.now() - start;
  const { logits } = results;
  if (!logits || logits.data.length !== 2) throw new Error('the model did not give two logits.');
  send({ id, type: 'run_done', logits: [Number(logits.data[0]), Number(logits.data[1])], milliseconds });
}

function enqueue(work) {
  const result = queue.then(work);
  queue = result.catch(() => {});
  return result;
}

const handlers = {
  probe: async ({ id, sha256 }) => send({ id, type: 'probed', on_device: await isStored(sha256) }),
  load,
  run: (message) => enqueue(() => run(message)),
  unload: ({ model }) =>
    enqueue(async () => {
      linear.unload(model);
      await sessions.get(model)?.release();
      sessions.delete(model);
    }),
};

self.addEventListener('message', async ({ data }) => {
  try {
    await handlers[data.kind](data);
  } catch (error) {
    // JSON has no NaN or undefined, so a message is always a string.
    send({ id: data.id, type: 'failed', message: `${data.model}: ${error?.message ?? error}` });
  }
});
