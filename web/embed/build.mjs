// dist/npm: the package `coppice-compare`, ready for `npm pack` or `npm publish`: the element, and the page that it opens
// with the smallest models inside. Other models are put into page/models/, or `src` names a page of one's own.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { modelsInside } from '../single/build.mjs';

// Returns the ids of the models in it.
export function npmPackage({ root, dist, out, models }) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(path.join(out, 'page'), { recursive: true });
  // What the service worker lists must be there; compressed copies are for hosts, not for packages.
  const parts = readdirSync(dist).filter((name) => !['npm', 'npm-core', 'models', 'coppice.html', '.coppice-dist'].includes(name) && !/\.(br|gz)$/.test(name));
  for (const part of parts) {
    cpSync(path.join(dist, part), path.join(out, 'page', part), { recursive: true, filter: (from) => !/\.(br|gz)$/.test(from) });
  }
  const chosen = models.length > 0 ? modelsInside(dist, models).map(({ id }) => id) : [];
  mkdirSync(path.join(out, 'page/models'), { recursive: true });
  for (const id of chosen) {
    cpSync(path.join(dist, 'models', id), path.join(out, 'page/models', id), { recursive: true, filter: (from) => !/\.(br|gz)$/.test(from) });
  }
  writeFileSync(path.join(out, 'page/models/catalog.json'), `${JSON.stringify({ schema_version: 1, models: chosen.map((id) => ({ id })) }, null, 1)}\n`);

  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const description = {
    name: 'coppice-compare',
    version,
    description: 'Compare a sentiment model with its pruned versions in a page of yours: verdict, time, energy and carbon, on the visitor\'s device.',
    license: 'Apache-2.0',
    type: 'module',
    exports: { '.': { types: './coppice-compare.d.ts', default: './page/coppice-compare.js' }, './page/*': './page/*' },
    files: ['page', 'coppice-compare.d.ts'],
    sideEffects: true,
  };
  writeFileSync(path.join(out, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
  for (const file of ['README.md', 'coppice-compare.d.ts']) cpSync(path.join(root, 'web/embed', file), path.join(out, file));
  cpSync(path.join(root, 'LICENSE'), path.join(out, 'LICENSE'));
  return chosen;
}
