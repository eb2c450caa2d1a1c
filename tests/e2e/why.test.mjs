// "Why the verdict?" and "Find a disagreement", with small models whose words are known.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { artifacts, compare, dist, launch, openPage, readRow, temporaryFolder, visitPage } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

let browser;
let server;
const models = temporaryFolder();

before(async () => {
  writeModels(models, { dense: { strength: 2 }, structured: { strength: 1 }, words: { strength: 2, linear: true } });
  server = await serve({ dist, models });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

const visit = (work, options) => visitPage(browser, server.url, work, options);

const explained = (page, phase = 'done') => page.waitForSelector(`body[data-explanation="${phase}"]`);
// Each run reaches the worker late, so that a click finds it at work however fast the machine is.
const slowly = (context) =>
  context.addInitScript(() => {
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function postLate(message, ...rest) {
      window.setTimeout(() => post.call(this, message, ...rest), message.kind === 'run' ? 20 : 0);
    };
  });
const marks = (page, model) =>
  page.$$eval(`.reading[data-model="${model}"] mark`, (found) => found.map(({ textContent, className, title }) => ({ textContent, className, title })));

describe('why the verdict', () => {
  test('the words that carried it are marked for each model, and told', () =>
    visit(async (page) => {
      assert.ok(await page.isDisabled('#explain'), 'there is no verdict to explain yet');
      await compare(page, 'A wonderful film, but the end is dull.');
      await page.click('#explain');
      await explained(page);
      for (const [model, effect] of [['dense', '2.00'], ['structured', '1.00'], ['words', '2.00']]) {
        const found = await marks(page, model);
        assert.deepEqual(found.map(({ textContent }) => textContent), ['wonderful', 'dull'], model);
        assert.match(found[0].className, /for/);
        assert.match(found[1].className, /against/);
        assert.ok(found[0].title.startsWith(`+${effect}`), found[0].title);
        assert.ok(found[1].title.startsWith(`−${effect}`), found[1].title);
      }
      // The same words in words: a list for each model, and a sentence on what differs.
      assert.match(await page.textContent('.reading[data-model="dense"] .summary'), /“wonderful” speaks most for positive, “dull” most for negative/);
      assert.match(await page.textContent('#explain-differences'), /counts most differently: without it dense goes from 50\.0 % to (11\.9|88\.1) % positive, structured from 50\.0 % to (26\.9|73\.1) % positive/);
      assert.match(await page.textContent('#explain-differences'), /dense and words weigh the words much alike/);
      assert.equal(await page.locator('.reading[data-model="dense"] .top-words tbody tr').count(), 2);
      await page.hover('.reading[data-model="structured"] mark');
      assert.match(await page.textContent('#word-detail'), /“wonderful”: dense \+2\.00: .*structured \+1\.00: .*words \+2\.00: /);
      await page.screenshot({ path: path.join(artifacts, 'why-1280.png'), fullPage: true });
    }));

  test('it can be stopped, goes on when asked, and a comparison goes first', () =>
    visit(async (page) => {
      await compare(page, `Good ${'film and more '.repeat(24)} bad.`);
      await page.click('#explain');
      await page.waitForSelector('body[data-explanation="running"]');
      await page.click('#explain-stop');
      await explained(page, 'stopped');
      assert.match(await page.textContent('#explain-status'), /^Stopped after \d+ runs\.$/);
      await page.click('#explain-all');
      await explained(page);
      assert.match(await page.textContent('#explain-status'), /^Done: \d+ runs\.$/);
      await page.click('#explain');
      await compare(page);
      assert.equal((await readRow(page, 'dense')).phase, 'ready');
      await explained(page);
    }, { prepare: slowly }));

  test('it is of the review that was judged: another text has none', () =>
    visit(async (page) => {
      await compare(page, 'good');
      await page.click('#explain');
      await explained(page);
      await page.fill('#review', 'good and bad');
      await page.waitForSelector('body[data-explanation="none"]');
      assert.ok(await page.isDisabled('#explain'));
      assert.equal((await marks(page, 'dense')).length, 0);
    }));

  test('what a model did not read is told apart, and tokens are shown when asked for', () =>
    visit(async (page) => {
      const text = `Wonderful. ${'The middle of a long review. '.repeat(20)}Unbelievably dull.`;
      await page.fill('#review', text);
      const dense = page.locator('.reading[data-model="dense"]');
      await dense.locator('.unread').waitFor();
      assert.match(await dense.textContent(), /Read 64 of \d+ tokens: the start and the end\./);
      assert.match(await dense.textContent(), /\(not read from here\).*\(read again from here\).*dull/s);
      assert.equal(await page.locator('.reading[data-model="words"] .unread').count(), 0, 'a linear model reads all');
      assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('.piece')).boxShadow), 'none');
      await page.check('#show-tokens');
      assert.notEqual(await page.evaluate(() => getComputedStyle(document.querySelector('.piece')).boxShadow), 'none');
      const pieces = await dense.locator('.piece').allTextContents();
      assert.equal(pieces.length, 62); // and [CLS] and [SEP]
      assert.equal(pieces[0], 'Wonderful');
      assert.match(pieces.join(' '), /Un \w+ .*dull \.$/, 'a word in several pieces');
    }));

  test('a text of script and mark-up stays text', () =>
    visit(async (page) => {
      const text = '<img src=x onerror=alert(1)> good <b>bold</b> 😀 שלום "bad"';
      await compare(page, text);
      await page.click('#explain');
      await explained(page);
      assert.equal(await page.textContent('.reading[data-model="dense"] .marked'), text);
      assert.equal(await page.locator('.reading img, .reading b').count(), 0);
    }));

  test('a megabyte cannot be explained, and the page says so', () =>
    visit(async (page) => {
      await compare(page, 'good '.repeat(200_000));
      await page.click('#explain');
      assert.match(await page.textContent('#explain-error'), /has 200,000 words; a verdict is explained for up to 4,000/);
    }));

  test('a worker that stops while it explains is started again', () =>
    visit(async (page) => {
      await compare(page, 'A good film, not a bad one.');
      await page.evaluate(() => {
        const { postMessage } = Worker.prototype;
        let left = 3;
        Worker.prototype.postMessage = function post(message) {
          if (message.kind === 'run' && (left -= 1) === 0) return void this.dispatchEvent(new ErrorEvent('error', { message: 'made to stop' }));
          return postMessage.call(this, message);
        };
      });
      await page.click('#explain');
      await explained(page);
      assert.equal((await readRow(page, 'words')).phase === 'failed' || (await readRow(page, 'dense')).phase === 'failed' || (await readRow(page, 'structured')).phase === 'failed', true);
    }));

  test('on a small screen the models stand one below the other', () =>
    visit(
      async (page) => {
        await compare(page, 'A wonderful film, but the end is dull.');
        await page.click('#explain');
        await explained(page);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 390, `the page is ${width} pixels wide`);
        await page.locator('.why').screenshot({ path: path.join(artifacts, 'why-390.png') });
      },
      { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, colorScheme: 'dark' },
    ));
});

