// The page as people get it: from coppice-serve itself, with its headers. COPPICE_SERVE names the program.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';

import { compare, dist, launch, openPage, readRow, root, temporaryFolder } from './browser.mjs';
import { writeModels } from './fixture-models.mjs';

const program = path.resolve(root, process.env.COPPICE_SERVE ?? 'build/release/coppice-serve');
const skip = existsSync(program) ? false : `${path.relative(root, program)} is not built`;

const folder = temporaryFolder();
let browser;

before(async () => {
  if (skip) return;
  cpSync(dist, folder, { recursive: true, preserveTimestamps: true });
  rmSync(path.join(folder, 'models'), { recursive: true, force: true });
  writeModels(path.join(folder, 'models'), { dense: { strength: 2 }, structured: { strength: 1 } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

// Runs coppice-serve on a free port for as long as `work` takes; it must then end well.
async function serving(extra, work) {
  const server = spawn(program, ['--dist', folder, '--port', '0', ...extra], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  try {
    const [line] = await once(server.stdout, 'data');
    await work(line.toString().match(/http:\/\/[\d.]+:\d+\//)[0]);
  } finally {
    server.kill('SIGTERM');
  }
  assert.deepEqual(await ended, [0, null]);
}

test('the page compares models, isolated and without a complaint of the browser', { skip }, () =>
  serving([], async (url) => {
    const { page, problems, foreign, close } = await openPage(browser, url);
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    await compare(page, 'A dull and terrible film.');
    assert.equal((await readRow(page, 'dense')).verdict, 'negative');
    assert.equal((await readRow(page, 'structured')).verdict, 'negative');
    assert.deepEqual(problems, []);
    assert.deepEqual(foreign, []);
    await close();
  }));

test("the project's own engine has its threads under the strict policy", { skip }, async () => {
  const shipped = 'minilm-l6-imdb-smallest';
  const models = path.join(folder, 'models');
  cpSync(path.join(root, 'models', shipped), path.join(models, shipped), { recursive: true });
  writeFileSync(path.join(models, 'catalog.json'), JSON.stringify({ schema_version: 1, models: [{ id: shipped }] }));
  try {
    await serving([], async (url) => {
      const { page, problems, close } = await openPage(browser, url);
      const threads = Math.min(4, await page.evaluate(() => navigator.hardwareConcurrency));
      await page.selectOption('#backend', 'core');
      await compare(page, 'A quiet, wonderful film that moved me; one of the best I have seen this year.');
      const row = await readRow(page, shipped);
      assert.match(row.runtime, new RegExp(`^Coppice engine .*, ${threads} thread${threads > 1 ? 's' : ''}$`));
      assert.equal(row.verdict, 'positive');
      assert.deepEqual(problems, []);
      await close();
    });
  } finally {
    rmSync(models, { recursive: true });
    writeModels(models, { dense: { strength: 2 }, structured: { strength: 1 } });
  }
});

test('without the isolation headers it works on one thread and says so', { skip }, () =>
  serving(['--no-isolation'], async (url) => {
    const { page, problems, close } = await openPage(browser, url);
    assert.equal(await page.evaluate(() => crossOriginIsolated), false);
    await compare(page, 'A wonderful film.');
    const row = await readRow(page, 'dense');
    assert.equal(row.verdict, 'positive');
    assert.match(row.runtime, /1 thread$/);
    assert.deepEqual(problems, []);
    await close();
  }));

test('scripts and WebAssembly come compressed, and a second visit asks only whether they changed', { skip }, () =>
  serving([], async (url) => {
    // Not fetch: Node 20's stalls now and then on a compressed answer that has arrived whole.
    const ask = async (headers) => {
      const [response] = await once(get(new URL('core/coppice.wasm', url), { headers, agent: false }), 'response');
      return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
    };
    const first = await ask({ 'Accept-Encoding': 'br' });
    assert.equal(first.headers['content-encoding'], 'br');
    assert.equal(first.headers['content-type'], 'application/wasm');
    assert.deepEqual(brotliDecompressSync(first.body), readFileSync(path.join(folder, 'core/coppice.wasm')));
    const second = await ask({ 'Accept-Encoding': 'br', 'If-None-Match': first.headers.etag });
    assert.equal(second.status, 304);
  }));
