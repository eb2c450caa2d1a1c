// Models of the visitor's own, from a dropped or chosen folder or zip: finds the model folders in what was given, and
// says what is missing. Nothing leaves the device: the files are read here and handed to the core and its worker.
import { sha256 } from './sha256.js';

export const mostBytes = 600_000_000; // ONNX Runtime needs two to three times a model's size, of the 4 GB of WebAssembly
const mostFiles = 5000;
const mostSmallBytes = 16 * 1024 * 1024;
const mostModels = 10;

// What the page reads of a model folder, and nothing else.
const small = ['manifest.json', 'config.json', 'tokenizer_config.json', 'tokenizer.json', 'vocab.txt'];
const onnxNames = ['onnx/model.onnx', 'model.onnx'];
export const isWanted = (path) => /(^|\/)(manifest|config|tokenizer_config|tokenizer)\.json$|(^|\/)vocab\.txt$|\.onnx(_data|\.data)?$|(^|\/)model\.safetensors$/.test(path);

export class BringError extends Error {}

const plain = (file) => ({ name: file.name, file: (resolve) => resolve(file) });

async function* entriesOf(entry, prefix = '') {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    yield [prefix + entry.name, file];
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A reader gives a hundred at a time at most.
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const each of part) yield* entriesOf(each, `${prefix}${entry.name}/`);
  }
}

// Of a DataTransfer, in the event's own turn: it is empty afterwards. Map(path -> File), and whether folders were among them.
export function filesOfDrop(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  // Only folders are read through their entry: Chromium refuses to for a page from disk.
  const entries = items.map((item) => {
    const entry = item.webkitGetAsEntry();
    return entry?.isDirectory ? entry : { isFile: true, ...plain(item.getAsFile()) };
  });
  const folders = entries.some((entry) => entry.isDirectory);
  const read = async () => {
    const files = new Map();
    for (const entry of entries) {
      try {
        for await (const [path, file] of entriesOf(entry)) {
          if (files.size >= mostFiles) throw new BringError(`the folder holds more than ${mostFiles} files; drop the model's own folder.`);
          files.set(path, file);
        }
      } catch (error) {
        if (error instanceof BringError) throw error;
        throw new BringError(`This browser does not let the page read the dropped folder (${error.name}). Choose it with the Folder button, or drop a zip.`);
      }
    }
    return files;
  };
  return { folders, read };
}

export function filesOfInput(input) {
  return new Map([...input.files].map((file) => [file.webkitRelativePath || file.name, file]));
}

// Path of each folder that holds a manifest.json or a config.json -> its files by their path below it. Only the
// outermost: a folder inside a model's folder is part of it.
function modelFolders(files) {
  const roots = [];
  for (const path of files.keys()) {
    const [, root, name] = path.match(/^(.*\/)?([^/]+)$/);
    if (name === 'manifest.json' || name === 'config.json') roots.push(root ?? '');
  }
  const outermost = [...new Set(roots)].filter((root) => !roots.some((other) => other !== root && root.startsWith(other)));
  return new Map(
    outermost.map((root) => {
      const inside = [...files].filter(([path]) => path.startsWith(root));
      return [root, new Map(inside.map(([path, file]) => [path.slice(root.length), file]))];
    }),
  );
}

const textOf = async (files, name) => {
  const file = files.get(name);
  if (!file) return undefined;
  if (file.size > mostSmallBytes) throw new BringError(`${name} has ${file.size} bytes, which is more than it can be.`);
  return file.text();
};

// A name for the row: the folder's, made plain, and not one that is taken.
function nameFor(root, fallback, taken) {
  const last = root.split('/').filter(Boolean).at(-1) ?? fallback.replace(/\.zip$/i, '');
  const plain = last.normalize('NFKD').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '').slice(0, 60) || 'model';
  if (!taken.has(plain)) return plain;
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? `${plain}-yours` : `${plain}-yours-${count}`;
    if (!taken.has(name)) return name;
  }
}

async function describe(files, name) {
  const has = (path) => files.has(path);
  if (has('manifest.json')) return { event: { type: 'add_model', model: name }, files };
  const weights = onnxNames.find(has);
  if (!weights) {
    const onnx = [...files.keys()].filter((path) => path.endsWith('.onnx'));
    throw new BringError(
      `${name}: there is no ${onnxNames.join(' or ')}` +
        (onnx.length > 0
          ? `, only ${onnx.slice(0, 3).join(', ')}. Rename the one to be used to model.onnx.`
          : '. This page runs ONNX: export the model with Optimum (optimum-cli export onnx), or with coppice export.'),
    );
  }
  if ([`${weights}_data`, `${weights}.data`].some(has)) {
    throw new BringError(`${name}: its weights are in a second file beside ${weights}, which this page does not read. Export it as one file.`);
  }
  const weightsFile = files.get(weights);
  const content = await weightsFile.arrayBuffer();
  const [config, tokenizerConfig, tokenizer, vocabulary] = await Promise.all(
    small.slice(1).map((path) => textOf(files, path)),
  );
  if (config === undefined) throw new BringError(`${name}: config.json is missing.`);
  return {
    files,
    event: {
      type: 'add_model',
      model: name,
      folder: {
        files: [{ path: weights, bytes: content.byteLength, sha256: await sha256(new Uint8Array(content)) }],
        weights,
        config,
        ...(tokenizerConfig === undefined ? {} : { tokenizer_config: tokenizerConfig }),
        ...(tokenizer === undefined ? {} : { tokenizer }),
        ...(vocabulary === undefined ? {} : { vocabulary }),
      },
    },
  };
}

// files: Map(path -> File or Blob), as given. unzip(bytes): Promise of Map(path -> Uint8Array). taken: names of rows that
// there are. Returns [{ event, files }], one for each model folder.
export async function readModels(files, { unzip, taken }) {
  let given = files;
  let fallback = 'model';
  const only = files.size === 1 ? [...files][0] : null;
  if (only && /\.zip$/i.test(only[0])) {
    const [name, archive] = only;
    if (archive.size > mostBytes) throw new BringError(`${name} has ${(archive.size / 1e6).toFixed(0)} MB; this page takes at most ${mostBytes / 1e6} MB.`);
    fallback = name;
    try {
      given = new Map([...(await unzip(await archive.arrayBuffer()))].map(([path, bytes]) => [path, new Blob([bytes])]));
    } catch (error) {
      throw new BringError(`${name}: ${error.message}`);
    }
  }
  const folders = modelFolders(new Map([...given].filter(([path]) => isWanted(path))));
  if (folders.size === 0) {
    throw new BringError(
      'There is no model in it: expected a folder or zip with manifest.json (made by coppice export), or with config.json, ' +
        'tokenizer files and onnx/model.onnx (of the Hugging Face hub).',
    );
  }
  if (folders.size > mostModels) throw new BringError(`${folders.size} models are in it; drop at most ${mostModels} at a time.`);
  const names = new Set(taken);
  const found = [];
  for (const [root, inside] of folders) {
    const bytes = [...inside.values()].reduce((sum, { size }) => sum + size, 0);
    const name = nameFor(root, fallback, names);
    if (bytes > mostBytes) throw new BringError(`${name} has ${(bytes / 1e6).toFixed(0)} MB; this page takes at most ${mostBytes / 1e6} MB.`);
    names.add(name);
    found.push(await describe(inside, name));
  }
  return found;
}
