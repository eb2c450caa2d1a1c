import path from 'node:path';
import { launch, openPage, temporaryFolder, dist } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';
const models = temporaryFolder();
writeModels(models, { dense: { strength: 2 }, structured: { strength: 1 }, short: { strength: 1, manifest: { max_length: 5, truncation: 'head' } }, words: { strength: 2, linear: true } });
const isolated = process.argv[3] === 'isolated';
const server = await serve({ dist, models, isolated });
const browser = await launch();
const end = Date.now() + 1000 * Number(process.argv[2]);
let visits = 0, hung = 0, worst = 0;
async function one() {
  while (Date.now() < end) {
    const v = await openPage(browser, server.url);
    const page = v.page;
    page.on('console', (m) => console.log('console', m.text()));
    await page.waitForSelector('tr[data-model="dense"]');
    const t0 = Date.now();
    await page.fill('#review', 'good');
    await page.click('#compare');
    try {
      await page.waitForFunction(() => Number(document.body.dataset.finished ?? 0) > 0, null, { timeout: 25000, polling: 50 });
      worst = Math.max(worst, Date.now() - t0);
    } catch (e) {
      ++hung;
      console.log('HUNG', visits, await page.evaluate(() => JSON.stringify({ d: { ...document.body.dataset }, error: document.getElementById('error').textContent, status: document.getElementById('status').textContent, headline: document.getElementById('headline').textContent, rows: [...document.querySelectorAll('#table tr[data-model]')].map((r) => r.dataset.model + ' ' + r.dataset.phase + ' ' + r.textContent.slice(0, 90)), notices: document.getElementById('notices').textContent, runtime: document.getElementById('runtime').textContent })));
      console.log('problems', JSON.stringify(v.problems), 'requests', server.requests.slice(-14).join(' '));
      for (const w of page.workers()) console.log('worker', w.url());
      try { console.log('worker eval', await Promise.race([page.workers()[0].evaluate(() => performance.now()), new Promise((r) => setTimeout(() => r('NO ANSWER'), 3000))])); } catch (e) { console.log(e.message); }
      try { console.log('resources', JSON.stringify(await Promise.race([page.workers()[0].evaluate(() => performance.getEntriesByType('resource').map((e) => [e.name.split('/').at(-1), Math.round(e.startTime), Math.round(e.responseEnd)])), new Promise((r) => setTimeout(() => r('NO ANSWER'), 3000))]))); } catch (e) { console.log(e.message); }
      await page.waitForTimeout(10000);
      console.log('later', await page.evaluate(() => JSON.stringify({ ...document.body.dataset })));
    }
    ++visits;
    await v.close();
  }
}
await Promise.all([one(), one(), one()]);
console.log({ visits, hung, worst });
await browser.close(); await server.close();
