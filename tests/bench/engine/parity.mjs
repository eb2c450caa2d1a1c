// The engine of the core against libtorch and ONNX Runtime on the 1,000 reviews of tests/data/imdb_sample: how far the
// logits are apart and which verdicts differ, of the shipped float16 and int8 models. Prints JSON;
// docs/bench/engine-parity*.json are answers of it. Exits 1 where a bound is passed.
//
//     node tests/bench/engine/parity.mjs [--coppice build/release/coppice] [--libtorch COPPICE] [--threads 2] \
//       [--reviews 1000] [--nudges 4] [--texts FILE.jsonl] [--models ID,ID] > docs/bench/engine-parity.json
//
// --libtorch: another build to ask for libtorch's logits. --texts: these instead, lines with "text". onnxruntime-node comes with transformers.js.
//
// float32: every logit within 1e-4 of libtorch's and of ONNX Runtime's.
//
// int8: a value near the middle of two of 256 steps is rounded by the last bits of float32, and one that goes the other
// way moves all that follows, so that no bound near float32's can hold between two correct engines. What rounding can do
// is shown by ONNX Runtime against itself: as its optimiser leaves the graph, as the graph is written, and with the last
// bit of the file's float32 scales moved up or down at random (--nudges times). The bound is four times the most that it
// differs from itself on the same reviews, as in tests/unit/export, for the largest difference and for the mean over
// reviews; and at least 99.8 % of the verdicts are the same. "rounding" is the scale of it: what rounding the activations
// changes at all, against float32 activations and the same weights.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import ort from 'onnxruntime-node';

const root = path.resolve(import.meta.dirname, '../../..');
const { values: options } = parseArgs({
  options: {
    coppice: { type: 'string', default: path.join(root, 'build/release/coppice') },
    libtorch: { type: 'string' },
    threads: { type: 'string', default: '2' },
    reviews: { type: 'string', default: '1000' },
    nudges: { type: 'string', default: '4' },
    texts: { type: 'string' },
    models: { type: 'string', default: 'minilm-l6-imdb,minilm-l6-imdb-half-int8' },
  },
});
const scratch = mkdtempSync(path.join(os.tmpdir(), 'coppice-engine-parity-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const say = (text) => process.stderr.write(`${text}\n`);
const ask = (program, words, input = '') =>
  execFileSync(program, words, { input, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'inherit'] });
const lines = (text) => text.trim().split('\n').map((line) => JSON.parse(line));

const sample = () => {
  const all = ['test', 'train', 'validation'].flatMap((part) =>
    readFileSync(path.join(root, `tests/data/imdb_sample/${part}.tsv`), 'utf8').split('\n').filter(Boolean));
  // Evenly spread, since the files are sorted by label.
  const stride = Math.max(1, Math.floor(all.length / Number(options.reviews)));
  return all.filter((_, i) => i % stride === 0).slice(0, Number(options.reviews)).map((line) => line.slice(2));
};
const texts = options.texts ? lines(readFileSync(options.texts, 'utf8')).map(({ text }) => text) : sample();
const jsonl = texts.map((text) => `${JSON.stringify({ text })}\n`).join('');

// The float32 tensors that an ONNX file keeps as bytes: where they begin and end. Of protobuf only what that takes:
// ModelProto.graph = 7, GraphProto.initializer = 5, TensorProto.data_type = 2 (1: float) and raw_data = 9.
function floatTensors(bytes) {
  function* fields(at, end) {
    const varint = () => {
      for (let value = 0, scale = 1; ; scale *= 128) {
        const byte = bytes[at++];
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
    };
    while (at < end) {
      const key = varint();
      const number = Math.floor(key / 8);
      if (key % 8 === 0) yield { number, value: varint() };
      else if (key % 8 === 2) {
        const size = varint();
        yield { number, begin: at, end: at + size };
        at += size;
      } else at += key % 8 === 1 ? 8 : 4;
    }
  }
  const tensors = [];
  for (const graph of fields(0, bytes.length)) {
    if (graph.number !== 7) continue;
    for (const tensor of fields(graph.begin, graph.end)) {
      if (tensor.number !== 5) continue;
      const members = [...fields(tensor.begin, tensor.end)];
      const data = members.find(({ number }) => number === 9);
      if (data && members.some(({ number, value }) => number === 2 && value === 1)) tensors.push(data);
    }
  }
  return tensors;
}

// Every float32 of the file one step up, down or as it was.
function nudged(bytes, seed) {
  let state = seed;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const copy = Buffer.from(bytes);
  for (const { begin, end } of floatTensors(bytes)) {
    for (let at = begin; at < end; at += 4) {
      const value = copy.readUInt32LE(at);
      if (value & 0x7fffff) copy.writeUInt32LE(value + Math.floor(random() * 3) - 1, at); // 0 stays 0
    }
  }
  return copy;
}

async function onnxruntime(bytes, inputs, graphOptimizationLevel = 'all') {
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: Number(options.threads), graphOptimizationLevel,
  });
  const logits = [];
  for (const ids of inputs) {
    const shape = [1, ids.length];
    const feeds = {
      input_ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
      attention_mask: new ort.Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
    };
    logits.push([...(await session.run(feeds)).logits.data]);
  }
  await session.release();
  return logits;
}

