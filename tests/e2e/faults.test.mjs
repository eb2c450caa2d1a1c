// What goes wrong outside, one fault a test: the row of that model says what happened, and the other goes on.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { compare, dist, launch, openPage, readRow, temporaryFolder } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

// Serves `broken` beside a sound model, compares, and checks that the sound one answered. Returns the broken row. The two
// have different weights: files are kept under their hash, so an equal one would already be on the device.
async function meet(broken, { serverOptions = {}, before: prepare = () => {}, afterwards = () => {} } = {}) {
  const models = temporaryFolder();
  writeModels(models, { broken: { strength: 3, ...broken }, sound: { strength: 2 } });
  prepare(models);
  const server = await serve({ dist, models, ...serverOptions });
  const visitor = await openPage(browser, server.url);
  try {
    await compare(visitor.page, 'A wonderful film.');
    const sound = await readRow(visitor.page, 'sound');
    assert.equal(sound.verdict, 'positive');
    assert.match(sound.time, /ms|s/);
    const row = await readRow(visitor.page, 'broken');
    assert.equal(row.phase, 'failed');
    assert.equal(row.verdict, '–');
    assert.ok(visitor.problems.every((problem) => /Failed to load resource/.test(problem)), visitor.problems.join('\n'));
    await afterwards(visitor.page, models);
    return row;
  } finally {
    await visitor.close();
    await server.close();
  }
}

test('a model file that was altered', async () => {
  const row = await meet({
    change: (files) => {
      const bytes = Buffer.from(files['onnx/model.onnx']);
      bytes[1000] ^= 1;
      files['onnx/model.onnx'] = bytes;
    },
  });
  assert.match(row.state, /^broken: the file is not the one its manifest describes.*altered and was not used/);
});

test('a model file that is too short on the server', async () => {
  const row = await meet({ change: (files) => (files['onnx/model.onnx'] = files['onnx/model.onnx'].subarray(0, 5000)) });
  assert.match(row.state, /cut short: 5,000 bytes arrived/);
});

test('a model file that is too long', async () => {
  const row = await meet({ change: (files) => (files['onnx/model.onnx'] = Buffer.concat([files['onnx/model.onnx'], Buffer.alloc(10)])) });
  assert.match(row.state, /longer than the/);
});

test('a connection that breaks off, and trying again when it is back', async () => {
  const cutAfter = { 'broken/onnx/model.onnx': 100_000 };
  const row = await meet({}, {
    serverOptions: { cutAfter },
    afterwards: async (page) => {
      delete cutAfter['broken/onnx/model.onnx'];
      await page.click('li[data-model="broken"] button');
      await page.waitForSelector('#table tr[data-model="broken"][data-phase="offered"]');
      await compare(page);
      assert.equal((await readRow(page, 'broken')).verdict, 'positive');
    },
  });
  assert.match(row.state, /broke off after [\d,]+ of 24\d,\d{3} bytes/);
});

test('a model file that is missing', async () => {
  const row = await meet({ change: (files) => delete files['onnx/model.onnx'] });
  assert.match(row.state, /the server answered 404/);
});

test('a manifest that is missing', async () => {
  const row = await meet({ change: (files) => delete files['manifest.json'] });
  assert.match(row.state, /the server answered 404 for .*broken\/manifest\.json/);
});

test('a manifest of a newer schema', async () => {
  const row = await meet({ manifest: { schema_version: 99 } });
  assert.match(row.state, /schema_version/);
  assert.match(row.state, /99/);
});

test('a manifest that is no JSON', async () => {
  const row = await meet({ change: (files) => (files['manifest.json'] = Buffer.from('{"schema_version": 1,')) });
  assert.match(row.state, /broken\/manifest\.json/);
});

test('a vocabulary that was altered', async () => {
  const row = await meet({ change: (files) => (files['vocab.txt'] = Buffer.from(String(files['vocab.txt']).replace('\ngood\n', '\ngoop\n'))) });
  assert.match(row.state, /vocab\.txt is not the file its manifest describes/);
});

