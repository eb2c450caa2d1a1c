// Puts together dist/: everything the browser loads, ready for any static host and below any path.
//
//   node web/build.mjs [--out dist] [--core build/wasm] [--models models] [--no-compress] [--single] [--npm]
//
// --single adds dist/coppice.html, the page in one file (single/build.mjs); --npm adds dist/npm, the package for other
// pages (embed/build.mjs), and dist/npm-core, the package for programs (core/build.mjs). `npm run build` makes all.
//
// No bundler: the page is plain ES modules, and the third-party parts (ONNX Runtime Web, a font, a hash, zip) are files
// that packages in node_modules ship as they are. Prints what each part weighs, raw and as brotli, and fails when
// the core is over its budget. Node packages and the wasm preset come first: `npm ci`, `cmake --build --preset wasm`.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { compressed, gains, weightsGain } from './compress.mjs';
import { npmCore } from './core/build.mjs';
import { npmPackage } from './embed/build.mjs';
import { singleFile } from './single/build.mjs';
import { woffToTrueType } from './woff.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'dist' },
    core: { type: 'string', default: 'build/wasm' },
    models: { type: 'string', default: 'models' },
    'no-compress': { type: 'boolean', default: false },
    single: { type: 'boolean', default: false },
    npm: { type: 'boolean', default: false },
  },
});
const out = path.resolve(root, options.out);
const shipped = []; // ids of the models in dist/
const budgetBytes = 500_000; // brotli, core and UI: the figure of the design

class BuildFailed extends Error {}

function need(file, hint) {
  if (!existsSync(file)) throw new BuildFailed(`${path.relative(root, file)} is missing. ${hint}`);
  return file;
}

const inPackage = (file) => need(path.join(root, 'node_modules', file), 'Run npm ci.');

function copy(from, to) {
  const target = path.join(out, to);
  mkdirSync(path.dirname(target), { recursive: true });
  cpSync(from, target, { recursive: true });
}

function write(to, content) {
  const target = path.join(out, to);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content);
}

const filesUnder = (folder) =>
  readdirSync(path.join(out, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(out, path.join(entry.parentPath ?? entry.path, entry.name)).split(path.sep).join('/'))
    .sort();

function assemble() {
  // Only a folder that this script made is removed: it carries the mark.
  const mark = path.join(out, '.coppice-dist');
  if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(mark)) {
    throw new BuildFailed(`${out} holds files that this script did not write; choose another with --out`);
  }
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  writeFileSync(mark, '');

  for (const file of ['style.css', 'side.css', 'fonts.css', 'icon.svg', 'samples.json', 'app']) copy(path.join(root, 'web', file), file);
  for (const file of ['coppice.js', 'coppice.wasm']) {
    copy(need(path.resolve(root, options.core, file), 'Run cmake --preset wasm && cmake --build --preset wasm.'), `core/${file}`);
  }
  for (const file of ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']) {
    copy(inPackage(`onnxruntime-web/dist/${file}`), `ort/${file}`);
  }
  // Fetched only where the project's own engine is chosen.
  for (const build of ['coppice_engine', 'coppice_engine_relaxed', 'coppice_engine_threads', 'coppice_engine_relaxed_threads']) {
    for (const ending of ['.js', '.wasm', ...(build.endsWith('_threads') ? ['.worker.js'] : [])]) {
      const file = `${build}${ending}`;
      copy(need(path.resolve(root, options.core, file), 'Run cmake --preset wasm && cmake --build --preset wasm.'), `engine/${file}`);
    }
  }
  // Fetched only where WebGPU is chosen.
  for (const file of ['ort.webgpu.min.mjs', 'ort-wasm-simd-threaded.asyncify.mjs', 'ort-wasm-simd-threaded.asyncify.wasm']) {
    copy(inPackage(`onnxruntime-web/dist/${file}`), `ort-webgpu/${file}`);
  }
  copy(path.join(root, 'web/embed/coppice-compare.js'), 'coppice-compare.js');
  copy(inPackage('fflate/esm/browser.js'), 'vendor/fflate.js');
  for (const weight of [400, 600]) {
    const name = `source-sans-3-latin-${weight}`;
    const files = '@fontsource/source-sans-3/files';
    copy(inPackage(`${files}/${name}-normal.woff2`), `fonts/${name}.woff2`);
    // Dear ImGui reads TrueType only.
    write(`fonts/${name}.ttf`, woffToTrueType(readFileSync(inPackage(`${files}/${name}-normal.woff`))));
  }
  for (const script of ['latin-ext', 'greek', 'cyrillic']) {
    for (const weight of [400, 600]) {
      const name = `source-sans-3-${script}-${weight}`;
      copy(inPackage(`@fontsource/source-sans-3/files/${name}-normal.woff2`), `fonts/${name}.woff2`);
    }
  }
  for (const file of ['sha2.js', '_md.js', '_u64.js', 'utils.js']) {
    copy(inPackage(`@noble/hashes/${file}`), `vendor/noble-hashes/${file}`);
  }
  write('licences.txt', licences());

  const models = path.resolve(root, options.models);
  if (existsSync(path.join(models, 'catalog.json'))) {
    const catalog = JSON.parse(readFileSync(path.join(models, 'catalog.json'), 'utf8'));
    copy(path.join(models, 'catalog.json'), 'models/catalog.json');
    for (const { id } of catalog.models) {
      copyModel(path.join(models, id), id);
      shipped.push(id);
    }
  } else {
    console.warn(`no ${options.models}/catalog.json: the page will say that there is nothing to compare`);
  }
}

