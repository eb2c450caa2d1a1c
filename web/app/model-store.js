// Files of models: fetched with progress, checked against the size and hash of the manifest, kept in the Cache API under
// their hash. A file that does not match is never handed on and never kept.
import { get, page, single } from './places.js';
import { sha256 } from './sha256.js';

const cacheName = 'coppice-models-v1';
const nameHeader = 'X-Coppice-Model';
const progressIntervalMs = 100;

const formatCount = (count) => count.toLocaleString('en-GB');
const formatBytes = (bytes) => `${formatCount(bytes)} bytes`;

// The key is a URL of this origin that no file has; the hash makes it the same for every copy of the model.
const keyOf = (hash) => new URL(`app/model-cache/${hash}`, page).href;

// null where the browser has no cache for this page (served without HTTPS, or storage denied), or nothing to keep.
async function openCache() {
  if (single) return null;
  try {
    return await self.caches.open(cacheName);
  } catch {
    return null;
  }
}

// Whether this browser keeps files for this page at all.
export async function canStore() {
  if (single) return false;
  try {
    await self.caches.has(cacheName);
    return true;
  } catch {
    return false;
  }
}

export async function isStored(hash) {
  if (single) return true; // inside the page
  const cache = await openCache();
  return cache ? (await cache.match(keyOf(hash))) !== undefined : false;
}

function roomFor(bytes) {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new Error(`this browser has no memory for a file of ${formatBytes(bytes)}. Choose a smaller model.`);
  }
}

async function checkHash(content, hash) {
  const found = await sha256(content);
  if (found === hash) return;
  throw new Error(
    'the file is not the one its manifest describes: ' +
      `its SHA-256 begins ${found.slice(0, 12)}, expected ${hash.slice(0, 12)}. It was altered and was not used.`,
  );
}

// A file that the visitor brought: as getModel() gives one.
export async function checkModel(content, { hash }) {
  await checkHash(content, hash);
  return { content, stored: false, notice: '' };
}

// What is kept, of whichever version: [{ hash, model, bytes }], the model's name as it was when the file was kept.
export async function listStored() {
  if (!(await canStore()) || !(await caches.has(cacheName))) return []; // opening it would make it
  const cache = await openCache();
  const entries = await Promise.all(
    (await cache.keys()).map(async (request) => {
      const headers = (await cache.match(request))?.headers;
      return {
        hash: request.url.split('/').at(-1),
        model: decodeURIComponent(headers?.get(nameHeader) ?? 'unknown'),
        bytes: Number(headers?.get('Content-Length') ?? 0),
      };
    }),
  );
  return entries.sort((a, b) => b.bytes - a.bytes);
}

// Of one model, or of all where no hash is given.
export async function removeStored(hash) {
  if (!(await canStore()) || !(await caches.has(cacheName))) return;
  const cache = await openCache();
  for (const request of await cache.keys()) {
    if (hash === undefined || request.url.endsWith(`/${hash}`)) await cache.delete(request);
  }
}

// Downloads `url`, at most `bytes` long, calling progress(done, total).
async function download(url, bytes, progress) {
  let response;
  try {
    // Kept under its hash here, so a second copy in the browser's HTTP cache would only take room.
    response = await get(url, { cache: 'no-store' });
  } catch (error) {
    throw new Error(`the download failed (${error.message}). Check the connection and try again.`);
  }
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${new URL(url).pathname}.`);
  const content = roomFor(bytes);
  const reader = response.body.getReader();
  let done = 0;
  let told = 0;
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch (error) {
      throw new Error(
        `the download broke off after ${formatCount(done)} of ${formatBytes(bytes)} (${error.message}). Try again.`,
      );
    }
    if (part.done) break;
    if (done + part.value.length > bytes) {
      await reader.cancel();
      throw new Error(
        `the file is longer than the ${formatBytes(bytes)} of its manifest: it was altered or is of another version. ` +
          'It was not used.',
      );
    }
    content.set(part.value, done);
    done += part.value.length;
    if (performance.now() - told > progressIntervalMs) {
      told = performance.now();
      progress(done, bytes);
    }
  }
  if (done < bytes) {
    throw new Error(
      `the file is cut short: ${formatBytes(done)} arrived, its manifest says ${formatBytes(bytes)}. It was not used.`,
    );
  }
  progress(done, bytes);
  return content;
}

// Returns { content, stored, notice }: the checked bytes, whether they are kept for the next visit, and why not.
export async function getModel({ model, url, bytes, hash }, progress) {
  const cache = await openCache();
  const kept = cache ? await cache.match(keyOf(hash)) : undefined;
  if (kept) {
    const content = new Uint8Array(await kept.arrayBuffer());
    if ((await sha256(content)) === hash) return { content, stored: true, notice: '' };
    await cache.delete(keyOf(hash));
  }
  const content = await download(url, bytes, progress);
  await checkHash(content, hash);
  if (single) return { content, stored: true, notice: '' };
  if (!cache) {
    return { content, stored: false, notice: 'This browser keeps no files for this page, so models are downloaded at every visit.' };
  }
  try {
    const headers = { 'Content-Length': String(bytes), [nameHeader]: encodeURIComponent(model) };
    await cache.put(keyOf(hash), new Response(content, { headers }));
    return { content, stored: true, notice: '' };
  } catch (error) {
    return {
      content,
      stored: false,
      notice: `There was no room to keep the model for the next visit (${error.name}); it works for this one.`,
    };
  }
}
