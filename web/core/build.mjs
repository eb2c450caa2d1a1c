// dist/npm-core: the package `@coppice/core`, ready for `npm pack` or `npm publish`. It needs no page:
//
//   node web/core/build.mjs [--out dist/npm-core] [--core build/wasm] [--models models]
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const modelInside = 'linear-ngrams';

export function npmCore({ root, core, models, out }) {
  const need = (file, hint) => {
    if (!existsSync(file)) throw new Error(`${file} is missing. ${hint}`);
    return file;
  };
  rmSync(out, { recursive: true, force: true });
  const copy = (from, to) => {
    mkdirSync(path.dirname(path.join(out, to)), { recursive: true });
    cpSync(from, path.join(out, to));
  };
  // The page's own files, at the same places to one another.
  for (const file of ['core/coppice-core.js', 'core/coppice-core.d.ts', 'app/core.js', 'app/relaxed.js', 'app/sha256.js']) copy(path.join(root, 'web', file), file);
  for (const file of ['sha2.js', '_md.js', '_u64.js', 'utils.js', 'LICENSE']) {
    copy(need(path.join(root, 'node_modules/@noble/hashes', file), 'Run npm ci.'), `vendor/noble-hashes/${file}`);
  }
  for (const name of ['coppice_model', 'coppice_model_relaxed']) {
    for (const file of [`${name}.js`, `${name}.wasm`]) {
      copy(need(path.join(core, file), 'Run cmake --preset wasm && cmake --build --preset wasm-library.'), `wasm/${file}`);
    }
  }
  const folder = path.join(models, modelInside);
  const manifest = JSON.parse(readFileSync(need(path.join(folder, 'manifest.json'), 'The package brings this model.'), 'utf8'));
  for (const file of ['manifest.json', 'README.md', 'config.json', ...manifest.weights.map(({ path: weights }) => weights)]) {
    copy(path.join(folder, file), `models/${modelInside}/${file}`);
  }
  copy(path.join(root, 'web/core/README.md'), 'README.md');
  copy(path.join(root, 'LICENSE'), 'LICENSE');
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const description = {
    name: '@coppice/core',
    version,
    description: 'A sentiment model as a function: text in; verdict, and an estimate of its energy and carbon, out.',
    license: 'Apache-2.0',
    type: 'module',
    exports: {
      '.': { types: './core/coppice-core.d.ts', default: './core/coppice-core.js' },
      './models/*': './models/*',
      './wasm/*': './wasm/*',
    },
    files: ['app', 'core', 'models', 'vendor', 'wasm'],
    sideEffects: false,
    engines: { node: '>=20' },
  };
  writeFileSync(path.join(out, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'dist/npm-core' },
      core: { type: 'string', default: 'build/wasm' },
      models: { type: 'string', default: 'models' },
    },
  });
  const at = (folder) => path.resolve(root, folder);
  npmCore({ root, core: at(values.core), models: at(values.models), out: at(values.out) });
  console.log(`${values.out}: the package @coppice/core`);
}