// Of each review its largest difference of a logit: the largest, their mean and quantiles, and the verdicts that differ.
function compare(a, b) {
  const apart = a.map((pair, i) => Math.max(...pair.map((value, c) => Math.abs(value - b[i][c]))));
  const sorted = [...apart].sort((x, y) => x - y);
  const quantile = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const differ = a.filter((pair, i) => (pair[1] > pair[0]) !== (b[i][1] > b[i][0])).length;
  return {
    largest: sorted.at(-1), mean: apart.reduce((x, y) => x + y) / apart.length, median: quantile(0.5), p99: quantile(0.99),
    verdicts_that_differ: differ, same_verdicts_share: 1 - differ / a.length,
  };
}

// float32 activations and the int8 weights, by `coppice measure` on libtorch: the difference of the two logits, from the
// score that it prints.
function marginsWithoutRounding(folder) {
  const prompts = path.join(scratch, 'prompts.jsonl');
  writeFileSync(prompts, texts.map((text, i) => `${JSON.stringify({ id: `r${i}`, text })}\n`).join(''));
  const words = ['measure', '--model', folder, '--prompts', prompts, '--repeats', '3', '--warmup', '0', '--idle-seconds', '0',
    '--threads', options.threads, '--json'];
  return JSON.parse(ask(options.libtorch ?? options.coppice, words)).prompts.map(({ label, score }) => {
    const positive = label === 'positive' ? score : 1 - score;
    return Math.log(positive / (1 - positive));
  });
}

const failures = [];
const hold = (what, value, bound) => {
  if (!(value <= bound)) failures.push(`${what}: ${value}, allowed ${bound}`);
};
const result = {
  bench: 'engine-parity', data: options.texts ?? 'tests/data/imdb_sample', reviews: texts.length, cpu: os.cpus()[0].model,
  onnxruntime: ort.env.versions?.node ?? 'unknown', models: {},
};
for (const id of options.models.split(',')) {
  const folder = path.join(root, 'models', id);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
  const predict = ['predict', '--model', folder, '--json', '--file', '-', '--threads', options.threads];
  say(`${id}: the core`);
  const answers = lines(ask(options.coppice, [...predict, '--engine', 'core'], jsonl));
  const core = answers.map(({ logits }) => logits);
  say(`${id}: libtorch`);
  const libtorch = lines(ask(options.libtorch ?? options.coppice, predict, jsonl)).map(({ logits }) => logits);
  const inputs = lines(ask(options.coppice, ['tokenize', '--model', folder, '--max-length', String(manifest.max_length),
    '--truncation', manifest.truncation], jsonl)).map(({ ids }) => ids);
  if (inputs.some((ids, i) => ids.length !== answers[i].tokens)) throw new Error('tokenize and predict cut a review differently');
  say(`${id}: ONNX Runtime`);
  const bytes = readFileSync(path.join(folder, 'onnx/model.onnx'));
  const optimised = await onnxruntime(bytes, inputs);
  const int8 = manifest.weights[0].dtype === 'I8';
  const report = {
    tokens: inputs.reduce((sum, ids) => sum + ids.length, 0), dtype: manifest.weights[0].dtype,
    core_and_libtorch: compare(core, libtorch), core_and_onnxruntime: compare(core, optimised),
    libtorch_and_onnxruntime: compare(libtorch, optimised),
  };
  if (int8) {
    const others = { 'as written': await onnxruntime(bytes, inputs, 'disabled') };
    for (let seed = 1; seed <= Number(options.nudges); ++seed) {
      say(`${id}: ONNX Runtime, nudged ${seed}`);
      others[`nudged ${seed}`] = await onnxruntime(nudged(bytes, seed), inputs);
    }
    report.onnxruntime_and_itself = Object.fromEntries(Object.entries(others).map(([name, logits]) => [name, compare(logits, optimised)]));
    // Of each review the one of ONNX Runtime's answers that is nearest: the same coins may have fallen the same way.
    const nearest = core.map((pair, i) => [optimised, ...Object.values(others)].map((logits) => logits[i])
      .reduce((a, b) => (Math.abs(a[0] - pair[0]) < Math.abs(b[0] - pair[0]) ? a : b)));
    report.core_and_nearest_of_onnxruntime = compare(core, nearest);
    const plain = marginsWithoutRounding(folder);
    const moved = libtorch.map(([negative, positive], i) => Math.abs(positive - negative - plain[i]));
    report.rounding = { of: 'positive minus negative logit, libtorch', largest: Math.max(...moved), mean: moved.reduce((a, b) => a + b) / moved.length };
    const most = (name) => 4 * Math.max(...Object.values(report.onnxruntime_and_itself).map((entry) => entry[name]));
    report.bound = { largest: most('largest'), mean: most('mean'), same_verdicts_share: 0.998 };
    if (!(report.bound.largest > 0)) throw new Error('ONNX Runtime gave the same each time, so differences have another cause');
  } else {
    report.bound = { largest: 1e-4, same_verdicts_share: 0.998 };
  }
  for (const other of ['core_and_libtorch', 'core_and_onnxruntime']) {
    for (const name of ['largest', 'mean']) if (name in report.bound) hold(`${id}: ${other}: ${name}`, report[other][name], report.bound[name]);
    hold(`${id}: ${other}: share of verdicts that differ`, 1 - report[other].same_verdicts_share, 1 - report.bound.same_verdicts_share);
  }
  result.models[id] = report;
  say(`${id}: ${JSON.stringify(report)}`);
}
result.failures = failures;
console.log(JSON.stringify(result, null, 1));
process.exit(failures.length === 0 ? 0 : 1);
