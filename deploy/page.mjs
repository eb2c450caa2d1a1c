// The page for one image: with one model in its catalogue, in build/deploy/MODEL/page. The page, the core and the Node
// packages must be there: `npm run build`, or `npm start` once.
//
//   node deploy/page.mjs --model minilm-l6-imdb-half-int8
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

// The models folder of one model. Returns its path below `out`.
export function modelsOfOne(models, model, out) {
  const catalog = JSON.parse(readFileSync(path.join(models, 'catalog.json'), 'utf8'));
  const known = catalog.models.map(({ id }) => id);
  if (!known.includes(model)) throw new Error(`models/catalog.json has no "${model}"; it has ${known.join(', ')}`);
  const folder = path.join(out, 'models');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(models, model), path.join(folder, model), { recursive: true });
  const only = { ...catalog, models: catalog.models.filter(({ id }) => id === model) };
  writeFileSync(path.join(folder, 'catalog.json'), `${JSON.stringify(only, null, 1)}\n`);
  return folder;
}

// An image is as large as what it holds, and compressed forms do not compress. Every browser that runs the page takes brotli
// where it is served by HTTPS; others get the plain file, and so do the few who choose WebGPU.
export function leaveOutCompressedForms(page) {
  for (const file of readdirSync(page, { recursive: true })) {
    const plain = file.replace(/\.(br|gz)$/, '');
    if (plain === file || !existsSync(path.join(page, plain))) continue;
    if (file.endsWith('.gz') || file.startsWith(`ort-webgpu${path.sep}`)) rmSync(path.join(page, file));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { model: { type: 'string' }, core: { type: 'string', default: 'build/wasm' } } });
  try {
    if (!values.model) throw new Error('--model is needed: the id of a folder of models/');
    if (!existsSync(path.resolve(root, values.core, 'coppice.wasm'))) {
      throw new Error(`${values.core}/coppice.wasm is missing: run \`npm run build\` or \`npm start\` once`);
    }
    const out = path.join(root, 'build/deploy', values.model);
    const models = modelsOfOne(path.join(root, 'models'), values.model, out);
    const args = ['web/build.mjs', '--out', path.join(out, 'page'), '--models', models, '--core', values.core];
    process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
    if (process.exitCode === 0) leaveOutCompressedForms(path.join(out, 'page'));
    rmSync(models, { recursive: true });
  } catch (error) {
    console.error(`page.mjs: ${error.message}`);
    process.exitCode = 2;
  }
}
