// bert-base-uncased end to end in its real configuration (12 layers, 768 wide, 30,522 tokens; 109 million parameters),
// with random weights, so that it needs no download: load, one training step, structured pruning, export, and the
// logits of `coppice predict` against ONNX Runtime Web on the exported file. Prints JSON; docs/bench/bert-base.json is
// its answer. Not part of `npm test`: it takes minutes and some 4 GB of memory and 4 GB of disk.
//
//     node tests/bench/bert_base/run.mjs [--coppice build/release/coppice] [--reviews 16] [--scratch FOLDER] \
//       > docs/bench/bert-base.json
//
// --reviews: of the training step's batch. Exits 1 where a step fails or logits differ by more than they may.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import * as ort from 'onnxruntime-web';

const root = path.resolve(import.meta.dirname, '../../..');
const { values: options } = parseArgs({
  options: {
    coppice: { type: 'string', default: path.join(root, 'build/release/coppice') },
    reviews: { type: 'string', default: '16' },
    scratch: { type: 'string', default: os.tmpdir() },
  },
});
const work = mkdtempSync(path.join(options.scratch, 'coppice-bert-base-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
ort.env.wasm.numThreads = 1;

// config.json of google-bert/bert-base-uncased.
const config = {
  architectures: ['BertForMaskedLM'],
  attention_probs_dropout_prob: 0.1,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  hidden_size: 768,
  initializer_range: 0.02,
  intermediate_size: 3072,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  model_type: 'bert',
  num_attention_heads: 12,
  num_hidden_layers: 12,
  pad_token_id: 0,
  position_embedding_type: 'absolute',
  type_vocab_size: 2,
  vocab_size: 30522,
};

function shapes() {
  const { hidden_size: h, intermediate_size: wide } = config;
  const list = [];
  const linear = (name, out, input) => list.push([`${name}.weight`, [out, input]], [`${name}.bias`, [out]]);
  const norm = (name) => list.push([`${name}.weight`, [h]], [`${name}.bias`, [h]]);
  list.push(['bert.embeddings.word_embeddings.weight', [config.vocab_size, h]]);
  list.push(['bert.embeddings.position_embeddings.weight', [config.max_position_embeddings, h]]);
  list.push(['bert.embeddings.token_type_embeddings.weight', [config.type_vocab_size, h]]);
  norm('bert.embeddings.LayerNorm');
  for (let i = 0; i < config.num_hidden_layers; ++i) {
    const layer = `bert.encoder.layer.${i}`;
    for (const part of ['query', 'key', 'value']) linear(`${layer}.attention.self.${part}`, h, h);
    linear(`${layer}.attention.output.dense`, h, h);
    norm(`${layer}.attention.output.LayerNorm`);
    linear(`${layer}.intermediate.dense`, wide, h);
    linear(`${layer}.output.dense`, h, wide);
    norm(`${layer}.output.LayerNorm`);
  }
  linear('bert.pooler.dense', h, h);
  return list;
}

// As Hugging Face initialises, but wider, so that logits tell texts apart: uniform of standard deviation 0.05, biases
// too, LayerNorm's weights around 1. A seeded generator (mulberry32).
function writeWeights(file) {
  let state = 1;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const header = { __metadata__: { format: 'pt' } };
  let offset = 0;
  const list = shapes();
  for (const [name, shape] of list) {
    const bytes = 4 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const out = openSync(file, 'w');
  writeSync(out, length);
  writeSync(out, padded);
  for (const [name, shape] of list) {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const middle = name.includes('LayerNorm.weight') ? 1 : 0;
    for (let i = 0; i < values.length; ++i) values[i] = middle + (random() - 0.5) * 2 * Math.sqrt(3) * 0.05;
    writeSync(out, Buffer.from(values.buffer));
  }
  closeSync(out);
  return offset / 4;
}

const answer = { bench: 'bert-base', cpu: os.cpus()[0].model, cores: os.cpus().length, steps: {} };

// Runs coppice; its seconds, and the peak of memory that its record holds.
function step(name, args, folder) {
  process.stderr.write(`${name} ...\n`);
  const start = performance.now();
  const out = execFileSync(options.coppice, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 });
  answer.steps[name] = { command: `coppice ${args.join(' ')}`.replaceAll(work, 'W').replaceAll(root + path.sep, ''), seconds: (performance.now() - start) / 1000 };
  if (folder) {
    const runs = path.join(folder, 'runs');
    const records = readdirSync(runs).map((file) => JSON.parse(readFileSync(path.join(runs, file), 'utf8')));
    const record = records.find((r) => r.kind === name.split(' ')[0] && r.outcome === 'finished');
    answer.steps[name].peak_resident_bytes = record.energy?.peak_resident_bytes;
  }
  return out;
}

const base = path.join(work, 'bert-base-uncased');
mkdirSync(base);
writeFileSync(path.join(base, 'config.json'), JSON.stringify(config, null, 1));
copyFileSync(path.join(root, 'tests/golden/bert_uncased_vocab.txt'), path.join(base, 'vocab.txt'));
writeFileSync(path.join(base, 'tokenizer_config.json'), JSON.stringify({ do_lower_case: true, model_max_length: 512 }));
answer.base_parameters = writeWeights(path.join(base, 'model.safetensors'));
assert.equal(answer.base_parameters, 109_482_240); // as Hugging Face counts BertModel of bert-base-uncased

const data = path.join(root, 'tests/data/imdb_sample');
const texts = readFileSync(path.join(data, 'test.tsv'), 'utf8').split('\n').filter(Boolean).slice(0, 4).map((line) => line.slice(2));
const trained = path.join(work, 'trained');
step('train', ['train', '--base', base, '--data', data, '--output', trained, '--max-steps', '1', '--batch-size', options.reviews, '--train-limit', options.reviews, '--validation-limit', '4', '--max-length', '256', '--warmup-ratio', '0', '--threads', '2'], trained);
rmSync(path.join(base, 'model.safetensors'));
const pruned = path.join(work, 'pruned');
step('prune', ['prune', '--model', trained, '--method', 'structured', '--keep-flops', '0.5', '--data', data, '--importance-reviews', '8', '--output', pruned], pruned);
answer.parameters = { trained: JSON.parse(readFileSync(path.join(trained, 'manifest.json'))).parameters, pruned: JSON.parse(readFileSync(path.join(pruned, 'manifest.json'))).parameters };

// fp32: float32 sums in another order. int8: a value near the middle of two steps may go either way in one of twelve
// layers, as tests/unit/export/onnx_export.test.mjs explains.
answer.parity = {};
for (const [source, model, weights, tolerance] of [['trained', trained, 'fp32', 2e-4], ['pruned', pruned, 'fp32', 2e-4], ['pruned', pruned, 'int8', 0.1]]) {
  const name = `export ${source} ${weights}`;
  const output = path.join(work, `${source}-${weights}`);
  step(name, ['export', '--model', model, '--output', output, '--weights', weights], output);
  const file = path.join(output, 'onnx/model.onnx');
  answer.steps[name].onnx_bytes = statSync(file).size;
  const predicted = texts.map((text) => JSON.parse(execFileSync(options.coppice, ['predict', '--model', output, '--json', text], { encoding: 'utf8' })).logits);
  const lines = execFileSync(options.coppice, ['tokenize', '--vocab', path.join(output, 'vocab.txt'), '--max-length', '256', '--truncation', 'head_tail'], { input: texts.map((text) => JSON.stringify({ text })).join('\n') + '\n', encoding: 'utf8' });
  const session = await ort.InferenceSession.create(readFileSync(file), { executionProviders: ['wasm'] });
  let largest = 0;
  for (const [i, line] of lines.trim().split('\n').entries()) {
    const { ids } = JSON.parse(line);
    const feeds = {
      input_ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
      attention_mask: new ort.Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
    };
    const { data: logits } = (await session.run(feeds)).logits;
    largest = Math.max(largest, ...predicted[i].map((value, k) => Math.abs(value - logits[k])));
  }
  await session.release();
  const spread = Math.max(...predicted.map((l) => l[1] - l[0])) - Math.min(...predicted.map((l) => l[1] - l[0]));
  answer.parity[`${source} ${weights}`] = { max_logit_difference: largest, allowed: tolerance, spread_of_logits: spread };
  rmSync(output, { recursive: true });
  assert.ok(largest <= tolerance, `${name}: logits differ by ${largest}, allowed ${tolerance}`);
  assert.ok(spread > 4 * largest, `${name}: the logits of ${texts.length} texts differ by ${spread} only`);
}
console.log(JSON.stringify(answer, null, 1));
