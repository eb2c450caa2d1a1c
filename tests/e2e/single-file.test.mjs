// dist/coppice.html: the page in one file, opened from disk. Everything comes out of the file: Chromium is given no network.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { compare, dist, drop, launch, openPage, readRow, said, temporaryFolder } from './browser.mjs';
import { huggingFaceFiles, writeFiles } from './fixture-models.mjs';

const file = path.join(dist, 'coppice.html');
const skip = existsSync(file) ? false : 'dist/coppice.html is not built: npm run build';

test('the single file compares from disk: its own model, and a transformer that is dropped', { skip }, async () => {
  const folder = path.join(temporaryFolder(), 'with a space & more');
  mkdirSync(folder);
  cpSync(file, path.join(folder, 'coppice.html'));
  const browser = await launch();
  try {
    const visitor = await openPage(browser, pathToFileURL(path.join(folder, 'coppice.html')).href, { offline: true });
    const { page } = visitor;
    await page.waitForSelector('#table tbody tr');
    const inside = await page.evaluate(() => [...document.querySelectorAll('#table tbody tr')].map((row) => row.dataset.model));
    assert.ok(inside.length >= 1);
    await compare(page, 'A wonderful film, one of the best I have seen.');
    for (const id of inside) assert.equal((await readRow(page, id)).verdict, 'positive', id);
    assert.ok(await page.isVisible('#canvas'), await page.textContent('#no-canvas'));
    // Without WebGPU, whose runtime is too large to be inside; the engine is.
    const choices = await page.locator('#backend option').evaluateAll((options) => options.map(({ value }) => value));
    assert.deepEqual(choices, ['wasm', 'core']);
    assert.match(await page.textContent('#offline'), /one file and needs no network/);

    // ONNX Runtime is inside too.
    const mine = writeFiles(path.join(folder, 'mine'), huggingFaceFiles());
    await drop(page, mine); // Chromium refuses folders that are dropped on a page from disk; another browser may not
    await said(page, '#brought', /in the comparison|Choose it with the Folder button/);
    if (await page.locator('#brought.problem').count()) await page.setInputFiles('#bring-folder', mine);
    await said(page, '#brought', /in the comparison/);
    await compare(page, 'A dull and terrible film.');
    const own = await readRow(page, 'mine');
    assert.equal(own.verdict, 'negative', own.state);
    assert.match(own.runtime, /^ONNX Runtime Web 1\.30\.0, WASM, 1 thread$/);
    assert.deepEqual(visitor.problems, []);
    assert.deepEqual(visitor.foreign, []);
  } finally {
    await browser.close();
  }
});

test('it is small enough to be sent by mail, without a transformer of more than 12 MB', { skip }, () => {
  assert.ok(statSync(file).size < 30e6, `${statSync(file).size} bytes`);
});
