// The page in Chromium with small real models made by the test: what a visitor does, and what the table then says.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { artifacts, choose, compare, dist, launch, openPage, readRow, temporaryFolder, visitPage } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

let browser;
let server;
const models = temporaryFolder();

before(async () => {
  writeModels(models, { dense: { strength: 2 }, structured: { strength: 1 } });
  server = await serve({ dist, models });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

// Opens the page, does `work`, and then nothing must have gone wrong on the side.
const visit = (work, { url = server.url, ...options } = {}) => visitPage(browser, url, work, options);

describe('comparing', () => {
  test('a typed review gets a verdict, times and estimates from each model', () =>
    visit(async (page) => {
      await compare(page, 'A wonderful film, one of the best.');
      for (const [model, probability] of [['dense', '98.2 %'], ['structured', '88.1 %']]) {
        const row = await readRow(page, model);
        assert.equal(row.verdict, 'positive');
        assert.equal(row.probability, probability); // softmax of 2 x strength
        assert.equal(row.tokens, '11'); // nine words and marks, [CLS] and [SEP]
        assert.match(row.time, /^[\d.]+ m?s\([\d.]+ m?s to [\d.]+ m?s\)$/);
        assert.match(row.energy, /^[\d.]+ [mµk]?J\(/);
        assert.match(row.carbon, /^[\d.]+ [mµ]?g CO2e\(/);
        assert.match(row.size, /^24\d kB$/);
        assert.equal(row.accuracy, '80.3 %(79.8 % to 80.8 %)');
        assert.match(row.runtime, /^ONNX Runtime Web 1\.30\.0, WASM, 1 thread$/);
      }
      assert.match(await page.textContent('#headline'), /^Both models say positive\./);
    }));

  test('a sample fills the review and is judged', () =>
    visit(async (page) => {
      await page.selectOption('#sample', 'clear-negative');
      assert.match(await page.inputValue('#review'), /waste of an evening/);
      await compare(page);
      assert.equal((await readRow(page, 'dense')).verdict, 'negative');
      await page.screenshot({ path: path.join(artifacts, 'page-1280.png'), fullPage: true });
    }));

  test('the chart appears with the first times and can show energy instead', () =>
    visit(async (page) => {
      await page.waitForSelector('#chart:not([hidden])'); // what the manifests tell can be shown before a run
      assert.ok(await page.isDisabled('input[name="chart"][value="time"]'));
      await page.selectOption('#repeats', '10');
      await compare(page, 'good');
      assert.ok(await page.isChecked('input[name="chart"][value="time"]'));
      await page.waitForTimeout(300);
      const time = await page.locator('#canvas').screenshot();
      await page.check('input[name="chart"][value="energy"]');
      await page.waitForTimeout(300);
      assert.ok(!time.equals(await page.locator('#canvas').screenshot()), 'the drawing did not change');
    }));

  test('another device and grid change the estimate without another run', () =>
    visit(async (page) => {
      await compare(page, 'good');
      const before = await readRow(page, 'dense');
      await choose(page, '#device', 'phone');
      await choose(page, '#grid', 'FRA');
      const afterwards = await readRow(page, 'dense');
      assert.notEqual(afterwards.energy, before.energy);
      assert.equal(afterwards.time, before.time);
      assert.notEqual(afterwards.carbon, before.carbon);
    }));

  test('an empty review is asked for, not run', () =>
    visit(async (page) => {
      await page.fill('#review', '   \n ');
      await page.click('#compare');
      assert.match(await page.textContent('#error'), /no review yet/);
    }));

  test('a model that is not ticked is not downloaded', () =>
    visit(async (page) => {
      await page.uncheck('li[data-model="dense"] input');
      server.requests.length = 0;
      await compare(page, 'good');
      assert.equal((await readRow(page, 'dense')).verdict, '–');
      assert.equal((await readRow(page, 'structured')).verdict, 'positive');
      assert.ok(!server.requests.some((request) => request.endsWith('dense/onnx/model.onnx')));
    }));
});

describe('odd reviews', () => {
  test('a megabyte is read, truncated and judged', () =>
    visit(async (page) => {
      const text = `wonderful ${'film '.repeat(200_000)} boring dull`;
      await page.evaluate((value) => {
        const box = document.getElementById('review');
        box.value = value;
        box.dispatchEvent(new Event('input', { bubbles: true }));
      }, text);
      await compare(page);
      const row = await readRow(page, 'dense');
      assert.match(row.tokens, /^64 of 200,005, truncated\(start and end kept\)$/);
      assert.equal(row.verdict, 'negative'); // one word of praise at the start, two of blame at the end
    }));

  test('control characters, lone surrogates and other planes do no harm', () =>
    visit(async (page) => {
      await page.evaluate(() => {
        const box = document.getElementById('review');
        box.value = 'good \u0000\u0007\u0085\u200b\ud800 \u{1F600}\u{20BB7} \u202Egood';
        box.dispatchEvent(new Event('input', { bubbles: true }));
      });
      await compare(page);
      assert.equal((await readRow(page, 'dense')).verdict, 'positive');
    }));

  test('markup in a review stays text', () =>
    visit(async (page) => {
      await compare(page, '<img src=x onerror=alert(1)> <b>good</b>');
      assert.equal((await readRow(page, 'dense')).verdict, 'positive');
      assert.equal(await page.$('img[src="x"]'), null);
    }));
});

describe('places', () => {
  test('with isolation headers it uses threads and says so', async () => {
    const isolated = await serve({ dist, models, isolated: true });
    try {
      await visit(
        async (page) => {
          await compare(page, 'good');
          const threads = await page.evaluate(() => Math.max(1, Math.min(4, navigator.hardwareConcurrency)));
          assert.match((await readRow(page, 'dense')).runtime, new RegExp(`, ${threads} threads?$`));
          assert.doesNotMatch(await page.textContent('#runtime'), /without cross-origin isolation/);
        },
        { url: isolated.url },
      );
    } finally {
      await isolated.close();
    }
  });

  test('without them it runs on one thread and says so', () =>
    visit(async (page) => {
      await compare(page, 'good');
      assert.match(await page.textContent('#runtime'), /1 thread \(without cross-origin isolation/);
    }));

  test('below any path', async () => {
    const deep = await serve({ dist, models, below: '/some/where/else/' });
    try {
      await visit(async (page) => {
        await compare(page, 'bad');
        assert.equal((await readRow(page, 'structured')).verdict, 'negative');
      }, { url: deep.url });
      assert.ok(deep.requests.every((request) => request.startsWith('/some/where/else/') || request === '/favicon.ico'));
    } finally {
      await deep.close();
    }
  });

  test('a second visit works with the network off', async () => {
    const own = await serve({ dist, models });
    const visitor = await openPage(browser, own.url);
    try {
      await compare(visitor.page, 'good');
      // The page itself says when all it needs is kept. (waitForFunction takes a promise for an answer, so a function that
      // looks into the cache would be content with nothing.)
      await visitor.page.waitForSelector('body[data-offline="ready"]');
      assert.match(await visitor.page.textContent('#offline'), /works without a network/);
      await own.close();
      await visitor.context.setOffline(true);
      await visitor.page.reload();
      await visitor.page.waitForSelector('body[data-started="true"]');
      await compare(visitor.page, 'terrible, a waste');
      assert.equal((await readRow(visitor.page, 'dense')).verdict, 'negative');
      assert.deepEqual(visitor.foreign, []);
    } finally {
      await visitor.close();
    }
  });

  test('on a small touch screen nothing is wider than the screen', () =>
    visit(
      async (page) => {
        await page.selectOption('#sample', 'long-negative');
        await compare(page);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 390, `the page is ${width} pixels wide`);
        await page.screenshot({ path: path.join(artifacts, 'page-390.png'), fullPage: true });
      },
      { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
    ));

  test('dark, as the system says', () =>
    visit(
      async (page) => {
        await compare(page, 'good');
        assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
        await page.screenshot({ path: path.join(artifacts, 'page-dark.png'), fullPage: true });
      },
      { colorScheme: 'dark' },
    ));
});

describe('drawing', () => {
  const pixels = (page) =>
    page.evaluate(async () => {
      const canvas = document.getElementById('canvas');
      await new Promise(requestAnimationFrame);
      const bitmap = await createImageBitmap(canvas).catch(() => null);
      return { width: canvas.width, height: canvas.height, bitmap: bitmap !== null };
    });

  test('the canvas has the size of its content at the ratio of the screen', () =>
    visit(
      async (page) => {
        await compare(page, 'good');
        await page.waitForTimeout(300);
        const { width, height } = await pixels(page);
        const css = await page.evaluate(() => {
          const { clientWidth, clientHeight } = document.getElementById('canvas');
          return { clientWidth, clientHeight };
        });
        assert.equal(width, Math.round(css.clientWidth * 2));
        assert.equal(height, Math.round(css.clientHeight * 2));
        assert.ok(css.clientHeight > 400, 'cards and chart need more than 400 pixels');
        // The drawing itself: not one flat colour.
        const shot = await page.locator('#canvas').screenshot();
        assert.ok(shot.length > 15_000, `the drawing compresses to ${shot.length} bytes`);
      },
      { deviceScaleFactor: 2 },
    ));

  test('nothing is drawn while nothing happens', () =>
    visit(async (page) => {
      await compare(page, 'good');
      await page.waitForTimeout(500);
      const frames = await page.evaluate(async () => {
        let count = 0;
        const original = WebGL2RenderingContext.prototype.clear;
        WebGL2RenderingContext.prototype.clear = function clear(...values) {
          count += 1;
          return original.apply(this, values);
        };
        await new Promise((resolve) => setTimeout(resolve, 1500));
        return count;
      });
      assert.equal(frames, 0);
    }));

  test('a lost WebGL context is drawn anew when it comes back', () =>
    visit(async (page) => {
      await compare(page, 'good');
      await page.evaluate(async () => {
        const lose = document.getElementById('canvas').getContext('webgl2').getExtension('WEBGL_lose_context');
        lose.loseContext();
        await new Promise((resolve) => setTimeout(resolve, 200));
        lose.restoreContext();
        await new Promise((resolve) => setTimeout(resolve, 500));
      });
      const shot = await page.locator('#canvas').screenshot();
      assert.ok(shot.length > 15_000, `the drawing compresses to ${shot.length} bytes`);
    }));

  test('without WebGL 2 the table serves and the page says so', async () => {
    const plain = await launch(['--disable-3d-apis']);
    try {
      const visitor = await openPage(plain, server.url);
      await compare(visitor.page, 'good');
      assert.equal((await readRow(visitor.page, 'dense')).verdict, 'positive');
      assert.match(await visitor.page.textContent('#no-canvas'), /WebGL 2/);
    } finally {
      await plain.close();
    }
  });
});
