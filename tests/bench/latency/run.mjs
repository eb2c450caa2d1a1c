// The latency table of the browser: what heads and neurons of a model cost in ONNX Runtime Web, measured in Chromium.
// Prints the JSON that `coppice prune --method structured --keep-latency SHARE --latency-table FILE` reads; beside the
// table's own fields it holds every measured model and how well the table predicts models that it was not made from.
//
//     node tests/bench/latency/run.mjs --model models/minilm-l6-imdb [--weights fp16|int8] [--tokens 256] \
//       [--rounds 15] [--runs 2] [--heads 1,2,3,...] [--neurons 16,128,...] [--clock cpu|wall] \
//       [--coppice build/release/coppice] \
//       > docs/bench/latency-ortweb-256.json
//
// The models are the given one cut to the widths by `coppice prune --plan` and exported by `coppice export`: fp16 is
// stored so and computed in float32, as it is shipped; int8 computes products in integers. Each round opens every model
// once, runs it once to warm up and --runs times for the clock; rounds go forwards and backwards in turn, so that a
// machine that gets slower or faster is the same for all. The numbers are medians. The clock is by default the CPU time
// of the thread that runs the model (Linux): on a machine at rest that is the wall time, on a busy one it leaves out the
// waiting for a core. Wall times are beside it. One layer's share is the same for all layers here, although in int8 the
// last one costs less (native/export/onnx_export.h).
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

