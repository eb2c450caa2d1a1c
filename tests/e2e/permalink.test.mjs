// Links to a comparison: what they set, that they stay in the browser, and what is said of damaged ones.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { compare, dist, launch, openPage, readRow, said, temporaryFolder } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

let browser;
let server;
before(async () => {
  const models = temporaryFolder();
  writeModels(models, { dense: { strength: 2 }, structured: { strength: 1 } });
  server = await serve({ dist, models });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

async function visit(fragment, work) {
  const visitor = await openPage(browser, server.url + fragment);
  try {
    await visitor.page.waitForSelector('li[data-model="structured"]');
    await work(visitor.page);
    assert.deepEqual(visitor.problems, []);
  } finally {
    await visitor.close();
  }
}

const settings = (page) =>
  page.evaluate(() => ({
    text: document.getElementById('review').value,
    grid: document.getElementById('grid').value,
    device: document.getElementById('device').value,
    repeats: document.getElementById('repeats').value,
    models: [...document.querySelectorAll('#models input:checked')].map((box) => box.closest('li').dataset.model),
  }));

test('a link sets text, models, grid, device and runs, and none of it reaches the server', async () => {
  server.requests.length = 0;
  await visit('#v=1&text=Gut+%26+sch%C3%B6n%3F&models=structured&grid=FRA&device=phone&repeats=7', async (page) => {
    await page.waitForFunction(() => document.querySelectorAll('#models input:checked').length === 1);
    assert.deepEqual(await settings(page), { text: 'Gut & schön?', grid: 'FRA', device: 'phone', repeats: '7', models: ['structured'] });
    await compare(page);
    assert.equal((await readRow(page, 'dense')).verdict, '–');
    assert.notEqual((await readRow(page, 'structured')).verdict, '–');
  });
  assert.ok(server.requests.every((request) => !/Gut|text=|FRA/.test(request)), server.requests.join('\n'));
});

test('the copied link opens the same comparison', () =>
  visit('', async (page) => {
    await page.fill('#review', 'Two lines,\nand 100 % "quoted" & more = é 日');
    await page.selectOption('#grid', 'DEU');
    await page.uncheck('li[data-model="dense"] input');
    await page.click('#copy-link');
    await said(page, '#copy-link', /Link copied|address bar/);
    const expected = await settings(page);
    const address = page.url();
    assert.match(address, /#v=1&text=/);
    await visit(address.slice(address.indexOf('#')), async (other) => {
      await other.waitForFunction(() => document.querySelectorAll('#models input:checked').length === 1);
      assert.deepEqual(await settings(other), expected);
    });
  }));

for (const [what, fragment, notice] of [
  ['a broken percent sign', '#v=1&text=%E0%', /damaged \(a broken % sign\)/],
  ['bytes that are no UTF-8', '#v=1&text=%FF%FE', /text of the link is damaged/],
  ['a newer version', '#v=2&text=hello', /of version 2/],
  ['a grid, device and model that are not known', '#v=1&grid=XXX&device=toaster&models=nobody&repeats=x', /"XXX".*"toaster"|"toaster".*"XXX"/s],
]) {
  test(`a malformed link: ${what} is said, and the defaults hold`, async () => {
    let usual;
    await visit('', async (page) => (usual = await settings(page)));
    await visit(fragment, async (page) => {
      await said(page, '#notices', /[Tt]he (text of the )?link/);
      await page.waitForTimeout(300);
      assert.match(await page.textContent('#notices'), notice);
      assert.deepEqual(await settings(page), usual);
      await compare(page, 'good');
      assert.equal((await readRow(page, 'dense')).verdict, 'positive');
    });
  });
}
