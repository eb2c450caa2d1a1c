// Models of the visitor's own: dropped or chosen, as folder or zip, with a manifest or of the Hugging Face hub; and what is
// said of those that cannot be used.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { zipSync } from 'fflate';

import { compare, dist, drop, launch, readRow, said, temporaryFolder, visitPage } from './browser.mjs';
import { huggingFaceFiles, tokenizerJson, writeFiles, writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

let browser;
let server;
const scratch = temporaryFolder();
const models = path.join(scratch, 'models');

before(async () => {
  writeModels(models, { dense: { strength: 2 } });
  server = await serve({ dist, models });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

const visit = (work) =>
  visitPage(browser, server.url, async (page) => {
    await page.waitForSelector('tr[data-model="dense"]');
    await work(page);
  });

let count = 0;
const folderOf = (name, files) => writeFiles(path.join(scratch, `drop-${(count += 1)}`, name), files);
function zipOf(name, files) {
  const file = path.join(scratch, `${(count += 1)}-${name}`);
  writeFileSync(file, zipSync(files));
  return file;
}
const joined = (page) => said(page, '#brought', /in the comparison/);
const refused = async (page) => {
  await page.waitForSelector('#brought.problem');
  return page.textContent('#brought');
};

test('a dropped folder of the Hugging Face hub joins the comparison', () =>
  visit(async (page) => {
    await drop(page, folderOf('my-bert', huggingFaceFiles({ strength: 1, tokenTypes: true })));
    await joined(page);
    await compare(page, 'A wonderful film, one of the best.');
    const row = await readRow(page, 'my-bert');
    assert.equal(row.verdict, 'positive');
    assert.equal(row.probability, '88.1 %'); // softmax of 2 x 1
    assert.equal((await readRow(page, 'dense')).probability, '98.2 %');
  }));

test('without token types, with its vocabulary in tokenizer.json and its labels the other way round', () =>
  visit(async (page) => {
    const files = huggingFaceFiles({ strength: 1, changes: { id2label: { 0: 'positive', 1: 'negative' } } });
    delete files['vocab.txt'];
    delete files['tokenizer_config.json'];
    files['tokenizer.json'] = tokenizerJson();
    files['model.onnx'] = files['onnx/model.onnx'];
    delete files['onnx/model.onnx'];
    await drop(page, folderOf('turned', files));
    await joined(page);
    await compare(page, 'A wonderful film.');
    assert.equal((await readRow(page, 'turned')).verdict, 'negative'); // its logit 1 is "negative"
  }));

test('a cased model keeps the case of words', () =>
  visit(async (page) => {
    await drop(page, folderOf('cased', huggingFaceFiles({ tokenizerConfig: { do_lower_case: false } })));
    await joined(page);
    await compare(page, 'BAD. A good film.');
    // "BAD" is no word of the vocabulary in capitals, so only "good" counts; the uncased one sees both.
    assert.equal((await readRow(page, 'cased')).probability, '88.1 %');
    assert.equal((await readRow(page, 'dense')).probability, '50.0 %');
  }));

test('a zip and a chosen folder of coppice export; a name that is taken gets another', () =>
  visit(async (page) => {
    const files = Object.fromEntries(['manifest.json', 'vocab.txt', 'onnx/model.onnx'].map((file) => [`dense/${file}`, readFileSync(path.join(models, 'dense', file))]));
    await page.setInputFiles('#bring-zip', zipOf('dense.zip', files));
    await joined(page);
    await page.waitForSelector('tr[data-model="dense-yours"]');
    await page.setInputFiles('#bring-folder', path.join(models, 'dense'));
    await page.waitForSelector('tr[data-model="dense-yours-2"]');
    await compare(page, 'A good film.');
    for (const id of ['dense', 'dense-yours', 'dense-yours-2']) assert.equal((await readRow(page, id)).verdict, 'positive', id);
  }));

test('other than two labels, another task, a missing model: a sentence says which, and no row is added', () =>
  visit(async (page) => {
    const three = huggingFaceFiles({ changes: { id2label: { 0: 'a', 1: 'b', 2: 'c' } } });
    await drop(page, folderOf('three', three));
    assert.match(await refused(page), /three\/config\.json: this classifier has 3 labels.*negative and positive/);
    await page.evaluate(() => document.getElementById('brought').classList.remove('problem'));
    const without = huggingFaceFiles();
    delete without['onnx/model.onnx'];
    await drop(page, folderOf('empty', without));
    assert.match(await refused(page), /empty: there is no onnx\/model\.onnx or model\.onnx.*export/);
    assert.equal(await page.locator('#table tbody tr').count(), 1);
  }));

test('an output that is no classifier\'s fails in its row and leaves the others alone', () =>
  visit(async (page) => {
    await drop(page, folderOf('odd', huggingFaceFiles({ outputName: 'last_hidden_state' })));
    await joined(page);
    await compare(page, 'A good film.');
    assert.match((await readRow(page, 'odd')).state, /gave last_hidden_state \(1 x 2\); expected "logits"/);
    assert.equal((await readRow(page, 'dense')).verdict, 'positive');
  }));

test('a file that is not the one of its manifest is not used', () =>
  visit(async (page) => {
    const files = Object.fromEntries(['manifest.json', 'vocab.txt', 'onnx/model.onnx'].map((file) => [file, readFileSync(path.join(models, 'dense', file))]));
    files['onnx/model.onnx'][1000] ^= 1;
    await drop(page, folderOf('altered', files));
    await page.waitForSelector('tr[data-model="altered"][data-phase="failed"]');
    assert.match((await readRow(page, 'altered')).state, /altered and was not used/);
  }));

test('zips: cut short, altered, with paths that leave it, too large, without a model', () =>
  visit(async (page) => {
    const files = Object.fromEntries(Object.entries(huggingFaceFiles()).map(([name, bytes]) => [`m/${name}`, bytes]));
    const whole = zipSync(files, { level: 0 });
    const write = (name, bytes) => {
      const file = path.join(scratch, name);
      writeFileSync(file, bytes);
      return file;
    };
    const altered = Buffer.from(whole);
    altered[altered.length >> 1] ^= 1; // in the stored weights
    // The directory says that one file is of 3 GB.
    const huge = Buffer.from(whole);
    for (let at = huge.lastIndexOf('PK\x01\x02', undefined, 'latin1'), done = false; !done; done = true) huge.writeUInt32LE(3e9, at + 24);
    const cases = [
      [write('cut.zip', whole.subarray(0, whole.length - 100)), /cut short/],
      [write('altered.zip', altered), /does not match its checksum: it was altered/],
      [write('escape.zip', zipSync({ '../config.json': files['m/config.json'] })), /a path that leaves its folder/],
      [write('huge.zip', huge), /unpacks to 3\d{3} MB; this page takes at most 600 MB/],
      [write('nothing.zip', zipSync({ 'readme.txt': Buffer.from('no model') })), /There is no model in it/],
    ];
    for (const [file, pattern] of cases) {
      await page.evaluate(() => document.getElementById('brought').classList.remove('problem'));
      await page.setInputFiles('#bring-zip', file);
      assert.match(await refused(page), pattern);
    }
    assert.equal(await page.locator('#table tbody tr').count(), 1);
  }));

test('a dropped text becomes the review, a binary file is refused', () =>
  visit(async (page) => {
    const text = path.join(scratch, 'review.txt');
    writeFileSync(text, 'A wonderful film.\n');
    await drop(page, text);
    await said(page, '#brought', /review\.txt is the review now/);
    assert.equal(await page.inputValue('#review'), 'A wonderful film.\n');
    const binary = path.join(scratch, 'photo.jpg');
    writeFileSync(binary, Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]));
    await drop(page, binary);
    assert.match(await refused(page), /photo\.jpg is no text/);
    assert.equal(await page.inputValue('#review'), 'A wonderful film.\n');
  }));
