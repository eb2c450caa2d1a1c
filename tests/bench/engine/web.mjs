// The engine of the core against ONNX Runtime Web in Chromium, same model files, one thread, batch 1, both builds of the
// engine (SIMD, relaxed SIMD). Prints JSON; docs/bench/engine-web.json is its answer.
//
//     cmake --build --preset wasm --target coppice_engine_module coppice_engine_relaxed_module
//     node tests/bench/engine/web.mjs --model models/minilm-l6-imdb [--coppice build/release/coppice] [--engine build/wasm] \
//       [--turns 11] [--lengths 128,256] [--threads 1] [--scratch FOLDER] [--also NAME=FOLDER]... > docs/bench/engine-web.json
//
// --threads: of both; the engine's relaxed build with one thread then takes its turn as "one", and the clock is wall time.
//
// Forms: forms.mjs, and smallest, the smallest shipped transformer. Each turn runs every form once on each engine, after two
// turns that do not count (browsers compile what runs for a while anew); ratios are formed within each turn. The clock is the
// CPU time of the worker's thread, which is what a run takes on a core of its own, also while others want the core; the
// worker's own wall times are beside it.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

import { serve } from '../../e2e/server.mjs';
import { workerThreadClock } from '../latency/thread-clock.mjs';
import { makersOf, summary } from './forms.mjs';

const here = import.meta.dirname;
const root = path.resolve(here, '../../..');
const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    coppice: { type: 'string', default: 'build/release/coppice' },
    engine: { type: 'string', default: 'build/wasm' },
    turns: { type: 'string', default: '11' },
    lengths: { type: 'string', default: '128,256' },
    threads: { type: 'string', default: '1' },
    scratch: { type: 'string' },
    forms: { type: 'string' },
    also: { type: 'string', multiple: true, default: [] }, // NAME=FOLDER: a model folder besides
    small: { type: 'string', default: 'models/minilm-l6-imdb-half-int8' },
    unstructured: { type: 'string', default: 'models/minilm-l6-imdb-unstructured-int8' },
    smallest: { type: 'string', default: 'models/minilm-l6-imdb-smallest' },
    data: { type: 'string', default: 'tests/data/imdb_sample/test.tsv' },
  },
});
if (!options.model) throw new Error('--model FOLDER is needed');
const scratch = options.scratch ?? mkdtempSync(path.join(os.tmpdir(), 'coppice-bench-engine-'));
mkdirSync(scratch, { recursive: true });
const say = (text) => process.stderr.write(`${text}\n`);
const coppice = (args, input) => execFileSync(options.coppice, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 1 << 28 });

const makers = { ...makersOf({ ...options, scratch, coppice, say }), smallest: () => options.smallest };
for (const [name, folder] of options.also.map((each) => each.split('='))) makers[name] = () => folder;
const forms = options.forms?.split(',') ?? Object.keys(makers);
const folders = Object.fromEntries(forms.map((form) => [form, path.resolve(makers[form]())]));
const threads = Number(options.threads);
const engines = threads === 1
  ? { ort: 'ort', simd: 'coppice_engine', relaxed: 'coppice_engine_relaxed' }
  : { ort: 'ort', simd: 'coppice_engine_threads', relaxed: 'coppice_engine_relaxed_threads', one: 'coppice_engine_relaxed' };
const own = Object.keys(engines).filter((engine) => engine !== 'ort');

const manifest = JSON.parse(readFileSync(path.join(options.model, 'manifest.json'), 'utf8'));
const texts = readFileSync(options.data, 'utf8').split('\n').filter(Boolean).map((line) => line.slice(2));
const longest = texts.reduce((a, b) => (b.length > a.length ? b : a));
// Of each folder's own vocabulary; words that count do not change the time.
const idsOf = Object.fromEntries(forms.map((form) => [form, JSON.parse(coppice(
  ['tokenize', '--vocab', path.join(folders[form], 'vocab.txt'), '--max-length', String(manifest.max_length)],
  `${JSON.stringify({ text: longest })}\n`)).ids]));

