// Coppice's own engine on the page: chosen, it runs the shipped model that ONNX Runtime Web runs, says so in the row, and
// agrees; what it cannot run is an error of that row alone.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { compare, dist, drop, launch, openPage, readRow, root, said, temporaryFolder } from './browser.mjs';
import { huggingFaceFiles, writeFiles, writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

const shipped = 'minilm-l6-imdb-smallest';
const engineRow = /^Coppice engine \d+\.\d+\.\d+, WASM (relaxed )?SIMD, 1 thread$/;
const review = 'A quiet, wonderful film that moved me; one of the best I have seen this year.';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

// Fixtures, and the smallest shipped transformer. The bag of words has a config.json and none of its weights.
function makeModels() {
  const models = temporaryFolder();
  writeModels(models, { bag: { strength: 2 }, linear: { linear: true, strength: 1 } });
  cpSync(path.join(root, 'models', shipped), path.join(models, shipped), { recursive: true });
  writeFileSync(path.join(models, 'catalog.json'), JSON.stringify({ schema_version: 1, models: [{ id: shipped }, { id: 'bag' }, { id: 'linear' }] }));
  return models;
}

async function visit(work, { prepare, below = '/', isolated = false, ...options } = {}) {
  const models = makeModels();
  const server = await serve({ dist, models, below, isolated });
  const visitor = await openPage(browser, server.url, { prepare, ...options });
  try {
    await visitor.page.waitForSelector(`tr[data-model="${shipped}"][data-phase="offered"]`);
    await work(visitor, server, models);
  } finally {
    await visitor.close();
    await server.close();
    rmSync(models, { recursive: true });
  }
}

const percent = (text) => parseFloat(text.replace('> ', ''));

test('the same file on both runtimes: each row names what ran it, and they agree', () =>
  visit(async ({ page, problems, foreign }, server) => {
    await page.uncheck('li[data-model="bag"] input');
    await compare(page, review);
    const there = await readRow(page, shipped);
    assert.match(there.runtime, /^ONNX Runtime Web/);
    assert.ok(!server.requests.some((file) => file.includes('/engine/')), 'the engine was fetched before it was chosen');
    const downloads = () => server.requests.filter((file) => file.endsWith(`${shipped}/onnx/model.onnx`)).length;
    assert.equal(downloads(), 1);

    await page.selectOption('#backend', 'core');
    await compare(page);
    const here = await readRow(page, shipped);
    assert.match(here.runtime, engineRow, await page.textContent('#notices'));
    assert.equal(here.verdict, 'positive');
    assert.equal(here.verdict, there.verdict);
    // Rounded activations: one that falls the other way moves a logit by up to 0.1 (tests/golden/engine_golden.json).
    assert.ok(Math.abs(percent(here.probability) - percent(there.probability)) <= 1, `${here.probability} and ${there.probability}`);
    assert.equal(here.tokens, there.tokens);
    assert.equal(downloads(), 1, 'the checked bytes that are kept serve both');
    assert.ok(server.requests.some((file) => file.endsWith(`${shipped}/config.json`)));
    assert.match(await page.textContent('#runtime'), /^Coppice engine/);
    // Where the time went: shares that sum, of the runs that the row counts and the untimed one.
    await page.waitForSelector(`#profile-models [data-model="${shipped}"]`, { state: 'attached' });
    assert.equal(await page.isVisible('#profile'), true);
    await page.click('#profile summary');
    const cells = (name, row, column) => page.textContent(`[aria-label="${shipped} by ${name}"] tr[data-key="${row}"] td:nth-of-type(${column})`);
    assert.match(await page.textContent('#profile-models .hint'), /^6 reviews of \d+ tokens on average: [\d.]+ ms each, [\d.]+ % of the multiplications skipped\. Computed in int8 weights and activations of static scale \(.*\); peak of one thread here: [\d.]+ GFLOP\/s\.$/);
    const shares = await page.$$eval(`[aria-label="${shipped} by operator"] tbody tr:not([data-key="all"]) td:nth-of-type(2)`, (all) => all.map((cell) => parseFloat(cell.textContent)));
    assert.ok(shares.length >= 8 && Math.abs(shares.reduce((sum, share) => sum + share, 0) - 100) < 0.5, String(shares));
    assert.equal(await cells('operator', 'all', 2), '100.0 %');
    assert.ok(parseFloat(await cells('operator', 'intermediate', 4)) > 0);
    assert.match(await cells('layer', '0', 4), /int8/);
    // A linear model is as it was.
    assert.equal((await readRow(page, 'linear')).verdict, 'positive');

    // Kept for the next visit, and back again.
    await page.reload();
    await page.waitForSelector(`tr[data-model="${shipped}"][data-phase="ready"]`);
    assert.equal(await page.inputValue('#backend'), 'core');
    await page.uncheck('li[data-model="bag"] input');
    await compare(page, review);
    assert.match((await readRow(page, shipped)).runtime, engineRow);
    await page.selectOption('#backend', 'wasm');
    await compare(page);
    assert.match((await readRow(page, shipped)).runtime, /^ONNX Runtime Web/);
    assert.deepEqual(problems, []);
    assert.deepEqual(foreign, []);
  }, { below: '/some/where/' }));

test('side by side: one model in two rows, each with what ran it, and one download', () =>
  visit(async ({ page, problems }, server) => {
    await page.uncheck('li[data-model="bag"] input');
    await page.check('#beside');
    const twin = `${shipped}.engine`;
    await page.waitForSelector(`tr[data-model="${twin}"]`);
    await compare(page, review);
    const [there, here] = [await readRow(page, shipped), await readRow(page, twin)];
    assert.match(there.runtime, /^ONNX Runtime Web/);
    assert.match(here.runtime, engineRow, await page.textContent('#notices'));
    assert.equal(here.verdict, there.verdict);
    assert.ok(Math.abs(percent(here.probability) - percent(there.probability)) <= 1, `${here.probability} and ${there.probability}`);
    assert.equal(server.requests.filter((file) => file.endsWith(`${shipped}/onnx/model.onnx`)).length, 1);
    await page.waitForSelector(`#profile-models [data-model="${twin}"]`, { state: 'attached' });
    await page.uncheck('#beside');
    await compare(page, review);
    assert.equal((await readRow(page, twin)).verdict, '–');
    assert.deepEqual(problems, []);
  }));

// The sums are the same whatever thread computes them, so the answer is.
test('with isolation headers it computes with threads, says so, and gives the same', async () => {
  const judge = async ({ page, problems }) => {
    await page.uncheck('li[data-model="bag"] input');
    await page.selectOption('#backend', 'core');
    await compare(page, review);
    const row = await readRow(page, shipped);
    assert.deepEqual(problems, []);
    return row;
  };
  let alone;
  await visit(async (visitor) => {
    alone = await judge(visitor);
    assert.match(alone.runtime, engineRow);
  });
  await visit(
    async (visitor, server) => {
      const { page } = visitor;
      const cores = await page.evaluate(() => navigator.hardwareConcurrency);
      assert.ok(cores > 1, 'a machine of one core shows nothing here');
      const together = await judge(visitor);
      assert.match(together.runtime, new RegExp(`^Coppice engine .*, WASM (relaxed )?SIMD, ${Math.min(4, cores)} threads$`));
      assert.equal(together.verdict, 'positive');
      assert.equal(together.probability, alone.probability);
      const modules = server.requests.filter((file) => /\/engine\/.*\.wasm$/.test(file));
      assert.ok(modules.length > 0 && modules.every((file) => file.endsWith('_threads.wasm')), String(modules));
      // Again, with the model loaded anew.
      await page.selectOption('#backend', 'wasm');
      await compare(page);
      await page.selectOption('#backend', 'core');
      await compare(page);
      const again = await readRow(page, shipped);
      assert.equal(again.runtime, together.runtime);
      assert.equal(again.probability, alone.probability);
    },
    { isolated: true },
  );
});

test('isolated, but without threads to be had: one thread, and the row says so', () =>
  visit(
    async ({ page }) => {
      await page.selectOption('#backend', 'core');
      await compare(page, review);
      const row = await readRow(page, shipped);
      assert.match(row.runtime, engineRow);
      assert.equal(row.verdict, 'positive');
    },
    {
      isolated: true,
      prepare: (context) =>
        context.route('**/engine/*_threads.wasm', (route) =>
          route.fulfill({ contentType: 'application/wasm', body: 'no module', headers: { 'Cross-Origin-Resource-Policy': 'same-origin' } })),
      serviceWorkers: 'block',
    },
  ));

test('what the engine cannot run says why in its row, and the others go on', () =>
  visit(async ({ page, problems }, server, models) => {
    await page.selectOption('#backend', 'core');
    await compare(page, review);
    // The manifest of the fixture lists no config.json.
    assert.match((await readRow(page, 'bag')).state, /^bag\/manifest\.json: files: config\.json is missing, which Coppice's own engine needs/);
    assert.equal((await readRow(page, shipped)).verdict, 'positive');
    assert.equal((await readRow(page, 'linear')).verdict, 'positive');

    // A model of one's own whose graph is no BERT: ONNX Runtime runs it, the engine names what is missing.
    const mine = writeFiles(path.join(models, 'mine'), huggingFaceFiles());
    await drop(page, mine);
    await said(page, '#brought', /in the comparison/);
    await compare(page);
    const own = await readRow(page, 'mine');
    assert.equal(own.phase, 'failed');
    assert.match(own.state, /^mine: the engine could not load the model ?\(mine\/onnx\/model\.onnx: the weights do not fit config\.json\. Missing \(25\): embeddings\.word_embeddings\.weight \(/);
    assert.deepEqual(problems, []);
  }));

test('a file that was altered is not run, and an engine that cannot be had is an error of the row', async () => {
  await visit(
    async ({ page }) => {
      await page.selectOption('#backend', 'core');
      await compare(page, review);
      assert.match((await readRow(page, shipped)).state, new RegExp(`^${shipped}: .*SHA-256`));
    },
    {
      prepare: (context) =>
        context.route(`**/${shipped}/onnx/model.onnx`, (route) => {
          const body = readFileSync(path.join(root, 'models', shipped, 'onnx/model.onnx'));
          body[1_000_000] ^= 1;
          return route.fulfill({ body });
        }),
      serviceWorkers: 'block',
    },
  );
  await visit(
    async ({ page }) => {
      await page.selectOption('#backend', 'core');
      await compare(page, review);
      assert.match((await readRow(page, shipped)).state, new RegExp(`^${shipped}: the engine stopped while it loaded the model`));
      assert.equal((await readRow(page, 'linear')).verdict, 'positive');
    },
    { prepare: (context) => context.route('**/engine/*.wasm', (route) => route.fulfill({ contentType: 'application/wasm', body: 'no module' })), serviceWorkers: 'block' },
  );
});

test('a worker that crashes while the engine runs: the row says so, and the next comparison starts another', () =>
  visit(
    async ({ page }) => {
      await page.uncheck('li[data-model="bag"] input');
      await page.selectOption('#backend', 'core');
      await compare(page, review);
      const row = await readRow(page, shipped);
      assert.equal(row.phase, 'failed');
      assert.match(row.state, new RegExp(`^${shipped}: the worker that ran it stopped \\(.*unreachable`));
      assert.equal((await readRow(page, 'linear')).verdict, 'positive');
      await page.click(`li[data-model="${shipped}"] button`);
      await page.waitForFunction((id) => document.querySelector(`tr[data-model="${id}"]`).dataset.phase !== 'failed', shipped);
      await compare(page);
      assert.match((await readRow(page, shipped)).runtime, engineRow);
    },
    {
      // Once only: the second worker lives.
      prepare: (context) =>
        context.route('**/runtime-worker.js', (route) =>
          route.fulfill({
            contentType: 'text/javascript',
            body: readFileSync(path.join(dist, 'app/runtime-worker.js'), 'utf8').replace('async function run({ id,', `
              async function run(request) {
                if (engines.has(request.model) && !(await caches.has('crashed'))) {
                  await caches.open('crashed');
                  setTimeout(() => { throw new WebAssembly.RuntimeError('unreachable'); });
                  return new Promise(() => {});
                }
                return runReally(request);
              }
              async function runReally({ id,`),
          }),
        ),
      serviceWorkers: 'block',
    },
  ));

test('without a network after one visit', () =>
  visit(async ({ page, context }) => {
    await page.uncheck('li[data-model="bag"] input');
    await page.selectOption('#backend', 'core');
    await compare(page, review);
    await page.waitForSelector('body[data-offline="ready"]');
    await context.setOffline(true);
    await page.reload();
    await page.waitForSelector('body[data-started="true"]');
    await page.waitForSelector(`tr[data-model="${shipped}"][data-phase="ready"]`);
    await compare(page, review);
    const row = await readRow(page, shipped);
    assert.match(row.runtime, engineRow);
    assert.equal(row.verdict, 'positive');
  }));
