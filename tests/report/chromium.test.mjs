// The report in a browser: asks nobody for anything, can be read by everybody, at the width of a phone and of a desk, and
// printed.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import test, { after, before, describe } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { figuresOf } from './page.mjs';
import { ownRecords } from './own-records.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = path.resolve(root, process.env.COPPICE_BUILD ?? 'build/release');
const coppice = path.join(build, 'coppice');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip = !existsSync(coppice) ? `${path.relative(root, build)} holds no coppice` : !existsSync(executablePath) ? 'no Chromium' : false;
const artifacts = path.join(root, 'tests/artifacts');
const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-report-page-'));
const page = path.join(folder, 'report.html');
const pdf = path.join(folder, 'report.pdf');
const patience = 240_000; // of a machine that does much else

let browser;
let html;
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

// An open page, with what it asked for and complained of.
async function open({ width = 1280, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, offline: true, acceptDownloads: true, ...options });
  context.setDefaultTimeout(patience);
  const tab = await context.newPage();
  const asked = [];
  const complaints = [];
  tab.on('request', (request) => asked.push(request.url()));
  tab.on('console', (message) => complaints.push(message.text()));
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`file://${page}`, { timeout: patience });
  return { context, tab, asked, complaints };
}

describe('the report in Chromium', { skip }, () => {
  before(async () => {
    execFileSync(coppice, [...ownRecords.command, '--output', page, '--pdf', pdf], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    html = readFileSync(page, 'utf8');
    mkdirSync(artifacts, { recursive: true });
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: patience });
  });

  test('has nothing in it that would be fetched', () => {
    const attributes = [...html.matchAll(/\s(?:src|href|action|poster|srcset|data|xlink:href)="([^"]*)"/g)].map(([, value]) => value);
    assert.deepEqual([...new Set(attributes.filter((value) => !/^#|^data:/.test(value)).map((value) => value.slice(0, 80)))], []);
    assert.deepEqual([...html.matchAll(/url\(([^)]{0,40})/g)].map(([, value]) => value).filter((value) => !value.startsWith('data:')), []);
    assert.doesNotMatch(html, /<(?:script(?! type="application\/json")|link|iframe|object|embed|img)\b/);
    assert.match(html, /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;|content="default-src 'none'; style-src 'sha256-/);
  });

  test('asks nobody for anything and breaks none of its policy', async () => {
    const { context, asked, complaints } = await open();
    assert.deepEqual(asked.filter((url) => !url.startsWith('data:')), [`file://${page}`]);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  for (const [name, options] of Object.entries({ phone: { width: 390, deviceScaleFactor: 2 }, desk: { width: 1280 } })) {
    test(`fits a ${name}, and axe finds nothing serious`, async () => {
      // bypassCSP: for axe's own script; that the policy holds is the test before.
      const { context, tab } = await open({ ...options, bypassCSP: true });
      assert.ok((await tab.evaluate(() => document.documentElement.scrollWidth)) <= options.width, 'the page scrolls sideways');
      const wide = options.width > 688;
      const seen = await tab.evaluate(() => [...document.querySelectorAll('figure.chart')].map((figure) => [...figure.querySelectorAll('svg')].filter((svg) => svg.getClientRects().length > 0).map((svg) => ({ of: svg.parentElement.className, right: svg.getBoundingClientRect().right }))));
      for (const drawn of seen) {
        assert.equal(drawn.length, 1, 'each chart is shown once');
        assert.equal(drawn[0].of, wide ? 'wide' : 'narrow');
        assert.ok(drawn[0].right <= options.width, 'a chart is cut off');
      }
      await tab.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
      const { violations } = await tab.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      const grave = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
      assert.deepEqual(grave.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 120)} (${nodes.length})`), []);
      await tab.screenshot({ path: path.join(artifacts, `report-${name}.png`), fullPage: true, timeout: patience });
      await context.close();
    });
  }

  test('hands out the data of a chart as a file', async () => {
    const { context, tab } = await open();
    const [{ id, csv }] = figuresOf(html);
    const [download] = await Promise.all([tab.waitForEvent('download', { timeout: patience }), tab.click(`#${id} a.csv`)]);
    assert.equal(download.suggestedFilename(), `${id}.csv`);
    assert.equal(readFileSync(await download.path(), 'utf8'), csv);
    await context.close();
  });

  test('leads from a number to its record by a click', async () => {
    const { context, tab } = await open();
    const record = await tab.locator('#baseline a.n[data-record]').first().getAttribute('data-record');
    await tab.locator('#baseline a.n[data-record]').first().click();
    assert.equal(new URL(tab.url()).hash, `#f-${record}`);
    assert.ok(await tab.evaluate((id) => {
      const { top, bottom } = document.getElementById(id).getBoundingClientRect();
      return bottom > 0 && top < window.innerHeight;
    }, `f-${record}`));
    await context.close();
  });

  test('can be told without colours', async () => {
    // Marks and dashes of the models, in the first trade-off: each shape and each place of the legend once.
    const { body } = figuresOf(html).find(({ id }) => id === 'pareto-size');
    const wide = body.slice(0, body.indexOf('class="narrow"'));
    const group = [...wide.matchAll(/<g class="mark-symbol role-mark[^"]*"[^>]*>([\s\S]*?)<\/g>/g)].map(([, marks]) => [...marks.matchAll(/ d="([^"]*)"/g)].map(([, d]) => d)).sort((a, b) => b.length - a.length)[0];
    assert.equal(new Set(group).size, group.length, 'two models have the same mark');
  });

  test('is printed, with an outline', () => {
    const bytes = readFileSync(pdf, 'latin1');
    assert.match(bytes.slice(0, 8), /^%PDF-/);
    assert.ok((bytes.match(/\/Type\s*\/Page\b/g) ?? []).length >= 6, 'few pages');
    const picture = spawnSync('pdftoppm', ['-v']);
    if (!picture.error) spawnSync('pdftoppm', ['-r', '50', '-png', pdf, path.join(artifacts, 'report-print')]);
  });
});