import { serve } from '../../e2e/server.mjs';
import { decompose, median, predict, summary, variantsOf } from './table.mjs';
import { workerThreadClock } from './thread-clock.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../../..');
const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    weights: { type: 'string', default: 'fp16' },
    tokens: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '15' },
    runs: { type: 'string', default: '2' },
    heads: { type: 'string' },
    neurons: { type: 'string' },
    clock: { type: 'string', default: 'cpu' },
    coppice: { type: 'string', default: 'build/release/coppice' },
  },
});
if (!options.model) throw new Error('--model FOLDER is needed');
if (!['fp16', 'int8'].includes(options.weights)) throw new Error(`--weights is ${options.weights}; expected fp16 or int8`);
if (!['cpu', 'wall'].includes(options.clock)) throw new Error(`--clock is ${options.clock}; expected cpu or wall`);
const number = (name) => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is ${options[name]}; expected 1 or more`);
  return value;
};
const [tokens, rounds, runs] = [number('tokens'), number('rounds'), number('runs')];

const config = JSON.parse(readFileSync(path.join(options.model, 'config.json'), 'utf8'));
const manifest = JSON.parse(readFileSync(path.join(options.model, 'manifest.json'), 'utf8'));
const [fullHeads, fullNeurons] = [config.num_attention_heads, config.intermediate_size];
for (const layer of config.coppice_layers ?? []) {
  if (layer.num_attention_heads !== fullHeads || layer.intermediate_size !== fullNeurons) {
    throw new Error(`${options.model} is pruned already; give the model with all its heads and neurons`);
  }
}
if (tokens > config.max_position_embeddings) throw new Error(`--tokens: the model has ${config.max_position_embeddings} positions`);

// The widths asked for, or a choice of them; the model's own is always the last.
function widths(name, full, usual) {
  const asked = options[name]?.split(',').map(Number) ?? usual;
  if (!asked.every((width) => Number.isInteger(width) && width >= 1 && width <= full)) {
    throw new Error(`--${name}: expected whole numbers from 1 to ${full}, separated by commas`);
  }
  return [...new Set([...asked, full])].sort((a, b) => a - b);
}
const sixteenths = (shares) => shares.map((share) => Math.max(16, Math.round((fullNeurons * share) / 192) * 16));
const variants = variantsOf({
  layers: config.num_hidden_layers,
  headCounts: widths('heads', fullHeads, [1, 2, 3, 4, 6, 8, 10, 12].filter((count) => count <= fullHeads)),
  neuronCounts: widths('neurons', fullNeurons, sixteenths([0, 1, 2, 3, 4, 6, 8, 12])),
});

// One entry a model, however many parts of the table need it.
const models = new Map();
const key = (layers) => JSON.stringify(layers);
const { full, oneLayer, byHeads, byNeurons, checks } = variants;
for (const layers of [full, oneLayer, ...byHeads, ...byNeurons, ...Object.values(checks)]) {
  models.set(key(layers), { layers, wall: [], cpu: [] });
}

const scratch = mkdtempSync(path.join(os.tmpdir(), 'coppice-bench-latency-'));
const coppice = (...args) => execFileSync(options.coppice, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });
const say = (text) => process.stderr.write(`${text}\n`);
const upTo = (count) => Array.from({ length: count }, (_, i) => i);

// The plan that keeps everything, for its head: schema and the weights' sha256.
const wholePlan = () => {
  const words = ['--method', 'structured', '--importance', 'magnitude', '--keep-flops', '1', '--dry-run', '--json'];
  return JSON.parse(coppice('prune', '--model', options.model, ...words));
};

function makeModel(name, layers, plan) {
  plan.structured.layers = layers.map(({ heads, neurons }, layer) => ({ layer, heads: upTo(heads), neurons: upTo(neurons) }));
  const planFile = path.join(scratch, `${name}.json`);
  writeFileSync(planFile, JSON.stringify(plan));
  const pruned = path.join(scratch, `${name}-pruned`);
  const exported = path.join(scratch, `${name}-exported`);
  coppice('prune', '--model', options.model, '--plan', planFile, '--output', pruned);
  coppice('export', '--model', pruned, '--output', exported, '--weights', options.weights);
  cpSync(path.join(exported, 'onnx/model.onnx'), path.join(scratch, 'dist/models', `${name}.onnx`));
  rmSync(pruned, { recursive: true });
  rmSync(exported, { recursive: true });
}

let server;
let browser;
try {
  mkdirSync(path.join(scratch, 'dist/ort'), { recursive: true });
  mkdirSync(path.join(scratch, 'dist/models'));
  for (const file of ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']) {
    cpSync(path.join(root, 'node_modules/onnxruntime-web/dist', file), path.join(scratch, 'dist/ort', file));
  }
  cpSync(path.join(here, 'worker.js'), path.join(scratch, 'dist/worker.js'));
  writeFileSync(path.join(scratch, 'dist/index.html'), '<!doctype html><title>latency</title>');
  const list = [...models.values()];
  const plan = wholePlan();
  for (const [i, model] of list.entries()) {
    model.name = `m${i}`;
    makeModel(model.name, model.layers, plan);
    say(`made ${i + 1} of ${list.length} models`);
  }

  server = await serve({ dist: path.join(scratch, 'dist'), isolated: true }); // isolated: a clock of 5 us, not 100 us
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  await page.goto(server.url);
  const version = await page.evaluate(async () => {
    const next = () =>
      new Promise((resolve, reject) => {
        self.latencyWorker.onmessage = ({ data }) => (data.failed ? reject(new Error(data.failed)) : resolve(data));
        self.latencyWorker.onerror = (event) => reject(new Error(event.message));
      });
    self.latencyWorker = new Worker('worker.js', { type: 'module' });
    self.latencyAsk = (message) => (self.latencyWorker.postMessage(message), next());
    return (await next()).version;
  });

  const ask = (message) => page.evaluate((message) => self.latencyAsk(message), message);
  const clock = options.clock === 'cpu' ? workerThreadClock() : null;
  for (let round = 0; round < rounds; ++round) {
    const start = performance.now();
    for (const model of round % 2 ? [...list].reverse() : list) {
      await ask({ kind: 'open', url: `models/${model.name}.onnx` });
      await ask({ kind: 'run', tokens }); // lays out memory
      for (let run = 0; run < runs; ++run) {
        const before = clock?.();
        const { milliseconds } = await ask({ kind: 'run', tokens });
        model.wall.push(milliseconds);
        if (clock) model.cpu.push(clock() - before);
      }
      await ask({ kind: 'close' });
    }
    say(`round ${round + 1} of ${rounds}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }

  for (const model of list) Object.assign(model, summary(model[options.clock]));
  const found = (layers) => models.get(key(layers));
  const form = options.weights === 'int8' ? 'int8 matrices and activations' : 'float32 computed, float16 stored';
  const table = {
    schema_version: 1,
    runtime: `onnxruntime-web ${version}, wasm, 1 thread, ${form}, Chromium ${browser.version().split('.')[0]}`,
    machine: os.cpus()[0].model,
    tokens,
    hidden_size: config.hidden_size,
    head_size: config.hidden_size / fullHeads,
    ...decompose(variants, (layers) => found(layers).median),
  };
  table.measured = {
    provenance: 'measured',
    model: manifest.id,
    rounds,
    runs_per_round: runs,
    clock: options.clock === 'cpu' ? 'CPU time of the thread that runs the model' : 'wall time',
    load_average_at_end: os.loadavg()[0],
    models: list.map((model) => {
      const { heads, neurons } = model.layers[0];
      const alike = model.layers.every((layer) => layer.heads === heads && layer.neurons === neurons);
      const shape = alike ? { layers: model.layers.length, heads, neurons } : { widths: model.layers };
      const times = { median_milliseconds: model.median, mad_milliseconds: model.mad, wall_median_milliseconds: median(model.wall) };
      return { ...shape, ...times };
    }),
    checks: Object.entries(checks).map(([what, layers]) => {
      const predicted = predict(table, layers);
      const measured = found(layers).median;
      return { what, predicted_milliseconds: predicted, measured_milliseconds: measured, measured_to_predicted: measured / predicted };
    }),
  };
  for (const check of table.measured.checks) say(`${check.what}: measured ${check.measured_to_predicted.toFixed(3)} of what the table predicts`);
  console.log(JSON.stringify(table, null, 1));
} finally {
  await browser?.close();
  await server?.close();
  rmSync(scratch, { recursive: true, force: true });
}