test('a model file that matches its hash but is no ONNX', async () => {
  const { manifestOf } = await import('./fixture-models.mjs');
  const { writeFileSync } = await import('node:fs');
  const row = await meet({}, {
    before: (folder) => {
      const junk = Buffer.from('this is not a model '.repeat(50));
      const files = { 'vocab.txt': readFileSync(`${folder}/broken/vocab.txt`), 'onnx/model.onnx': junk };
      writeFileSync(`${folder}/broken/onnx/model.onnx`, junk);
      writeFileSync(`${folder}/broken/manifest.json`, JSON.stringify(manifestOf('broken', files)));
    },
  });
  assert.match(row.state, /ONNX Runtime could not make a session/);
});

test('no catalog at all', async () => {
  const models = temporaryFolder();
  const server = await serve({ dist, models });
  const visitor = await openPage(browser, server.url);
  try {
    await visitor.page.waitForFunction(() => /nothing to compare/.test(document.getElementById('status').textContent));
    await visitor.page.fill('#review', 'good');
    await visitor.page.click('#compare');
    assert.match(await visitor.page.textContent('#error'), /catalog\.json/);
  } finally {
    await visitor.close();
    await server.close();
  }
});

test('a worker that cannot start', async () => {
  const models = temporaryFolder();
  writeModels(models, { dense: {} });
  const server = await serve({ dist, models });
  // A service worker would answer from its cache.
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  try {
    await page.route('**/runtime-worker.js', (route) => route.fulfill({ status: 404, body: '' }));
    await page.goto(server.url);
    await page.waitForSelector('body[data-started="true"]');
    await page.fill('#review', 'good');
    await page.click('#compare');
    await page.waitForSelector('#table tr[data-model="dense"][data-phase="failed"]');
    assert.match((await readRow(page, 'dense')).state, /worker that ran it stopped/);
  } finally {
    await context.close();
    await server.close();
  }
});

test('a model that is too large for the memory of the browser', async () => {
  const { writeFileSync } = await import('node:fs');
  const row = await meet({}, {
    before: (folder) => {
      const file = `${folder}/broken/manifest.json`;
      const manifest = JSON.parse(readFileSync(file, 'utf8'));
      manifest.files.find(({ path }) => path === 'onnx/model.onnx').bytes = 2 ** 46;
      writeFileSync(file, JSON.stringify(manifest));
    },
  });
  assert.match(row.state, /no memory for a file of 70,368,744,177,664 bytes. Choose a smaller model/);
});

// The worker ends itself at a message that no page sends: as near to a crash as a test gets.
async function withMortalWorker(work) {
  const models = temporaryFolder();
  writeModels(models, { dense: { strength: 2 }, linear: { linear: true, strength: 1 } });
  const server = await serve({ dist, models });
  const context = await browser.newContext({ serviceWorkers: 'block' });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const script = readFileSync(path.join(dist, 'app/runtime-worker.js'), 'utf8');
  await page.route('**/runtime-worker.js', (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      // Once only: the second worker lives.
      body: script.replace('async function run({ id,', `let runs = 0;
        async function run(request) {
          if (request.model === 'dense' && (runs += 1) === 2 && !(await caches.has('crashed'))) {
            await caches.open('crashed');
            setTimeout(() => { throw new Error('out of memory'); });
            return new Promise(() => {});
          }
          return runReally(request);
        }
        async function runReally({ id,`),
    }),
  );
  try {
    await page.goto(server.url);
    await page.waitForSelector('tr[data-model="linear"]');
    await work(page);
  } finally {
    await context.close();
    await server.close();
  }
}

test('a worker that crashes is started again; the row that it was running says so, the others go on', () =>
  withMortalWorker(async (page) => {
    await compare(page, 'A wonderful film.');
    const dense = await readRow(page, 'dense');
    assert.equal(dense.phase, 'failed');
    assert.match(dense.state, /^dense: the worker that ran it stopped \(.*out of memory/);
    assert.equal((await readRow(page, 'linear')).verdict, 'positive');
    await page.click('li[data-model="dense"] button');
    await page.waitForFunction(() => document.querySelector('tr[data-model="dense"]').dataset.phase !== 'failed');
    await compare(page);
    assert.equal((await readRow(page, 'dense')).verdict, 'positive');
  }));
