// What a visitor chooses of how results are shown and estimated: each control, in Chromium, with small real models.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { artifacts, choose, compare, dist, launch, readRow, temporaryFolder, visitPage } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

const joules = (value) => ({ value, low: value / 2, high: 2 * value, provenance: 'measured', method: 'RAPL of the fixture' });

// Names of records tell runs apart, so no two models share one.
// A manifest with operations, native runs and the parts of its making, so that every method and chart has something.
const described = ({ operations, perReview, making, plan, accuracy, parent_id = 'fixture' }) => ({
  parent_id,
  encoder_flops: { 32: operations, 64: 2 * operations },
  plan: plan.map((kind) => ({ kind, run: `runs/${kind}-${operations}.json`, settings: {} })),
  metrics: { accuracy: { value: accuracy, low: accuracy - 0.005, high: accuracy + 0.005 } },
  energy: {
    making: {
      energy_joules: joules(Object.values(making).reduce((sum, value) => sum + value, 0)),
      runs: Object.keys(making).map((kind) => `runs/${kind}-${operations}.json`),
      parts: Object.entries(making).map(([kind, value]) => ({ kind, run: `runs/${kind}-${operations}.json`, energy_joules: joules(value) })),
    },
    inference: [
      { tokens: 8, energy_joules: joules(perReview), median_milliseconds: 10 * perReview },
      { tokens: 64, energy_joules: joules(8 * perReview), median_milliseconds: 80 * perReview },
    ],
  },
});

const dense = { strength: 2, manifest: described({ operations: 4e9, perReview: 1, making: { train: 900, export: 1 }, plan: ['train', 'export'], accuracy: 0.9 }) };
const half = {
  strength: 1,
  manifest: described({ operations: 2e9, perReview: 0.5, making: { prune: 20, train: 300, export: 1 }, plan: ['prune', 'train', 'export'], accuracy: 0.88, parent_id: 'dense' }),
};

let browser;
let server;
const models = temporaryFolder();

