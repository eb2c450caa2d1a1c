// Offline use. build.mjs puts the list of files and their hashes in front of this file:
//   const build = { hash: '…', page: { FILE: SHA256 in base64, ... }, runtimes: { wasm: { FILE: SHA256 }, webgpu: {...}, core: {...} } };
// The page's own files are answered from the cache of this build; descriptions of models come from the network when
// there is one, else from the cache; model files are kept by the page's worker (app/model-store.js), not here.
//
// A runtime's files are large, so they are kept once a model has needed them: when they pass through here on their way
// to the worker, or, on a first visit that this script did not see yet, when the page asks for it ("keep"). The page is
// told when all of it is there, and only then says that it works without a network.
const base = new URL('./', self.location.href);
// Pages of one origin below different paths share the origin's caches.
const cachePrefix = `coppice-page-${base.pathname}-`;
const cacheName = cachePrefix + build.hash;
const descriptions = 'coppice-descriptions-v1';
const runtimeFiles = Object.assign({}, ...Object.values(build.runtimes));
const hashes = new Map(
  Object.entries({ ...build.page, ...runtimeFiles }).map(([file, hash]) => [new URL(file, base).href, hash]),
);
const runtimeAddresses = new Set(Object.keys(runtimeFiles).map((file) => new URL(file, base).href));

const isDescription = (url) =>
  url.startsWith(new URL('models/', base).href) && /\.(json|txt)$/.test(new URL(url).pathname);

// A host that is halfway through an upload must not give a mixture of two versions: what is kept has its hash.
const requestFor = (file, hash) => new Request(new URL(file, base), { cache: 'no-cache', integrity: `sha256-${hash}` });

// Browsers that can (Chromium 123) answer for the page's parts from the cache without asking this script, which takes them
// a fraction of the time. What is not there comes from the network, as below. Not the page itself, whose address may have a
// query, nor runtimes, of which there may be a better copy.
function routes() {
  const parts = Object.keys(build.page).filter((file) => file !== 'index.html');
  const folders = new Set(parts.map((file) => (file.includes('/') ? `${file.split('/')[0]}/*` : file)));
  return [...folders].map((pathname) => ({
    condition: { urlPattern: { pathname: base.pathname + pathname, search: '' }, requestMethod: 'get' },
    source: { cacheName },
  }));
}

self.addEventListener('install', (event) => {
  if (event.addRoutes) {
    // A hint: a browser with another form of it goes on asking.
    event.waitUntil(event.addRoutes(routes()).catch(() => {}));
  }
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(Object.entries(build.page).map(([file, hash]) => requestFor(file, hash)))),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const old = names.filter((name) => name.startsWith(cachePrefix) && name !== cacheName);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

let keeping = Promise.resolve(); // one after the other: two would fetch the same megabytes twice

self.addEventListener('message', (event) => {
  if (event.data?.type === 'activate') self.skipWaiting();
  if (event.data?.type !== 'keep') return;
  const [port] = event.ports;
  keeping = keeping.then(async () => {
    try {
      await keep(event.data.descriptions, event.data.runtimes);
      port?.postMessage({ kept: true });
    } catch (error) {
      port?.postMessage({ kept: false, problem: `${error?.message ?? error}` });
    }
  });
  event.waitUntil(keeping);
});

async function keep(urls, runtimes) {
  const described = await caches.open(descriptions);
  for (const url of urls.filter(isDescription)) {
    // Without a network what is kept already is as good.
    if (!(await described.match(url))) await described.add(new Request(url, { cache: 'no-cache' }));
  }
  const cache = await caches.open(cacheName);
  // The page's own parts too: a browser may have thrown away what was there when this was installed.
  const there = new Set((await cache.keys()).map(({ url }) => url));
  const parts = [build.page, ...runtimes.map((name) => build.runtimes[name] ?? {})].flatMap(Object.entries);
  for (const [file, hash] of parts) {
    const request = requestFor(file, hash);
    await storing.get(request.url);
    if (!there.has(request.url) && !(await cache.match(request))) await addOnce(cache, request, hash);
  }
}

// What the worker has just fetched is in the browser's own cache. Where that is of another version, or not kept, it is
// fetched again.
async function addOnce(cache, request, hash) {
  try {
    const had = await fetch(new Request(request.url, { cache: 'force-cache', integrity: `sha256-${hash}` }));
    if (had.ok) return await cache.put(request, had);
  } catch {
    // Another version, or no network: the latter is said by what follows.
  }
  return cache.add(request);
}

const storing = new Map(); // URL -> promise of the copy that is being made of what passes through

async function keepCopy(cache, url, response) {
  try {
    const content = await response.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
    if (btoa(String.fromCharCode(...digest)) !== hashes.get(url)) return; // of another version: used, not kept
    const headers = { 'Content-Type': response.headers.get('Content-Type') ?? '', 'Content-Length': String(content.byteLength) };
    for (const name of ['Cross-Origin-Embedder-Policy', 'Cross-Origin-Resource-Policy']) {
      if (response.headers.has(name)) headers[name] = response.headers.get(name);
    }
    await cache.put(url, new Response(content, { headers }));
  } catch {
    // No room, or the connection broke off: the page hears of it when it asks for the file to be kept.
  } finally {
    storing.delete(url);
  }
}

// Whether two responses are one answer of the host, as far as it says.
function sameAnswer(one, other) {
  const told = ['ETag', 'Date', 'Last-Modified', 'Content-Length'].map((name) => [one.headers.get(name), other.headers.get(name)]);
  const [[tag], [date]] = told;
  return (tag ?? date) !== null && told.every(([mine, its]) => mine === its);
}

// Browsers keep the machine code of a WebAssembly file with the copy that it was compiled from. Of a first visit that is
// the one in their own cache, so where that is still there a second visit need not compile 14 MB again. It must be the very
// answer that was kept here, and so checked. undefined: it is not there, or is another one.
async function compiledCopy(url, kept) {
  if (!runtimeAddresses.has(url) || !url.endsWith('.wasm')) return undefined;
  const copy = await fetch(url, { cache: 'only-if-cached', mode: 'same-origin' }).catch(() => undefined);
  return copy?.ok && sameAnswer(copy, kept) ? copy : undefined;
}

async function answerFromCache(event) {
  const { request } = event;
  const cache = await caches.open(cacheName);
  const url = new URL(request.url);
  const page = request.mode === 'navigate' && url.pathname === base.pathname;
  const kept = await cache.match(page ? new URL('index.html', base) : request, { ignoreSearch: page });
  if (kept) return (await compiledCopy(request.url, kept)) ?? kept;
  const response = await fetch(request);
  const address = url.origin + url.pathname;
  if (response.ok && hashes.has(address) && !storing.has(address)) {
    const copy = keepCopy(cache, address, response.clone());
    storing.set(address, copy);
    event.waitUntil(copy);
  }
  return response;
}

async function answerDescription(request) {
  const cache = await caches.open(descriptions);
  if (!navigator.onLine) {
    const kept = await cache.match(request);
    if (kept) return kept;
  }
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== base.origin) return;
  if (hashes.has(url.origin + url.pathname) || (request.mode === 'navigate' && url.pathname === base.pathname)) {
    event.respondWith(answerFromCache(event));
  } else if (isDescription(url.href)) {
    event.respondWith(answerDescription(request));
  }
});