const site = mkdtempSync(path.join(os.tmpdir(), 'coppice-bench-site-'));
let server;
let browser;
try {
  for (const build of own.map((engine) => engines[engine])) {
    const suffixes = build.endsWith('_threads') ? ['js', 'wasm', 'worker.js'] : ['js', 'wasm'];
    for (const suffix of suffixes) cpSync(path.join(options.engine, `${build}.${suffix}`), path.join(site, `engine/${build}.${suffix}`));
  }
  for (const file of ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']) {
    cpSync(path.join(root, 'node_modules/onnxruntime-web/dist', file), path.join(site, `ort/${file}`));
  }
  cpSync(path.join(root, 'web/app/core.js'), path.join(site, 'app/core.js'));
  cpSync(path.join(here, 'web-worker.js'), path.join(site, 'worker.js'));
  writeFileSync(path.join(site, 'index.html'), '<!doctype html><title>engine</title>');
  const mounts = Object.fromEntries(forms.map((form) => [`forms/${form}/`, folders[form]]));
  server = await serve({ dist: site, mounts, isolated: true }); // isolated: a clock of 5 us, not 100 us
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  await page.goto(server.url);
  const version = await page.evaluate(async (threads) => {
    const next = () =>
      new Promise((resolve, reject) => {
        self.benchWorker.onmessage = ({ data }) => (data.failed ? reject(new Error(data.failed)) : resolve(data));
        self.benchWorker.onerror = (event) => reject(new Error(event.message));
      });
    self.benchWorker = new Worker(`worker.js?threads=${threads}`, { type: 'module' });
    self.benchAsk = (message) => (self.benchWorker.postMessage(message), next());
    return (await next()).version;
  }, threads);
  const ask = (message) => page.evaluate((message) => self.benchAsk(message), message);
  const clock = workerThreadClock();
  const run = async (form, engine, ids) => {
    // Threads of the run before may look for more work for a while, on a core that the next one wants.
    if (threads > 1) await new Promise((resolve) => setTimeout(resolve, 50));
    const before = clock();
    const { milliseconds, logits } = await ask({ kind: 'run', key: `${form} ${engine}`, ids });
    return { cpu_ms: clock() - before, wall_ms: milliseconds, logits };
  };

  const result = {
    bench: 'engine-web', model: path.basename(options.model), browser: `Chromium ${browser.version()}`, cpu: os.cpus()[0].model,
    cores: os.cpus().length, threads, onnxruntime_web: version, turns: Number(options.turns), load_average_before: os.loadavg(),
    clock: threads === 1 ? "CPU time of the worker's thread; wall times beside it" : 'wall time', forms: {}, lengths: {},
  };
  for (const form of forms) {
    result.forms[form] = { onnx_bytes: statSync(path.join(folders[form], 'onnx/model.onnx')).size, load_ms: {} };
    for (const [engine, name] of Object.entries(engines)) {
      const { load_ms } = await ask({ kind: 'open', key: `${form} ${engine}`, engine: name, url: `forms/${form}` });
      result.forms[form].load_ms[engine] = load_ms;
    }
    say(`${form} is loaded`);
  }
  for (const length of options.lengths.split(',').map(Number)) {
    const times = Object.fromEntries(forms.map((form) => [form, Object.fromEntries(Object.keys(engines).map((engine) => [engine, []]))]));
    for (let turn = -2; turn < Number(options.turns); ++turn) {
      for (const form of forms) {
        const all = idsOf[form];
        if (all.length < length) throw new Error(`no review of ${length} tokens`);
        const ids = [...all.slice(0, length - 1), all.at(-1)];
        for (const engine of Object.keys(engines)) {
          const answer = await run(form, engine, ids);
          if (turn >= 0) times[form][engine].push(answer);
        }
      }
      say(`${length} tokens: turn ${turn + 1} of ${options.turns}`);
    }
    const time = (form, engine) => times[form][engine].map((each) => (threads === 1 ? each.cpu_ms : each.wall_ms));
    const ratio = (a, b) => summary(a.map((value, i) => value / b[i]));
    result.lengths[length] = {};
    for (const form of forms) {
      const row = { ...(threads === 1 && { cpu_ms: {} }), wall_ms: {}, logit_difference: {}, ort_to: {}, ort_dense_to: {}, ort_dense_int8_to: {} };
      for (const engine of Object.keys(engines)) {
        if (threads === 1) row.cpu_ms[engine] = summary(time(form, engine));
        row.wall_ms[engine] = summary(times[form][engine].map((each) => each.wall_ms));
        if (engine === 'ort') continue;
        const [first] = times[form][engine];
        row.logit_difference[engine] = Math.max(...first.logits.map((value, i) => Math.abs(value - times[form].ort[0].logits[i])));
        row.ort_to[engine] = ratio(time(form, 'ort'), time(form, engine));
        if (forms.includes('dense')) row.ort_dense_to[engine] = ratio(time('dense', 'ort'), time(form, engine));
        if (threads > 1 && engine === 'relaxed') row.one_to = { relaxed: ratio(time(form, 'one'), time(form, 'relaxed')) };
        if (forms.includes('dense-int8')) row.ort_dense_int8_to[engine] = ratio(time('dense-int8', 'ort'), time(form, engine));
      }
      result.lengths[length][form] = row;
      const of = (name) => `${name} ${summary(time(form, name)).median.toFixed(1)} ms`;
      say(`${length} tokens, ${form}: ${Object.keys(engines).map(of).join(', ')}`);
    }
  }
  for (const form of forms) {
    for (const engine of own) {
      const { profile } = await ask({ kind: 'profile', key: `${form} ${engine}` });
      result.forms[form][engine] = profile;
    }
  }
  result.load_average_after = os.loadavg();
  console.log(JSON.stringify(result, null, 1));
} finally {
  await browser?.close();
  await server?.close();
  rmSync(site, { recursive: true });
  if (!options.scratch) rmSync(scratch, { recursive: true, force: true });
}
