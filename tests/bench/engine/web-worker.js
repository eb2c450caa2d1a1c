// Runs models in turns on ONNX Runtime Web and on the builds of the engine, as web/app/runtime-worker.js does: in a module
// worker, the clock read round the run alone. worker.js?threads=N: threads of ONNX Runtime Web, and of the engine's builds
// that end in _threads; one without it.
//   in { kind: 'open', key, engine: 'ort' | 'coppice_engine' | ..., url } | { kind: 'run', key, ids } |
//      { kind: 'profile', key } | { kind: 'close', key }
//   out { load_ms } | { milliseconds, logits } | { profile } | {} | { failed }
import { loadCore } from './app/core.js';

const ort = await import('./ort/ort.wasm.min.mjs');
ort.env.wasm.wasmPaths = new URL('./ort/', import.meta.url).href;
const threads = Number(new URL(self.location.href).searchParams.get('threads') ?? 1);
ort.env.wasm.numThreads = threads;
ort.env.logLevel = 'error';

const models = new Map(); // key -> { run(ids), profile?(), close() }

async function get(url) {
  const answer = await fetch(url, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function openOrt(weights) {
  const session = await ort.InferenceSession.create(weights, { executionProviders: ['wasm'] });
  const run = async (ids) => {
    const tensor = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, ids.length]);
    const feeds = { input_ids: tensor(ids), attention_mask: tensor(new Array(ids.length).fill(1)) };
    const start = performance.now();
    const { logits } = await session.run(feeds);
    return { milliseconds: performance.now() - start, logits: [...logits.data] };
  };
  return { run, close: () => session.release() };
}

async function openEngine(build, weights, config, source) {
  const { default: createModule } = await import(`./engine/${build}.js`);
  const core = await loadCore(createModule);
  if (build.endsWith('_threads')) {
    const got = await core.useThreads(threads);
    if (got !== threads) throw new Error(`${got} threads, not ${threads}`);
  }
  const engine = core.createEngine(config, weights, { source });
  const run = (ids) => {
    const start = performance.now();
    const logits = engine.classify(ids);
    return { milliseconds: performance.now() - start, logits };
  };
  return { run, profile: () => engine.profile(), close: () => (engine.destroy(), core.endThreads()) };
}

const handlers = {
  open: async ({ key, engine, url }) => {
    const weights = await get(`${url}/onnx/model.onnx`);
    const config = new TextDecoder().decode(await get(`${url}/config.json`));
    const start = performance.now();
    models.set(key, engine === 'ort' ? await openOrt(weights) : await openEngine(engine, weights, config, url));
    return { load_ms: performance.now() - start };
  },
  run: ({ key, ids }) => models.get(key).run(ids),
  profile: ({ key }) => ({ profile: models.get(key).profile() }),
  close: async ({ key }) => {
    await models.get(key).close();
    models.delete(key);
  },
};

self.addEventListener('message', async ({ data }) => {
  try {
    self.postMessage((await handlers[data.kind](data)) ?? {});
  } catch (error) {
    self.postMessage({ failed: String(error?.message ?? error) });
  }
});
self.postMessage({ version: ort.env.versions.web ?? ort.env.versions.common });
