// Runs one model at a time, as web/app/runtime-worker.js does on a machine of one core: in a module worker, WebAssembly,
// one thread, the wall clock read round the run alone.
//   in { kind: 'open', url } | { kind: 'run', tokens } | { kind: 'close' }  out { milliseconds? } or { failed }
const ort = await import('./ort/ort.wasm.min.mjs');
ort.env.wasm.wasmPaths = new URL('./ort/', import.meta.url).href;
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
let session;

const handlers = {
  open: async ({ url }) => {
    const answer = await fetch(url, { cache: 'no-store' });
    if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
    session = await ort.InferenceSession.create(new Uint8Array(await answer.arrayBuffer()), { executionProviders: ['wasm'] });
  },
  run: async ({ tokens }) => {
    const tensor = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, tokens]);
    const feeds = {
      input_ids: tensor(Array.from({ length: tokens }, (_, i) => (i * 7) % 100)),
      attention_mask: tensor(new Array(tokens).fill(1)),
    };
    const start = performance.now();
    const { logits } = await session.run(feeds);
    const milliseconds = performance.now() - start;
    if (logits.data.length !== 2) throw new Error(`expected two logits, got ${logits.data.length}`);
    return { milliseconds };
  },
  close: async () => session.release(),
};

self.addEventListener('message', async ({ data }) => {
  try {
    self.postMessage((await handlers[data.kind](data)) ?? {});
  } catch (error) {
    self.postMessage({ failed: String(error?.message ?? error) });
  }
});
self.postMessage({ version: ort.env.versions.web ?? ort.env.versions.common });
