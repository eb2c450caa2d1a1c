// The page's figures in real Chromium, beside transformers.js with its int8 dense model under the same conditions in the
// same run. Prints JSON; docs/bench/page.json is its answer.
//
//     coppice export --model models/minilm-l6-imdb --output /tmp/dense-int8 --weights int8
//     node web/build.mjs && node tests/bench/page/run.mjs --int8 /tmp/dense-int8 [--dist dist] [--rounds 5] \
//       [--serve build/release/coppice-serve] [--idle-seconds 20] > docs/bench/page.json
//
// The page's model is the smallest transformer of the catalogue in dist/; both judge the same review of samples.json, from
// coppice-serve, which sends what was compressed by brotli when dist/ was made (the peer's files: by the same rule).
//
// - bytes: what a proxy sent until the verdict stood on the screen, headers too, to a browser that knew nothing.
// - visits: a browser started anew for each; page, page with the project's own engine chosen, and peer take turns. Wall time from the start of navigation to the
//   verdict, and beside it the CPU time of all the browser's threads meanwhile: on a busy machine the former waits for a
//   core, and the latter, where most of the work is one thread's, is about what a machine at rest would take. Second visit:
//   the same page again with the network off.
// - idle: two browsers at once, an empty page and this one after a comparison; CPU time of all their threads.
// - tasks: the main thread's tasks while a model that is loaded runs, by the browser's own trace, in CPU time and wall
//   time; once with the drawing (here by software) and once in a browser without WebGL.
// - overhead: from one answer of session.run to the next, less the run itself, as a share of the run.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

import { summary } from '../latency/table.mjs';
import { threadsBelow } from '../latency/thread-clock.mjs';
import { compressPeer, countingProxy, stage, startServer } from './serving.mjs';
import { longestTasks, runGaps } from './traces.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const { values: options } = parseArgs({
  options: {
    dist: { type: 'string', default: 'dist' },
    int8: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    serve: { type: 'string', default: 'build/release/coppice-serve' },
    'idle-seconds': { type: 'string', default: '20' },
  },
});
if (!options.int8) throw new Error('--int8 FOLDER is needed: the dense model by coppice export --weights int8');
const number = (name) => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is ${options[name]}; expected 1 or more`);
  return value;
};
const [rounds, idleSeconds] = [number('rounds'), number('idle-seconds')];
const dist = path.resolve(options.dist);
const text = JSON.parse(readFileSync(path.join(dist, 'samples.json'), 'utf8')).find(({ id }) => id === 'long-negative').text;
const say = (what) => process.stderr.write(`${what}\n`);

function smallestTransformer() {
  const { models } = JSON.parse(readFileSync(path.join(dist, 'models/catalog.json'), 'utf8'));
  const sized = models
    .map(({ id }) => JSON.parse(readFileSync(path.join(dist, 'models', id, 'manifest.json'), 'utf8')))
    .filter(({ architecture }) => architecture !== 'linear')
    .map(({ id, weights, files }) => ({ id, bytes: files.find((file) => file.path === weights[0].path).bytes }));
  return sized.sort((a, b) => a.bytes - b.bytes)[0];
}
const model = smallestTransformer();

// Of the threads that live: those of a process that has ended take their time with them. Never 0 for a browser at work.
function cpuOf(pid) {
  const sum = threadsBelow(pid).reduce((total, { cpuMs }) => total + cpuMs, 0);
  if (sum === 0) throw new Error(`/proc shows no CPU time of process ${pid}`);
  return sum;
}

// A browser of its own, with a profile of its own: { page, pid, version, close }.
async function startBrowser(args = []) {
  const profile = mkdtempSync(path.join(os.tmpdir(), 'coppice-bench-profile-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--enable-unsafe-swiftshader', ...args],
    viewport: { width: 1280, height: 800 },
  });
  context.setDefaultTimeout(300_000);
  // The process with this profile that all others of the browser are below.
  const commandOf = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  const own = new Set(threadsBelow(process.pid).map((each) => each.pid).filter((each) => {
    const command = commandOf(each);
    return command.includes(`--user-data-dir=${profile}`) && !command.includes('--type=');
  }));
  if (own.size !== 1) throw new Error(`/proc shows ${own.size} browsers with the profile ${profile}, expected 1`);
  const [pid] = own;
  const [page] = context.pages();
  return { page, context, pid, version: context.browser()?.version() ?? (await page.evaluate(() => navigator.userAgent.match(/Chrome\/(\d+)/)[1])), close: async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  } };
}

const fragment = `#v=1&models=${model.id}&repeats=3&text=${encodeURIComponent(text)}`;

