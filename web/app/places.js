// Where the page's parts come from: from the folder it is served from, or, in the single-file build, from inside the
// page itself (web/single/inside.js puts `coppiceInside` there). Everything else asks here.
//
//   inside = { file(path): Promise<Uint8Array | null>, worker(): Worker, ready: Promise }
const inside = globalThis.coppiceInside ?? null;

export const single = inside !== null;
export const partsReady = inside?.ready; // to be awaited before anything else here is used

// The folder of index.html, wherever that is. In a single file a made-up address, so that paths can still be resolved.
export const page = single ? new URL('https://inside.invalid/') : new URL('../', import.meta.url);

const inPage = (url) => url.slice(page.href.length);

export const isInside = (url) => single && url.startsWith(page.href);

// A file of the page or of a model, as fetch() answers.
export async function get(url, options) {
  if (!isInside(url)) return fetch(url, options);
  const content = await inside.file(inPage(url));
  return content ? new Response(content) : new Response('', { status: 404 });
}

// Options for Emscripten's module: where the core's WebAssembly is.
export async function coreOptions() {
  return single ? { wasmBinary: await inside.file('core/coppice.wasm') } : {};
}

// The same of the engine's module; build: 'coppice_engine' or 'coppice_engine_relaxed'.
export async function engineOptions(build) {
  return single ? { wasmBinary: await inside.file(`engine/${build}.wasm`) } : {};
}

export function startWorker() {
  if (single) return inside.worker();
  return new Worker(new URL('./runtime-worker.js', import.meta.url), { type: 'module' });
}
