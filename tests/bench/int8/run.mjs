// What int8 does to time and verdicts, in ONNX Runtime: the exports of one model as fp32, fp16 and int8, one thread,
// engines onnxruntime-node and onnxruntime-web (WebAssembly). Prints JSON; docs/bench/int8.json is its answer.
//
//     node tests/bench/int8/run.mjs --model models/minilm-l6-imdb --data tests/data/imdb_sample/test.tsv \
//       [--coppice build/release/coppice] [--turns 15] [--calibration tests/data/imdb_sample/validation.tsv] \
//       [--methods minmax,percentile,mse] [--reviews 300] [--lengths 128,256] > docs/bench/int8.json
//
// With --calibration FILE also int8 with static scales, one form for each of --methods: int8-minmax, int8-percentile,
// int8-mse.
//
// Times: the forms take turns on the same input (A B C A B C ...), after one run of each to warm up; the ratio is formed
// within each turn, and its median and median absolute deviation are given. Agreement: every form's verdict and logits
// on the same reviews, one review a run, against fp32; accuracy against the labels.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import * as web from 'onnxruntime-web';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    coppice: { type: 'string', default: 'build/release/coppice' },
    turns: { type: 'string', default: '15' },
    reviews: { type: 'string', default: '300' },
    lengths: { type: 'string', default: '128,256' },
    calibration: { type: 'string' },
    methods: { type: 'string', default: 'minmax,percentile,mse' },
    engines: { type: 'string', default: 'node,web' },
  },
});
if (!options.model || !options.data) throw new Error('--model FOLDER and --data FILE.tsv are needed');
const methods = options.calibration ? options.methods.split(',') : [];
const exportArguments = { fp32: ['fp32'], fp16: ['fp16'], int8: ['int8'] };
for (const method of methods) {
  exportArguments[`int8-${method}`] = ['int8', '--activations', 'static', '--calibration', options.calibration, '--calibration-method', method];
}
const forms = Object.keys(exportArguments);
const turns = Number(options.turns);
const scratch = mkdtempSync(path.join(os.tmpdir(), 'coppice-bench-int8-'));
const coppice = (args, input) => execFileSync(options.coppice, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const summary = (values) => {
  const middle = median(values);
  return { median: middle, mad: median(values.map((value) => Math.abs(value - middle))) };
};

web.env.wasm.numThreads = 1;
const engines = {
  node: async () => {
    // Comes with transformers.js, as a dependency of it.
    const { default: node } = await import('onnxruntime-node');
    const settings = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' };
    return { ort: node, open: (file) => node.InferenceSession.create(file, settings) };
  },
  web: async () => ({
    ort: web,
    open: (file) => web.InferenceSession.create(readFileSync(file), { executionProviders: ['wasm'] }),
  }),
};

async function run(ort, session, ids) {
  const shape = [1, ids.length];
  const feeds = {
    input_ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
    attention_mask: new ort.Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
  };
  return [...(await session.run(feeds)).logits.data];
}

const files = {};
const answer = { bench: 'int8', model: path.basename(options.model), cpu: os.cpus()[0].model, threads: 1, bytes: {}, engines: {} };
for (const form of forms) {
  const output = path.join(scratch, form);
  const said = JSON.parse(coppice(['export', '--model', options.model, '--output', output, '--json', '--weights', ...exportArguments[form]]));
  files[form] = path.join(output, 'onnx/model.onnx');
  answer.bytes[form] = statSync(files[form]).size;
  if (said.relative_rounding_error) {
    answer.relative_rounding_error = { ...answer.relative_rounding_error, [form]: said.relative_rounding_error };
  }
}

const manifest = JSON.parse(readFileSync(path.join(options.model, 'manifest.json'), 'utf8'));
const lines = readFileSync(options.data, 'utf8').split('\n').filter(Boolean);
// Evenly spread over the file, which may be sorted by label.
const stride = Math.max(1, Math.floor(lines.length / Number(options.reviews)));
const reviews = lines.filter((_, i) => i % stride === 0).slice(0, Number(options.reviews));
const labels = reviews.map((line) => Number(line[0]));
const tokenized = coppice(
  ['tokenize', '--vocab', path.join(options.model, 'vocab.txt'), '--max-length', String(manifest.max_length)],
  reviews.map((line) => JSON.stringify({ text: line.slice(2) })).join('\n') + '\n',
);
const inputs = tokenized.trim().split('\n').map((line) => JSON.parse(line).ids);
const longest = [...inputs].sort((a, b) => b.length - a.length)[0];

for (const name of options.engines.split(',')) {
  const { ort, open } = await engines[name]();
  const sessions = {};
  for (const form of forms) sessions[form] = await open(files[form]);
  const report = { times: {} };
  for (const length of options.lengths.split(',').map(Number)) {
    if (longest.length < length) throw new Error(`no review of ${length} tokens`);
    const ids = [...longest.slice(0, length - 1), longest.at(-1)];
    const times = Object.fromEntries(forms.map((form) => [form, []]));
    for (let turn = -1; turn < turns; ++turn) {
      for (const form of forms) {
        const start = performance.now();
        await run(ort, sessions[form], ids);
        if (turn >= 0) times[form].push(performance.now() - start);
      }
    }
    report.times[length] = {
      milliseconds: Object.fromEntries(forms.map((form) => [form, summary(times[form])])),
      int8_to_fp32: summary(times.int8.map((time, i) => time / times.fp32[i])),
      int8_to_fp16: summary(times.int8.map((time, i) => time / times.fp16[i])),
      ...Object.fromEntries(methods.map((method) =>
        [`int8-${method}_to_int8`, summary(times[`int8-${method}`].map((time, i) => time / times.int8[i]))])),
    };
    process.stderr.write(`${name} ${length} tokens: int8 takes ${report.times[length].int8_to_fp32.median.toFixed(3)} of fp32's time\n`);
  }
  const logits = Object.fromEntries(forms.map((form) => [form, []]));
  for (const [i, ids] of inputs.entries()) {
    for (const form of forms) logits[form].push(await run(ort, sessions[form], ids));
    if (i % 25 === 24) process.stderr.write(`${name}: ${i + 1} of ${inputs.length} reviews\n`);
  }
  const positive = ([negative, positive]) => positive > negative;
  report.verdicts = { reviews: inputs.length };
  for (const form of forms) {
    const differences = logits[form].flatMap((pair, i) => pair.map((value, k) => Math.abs(value - logits.fp32[i][k])));
    report.verdicts[form] = {
      accuracy: logits[form].filter((pair, i) => positive(pair) === (labels[i] === 1)).length / labels.length,
      agreement_with_fp32: logits[form].filter((pair, i) => positive(pair) === positive(logits.fp32[i])).length / labels.length,
      max_logit_difference: Math.max(...differences),
      mean_logit_difference: differences.reduce((sum, value) => sum + value, 0) / differences.length,
    };
  }
  for (const form of forms) await sessions[form].release();
  answer.engines[name] = report;
}
rmSync(scratch, { recursive: true, force: true });
console.log(JSON.stringify(answer, null, 1));
