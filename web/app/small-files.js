// The catalogue and what describes each model: fetched once, checked, and ahead of being asked for.
import { get, single } from './places.js';
import { sha256 } from './sha256.js';

// Larger than any vocabulary or manifest; a server that answers without end is cut off there.
const mostBytes = 16 * 1024 * 1024;

async function download(url) {
  let response;
  try {
    response = await get(url, { cache: 'no-cache' });
  } catch (error) {
    throw new Error(`the download failed (${error.message}). Check the connection and try again.`);
  }
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${new URL(url).pathname}.`);
  const length = Number(response.headers.get('Content-Length') ?? 0);
  if (length > mostBytes) throw new Error(`the file has ${length} bytes, which is more than it can be.`);
  return new Uint8Array(await response.arrayBuffer());
}

// Returns `content` if it is what a manifest says; throws else.
export async function check(content, name, { bytes, sha256: hash }) {
  if (bytes !== undefined && content.length !== bytes) {
    throw new Error(`${name} has ${content.length} bytes, its manifest says ${bytes}. It was not used.`);
  }
  if (hash && (await sha256(content)) !== hash) {
    throw new Error(`${name} is not the file its manifest describes (SHA-256). It was not used.`);
  }
  return content;
}

export class SmallFiles {
  #folder;
  #early = new Map(); // URL or SHA-256 -> promise of content that nobody has asked for yet
  #same = new Map(); // SHA-256 -> promise of a file's content: models share vocabularies
  #described = new Set();

  // folder: URL of the one that holds catalog.json.
  constructor(folder) {
    this.#folder = folder;
  }

  // URLs of what was read.
  get described() {
    return [...this.#described];
  }

  // Fetches what the core will ask for first, while the core itself is still being fetched. A hint and no more: the core
  // reads all of it and decides; what fails here fails when it is asked for. configs: those of transformers too.
  async fetchAhead({ configs }) {
    if (single) return;
    const early = (path, hash) => {
      const content = download(new URL(path, this.#folder).href);
      content.catch(() => {});
      this.#early.set(hash ?? new URL(path, this.#folder).href, content);
      return content;
    };
    const read = async (path) => JSON.parse(new TextDecoder().decode(await early(path)));
    try {
      const { models } = await read('catalog.json');
      const hashes = new Set();
      await Promise.all(
        models.map(async ({ id }) => {
          const { architecture, files } = await read(`${id}/manifest.json`);
          for (const { path, sha256: hash } of files) {
            const wanted = path === 'vocab.txt' || (path === 'config.json' && (configs || architecture === 'linear'));
            if (!wanted || hashes.has(hash)) continue;
            hashes.add(hash);
            early(`${id}/${path}`, hash);
          }
        }),
      );
    } catch {
      // Said by the core, which reads the same.
    }
  }

  // The content of `url`. A file that another model has under the same hash, and that is here or on its way, is not fetched
  // again.
  async get(url, { bytes, sha256: hash }) {
    const same = hash && this.#same.get(hash);
    if (same) {
      try {
        return await same;
      } catch {
        // That model's copy could not be had; this one's may.
      }
    }
    const content = this.#take(url, hash).then((found) => check(found, new URL(url).pathname, { bytes, sha256: hash }));
    if (hash) this.#same.set(hash, content);
    const found = await content;
    this.#described.add(url);
    return found;
  }

  // Once: a second attempt fetches anew.
  #take(url, hash) {
    const key = this.#early.has(hash) ? hash : url;
    const early = this.#early.get(key);
    this.#early.delete(key);
    return early ?? download(url);
  }
}