// What the page and a visitor need of a model folder; the rest stays behind: training records, and safetensors but those
// of a linear model, which are what the page runs.
function copyModel(folder, id) {
  const manifest = JSON.parse(readFileSync(need(path.join(folder, 'manifest.json'), 'Export the model again.'), 'utf8'));
  copy(path.join(folder, 'manifest.json'), `models/${id}/manifest.json`);
  for (const { path: file } of manifest.files) {
    if (file.startsWith('runs/') || (file.endsWith('.safetensors') && manifest.architecture !== 'linear')) continue;
    copy(need(path.join(folder, file), `The manifest of ${id} lists it.`), `models/${id}/${file}`);
  }
}

function licences() {
  const third = [
    ['ONNX Runtime Web', 'onnxruntime-web/package.json', 'MIT'],
    ['Source Sans 3', '@fontsource/source-sans-3/package.json', 'OFL-1.1'],
    ['@noble/hashes', '@noble/hashes/package.json', 'MIT'],
    ['fflate', 'fflate/package.json', 'MIT'],
  ].map(([name, file, licence]) => `${name} ${JSON.parse(readFileSync(inPackage(file), 'utf8')).version}: ${licence}`);
  const texts = [
    ['Source Sans 3', '@fontsource/source-sans-3/LICENSE'],
    ['@noble/hashes', '@noble/hashes/LICENSE'],
    ['fflate', 'fflate/LICENSE'],
  ].map(([name, file]) => `---- ${name}\n\n${readFileSync(inPackage(file), 'utf8')}`);
  return [
    'Coppice is licensed under the Apache License 2.0. This page also carries:',
    ...third,
    'Dear ImGui 1.93 and ImPlot 1.1: MIT',
    'JSON for Modern C++ 3.11: MIT',
    'Highway 1.0: Apache-2.0',
    'Country intensities: Ember, CC-BY-SA 4.0, by way of CO2.js',
    '',
    ...texts,
  ].join('\n');
}

