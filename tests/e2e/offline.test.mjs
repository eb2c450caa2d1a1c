// What is kept on the device: shown, removed, refused by the browser; updates; and dist/ on a plain host below a path.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { compare, dist, launch, openPage, readRow, said, temporaryFolder } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

let browser;
const models = temporaryFolder();
before(async () => {
  writeModels(models, { dense: { strength: 2 }, linear: { linear: true, strength: 1 } });
  browser = await launch();
});
after(() => browser.close());

async function visit(work, { prepare, serverOptions = {}, ...options } = {}) {
  const server = await serve({ dist, models, ...serverOptions });
  const visitor = await openPage(browser, server.url, { ...options, prepare });
  try {
    await work(visitor.page, visitor, server);
  } finally {
    await visitor.close();
    await server.close();
  }
}

test('kept models are listed with their size; one or all are removed, and then they are to be downloaded again', () =>
  visit(async (page) => {
    await compare(page, 'good');
    await page.waitForSelector('body[data-offline="ready"]');
    await page.click('#storage summary');
    await said(page, '#kept', /2 models, 3\d\d kB/);
    assert.match(await page.textContent('#kept-models'), /dense, 24\d kB.*linear, 6\d kB/);
    await page.click('#kept-models button[aria-label="Remove linear"]');
    await said(page, '#kept', /One model/);
    await page.click('#remove-all');
    await said(page, '#kept', /All that was kept is removed/);
    assert.deepEqual(await page.evaluate(() => caches.keys()), []);
    assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
    await page.waitForSelector('body[data-offline="later"]');
    await page.reload();
    await page.waitForSelector('body[data-started="true"]');
    await said(page, 'tr[data-model="dense"] [data-key="state"]', /to download/);
  }));

test('storage that is denied: everything works, and the page says that nothing is kept', () =>
  visit(
    async (page) => {
      await compare(page, 'good');
      assert.equal((await readRow(page, 'dense')).verdict, 'positive');
      await said(page, '#notices', /keeps no files for this page/);
      await page.click('#storage summary');
      await said(page, '#kept', /downloaded at every visit/);
    },
    {
      // As a browser does that forbids it: the functions are there and refuse, in the worker too.
      prepare: (context) =>
        Promise.all([
          context.addInitScript(() => {
            Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('denied', 'SecurityError'); } });
            delete Navigator.prototype.serviceWorker;
          }),
          context.route('**/model-store.js', async (route) => {
            const body = `Object.defineProperty(self, 'caches', { configurable: true, value: { open: async () => { throw new DOMException('denied', 'SecurityError'); } } });\n${readFileSync(path.join(dist, 'app/model-store.js'), 'utf8')}`;
            await route.fulfill({ contentType: 'text/javascript', body });
          }),
        ]),
    },
  ));

test('storage that is full: the model works for this visit, and the page says why it is not kept', () =>
  visit(async (page) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(page.url()).origin, quotaSize: 1 });
    await compare(page, 'good');
    assert.equal((await readRow(page, 'dense')).verdict, 'positive');
    assert.match(await said(page, '#notices', /no room/), /QuotaExceededError/);
    assert.notEqual(await page.getAttribute('body', 'data-offline'), 'ready');
  }));

test('a new version is announced in every tab, and loaded by a click only', async () => {
  const site = temporaryFolder();
  cpSync(dist, site, { recursive: true, filter: (from) => !/\/(npm|models|coppice\.html|ort-webgpu)$/.test(from) });
  const server = await serve({ dist: site, models });
  const first = await openPage(browser, server.url);
  try {
    const here = first.page;
    await here.waitForFunction(() => navigator.serviceWorker.controller !== null);
    const there = await first.context.newPage();
    await there.goto(server.url);
    await there.waitForSelector('body[data-started="true"]');

    // Another build: its index.html says so. The hash of the file is in the worker's list.
    const script = readFileSync(path.join(site, 'sw.js'), 'utf8');
    const [line, json] = script.match(/^const build = (.*);$/m);
    const build = JSON.parse(json);
    const index = readFileSync(path.join(site, 'index.html'), 'utf8').replace('Cut back, to grow again', 'The next version');
    writeFileSync(path.join(site, 'index.html'), index);
    const { createHash } = await import('node:crypto');
    build.page['index.html'] = createHash('sha256').update(index).digest('base64');
    build.hash = 'another';
    writeFileSync(path.join(site, 'sw.js'), script.replace(line, `const build = ${JSON.stringify(build)};`));

    await here.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    for (const page of [here, there]) {
      await page.waitForSelector('#update:not([hidden])');
      assert.match(await page.textContent('#update'), /newer version of this page is ready/);
      assert.equal(await page.textContent('.tagline'), 'Cut back, to grow again');
    }
    await here.click('#reload');
    await said(here, '.tagline', /The next version/);
    // The other tab is told, not reloaded under the hands of its visitor.
    assert.match(await said(there, '#update', /another tab/), /Load it here too/);
    assert.equal(await there.textContent('.tagline'), 'Cut back, to grow again');
    await there.click('#reload');
    await said(there, '.tagline', /The next version/);
  } finally {
    await first.close();
    await server.close();
    rmSync(site, { recursive: true });
  }
});

test('half an upload is not kept: a file that is not the one of this build stops the worker from being installed', async () => {
  const site = temporaryFolder();
  cpSync(dist, site, { recursive: true, filter: (from) => !/\/(npm|models|coppice\.html|ort-webgpu)$/.test(from) });
  writeFileSync(path.join(site, 'app/settings.js'), `${readFileSync(path.join(site, 'app/settings.js'), 'utf8')}\n// altered\n`);
  const server = await serve({ dist: site, models });
  const visitor = await openPage(browser, server.url);
  try {
    await visitor.page.waitForFunction(() => document.body.dataset.started === 'true');
    const state = await visitor.page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      const worker = registration?.installing;
      if (worker) await new Promise((resolve) => worker.addEventListener('statechange', resolve));
      return worker?.state ?? 'redundant';
    });
    assert.equal(state, 'redundant');
    await compare(visitor.page, 'good'); // the page itself works
    assert.equal((await readRow(visitor.page, 'dense')).verdict, 'positive');
  } finally {
    await visitor.close();
    await server.close();
    rmSync(site, { recursive: true });
  }
});

test('below /a/b/ of a plain host: offline there too, and beside another copy of the page', async () => {
  const server = await serve({ dist, models, below: '/a/b/' });
  const visitor = await openPage(browser, server.url);
  try {
    const { page, context } = visitor;
    await compare(page, 'good');
    await page.waitForSelector('body[data-offline="ready"]');
    // What the copy below /c/ keeps, under the same origin, is left alone.
    await page.evaluate(() => caches.open('coppice-page-/c/-0000'));
    await server.close();
    await context.setOffline(true);
    await page.reload();
    await page.waitForSelector('body[data-started="true"]');
    await compare(page, 'terrible');
    assert.equal((await readRow(page, 'dense')).verdict, 'negative');
    assert.equal((await readRow(page, 'linear')).verdict, 'negative');
    assert.ok((await page.evaluate(() => caches.keys())).includes('coppice-page-/c/-0000'));
    assert.ok(server.requests.every((request) => request.startsWith('/a/b/') || request === '/favicon.ico'));
  } finally {
    await visitor.close();
  }
});
