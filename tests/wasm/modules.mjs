// Emscripten's modules of the wasm preset in node, built first.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { loadCore } from '../../web/app/core.js';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = path.resolve(root, process.env.COPPICE_WASM_BUILD ?? 'build/wasm');

// Returns load(), which makes another instance of NAME.wasm.
export async function moduleOf(target, name) {
  // Debian's Emscripten links with acorn from here.
  const env = { ...process.env, NODE_PATH: '/usr/share/nodejs' };
  const made = spawnSync('cmake', ['--build', build, '--target', target], { env, encoding: 'utf8' });
  assert.equal(made.status, 0, `${target} did not build:\n${made.stdout}\n${made.stderr}`);
  // The module of this Emscripten expects CommonJS names in node.
  globalThis.__dirname = build;
  globalThis.require = createRequire(import.meta.url);
  const { default: createModule } = await import(pathToFileURL(path.join(build, `${name}.js`)).href);
  const wasmBinary = readFileSync(path.join(build, `${name}.wasm`));
  return () => loadCore(createModule, { wasmBinary });
}