// Presses Compare as soon as the page offers it for the model, and notes when the verdict stands there: runs in the page.
function pressAndWait(id) {
  const look = () => {
    const row = document.querySelector(`#table tr[data-model="${id}"]`);
    const button = document.querySelector('#compare');
    // The link's choice of models is taken a frame after the start.
    const chosen = [...document.querySelectorAll('#models li[data-model]')].every((item) => item.querySelector('input').checked === (item.dataset.model === id));
    if (row && chosen && !window.pressed && button && !button.disabled && document.body.dataset.started) {
      window.pressed = true;
      button.click();
    }
    if (row && /^(positive|negative)$/.test(row.querySelector('[data-key="verdict"]').textContent)) window.verdictAt ??= performance.now();
    if (window.verdictAt === undefined) setTimeout(look, 10);
  };
  document.addEventListener('DOMContentLoaded', () => document.querySelector('#table') && look());
}

async function verdictOf(browser, address) {
  const before = cpuOf(browser.pid);
  await browser.page.goto(address, { waitUntil: 'commit' });
  await browser.page.waitForFunction(() => window.verdictAt !== undefined, null, { polling: 50 });
  return { wall_ms: await browser.page.evaluate(() => window.verdictAt), cpu_ms: cpuOf(browser.pid) - before };
}

// backend: the page's choice of runtime, as an earlier visit left it; the page's own choice where it is not given.
async function withBrowser(args, work, backend) {
  const browser = await startBrowser(args);
  try {
    if (backend) await browser.page.addInitScript((value) => location.protocol.startsWith('http') && localStorage.setItem('coppice.backend', value), backend);
    await browser.page.addInitScript(pressAndWait, model.id);
    return await work(browser);
  } finally {
    await browser.close();
  }
}

// Once the page says that it needs no network, and the visitor has looked at the verdict for a while, the same again without
// one. Meanwhile the browser stores what it compiled, which it begins two seconds after it has compiled the most of it.
const lookMs = 5000;

async function secondVisit(browser, address) {
  await browser.page.waitForSelector('body[data-offline="ready"]', { state: 'attached' });
  await browser.page.waitForTimeout(lookMs);
  await browser.context.setOffline(true);
  await browser.page.goto('about:blank');
  const found = await verdictOf(browser, address);
  await browser.context.setOffline(false);
  return found;
}

async function countBytes(target, address) {
  const proxy = await countingProxy(target);
  try {
    const bytes = await withBrowser([], async (browser) => {
      await verdictOf(browser, proxy.url + address);
      return proxy.bytes();
    });
    const parts = [...proxy.sent].filter(([, size]) => size > 20_000).sort((a, b) => b[1] - a[1]);
    return { bytes, parts: Object.fromEntries(parts), files: new Set([...proxy.sent.keys()].map((file) => path.basename(file))) };
  } finally {
    await proxy.close();
  }
}

async function compareAgain(page, repeats) {
  await page.selectOption('#repeats', String(repeats));
  const before = Number(await page.evaluate(() => document.body.dataset.finished ?? 0));
  await page.click('#compare');
  await page.waitForFunction((count) => Number(document.body.dataset.finished ?? 0) > count, before, { polling: 200 });
}

// Tasks and gaps of a comparison by a model that is loaded.
function whileItRuns(url, args) {
  return withBrowser(args, async (browser) => {
    await browser.page.addInitScript(runGaps.record);
    await verdictOf(browser, url + fragment);
    await browser.page.waitForFunction(() => document.body.dataset.phase === 'done', null, { polling: 200 });
    const tasks = await longestTasks(browser, () => compareAgain(browser.page, 20));
    return { tasks, gaps: runGaps.of(await browser.page.evaluate(() => window.workerLog), 20) };
  });
}

const idle = (url) =>
  withBrowser([], (empty) =>
    withBrowser([], async (open) => {
      await empty.page.goto(`${url}empty.html`);
      await verdictOf(open, url + fragment);
      await open.page.waitForSelector('body[data-offline="ready"]', { state: 'attached' });
      await new Promise((resolve) => setTimeout(resolve, 5000));
      const before = [cpuOf(empty.pid), cpuOf(open.pid)];
      const start = performance.now();
      await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
      const points = (pid, then) => (100 * (cpuOf(pid) - then)) / (performance.now() - start);
      return { empty: points(empty.pid, before[0]), page: points(open.pid, before[1]) };
    }),
  );

