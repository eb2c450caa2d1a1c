// @coppice/core: a sentiment model as a function from a text to a verdict and an estimate of its energy and carbon. The
// work is shared/core_api's in WebAssembly; here files are read, and the build is chosen.
import { CoreError, loadCore } from '../app/core.js';
import { relaxedWorks } from '../app/relaxed.js';
import { sha256 } from '../app/sha256.js';

export { CoreError };

// The model that comes with this package.
export const linearNgrams = new URL('../models/linear-ngrams/', import.meta.url);

const builds = {
  coppice_model: [() => import('../wasm/coppice_model.js'), () => new URL('../wasm/coppice_model.wasm', import.meta.url)],
  coppice_model_relaxed: [
    () => import('../wasm/coppice_model_relaxed.js'),
    () => new URL('../wasm/coppice_model_relaxed.wasm', import.meta.url),
  ],
};
let compiled = null; // promise of { createModule, module }, of the build that is taken here

const inNode = typeof process === 'object' && process.versions?.node !== undefined;

async function read(url) {
  if (url.protocol === 'file:') {
    if (!inNode) throw new CoreError('unsupported', `${url}: a browser reads no files of this machine; give an http address, or the files' bytes`);
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:fs/promises');
    return readFile(url).catch((error) => {
      throw new CoreError('not_found', `${url}: cannot be read (${error.code ?? error.message})`);
    });
  }
  const response = await fetch(url).catch((error) => {
    throw new CoreError('failed', `${url}: could not be fetched (${error.message}); is the server there, and does it allow this page?`);
  });
  if (!response.ok) throw new CoreError('not_found', `${url}: the server answers ${response.status}; expected a file of a model's folder`);
  return new Uint8Array(await response.arrayBuffer());
}

// A new instance each time: its memory goes with it.
async function startCore() {
  compiled ??= (async () => {
    const [script, wasm] = builds[relaxedWorks() ? 'coppice_model_relaxed' : 'coppice_model'];
    const [{ default: createModule }, module] = await Promise.all([script(), read(wasm()).then((bytes) => WebAssembly.compile(bytes))]);
    return { createModule, module };
  })();
  try {
    const { createModule, module } = await compiled;
    return await new Promise((resolve, reject) => {
      const instantiateWasm = (imports, receive) => {
        WebAssembly.instantiate(module, imports).then((instance) => receive(instance, module), reject);
        return {};
      };
      loadCore(createModule, { instantiateWasm }).then(resolve, reject);
    });
  } catch (error) {
    compiled = null; // the next attempt starts anew
    throw error;
  }
}

// The folder's address, whose path ends with '/'.
async function folderOf(source) {
  const text = String(source);
  let url;
  if (source instanceof URL || /^[a-z][a-z0-9+.-]+:/i.test(text)) url = new URL(text);
  else if (inNode) url = (await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:url')).pathToFileURL(text);
  else url = new URL(text, globalThis.document?.baseURI ?? globalThis.location.href);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

async function readFolder(folder, core) {
  const manifest = await read(new URL('manifest.json', folder));
  const paths = core.neededFiles(manifest);
  const contents = await Promise.all(paths.map((path) => read(new URL(path, folder))));
  return { 'manifest.json': manifest, ...Object.fromEntries(paths.map((path, i) => [path, contents[i]])) };
}

// What the core reads of the files, by the manifest's sha256. Anything else that is wrong with them, the core says.
async function check(files, core) {
  const manifest = files['manifest.json'];
  if (manifest === undefined) return;
  let listed;
  let paths;
  try {
    const { files: entries, weights } = JSON.parse(new TextDecoder().decode(manifest));
    listed = new Map(entries.map((entry) => [entry.path, entry]));
    paths = new Set([...core.neededFiles(manifest), ...weights.map(({ path }) => path)]);
  } catch {
    return;
  }
  for (const path of paths) {
    const entry = listed.get(path);
    const content = files[path];
    if (content === undefined || content.length !== entry?.bytes) continue;
    const found = await sha256(content);
    if (found !== entry.sha256) {
      throw new CoreError('invalid_input', `${path}: altered: manifest.json states sha256 ${entry.sha256}, found ${found}; get the model anew`);
    }
  }
}

function bytesOf(path, content) {
  if (content instanceof ArrayBuffer) return new Uint8Array(content);
  if (ArrayBuffer.isView(content)) return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  if (typeof content === 'string') return new TextEncoder().encode(content);
  throw new CoreError('invalid_usage', `load: ${path} is no Uint8Array, ArrayBuffer or string`);
}

// source: the address of a model's folder, in Node also its path; or its files, { 'manifest.json': bytes, ... } or a Map.
// place: { device, country, method }, for estimates.
export async function load(source, place = {}) {
  const isAddress = typeof source === 'string' || source instanceof URL;
  if (!isAddress && (source === null || typeof source !== 'object')) {
    throw new CoreError('invalid_usage', "load: expected the address of a model's folder or its files, { 'manifest.json': bytes, ... }");
  }
  const core = await startCore();
  let files;
  if (isAddress) {
    files = await readFolder(await folderOf(source), core);
  } else {
    const entries = source instanceof Map ? [...source] : Object.entries(source);
    files = Object.fromEntries(entries.map(([path, content]) => [path, bytesOf(path, content)]));
  }
  await check(files, core);
  let model = core.createModel(files);
  const { about } = model;

  const judge = (text, where) => {
    if (model === null) throw new CoreError('invalid_usage', `${about.id || 'the model'}: was destroyed; load it again`);
    if (typeof text !== 'string' && !(text instanceof Uint8Array)) {
      throw new CoreError('invalid_usage', `classify: expected a string, or a Uint8Array of UTF-8, not ${text === null ? 'null' : typeof text}`);
    }
    try {
      return model.classify(text, where);
    } catch (error) {
      if (!(error instanceof CoreError)) model = null; // a trap leaves an instance that is not to be trusted
      throw error;
    }
  };
  // Says at once what is wrong with the place, and has the code compiled that the first text will run.
  judge('', place);
  return {
    about,
    classify: async (text, other = {}) => judge(text, { ...place, ...other }),
    destroy() {
      model?.destroy();
      model = null;
    },
  };
}

// Devices, countries and methods that a place can name.
export async function choices() {
  return (await startCore()).modelChoices();
}
