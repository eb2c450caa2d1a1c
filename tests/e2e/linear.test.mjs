// A linear model on the page: run by the core in the worker, beside transformers, alone, as the baseline, offline, broken.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { artifacts, compare, dist, launch, openPage, readRow, temporaryFolder } from './browser.mjs';
import { linearManifestOf, writeModels } from './fixture-models.mjs';
import { linearConfig } from './linear-fixture.mjs';
import { serve } from './server.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

// Serves these models, does `work(page, server, visitor)`; nothing may go wrong on the side but what `allowed` matches.
async function visit(models, work, { allowed = /^$/, ...options } = {}) {
  const folder = temporaryFolder();
  writeModels(folder, models);
  const server = await serve({ dist, models: folder, ...options });
  const visitor = await openPage(browser, server.url);
  try {
    await work(visitor.page, server, visitor);
    assert.deepEqual(visitor.problems.filter((problem) => !allowed.test(problem)), []);
    assert.deepEqual(visitor.foreign, []);
  } finally {
    await visitor.close();
    await server.close();
  }
}

const three = { dense: { strength: 2 }, structured: { strength: 1 }, ngrams: { strength: 2, linear: true } };

test('a typed review is judged by the linear model as well, in a time that the clock could not see', () =>
  visit(three, async (page) => {
    await compare(page, 'A wonderful film, one of the best.');
    const row = await readRow(page, 'ngrams');
    assert.equal(row.verdict, 'positive');
    assert.equal(row.probability, '98.2 %'); // the logistic function of 2 x strength
    assert.equal(row.tokens, '7 words, no limit');
    assert.match(row.time, /^0\.\d+ ms\(0\.\d+ ms to 0\.\d+ ms\)$/);
    const milliseconds = parseFloat(row.time);
    assert.ok(milliseconds > 0 && milliseconds < 0.5, row.time);
    assert.match(row.energy, /^[\d.]+ [mµ]J\(/);
    assert.match(row.carbon, /^[\d.]+ µg CO2e\(/);
    assert.equal(row.size, '65.7 kB');
    assert.equal(row.accuracy, '85.0 %(84.5 % to 85.5 %)');
    assert.equal(row.runtime, "Coppice's core, 1 thread");
    assert.equal(row.floor, 'More accurate than the best transformer, dense, 80.3 %');
    assert.equal((await readRow(page, 'dense')).floor, 'Less accurate than the linear model ngrams, 85.0 %');
    assert.match(await page.textContent('#floor'), /^Do you need a transformer here\? For accuracy, no: .*85\.0 % .*80\.3 %/);
    const headline = await page.textContent('#headline');
    assert.match(headline, /^All 3 models say positive\./);
    assert.match(headline, /ngrams takes (1\/[\d,]+ of the time of|\d+ % less time than) dense/);
    await page.waitForTimeout(300);
    await page.screenshot({ path: path.join(artifacts, 'linear-1280.png'), fullPage: true });

    await compare(page, 'dull and terrible');
    assert.equal((await readRow(page, 'ngrams')).verdict, 'negative');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForTimeout(300);
    await page.screenshot({ path: path.join(artifacts, 'linear-390.png'), fullPage: true });
  }));

test('alone it needs no ONNX Runtime, and a megabyte is read whole', () =>
  visit({ ngrams: { linear: true } }, async (page, server) => {
    assert.ok(await page.isHidden('#floor'));
    await page.evaluate(() => {
      const box = document.getElementById('review');
      box.value = `wonderful ${'film '.repeat(200_000)} boring dull \ud800`;
      box.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await compare(page);
    const row = await readRow(page, 'ngrams');
    assert.equal(row.tokens, '200,003 words, no limit');
    assert.equal(row.verdict, 'negative');
    assert.match(await page.textContent('#headline'), /^ngrams says negative\./);
    assert.match(await page.textContent('#reading'), /200,003 words, all of them read/);
    assert.ok(!server.requests.some((request) => /\/ort\//.test(request)), 'ONNX Runtime was fetched');
  }));

test('as the baseline it is what the others are measured by', () =>
  visit({ ngrams: { linear: true }, dense: {} }, async (page) => {
    await compare(page, 'good');
    assert.match(await page.textContent('#headline'), /^Both models say positive\. dense takes ([\d,]+ times the time of|\d+ % more time than) ngrams/);
    await page.uncheck('li[data-model="ngrams"] input');
    await compare(page, 'bad');
    assert.equal((await readRow(page, 'ngrams')).verdict, '–');
    assert.equal((await readRow(page, 'dense')).verdict, 'negative');
  }));

test('once kept it works with the network off', () =>
  visit({ ngrams: { linear: true } }, async (page, server, { context }) => {
    await compare(page, 'good');
    await page.waitForSelector('body[data-offline="ready"]'); // the page says that it needs no network from here on
    await page.reload();
    await page.waitForSelector('body[data-started="true"]');
    await server.close();
    await context.setOffline(true);
    server.requests.length = 0;
    await page.reload();
    await page.waitForSelector('body[data-started="true"]');
    await compare(page, 'terrible, a waste');
    assert.equal((await readRow(page, 'ngrams')).verdict, 'negative');
    assert.equal((await readRow(page, 'ngrams')).state, 'ready');
    assert.deepEqual(server.requests, []);
  }, { allowed: /Failed to load resource/ }));

// What the broken linear model's row says; the sound transformer beside it must have judged.
async function problemOf(broken, options) {
  let state;
  await visit({ ngrams: { linear: true, ...broken }, sound: {} }, async (page) => {
    await compare(page, 'A wonderful film.');
    assert.equal((await readRow(page, 'sound')).verdict, 'positive');
    const row = await readRow(page, 'ngrams');
    assert.equal(row.phase, 'failed');
    assert.equal(row.verdict, '–');
    ({ state } = row);
    assert.equal(await page.textContent('li[data-model="ngrams"] .failed span'), state);
  }, { allowed: /Failed to load resource/, ...options });
  return state;
}

const name = 'model.safetensors';

test('weights that were altered', async () => {
  const state = await problemOf({
    change: (files) => {
      files[name] = Buffer.from(files[name]);
      files[name][5000] ^= 1;
    },
  });
  assert.match(state, /^ngrams: the file is not the one its manifest describes.*altered and was not used/);
});

test('weights that are too short on the server', async () => {
  assert.match(await problemOf({ change: (files) => (files[name] = files[name].subarray(0, 5000)) }), /cut short: 5,000 bytes arrived/);
});

test('a connection that breaks off', async () => {
  assert.match(await problemOf({}, { cutAfter: { 'ngrams/model.safetensors': 20_000 } }), /broke off after [\d,]+ of 65,\d{3} bytes/);
});

test('weights that match their hash but are no safetensors', async () => {
  const files = { 'config.json': Buffer.from(JSON.stringify(linearConfig())), [name]: Buffer.from('no weights '.repeat(50)) };
  const state = await problemOf({ manifest: { files: linearManifestOf('ngrams', files).files }, change: (written) => Object.assign(written, files) });
  assert.match(state, /^ngrams: the core could not read the file \(.*model\.safetensors/);
});

test('a configuration of a newer version, before any weights are fetched', async () => {
  const files = { 'config.json': Buffer.from(JSON.stringify(linearConfig({ version: 2 }))), [name]: Buffer.from('x') };
  const state = await problemOf({ manifest: { files: linearManifestOf('ngrams', files).files }, change: (written) => Object.assign(written, files) });
  assert.match(state, /ngrams\/config\.json: version: is 2/);
});
