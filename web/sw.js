// Offline use. build.mjs puts the list of files and its hash in front of this file:
//   const build = { hash: '…', page: [...], runtime: [...] };
// The page's own files are answered from the cache of this build; descriptions of models come from the network when
// there is one, else from the cache; model files are kept by the page's worker (app/model-store.js), not here.
const cacheName = `coppice-page-${build.hash}`;
const descriptions = 'coppice-descriptions-v1';
const base = new URL('./', self.location.href);
const known = new Set([...build.page, ...build.runtime].map((file) => new URL(file, base).href));

const isDescription = (url) =>
  url.startsWith(new URL('models/', base).href) && /\.(json|txt)$/.test(new URL(url).pathname);

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(cacheName).then((cache) => cache.addAll(build.page.map((file) => new Request(file, { cache: 'no-cache' })))),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const old = names.filter((name) => name.startsWith('coppice-page-') && name !== cacheName);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('message', (event) => {
  if (event.data?.type === 'activate') self.skipWaiting();
  if (event.data?.type === 'keep') event.waitUntil(keep(event.data.descriptions ?? [], event.data.runtime));
});

async function keep(urls, withRuntime) {
  const described = await caches.open(descriptions);
  await Promise.all(urls.filter(isDescription).map((url) => described.add(new Request(url, { cache: 'no-cache' }))));
  if (!withRuntime) return;
  const cache = await caches.open(cacheName);
  for (const file of build.runtime) {
    // Mostly from the browser's HTTP cache: the page has just used it.
    if (!(await cache.match(new URL(file, base)))) await cache.add(file);
  }
}

async function answerFromCache(request) {
  const cache = await caches.open(cacheName);
  const url = new URL(request.url);
  const page = request.mode === 'navigate' && url.pathname === base.pathname;
  return (await cache.match(page ? new URL('index.html', base) : request, { ignoreSearch: page })) ?? fetch(request);
}

async function answerDescription(request) {
  const cache = await caches.open(descriptions);
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
  if (known.has(url.origin + url.pathname) || (request.mode === 'navigate' && url.pathname === base.pathname)) {
    event.respondWith(answerFromCache(request));
  } else if (isDescription(url.href)) {
    event.respondWith(answerDescription(request));
  }
});
