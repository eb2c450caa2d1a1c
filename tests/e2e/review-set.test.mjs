// A run over many reviews: files chosen and dropped, refused, run, paused, stopped, saved and read back.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { artifacts, dist, launch, temporaryFolder, visitPage } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

let browser;
let server;
const models = temporaryFolder();

before(async () => {
  writeModels(models, { dense: { strength: 2 }, short: { strength: 1, manifest: { max_length: 5, truncation: 'head' } }, words: { strength: 2, linear: true } });
  server = await serve({ dist, models });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

const visit = (work, options) =>
  visitPage(browser, server.url, async (page, visitor) => {
    await page.click('#view-set');
    await work(page, visitor);
  }, options);

const choose = (page, name, content, mimeType = 'text/plain') =>
  page.setInputFiles('#set-file', { name, mimeType, buffer: Buffer.from(content) });
const phase = (page, wanted) => page.waitForSelector(`body[data-set="${wanted}"]`);

async function drop(page, name, content) {
  const transfer = await page.evaluateHandle(([file, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], file));
    return data;
  }, [name, content]);
  await page.dispatchEvent('#set-drop', 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent('#set-drop', 'drop', { dataTransfer: transfer });
}

async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
  return { name: download.suggestedFilename(), content: readFileSync(await download.path(), 'utf8') };
}

// `short` reads three words: "It is so" of the third.
const reviews = '1\tA wonderful film.\n0\tA dull film.\n1\tIt is so very good\n0\t=SUM(1) terrible, "boring"\n';

test('a dropped file is run over all models, shown, saved and read back', () =>
  visit(async (page) => {
    await drop(page, 'mine.tsv', reviews);
    await phase(page, 'loaded');
    assert.equal(await page.textContent('#set-status'), 'mine.tsv: 4 reviews, all with a label.');
    await page.click('#set-run');
    await phase(page, 'done');
    assert.equal(await page.textContent('#set-status'), 'Done: 4 of 4 reviews.');
    const cell = (model, key) => page.textContent(`#set-table tr[data-model="${model}"] [data-key="${key}"]`);
    assert.match(await cell('dense', 'accuracy'), /^100\.0 %\(51\.0 % to 100\.0 %\)$/); // Wilson's, of 4 of 4
    assert.match(await cell('short', 'accuracy'), /^75\.0 %/);
    assert.match(await cell('short', 'difference'), /^−25\.00 points/);
    assert.match(await cell('short', 'agreement'), /^75\.0 %/);
    assert.match(await cell('words', 'time'), /ms/);
    assert.match(await cell('dense', 'energy'), /J\(.* to .*\)/);
    assert.match(await page.textContent('#set-agreement'), /one verdict on 75\.0 %/);
    assert.equal(await page.textContent('#set-disagreements-title'), 'One disagreement');

    const csv = await saved(page, '#set-csv');
    assert.equal(csv.name, 'mine-compared.csv');
    const lines = csv.content.trimEnd().split('\r\n');
    assert.equal(lines.length, 5);
    assert.match(lines[0], /^line,review,label,agree,dense verdict,dense probability_positive,/);
    assert.match(lines[3], /^3,It is so very good,positive,no,positive,0\.880797,[\d.e-]+,7,negative,0\.5000/);
    assert.ok(lines[4].startsWith('4,"\'=SUM(1) terrible, ""boring""",negative,yes,'), lines[4]);

    const json = await saved(page, '#set-json');
    const document = JSON.parse(json.content);
    assert.equal(document.kind, 'coppice_review_set');
    assert.equal(document.models[0].accuracy.count, 4);
    assert.equal(document.models[0].energy_joules_together.provenance, 'modelled');
    assert.equal(document.reviews[3].text, '=SUM(1) terrible, "boring"');

    // What was saved is itself a set: the CSV has a header with a column review and one label.
    await choose(page, 'again.csv', csv.content, 'text/csv');
    await page.waitForFunction(() => /^again\.csv/.test(document.getElementById('set-status').textContent));
    assert.equal(await page.textContent('#set-status'), 'again.csv: 4 reviews, all with a label.');
  }));

test('a disagreement is opened and compared by itself', () =>
  visit(async (page) => {
    await choose(page, 'mine.tsv', reviews);
    await page.click('#set-run');
    await phase(page, 'done');
    await page.click('#set-disagreements button');
    await page.waitForFunction(() => Number(document.body.dataset.finished) === 1);
    assert.equal(await page.getAttribute('body', 'data-view'), 'review');
    assert.equal(await page.inputValue('#review'), 'It is so very good');
    assert.match(await page.textContent('#headline'), /^The models disagree/);
  }));