// The scripts that `file` imports, and those that they import: what the browser else learns of one level at a time.
function importedBy(file, found = new Set()) {
  for (const [, name] of readFileSync(path.join(out, file), 'utf8').matchAll(/^(?:import|export)\b[^'"]*?\bfrom '(\.[^']+)';/gm)) {
    const imported = path.posix.join(path.posix.dirname(file), name);
    if (found.has(imported)) continue;
    found.add(imported);
    importedBy(imported, found);
  }
  return found;
}

// For the head of index.html: everything that the page's start waits for, to be fetched at once.
function preloads() {
  const first = 'app/first.js';
  const files = new Set([...importedBy(first), ...importedBy('app/main.js')].filter((file) => file !== first));
  const scripts = [...files].map((file) => `<link rel="modulepreload" href="${file}">`);
  return ['<link rel="preload" href="core/coppice.wasm" as="fetch" type="application/wasm" crossorigin>', ...scripts].join('\n    ');
}

// The service worker's list, and one hash over all that it names: another hash is another version.
function finish() {
  const hash = createHash('sha256');
  const runtimes = { wasm: 'ort/', webgpu: 'ort-webgpu/', core: 'engine/' };
  const isRuntime = (file) => Object.values(runtimes).some((folder) => file.startsWith(folder));
  const notPage = /^(models|vendor\/noble-hashes)\/|^\.|^licences|^coppice-compare\.js/;
  const files = ['index.html', ...filesUnder('.').filter((file) => !notPage.test(file))];
  const main = '<script type="module" src="app/main.js"></script>';
  const index = readFileSync(path.join(root, 'web/index.html'), 'utf8').replace(main, `${main}\n    ${preloads()}`);
  hash.update(index);
  for (const file of files.slice(1)) hash.update(file).update(readFileSync(path.join(out, file)));
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const build = { hash: hash.digest('hex').slice(0, 16) };
  write('index.html', index.replace('<span id="version"></span>', `<span id="version">${version} (build ${build.hash.slice(0, 8)})</span>`));
  const hashesOf = (wanted) =>
    Object.fromEntries(
      files.filter(wanted).map((file) => [file, createHash('sha256').update(readFileSync(path.join(out, file))).digest('base64')]),
    );
  build.page = hashesOf((file) => !isRuntime(file));
  build.runtimes = Object.fromEntries(
    Object.entries(runtimes).map(([name, folder]) => [name, hashesOf((file) => file.startsWith(folder))]),
  );
  write('sw.js', `const build = ${JSON.stringify(build)};\n${readFileSync(path.join(root, 'web/sw.js'), 'utf8')}`);
}

// NAME.br and NAME.gz beside each file that gains by it, for hosts that send those.
function compress() {
  const kept = path.join(root, 'build/compressed');
  const sizes = [];
  for (const file of filesUnder('.')) {
    const content = readFileSync(path.join(out, file));
    let size = content.length;
    if (!options['no-compress'] && (gains(file) || weightsGain(file, content))) {
      for (const suffix of ['br', 'gz']) {
        const stored = compressed(content, suffix, kept);
        if (file !== 'sw.js') cpSync(stored, path.join(out, `${file}.${suffix}`));
        if (suffix === 'br') size = statSync(stored).size;
      }
    }
    sizes.push({ file, raw: content.length, brotli: size });
  }
  return sizes;
}

function report(sizes) {
  const groups = new Map();
  for (const { file, raw, brotli: small } of sizes) {
    const name = file.startsWith('models/') && file.split('/').length > 2 ? file.split('/').slice(0, 2).join('/') : file.includes('/') ? file.split('/')[0] : 'page';
    const group = groups.get(name) ?? { raw: 0, small: 0 };
    group.raw += raw;
    group.small += small;
    groups.set(name, group);
  }
  const label = options['no-compress'] ? 'not compressed' : 'brotli';
  console.log(`${'part'.padEnd(28)}${'raw, kB'.padStart(12)}${`${label}, kB`.padStart(20)}`);
  for (const [name, { raw, small }] of groups) {
    console.log(`${name.padEnd(28)}${(raw / 1e3).toFixed(1).padStart(12)}${(small / 1e3).toFixed(1).padStart(20)}`);
  }
  if (options['no-compress']) return;
  const core = sizes.find(({ file }) => file === 'core/coppice.wasm').brotli;
  console.log(`core and UI: ${(core / 1e3).toFixed(1)} kB of at most ${budgetBytes / 1e3} kB`);
  if (core > budgetBytes) throw new BuildFailed('core/coppice.wasm is over its budget');
}

try {
  assemble();
  finish();
  report(compress());
  if (options.single) {
    const { html, models } = await singleFile({ root, dist: out, core: path.resolve(root, options.core), models: shipped });
    write('coppice.html', html);
    console.log(`coppice.html: ${(Buffer.byteLength(html) / 1e6).toFixed(1)} MB, with ${models.join(' and ') || 'no model'}`);
  }
  if (options.npm) {
    const models = npmPackage({ root, dist: out, out: path.join(out, 'npm'), models: shipped });
    console.log(`npm/: the package coppice-compare, with ${models.join(' and ') || 'no model'}`);
    // Its model is the shipped one, whatever models the page is built for.
    npmCore({ root, core: path.resolve(root, options.core), models: path.join(root, 'models'), out: path.join(out, 'npm-core') });
    console.log('npm-core/: the package @coppice/core');
  }
  console.log(`${path.relative(process.cwd(), out) || '.'} is ready`);
} catch (error) {
  if (!(error instanceof BuildFailed)) throw error;
  console.error(`web/build.mjs: ${error.message}`);
  process.exitCode = 1;
}