const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-bench-page-'));
let server;
try {
  const peer = stage(folder, { root, dist, int8: path.resolve(options.int8) });
  server = await startServer(path.resolve(options.serve), folder);
  const peerAddress = `peer/peer.html#text=${encodeURIComponent(text)}`;
  // Which of its files the peer asks for, so that those are compressed; only then is it counted.
  compressPeer(peer, root, (await countBytes(server.url, peerAddress)).files);
  await server.close();
  server = await startServer(path.resolve(options.serve), folder);
  const own = await countBytes(server.url, fragment);
  const theirs = await countBytes(server.url, peerAddress);
  say(`bytes: ${own.bytes} and ${theirs.bytes}`);

  const runs = { first: [], second: [], firstCore: [], secondCore: [], peer: [], idle: [], drawn: [], undrawn: [] };
  let version = '';
  for (let round = 0; round < rounds; round += 1) {
    const visitTwice = (first, second, backend) =>
      withBrowser([], async (browser) => {
        version = browser.version;
        first.push(await verdictOf(browser, server.url + fragment));
        second.push(await secondVisit(browser, server.url + fragment));
      }, backend);
    const page = () => visitTwice(runs.first, runs.second);
    const engine = () => visitTwice(runs.firstCore, runs.secondCore, 'core');
    const other = () => withBrowser([], async (browser) => runs.peer.push(await verdictOf(browser, server.url + peerAddress)));
    for (const turn of round % 2 ? [other, engine, page] : [page, engine, other]) await turn();
    runs.idle.push(await idle(server.url));
    runs.drawn.push(await whileItRuns(server.url, []));
    runs.undrawn.push(await whileItRuns(server.url, ['--disable-3d-apis']));
    say(`round ${round + 1} of ${rounds}: load ${os.loadavg()[0].toFixed(1)}`);
  }

  const of = (list, member) => ({ ...summary(list.map((each) => each[member])), all: list.map((each) => each[member]) });
  const visits = (list) => ({ wall_ms: of(list, 'wall_ms'), cpu_ms: of(list, 'cpu_ms') });
  const longest = (list) => ({ cpu_ms: of(list.map(({ tasks }) => tasks), 'cpu'), wall_ms: of(list.map(({ tasks }) => tasks), 'wall') });
  const versionOf = (file) => JSON.parse(readFileSync(path.join(root, 'node_modules', file, 'package.json'), 'utf8')).version;
  const ratio = (member) => summary(runs.first.map((each, i) => each[member] / runs.peer[i][member]));
  console.log(
    JSON.stringify(
      {
        schema_version: 1,
        bench: 'page',
        machine: { cpu: os.cpus()[0].model, cores: os.cpus().length, load_average_at_end: os.loadavg() },
        versions: {
          chromium: version,
          'onnxruntime-web': versionOf('onnxruntime-web'),
          '@huggingface/transformers': versionOf('@huggingface/transformers'),
          'onnxruntime-web of transformers.js': versionOf('@huggingface/transformers/node_modules/onnxruntime-web'),
        },
        rounds,
        model: { id: model.id, bytes: model.bytes },
        peer_model_bytes: statSync(path.join(options.int8, 'onnx/model.onnx')).size,
        core_wasm_brotli_bytes: statSync(path.join(dist, 'core/coppice.wasm.br')).size,
        bytes_until_verdict: { page: own.bytes, peer: theirs.bytes, page_to_peer: own.bytes / theirs.bytes, page_parts: own.parts, peer_parts: theirs.parts },
        first_visit: { page: visits(runs.first), page_with_core_engine: visits(runs.firstCore), peer: visits(runs.peer), page_to_peer: { wall: ratio('wall_ms'), cpu: ratio('cpu_ms') } },
        second_visit_offline: visits(runs.second),
        second_visit_offline_with_core_engine: visits(runs.secondCore),
        idle_percent_of_a_core: { empty: of(runs.idle, 'empty'), page: of(runs.idle, 'page'), difference: summary(runs.idle.map(({ page, empty }) => page - empty)) },
        longest_main_thread_task: { software_drawing: longest(runs.drawn), without_drawing: longest(runs.undrawn) },
        overhead_over_session_run: { software_drawing: of(runs.drawn.map(({ gaps }) => gaps), 'share'), without_drawing: of(runs.undrawn.map(({ gaps }) => gaps), 'share'), run_ms: summary(runs.drawn.map(({ gaps }) => gaps.run_ms)) },
      },
      null,
      1,
    ),
  );
} finally {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
}
