// What a visit fetches and starts, and when: at once what the page needs, of a runtime nothing before there is a text for
// it, and the service worker, which fetches the whole page again, after a first verdict.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import { compare, dist, launch, openPage, temporaryFolder } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

let browser;
const models = temporaryFolder();
before(async () => {
  writeModels(models, { dense: { strength: 2 }, pruned: { strength: 1 }, linear: { linear: true, strength: 1 } });
  browser = await launch();
});
after(() => browser.close());

// work(page, asked): asked holds the path of every request that came to the server, the workers' too.
async function visit(work) {
  const server = await serve({ dist, models });
  const { requests: asked } = server;
  const visitor = await openPage(browser, server.url);
  try {
    // Every model has been described.
    await visitor.page.waitForFunction(() => document.querySelectorAll('#models li[data-model]').length === 3);
    await visitor.page.waitForFunction(() => ![...document.querySelectorAll('#table tr[data-model]')].some((row) => row.dataset.phase === 'describing'));
    await work(visitor.page, asked);
    assert.deepEqual(visitor.problems, []);
  } finally {
    await visitor.close();
    await server.close();
  }
}

const registrations = (page) => page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);

async function untilRegistered(page) {
  for (let tries = 0; tries < 200 && (await registrations(page)) === 0; tries += 1) await page.waitForTimeout(100);
  assert.equal(await registrations(page), 1);
}
const ofRuntime = (asked) => asked.filter((file) => /\/ort(-webgpu)?\//.test(file));

test('every script of the start, and the core, are named in the head of the page', () =>
  visit(async (page, asked) => {
    const named = await page.evaluate(() =>
      [...document.querySelectorAll('head > link[rel="modulepreload"], head > link[rel="preload"], head > script[src]')].map((link) => new URL(link.href || link.src).pathname),
    );
    const worker = asked.indexOf('/app/runtime-worker.js');
    assert.ok(worker > 0, 'the worker starts with the page');
    const started = new Set(asked.slice(0, worker).filter((file) => /^\/(app|core)\//.test(file)));
    assert.ok(started.size > 20, `${started.size} files`);
    assert.deepEqual([...started].filter((file) => !named.includes(file)), []);
    assert.equal(asked.filter((file) => file === '/core/coppice.wasm').length, 1, 'what was fetched ahead is used');
  }));

test('what describes the models is fetched once, and begun before the core is there', () =>
  visit(async (page, asked) => {
    const described = asked.filter((file) => file.startsWith('/models/'));
    assert.ok(described.includes('/models/dense/manifest.json'), `${described}`);
    assert.deepEqual(described, [...new Set(described)]);
    // The worker starts with the last of the page's scripts.
    assert.ok(asked.indexOf('/models/catalog.json') < asked.indexOf('/app/runtime-worker.js'), `${asked}`);
    // Of transformers only the project's own engine reads it.
    assert.ok(described.includes('/models/linear/config.json'));
    assert.ok(!described.includes('/models/dense/config.json'));
  }));

test('a vocabulary that models share is fetched once', () =>
  visit(async (page, asked) => {
    assert.equal(asked.filter((file) => file.endsWith('/vocab.txt')).length, 1);
    await compare(page, 'good');
    assert.equal(asked.filter((file) => file.endsWith('/vocab.txt')).length, 1);
  }));

test('a runtime is fetched when there is a text for a transformer to read, before anybody presses Compare', () =>
  visit(async (page, asked) => {
    await page.waitForTimeout(500);
    assert.deepEqual(ofRuntime(asked), []);
    for (const id of ['dense', 'pruned']) await page.uncheck(`li[data-model="${id}"] input`);
    await page.fill('#review', 'good');
    await page.waitForFunction(() => /words/.test(document.querySelector('#reading').textContent));
    await page.waitForTimeout(500);
    assert.deepEqual(ofRuntime(asked), [], 'a linear model needs none');
    await page.check('li[data-model="dense"] input');
    for (let tries = 0; tries < 100 && !asked.some((file) => file.endsWith('.wasm') && ofRuntime([file]).length); tries += 1) await page.waitForTimeout(100);
    assert.ok(ofRuntime(asked).some((file) => file.endsWith('.wasm')), `${ofRuntime(asked)}`);
    assert.equal(asked.filter((file) => file.endsWith('.onnx')).length, 0, 'models wait for Compare');
  }));

test('Compare before the models are listed: the comparison begins once they are', async () => {
  let list;
  const listed = new Promise((resolve) => (list = resolve));
  const prepare = (context) => context.route('**/models/catalog.json', async (route) => (await listed, route.continue()));
  const server = await serve({ dist, models });
  const { page, close } = await openPage(browser, server.url, { prepare });
  try {
    await page.fill('#review', 'good');
    await page.click('#compare');
    await page.waitForSelector('body[data-phase="loading"]');
    assert.equal(await page.textContent('#error'), '');
    list();
    await page.waitForSelector('body[data-finished="1"]');
    assert.equal(await page.getAttribute('#table tr[data-model="dense"]', 'data-phase'), 'ready');
  } finally {
    await close();
    await server.close();
  }
});

test('the service worker is installed after a first verdict, or when nobody has asked for one', () =>
  visit(async (page) => {
    assert.equal(await registrations(page), 0);
    await compare(page, 'good');
    await untilRegistered(page);
    const { page: idle, close } = await openPage(browser, page.url());
    await untilRegistered(idle);
    await close();
  }));

// In a profile on disk: the cache of a private window takes no file of this size.
async function onDisk(work) {
  const server = await serve({ dist, models });
  const context = await chromium.launchPersistentContext(temporaryFolder(), {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--enable-unsafe-swiftshader'],
  });
  try {
    const [page] = context.pages();
    await page.goto(server.url);
    await page.waitForSelector('body[data-started="true"]');
    await compare(page, 'good');
    await page.waitForSelector('body[data-offline="ready"]');
    await work(page, server);
  } finally {
    await context.close();
    await server.close();
  }
}

test('a second visit has the parts of the page from the cache, past the service worker', () =>
  onDisk(async (page) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    const sources = new Map();
    session.on('Network.responseReceived', ({ response }) =>
      sources.set(new URL(response.url).pathname, response.serviceWorkerRouterInfo?.actualSourceType ?? response.serviceWorkerResponseSource),
    );
    await page.context().setOffline(true);
    await page.reload();
    await page.waitForSelector('body[data-started="true"]');
    for (const part of ['/app/main.js', '/core/coppice.wasm', '/style.css']) assert.equal(sources.get(part), 'cache', part);
    assert.equal(sources.get('/'), 'cache-storage');
    await page.context().setOffline(false);
  }));

test('parts of the page that the browser has thrown away are kept again before it says that it needs no network', () =>
  onDisk(async (page) => {
    await page.evaluate(async () => {
      for (const name of await caches.keys()) if (name.startsWith('coppice-page-')) await caches.delete(name);
    });
    await page.reload();
    await page.waitForSelector('body[data-started="true"]');
    await compare(page, 'good');
    await page.waitForSelector('body[data-offline="ready"]');
    await page.context().setOffline(true);
    await page.reload();
    await page.waitForSelector('body[data-started="true"]');
    await compare(page, 'good');
    await page.context().setOffline(false);
  }));

const isRuntime = (file) => file.endsWith('.wasm') && ofRuntime([file]).length > 0;

test('what the worker has fetched is kept for use without a network without being fetched again', () =>
  onDisk(async (page, server) => assert.equal(server.requests.filter(isRuntime).length, 1)));

test("a second visit takes a runtime from the browser's cache, which has it compiled, and else what was kept and checked", () =>
  onDisk(async (page, server) => {
    const file = server.requests.find(isRuntime);
    await page.reload();
    await page.waitForSelector('body[data-started="true"]');
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    // Where the service worker had it from, and how long it is.
    const taken = async () => {
      const answered = new Promise((resolve) => {
        session.on('Network.responseReceived', function heard({ response }) {
          if (new URL(response.url).pathname !== file) return;
          session.off('Network.responseReceived', heard);
          resolve(response.serviceWorkerResponseSource);
        });
      });
      const bytes = await page.evaluate(async (address) => (await (await fetch(address)).arrayBuffer()).byteLength, file);
      return [await answered, bytes];
    };
    const [from, bytes] = await taken();
    assert.ok(bytes > 1e6, `${bytes}`);
    assert.equal(from, 'http-cache');
    await page.context().setOffline(true);
    assert.deepEqual(await taken(), ['http-cache', bytes]);
    await page.context().setOffline(false);

    // Another answer of the host lies there now: it is not what was checked.
    await page.waitForTimeout(1100); // `Date` counts seconds
    await session.send('Network.setBypassServiceWorker', { bypass: true });
    await page.evaluate(async (address) => (await fetch(address, { cache: 'reload' })).arrayBuffer(), file);
    await session.send('Network.setBypassServiceWorker', { bypass: false });
    assert.equal(server.requests.filter((each) => each === file).length, 2);
    assert.deepEqual(await taken(), ['cache-storage', bytes]);
    await session.send('Network.clearBrowserCache');
    assert.deepEqual(await taken(), ['cache-storage', bytes]);
  }));