before(async () => {
  writeModels(models, { dense, half, ngrams: { strength: 2, linear: true } });
  server = await serve({ dist, models });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

const visit = (work, { url = server.url, ...options } = {}) =>
  visitPage(browser, url, work, { timezoneId: 'Europe/Paris', ...options });

const text = (page, selector) => page.textContent(selector);
const tableOrder = (page) => page.$$eval('#table tbody tr', (rows) => rows.map(({ dataset }) => dataset.model));
const tableOf = (page, id) =>
  page.$$eval(`${id} tbody tr`, (rows) =>
    Object.fromEntries(rows.map((row) => [row.dataset.key, [...row.cells].map((cell) => cell.textContent)])),
  );
// The drawing follows the state by a frame or two.
async function drawing(page) {
  await page.waitForTimeout(300);
  return page.locator('#canvas').screenshot();
}
const joulesOf = (cell) => {
  const [, value, unit] = cell.match(/^([\d.]+) ([mµkMG]?)J/);
  return Number(value) * { '': 1, m: 1e-3, µ: 1e-6, k: 1e3, M: 1e6, G: 1e9 }[unit];
};

describe('order and layout', () => {
  test('the best pruned model stands first, and every key sorts', () =>
    visit(async (page) => {
      await compare(page, 'good');
      const first = await tableOrder(page);
      assert.equal(first[0], 'half'); // the only one that was pruned
      assert.equal(first[1], 'dense');
      const expected = { name: ['dense', 'half', 'ngrams'], size: ['ngrams', 'dense', 'half'], accuracy: ['dense', 'half', 'ngrams'] };
      for (const [key, order] of Object.entries(expected)) {
        await page.selectOption('#sort', key);
        await page.waitForFunction((wanted) => [...document.querySelectorAll('#table tbody tr')].map(({ dataset }) => dataset.model).join() === wanted, order.join());
      }
      for (const key of ['time', 'energy']) {
        await page.selectOption('#sort', key);
        await page.waitForFunction(() => document.querySelector('#table tbody tr').dataset.model === 'ngrams');
      }
    }));

  test('cards, rows and duel are three drawings, and the duel names each difference', () =>
    visit(async (page) => {
      await compare(page, 'good');
      const cards = await drawing(page);
      await page.check('input[name="layout"][value="rows"]');
      const rows = await drawing(page);
      assert.ok(!rows.equals(cards));
      assert.ok(await page.isHidden('#duel'));
      await page.check('input[name="layout"][value="duel"]');
      await page.waitForSelector('#duel:not([hidden])');
      assert.ok(!(await drawing(page)).equals(rows));
      const duel = await tableOf(page, '#duel-table');
      assert.deepEqual(Object.keys(duel), ['verdict', 'probability', 'time', 'energy', 'carbon', 'accuracy', 'size']);
      assert.equal(duel.verdict[3], 'the same');
      assert.match(duel.time[3], /ratio [\d.]+\([\d.]+ to [\d.]+\)$/);
      assert.equal(duel.accuracy[3], '2.0 points less; the intervals do not touch');
      assert.ok(await page.isHidden('#sort'));
      await page.selectOption('#rival', 'ngrams');
      await page.waitForFunction(() => /ngrams against dense/.test(document.querySelector('#duel-table thead').textContent));
      await page.screenshot({ path: path.join(artifacts, 'duel-1280.png'), fullPage: true });
    }));

  test('another baseline turns every difference round', () =>
    visit(async (page) => {
      // With so many a machine that is busy elsewhere does not hide the difference.
      await page.selectOption('#repeats', '20');
      await compare(page, 'good');
      await page.selectOption('#baseline', 'ngrams');
      await page.waitForFunction(() => /of ngrams|than ngrams/.test(document.getElementById('headline').textContent));
      assert.match(await text(page, '#headline'), /(dense|half) takes [\d,]+ (times the time of|% more time than) ngrams/);
    }));

  test('eight models stand in rows of themselves, at both widths and in the dark', async () => {
    const many = temporaryFolder();
    const eight = Object.fromEntries(
      ['full', 'heads-cut', 'neurons-cut', 'half', 'third', 'int8', 'half-int8', 'ngrams'].map((id, i) => [
        id,
        id === 'ngrams' ? { strength: 1.5, linear: true } : { strength: 2 - 0.2 * i, manifest: { ...(id === 'full' ? dense : half).manifest, parent_id: 'full' } },
      ]),
    );
    writeModels(many, eight);
    const own = await serve({ dist, models: many });
    try {
      for (const [name, options] of [
        ['1280', {}],
        ['390', { viewport: { width: 390, height: 844 } }],
        ['dark', { colorScheme: 'dark' }],
      ]) {
        await visit(
          async (page) => {
            await page.selectOption('#repeats', '3');
            await compare(page, 'A good and funny film, if a little dull.');
            assert.ok(await page.isChecked('input[name="layout"][value="rows"]'));
            const width = await page.evaluate(() => document.documentElement.scrollWidth);
            assert.ok(width <= (options.viewport?.width ?? 1280), `the page is ${width} pixels wide`);
            await drawing(page);
            await page.screenshot({ path: path.join(artifacts, `eight-${name}.png`), fullPage: true });
          },
          { url: own.url, ...options },
        );
      }
    } finally {
      await own.close();
    }
  });
});

describe('energy', () => {
  test('each method gives its own figure and says what it counts', () =>
    visit(async (page) => {
      await compare(page, 'good film'); // four tokens
      const energies = {};
      for (const method of ['time_power', 'operations', 'shipped']) {
        await choose(page, '#method', method);
        energies[method] = (await readRow(page, 'half')).energy;
      }
      // 2e9 operations at 32 tokens and twice that at 64: in proportion, 2.5e8 at four; 33.55 pJ each.
      assert.equal(energies.operations, '8.39 mJ(1.12 mJ to 29.3 mJ)');
      assert.equal(energies.shipped, '500 mJ(250 mJ to 1.00 J)'); // below the shortest run: as that one
      assert.notEqual(energies.time_power, energies.operations);
      assert.match(await text(page, '#method-counts'), /^Another machine/);
      assert.equal((await readRow(page, 'ngrams')).energy, '–'); // no native run in its manifest
    }));

  test('the grid is guessed from the time zone, without a request, until one is chosen', () =>
    visit(async (page, { context }) => {
      assert.equal(await page.inputValue('#grid'), 'FRA');
      assert.match(await text(page, '#grid-guess'), /^Guessed from your time zone, Europe\/Paris, without asking anyone/);
      await page.selectOption('#grid', 'SWE');
      await page.waitForFunction(() => document.getElementById('grid-guess').textContent === '');
      const again = await context.newPage();
      await again.goto(server.url);
      await again.waitForSelector('body[data-started="true"]');
      assert.equal(await again.inputValue('#grid'), 'SWE');
    }));

  test('a zone that is no place leaves the world', () =>
    visit(async (page) => {
      assert.equal(await page.inputValue('#grid'), 'WORLD');
      assert.equal(await text(page, '#grid-guess'), '');
    }, { timezoneId: 'UTC' }));

  test('a calibration takes some seconds in the worker, shows what it found and widens the bands', () =>
    visit(async (page) => {
      await compare(page, 'good');
      const longest = page.evaluate(async () => {
        let most = 0;
        new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (most = Math.max(most, duration)))).observe({ type: 'longtask' });
        await new Promise((resolve) => setTimeout(resolve, 4000));
        return most;
      });
      await page.click('#calibrate');
      await page.waitForFunction(() => /^Calibrating/.test(document.getElementById('calibrate').textContent));
      // The kernel runs for four seconds elsewhere: a page that ran it itself would have a task of as long as a slice.
      assert.ok((await longest) < 1000);
      await page.waitForFunction(() => /GFLOP\/s/.test(document.getElementById('calibration').textContent), null, { timeout: 60_000 });
      const found = await text(page, '#calibration');
      const [, speed] = found.match(/does ([\d.]+) GFLOP\/s on one thread/);
      assert.ok(Number(speed) > 0.05 && Number(speed) < 500, found);
      assert.match(found, /clock moves in steps of [\d.]+ ms/);
      assert.match(found, /1 thread of \d+, as the page is not cross-origin isolated/);
    }));

  test('the what-if scales energy and carbon and says when the making is repaid', () =>
    visit(async (page) => {
      assert.ok(await page.isVisible('#what-if-empty'));
      await compare(page, 'good');
      await choose(page, '#method', 'operations');
      await choose(page, '#reviews', '1');
      const one = await tableOf(page, '#what-if-table');
      await choose(page, '#reviews', '1000000');
      const million = await tableOf(page, '#what-if-table');
      assert.ok(Math.abs(joulesOf(million.dense[1]) / joulesOf(one.dense[1]) / 1e6 - 1) < 0.01);
      assert.equal(million.dense[4], 'baseline');
      // Three tokens: 3.75e8 operations against half of that, 6.29 mJ saved a review; 321 J of making.
      assert.match(million.half[4], /^5[01],\d{3} reviews\(/);
      assert.match(await text(page, '#equivalent-sources'), /EPA.*European Environment Agency/s);
      await choose(page, '#method', 'shipped');
      assert.match((await tableOf(page, '#what-if-table')).half[4], /^never/);
    }));
});

describe('charts', () => {
  test('the trade-off needs no run, and has an axis of one\'s choice', () =>
    visit(async (page) => {
      await page.waitForSelector('#chart:not([hidden])');
      assert.ok(await page.isChecked('input[name="chart"][value="tradeoff"]'));
      assert.ok(await page.isDisabled('input[name="chart"][value="time"]'));
      const native = await drawing(page);
      assert.match(await text(page, '#tradeoff-source'), /native runs of 64 tokens/);
      await page.selectOption('#axis', 'size');
      await page.waitForFunction(() => /size of the model file/.test(document.getElementById('tradeoff-source').textContent));
      assert.ok(!(await drawing(page)).equals(native));
      const table = await tableOf(page, '#tradeoff-table');
      assert.equal(table.dense[2], 'yes');
      assert.equal(table.half[2], 'no, another beats it'); // of the same size and less accurate
      assert.equal(table.ngrams[2], 'yes'); // smaller
    }));

  test('the ledger sums, and its use grows with the reviews', () =>
    visit(async (page) => {
      await compare(page, 'good');
      await page.check('input[name="chart"][value="ledger"]');
      await page.selectOption('#ledger-reviews', '100');
      await page.waitForFunction(() => /100 reviews/.test(document.getElementById('ledger-title').textContent));
      const head = await page.$$eval('#ledger-table thead th', (cells) => cells.map((cell) => cell.textContent));
      assert.deepEqual(head, ['Model', 'fine-tuning', 'pruning', 'recovery', 'export', 'making, not split', 'download', 'use', 'Total', 'What is missing'].filter((name) => head.includes(name)));
      const row = (await tableOf(page, '#ledger-table')).half;
      const parts = head.slice(1, -2).map((name, i) => (row[i + 1] === '–' ? 0 : joulesOf(row[i + 1])));
      const total = joulesOf(row[head.indexOf('Total')]);
      assert.ok(Math.abs(parts.reduce((sum, part) => sum + part, 0) / total - 1) < 0.01, row.join(' | '));
      assert.equal(row[head.indexOf('fine-tuning')].split('(')[0], '900 J');
      assert.equal(row[head.indexOf('recovery')].split('(')[0], '300 J');
      assert.match(row.at(-1), /training of fixture is in no record/);
      await drawing(page);
      await page.screenshot({ path: path.join(artifacts, 'ledger-1280.png'), fullPage: true });
    }));

  test('the tabs lie over the top of the chart, on a small screen too', () =>
    visit(async (page) => {
      await compare(page, 'good');
      for (const chart of ['time', 'energy', 'tradeoff', 'ledger']) {
        await page.check(`input[name="chart"][value="${chart}"]`);
        await drawing(page);
        const inside = await page.evaluate(() => {
          const [tabs, canvas] = ['chart', 'canvas'].map((id) => document.getElementById(id).getBoundingClientRect());
          return tabs.top > canvas.top && tabs.bottom < canvas.bottom && tabs.right <= window.innerWidth;
        });
        assert.ok(inside, chart);
        await page.screenshot({ path: path.join(artifacts, `chart-${chart}-390.png`), fullPage: true });
      }
    }, { viewport: { width: 390, height: 844 } }));
});
