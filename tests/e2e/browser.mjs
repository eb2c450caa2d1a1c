// What every page test needs: the built page, a browser, and a page that remembers whatever went wrong.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const dist = path.resolve(root, process.env.COPPICE_DIST ?? 'dist');
export const artifacts = path.join(root, 'tests/artifacts');
mkdirSync(artifacts, { recursive: true });
if (!existsSync(path.join(dist, 'index.html'))) {
  throw new Error(`${dist} holds no page: run node web/build.mjs, or set COPPICE_DIST`);
}

export const temporaryFolder = () => mkdtempSync(path.join(os.tmpdir(), 'coppice-e2e-'));

export function launch(args = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--enable-unsafe-swiftshader', ...args],
  });
}

// A page at `url` in a context of its own: { page, context, problems, foreign, close }. problems: console errors and
// uncaught exceptions; foreign: requests to any other origin.
export async function openPage(browser, url, { viewport = { width: 1280, height: 800 }, prepare, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  context.setDefaultTimeout(Number(process.env.COPPICE_TEST_TIMEOUT_MS ?? 120_000)); // a busy machine is slow, not wrong
  await prepare?.(context);
  const page = await context.newPage();
  const problems = [];
  const foreign = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('request', (request) => {
    const target = new URL(request.url());
    if (/^https?:$/.test(target.protocol) && target.origin !== new URL(url).origin) foreign.push(request.url());
  });
  await page.goto(url);
  await page.waitForSelector('body[data-started="true"]');
  return { page, context, problems, foreign, close: () => context.close() };
}

// Opens a page and does `work` with it; the browser must not have complained, nor asked anyone else for anything.
export async function visitPage(browser, url, work, options = {}) {
  const visitor = await openPage(browser, url, options);
  try {
    await work(visitor.page, visitor);
    assert.deepEqual(visitor.problems, []);
    assert.deepEqual(visitor.foreign, []);
  } finally {
    await visitor.close();
  }
}

// Drops files or folders of this machine on the page, as a hand would.
export async function drop(page, ...files) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, x: 200, y: 300, data });
  await session.detach();
}

// Waits until an element says something that matches, and returns it.
export async function said(page, selector, pattern) {
  await page.waitForFunction(
    ([where, source]) => new RegExp(source).test(document.querySelector(where)?.textContent ?? ''),
    [selector, pattern.source],
  );
  return page.textContent(selector);
}

// One row of the table as { model, verdict, ... }, or null.
export function readRow(page, model) {
  return page.evaluate((id) => {
    const row = document.querySelector(`#table tr[data-model="${id}"]`);
    if (!row) return null;
    const cells = Object.fromEntries([...row.querySelectorAll('td')].map((cell) => [cell.dataset.key, cell.textContent]));
    return { model: row.querySelector('th').textContent, phase: row.dataset.phase, ...cells };
  }, model);
}

// Chooses an option, and returns once what follows from it is on the page, which shows events a frame later.
export async function choose(page, selector, value) {
  await page.selectOption(selector, value);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

// What the page shows and its workers fetched, for whoever reads of a comparison that did not end.
async function stateOf(page) {
  const within = (promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 3000, 'no answer'))]).catch(({ message }) => message);
  const shown = await within(page.evaluate(() => {
    const text = (id) => document.getElementById(id)?.textContent.trim();
    const rows = [...document.querySelectorAll('#table tr[data-model]')].map((row) => `${row.dataset.model} ${row.dataset.phase}`);
    return { ...document.body.dataset, status: text('status'), error: text('error'), runtime: text('runtime'), notices: text('notices'), rows };
  }));
  const fetched = (worker) => within(worker.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name, responseEnd }) => `${new URL(name).pathname} ${Math.round(responseEnd)}`)));
  const workers = await Promise.all(page.workers().map(async (worker) => [worker.url(), await fetched(worker)]));
  return JSON.stringify({ shown, workers: Object.fromEntries(workers) });
}

export async function compare(page, text, { timeout = 120_000 } = {}) {
  if (text !== undefined) await page.fill('#review', text);
  const finished = () => Number(document.body.dataset.finished ?? 0);
  const before = await page.evaluate(finished);
  await page.click('#compare');
  // Asked by the clock: frames, by which Playwright asks unless told otherwise, are few while models run without a GPU.
  try {
    await page.waitForFunction((count) => Number(document.body.dataset.finished ?? 0) > count, before, { timeout, polling: 50 });
  } catch (error) {
    throw new Error(`the comparison did not end: ${error.message}\nThe page: ${await stateOf(page)}`, { cause: error });
  }
}