test('it pauses, resumes, and is stopped with what is done', () =>
  visit(async (page) => {
    await choose(page, 'many.txt', 'A good film.\n'.repeat(2000));
    await phase(page, 'loaded');
    assert.match(await page.textContent('#set-status'), /2,000 reviews, without labels: agreement is shown, accuracy cannot be/);
    await page.click('#set-run');
    await phase(page, 'running');
    await page.waitForFunction(() => document.getElementById('set-progress').value > 2);
    await page.click('#set-pause');
    await phase(page, 'paused');
    await page.waitForTimeout(300); // the run that was out
    const paused = await page.textContent('#set-status');
    assert.match(paused, /^Paused: \d+ of 2,000 reviews\.$/);
    await page.waitForTimeout(500);
    assert.equal(await page.textContent('#set-status'), paused, 'it went on');
    assert.ok(await page.isDisabled('#set-file'), 'another file would cost the results');
    await drop(page, 'other.txt', 'x');
    await page.waitForFunction(() => /many\.txt is not finished: stop it/.test(document.getElementById('set-error').textContent));
    const before = await page.evaluate(() => document.getElementById('set-progress').value);
    await page.click('#set-run');
    await page.waitForFunction((value) => document.getElementById('set-progress').value > value + 2, before);
    await page.click('#set-stop');
    await phase(page, 'done');
    assert.match(await page.textContent('#set-status'), /^Stopped: \d+ of 2,000 reviews\.$/);
    const { content } = await saved(page, '#set-json');
    assert.ok(JSON.parse(content).reviews.length > 4);
  }));

test('the shipped reviews are a set, and the plots are drawn', () =>
  visit(async (page) => {
    await page.click('#set-samples');
    await page.click('#set-run');
    await phase(page, 'done');
    assert.match(await page.textContent('#set-status'), /^Done: (\d+) of \1 reviews\.$/);
    await page.waitForTimeout(400);
    const shot = await page.locator('#canvas').screenshot();
    assert.ok(shot.length > 15_000, `the drawing compresses to ${shot.length} bytes`);
    await page.screenshot({ path: path.join(artifacts, 'set-1280.png'), fullPage: true });
  }));

test('a file of 40 MB is read while the page stays alive', () =>
  visit(async (page) => {
    const content = Buffer.from(Array.from({ length: 32_800 }, (_, i) => `${i % 2}\tReview ${i}: ${'a wonderful film and more '.repeat(46)}\n`).join(''));
    assert.ok(content.length > 39e6 && content.length < 40e6, `${content.length} bytes`);
    await page.evaluate(() => {
      window.tasks = [];
      new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
    });
    const file = path.join(temporaryFolder(), 'large.tsv');
    writeFileSync(file, content);
    await page.setInputFiles('#set-file', file);
    assert.match(await page.textContent('#set-reading'), /^(Reading large\.tsv\.)?$/);
    await phase(page, 'loaded');
    assert.equal(await page.textContent('#set-status'), 'large.tsv: 32,800 reviews, all with a label.');
    assert.equal(await page.textContent('#set-reading'), '');
    // On the main thread it was one task of 780 ms; what is left is a part at a time, on a busy machine too.
    const tasks = await page.evaluate(() => window.tasks);
    assert.ok(Math.max(0, ...tasks) < 400, `tasks of ${tasks.map(Math.round).join(', ')} ms`);

    // The file chosen last is the one that stays, also where it is read faster.
    await page.setInputFiles('#set-file', file);
    await choose(page, 'small.tsv', reviews);
    await page.waitForFunction(() => document.querySelector('#set-status').textContent.startsWith('small.tsv'));
    await page.waitForTimeout(1500);
    assert.match(await page.textContent('#set-status'), /^small\.tsv: 4 reviews/);
  }));

test('what is no list of reviews is refused with its reason, and the set before stays', () =>
  visit(async (page) => {
    await choose(page, 'mine.tsv', reviews);
    await phase(page, 'loaded');
    const refused = async (name, content, message) => {
      await page.evaluate(() => (document.getElementById('set-error').textContent = ''));
      await choose(page, name, content);
      await page.waitForFunction(() => document.getElementById('set-error').textContent !== '');
      assert.match(await page.textContent('#set-error'), message);
      assert.equal(await page.textContent('#set-status'), 'mine.tsv: 4 reviews, all with a label.');
    };
    await refused('model.onnx', Buffer.from([8, 7, 18, 0, 0, 1]), /model\.onnx, line 1: holds a byte 0, so it is no text file/);
    await refused('table.xlsx', 'PK\x03\x04rest', /table\.xlsx: is a ZIP archive or a spreadsheet/);
    await refused('latin.txt', Buffer.from([0x64, 0xe9, 0x6a, 0xe0]), /latin\.txt, line 1: byte 2 of the file is not UTF-8/);
    await refused('odd.tsv', '1\tgood\nsomething else\n', /odd\.tsv, line 2: no tab; expected label<TAB>text/);
    await refused('odd.csv', 'a,b\n1,2\n', /odd\.csv, line 1: no column of the header is named text/);
    await refused('odd.jsonl', '{"text":"a"}\n{"text":', /odd\.jsonl, line 2/);
    await refused('empty.txt', '', /empty\.txt: holds no review/);
    await refused('big.txt', Buffer.alloc(50_000_000, 'a'), /big\.txt: has 50\.0 MB; a set of reviews may have up to 40\.0 MB/);
  }));

test('on a small dark screen nothing is wider than the screen', () =>
  visit(
    async (page) => {
      await choose(page, 'mine.tsv', reviews);
      await page.click('#set-run');
      await phase(page, 'done');
      await page.waitForTimeout(400);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 390, `the page is ${width} pixels wide`);
      await page.screenshot({ path: path.join(artifacts, 'set-390.png'), fullPage: true });
    },
    { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, colorScheme: 'dark' },
  ));
