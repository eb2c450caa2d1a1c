// The element and the iframe in host pages with a strict CSP, from the npm package as it is installed: packed, installed
// from its tarball without a network, served, used.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { artifacts, dist, launch, root, temporaryFolder } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';
import { serve } from './server.mjs';

const source = path.join(dist, 'npm');
const skip = existsSync(path.join(source, 'package.json')) ? false : 'dist/npm is not built: npm run build';
const site = temporaryFolder();
let browser;
let server;

before(async () => {
  if (skip) return;
  const scratch = temporaryFolder();
  const npm = (args, cwd) => execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  npm(['pack', source], scratch);
  const [tarball] = readdirSync(scratch).filter((file) => file.endsWith('.tgz'));
  writeFileSync(path.join(scratch, 'package.json'), '{"private":true}');
  npm(['install', path.join(scratch, tarball)], scratch);
  const installed = path.join(scratch, 'node_modules/coppice-compare');
  // As its README says: the package's page where the site serves it, beside the example's host pages.
  cpSync(path.join(root, 'docs/examples/embed'), site, { recursive: true });
  cpSync(path.join(installed, 'page'), path.join(site, 'coppice'), { recursive: true });
  // The smallest shipped model came with it; models whose verdicts are known take its place.
  assert.ok(existsSync(path.join(site, 'coppice/models/catalog.json')));
  rmSync(path.join(site, 'coppice/models'), { recursive: true });
  writeModels(path.join(site, 'coppice/models'), { dense: { strength: 2 }, linear: { linear: true, strength: 1 } });
  server = await serve({ dist: site });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

// A host page with what it was told.
async function host(work, file = 'index.html', viewport = { width: 1000, height: 800 }) {
  const context = await browser.newContext({ viewport });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  await page.addInitScript(() => {
    window.told = [];
    for (const type of ['coppice-ready', 'coppice-result', 'coppice-error']) {
      document.addEventListener(type, ({ target, detail }) => window.told.push({ type, id: target.id, detail }));
    }
  });
  try {
    await page.goto(server.url + file);
    await work(page);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}
const told = (page, type, id) => page.waitForFunction(([t, i]) => window.told.find((event) => event.type === t && event.id === i)?.detail, [type, id]).then((handle) => handle.jsonValue());
const frameHeight = (page, id) => page.evaluate((name) => document.getElementById(name).shadowRoot.querySelector('iframe')?.getBoundingClientRect().height ?? 0, id);

test('two elements on one page: the first starts by itself, the second only when it is seen; both tell their results', { skip }, () =>
  host(async (page) => {
    const first = await told(page, 'coppice-result', 'first');
    assert.equal(first.agreement, 'agree');
    assert.deepEqual(first.models.map(({ id, label }) => [id, label]), [['dense', 'positive'], ['linear', 'positive']]);
    for (const model of first.models) {
      assert.ok(model.median_ms > 0);
      assert.ok(model.energy_joules.low <= model.energy_joules.value && model.energy_joules.value <= model.energy_joules.high);
      assert.ok(model.carbon_grams_co2e.value > 0);
      assert.notEqual(model.runtime, '–');
    }
    assert.match(await page.textContent('#told'), /^first: dense: positive \(98\.2 %\)/);
    assert.equal(await frameHeight(page, 'second'), 0, 'made before it was seen');
    await page.screenshot({ path: path.join(artifacts, 'embed-1000.png') });

    await page.locator('#second').scrollIntoViewIfNeeded();
    await told(page, 'coppice-ready', 'second');
    await page.evaluate(() => document.getElementById('second').compare());
    const second = await told(page, 'coppice-result', 'second');
    assert.ok(second.models.every(({ label }) => label === 'negative'));
  }));

test('it is as wide as its container and as high as its content, and attributes reach it', { skip }, () =>
  host(
    async (page) => {
      await told(page, 'coppice-result', 'first');
      const frame = page.frames().find((each) => each.url().includes('/coppice/'));
      const fits = async () => {
        const height = await frame.evaluate(() => document.body.getBoundingClientRect().height);
        return Math.abs(height - (await frameHeight(page, 'first'))) <= 1;
      };
      const settles = async () => {
        for (let i = 0; i < 100 && !(await fits()); i += 1) await page.waitForTimeout(100);
        assert.ok(await fits());
      };
      await settles();
      assert.ok(await frame.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
      await page.setViewportSize({ width: 390, height: 800 });
      await settles();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 390));
      await page.evaluate(() => {
        document.getElementById('first').setAttribute('text', 'Changed by the host.');
        document.getElementById('first').setAttribute('theme', 'dark');
        document.getElementById('first').setAttribute('models', 'linear');
      });
      await frame.waitForFunction(() => document.getElementById('review').value === 'Changed by the host.' && document.documentElement.dataset.theme === 'dark');
      await frame.waitForFunction(() => document.querySelectorAll('#models input:checked').length === 1);
    },
    'index.html',
    { width: 1000, height: 900 },
  ));

test('an iframe without a script of the host works', { skip }, () =>
  host(async (page) => {
    const frame = page.frameLocator('iframe');
    await frame.locator('body[data-started="true"]').waitFor();
    assert.equal(await frame.locator('#review').inputValue(), 'A wonderful film.');
    assert.ok(await frame.locator('.masthead').isHidden());
    await frame.locator('#compare').click();
    await frame.locator('tr[data-model="dense"] [data-verdict="1"]').waitFor();
  }, 'iframe.html'));

test('a host gets no result unless the browser or the link names it', { skip }, () =>
  host(async (page) => {
    // From a frame that only pretends: messages that are not its parent's are ignored.
    await told(page, 'coppice-ready', 'first');
    await told(page, 'coppice-result', 'first');
    const before = await page.evaluate(() => window.told.length);
    await page.evaluate(() => window.postMessage({ source: 'coppice-compare', type: 'result', models: [] }, '*'));
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => window.told.length), before);
  }));

test('the package names what it exports and holds no source map or test', { skip }, () => {
  const { exports, files } = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'));
  for (const file of [exports['.'].types, exports['.'].default]) assert.ok(existsSync(path.join(source, file)), file);
  assert.deepEqual(files, ['page', 'coppice-compare.d.ts']);
});