describe('finding a disagreement', () => {
  test('models of one mind are said to be so', () =>
    visit(async (page) => {
      await page.uncheck('li[data-model="words"] input');
      await page.click('#find');
      await page.waitForSelector('body[data-walk="none_left"]');
      assert.match(await page.textContent('#walk'), /^No disagreement: these models give one verdict on all \d+ shipped reviews\.$/);
    }));

  test('it goes from one to the next, shows and compares each, and says when there is none left', async () => {
    const folder = temporaryFolder();
    // `even` hears only the first words of a review, dense its start and its end.
    writeModels(folder, { dense: { strength: 2 }, even: { strength: 2.5, manifest: { max_length: 8, truncation: 'head' } } });
    const own = await serve({ dist, models: folder });
    const visitor = await openPage(browser, own.url);
    const { page } = visitor;
    try {
      const seen = [];
      for (;;) {
        await page.click('#find');
        // The page still says "found", of the one before, until the search begins.
        await page.waitForFunction(
          (count) => document.body.dataset.walk === 'none_left' || Number(document.body.dataset.finished) === count,
          seen.length + 1,
        );
        if ((await page.getAttribute('body', 'data-walk')) === 'none_left') break;
        assert.match(await page.textContent('#headline'), /^The models disagree: /);
        const status = await page.textContent('#walk');
        assert.match(status, /^Review \d+ of \d+: dense says \w+, even says \w+; its author meant it \w+\.$/);
        assert.ok(await page.inputValue('#sample'), 'the list of samples names it');
        seen.push(await page.inputValue('#review'));
      }
      assert.ok(seen.length > 3, `${seen.length} disagreements`);
      assert.equal(new Set(seen).size, seen.length);
      assert.ok((await page.textContent('#walk')).startsWith(`No disagreement left: the models differ on ${seen.length} of the `));
      assert.deepEqual(visitor.problems, []);
    } finally {
      await visitor.close();
      await own.close();
    }
  });

  test('one model alone cannot disagree', () =>
    visit(async (page) => {
      for (const model of ['words', 'dense']) await page.uncheck(`li[data-model="${model}"] input`);
      await page.click('#find');
      assert.match(await page.textContent('#walk-error'), /takes two models/);
    }));
});
