// The engine in WebAssembly with the shipped models: logits of libtorch and of the native engine, messages of the native
// engine for broken files, and how much memory a model takes. Builds its targets first.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import v8 from 'node:v8';

import { CoreError } from '../../web/app/core.js';
import { moduleOf, root } from './modules.mjs';

const read = (file) => readFileSync(path.join(root, file));
const golden = JSON.parse(read('tests/golden/engine_golden.json'));
const texts = read('tests/data/hard_prompts/prompts.jsonl').toString().trimEnd().split('\n').map((line) => JSON.parse(line).text);

// Node 20 has relaxed SIMD behind a flag, and a baseline compiler that gets its dot product wrong; the page looks before it
// takes that build (web/app/relaxed.js).
v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
v8.setFlagsFromString('--no-liftoff');
const builds = { 'WASM SIMD': 'coppice_engine', 'WASM relaxed SIMD': 'coppice_engine_relaxed' };

const load = {}; // another instance of the engine, by its instruction set
let encode; // text -> ids, by a model's manifest

before(async () => {
  const loadTokenizers = await moduleOf('coppice_core_sanitized', 'coppice_core');
  const core = await loadTokenizers();
  const tokenizers = new Map();
  encode = (model, text) => {
    const { do_lower_case: lowerCase, max_length: maxLength, truncation } = manifestOf(model);
    if (!tokenizers.has(model)) tokenizers.set(model, core.createTokenizer(read(`models/${model}/vocab.txt`), { lowerCase }));
    return tokenizers.get(model).encode(text, { maxLength, truncation }).ids;
  };
  for (const [name, output] of Object.entries(builds)) load[name] = await moduleOf(`${output}_module`, output);
});

const manifestOf = (model) => JSON.parse(read(`models/${model}/manifest.json`));
const weightsOf = (model) => read(`models/${model}/onnx/model.onnx`);

async function open(name, model, weights = weightsOf(model), { signedBytes = false } = {}) {
  const core = await load[name]();
  if (signedBytes) core.readSignedBytes();
  return core.createEngine(read(`models/${model}/config.json`).toString(), weights, { source: `${model}/onnx/model.onnx` });
}

// Units in the last place of a text's larger logit, or of 1 where that is smaller.
const inUlps = (apart, logits) => apart / 2 ** (Math.floor(Math.log2(Math.max(1, ...logits.map(Math.abs)))) - 23);

// Of each text the larger difference of its two logits: the largest, their mean, and how many verdicts differ; in units in
// the last place also that of each text, in order of size.
function compare(found, expected) {
  assert.equal(found.length, expected.length);
  const apart = found.map((pair, i) => Math.max(...pair.map((value, c) => Math.abs(value - expected[i][c]))));
  return {
    ulps: apart.map((value, i) => inUlps(value, expected[i])).sort((a, b) => a - b),
    largest: Math.max(...apart),
    mean: apart.reduce((a, b) => a + b) / apart.length,
    median: apart.sort((a, b) => a - b)[apart.length >> 1],
    verdicts: found.filter((pair, i) => (pair[1] > pair[0]) !== (expected[i][1] > expected[i][0])).length,
  };
}

for (const name of Object.keys(builds)) {
  test(`${name}: float32 logits within 1e-4 of libtorch's and 48 ulps of the native engine's`, async () => {
    const engine = await open(name, 'minilm-l6-imdb');
    const found = texts.map((text) => engine.classify(encode('minilm-l6-imdb', text)));
    const libtorch = compare(found, golden.models['minilm-l6-imdb']);
    assert.ok(libtorch.largest <= 1e-4, JSON.stringify(libtorch));
    assert.equal(libtorch.verdicts, 0);
    // There with and here without a fused multiply-add, in vectors of another length (tests/unit/cli/engine_test.cpp holds
    // the native engine to the same).
    const native = compare(found, golden.core['minilm-l6-imdb']);
    assert.ok(native.ulps.at(-1) <= 48, JSON.stringify(native));
    assert.equal(engine.profile().arithmetic, 'float32');
  });

  // Where the last bits of float32 differ, an activation near the middle of two of its 256 steps goes the other way and moves
  // all that follows: four times the most that ONNX Runtime differs from itself on these texts, as natively
  // (tests/unit/cli/engine_test.cpp). Of most texts nothing goes the other way.
  const arithmetic = {
    'minilm-l6-imdb-half-int8': 'int8 weights and activations',
    'minilm-l6-imdb-smallest': 'int8 weights and activations of static scale',
  };
  for (const model of Object.keys(arithmetic)) {
    test(`${name}, ${model}: int8 logits within the bound of the native engine`, async () => {
      const engine = await open(name, model);
      const found = texts.map((text) => engine.classify(encode(model, text)));
      const { largest, mean } = golden.onnxruntime_and_itself[model];
      for (const [reference, expected] of Object.entries({ libtorch: golden.models[model], native: golden.core[model] })) {
        const apart = compare(found, expected);
        assert.ok(apart.largest <= 4 * largest && apart.mean <= 4 * mean, `${reference}: ${JSON.stringify(apart)}`);
        assert.ok(apart.median <= 1e-4, `${reference}: ${JSON.stringify(apart)}`);
        assert.equal(apart.verdicts, 0, reference);
      }
      const { ulps } = compare(found, golden.core[model]);
      assert.ok(ulps[44] <= 8, `nine of ten texts: ${ulps}`);
      assert.equal(engine.profile().arithmetic, arithmetic[model]);
    });
  }

  test(`${name}: a model takes at most 1.3 times its weights and 8 MB, with the longest review run`, async () => {
    for (const model of ['minilm-l6-imdb', 'minilm-l6-imdb-half-int8', 'minilm-l6-imdb-smallest']) {
      const weights = weightsOf(model);
      const engine = await open(name, model, weights);
      engine.classify(Int32Array.from({ length: 512 }, (_, i) => 1000 + i));
      const profile = engine.profile();
      assert.ok(profile.heap_bytes <= 1.3 * weights.length + 8e6, `${model}: ${profile.heap_bytes} for ${weights.length}`);
      // And no more for more reviews.
      for (let i = 0; i < 5; i += 1) engine.classify(Int32Array.from({ length: 512 - i }, () => 1000));
      assert.equal(engine.profile().heap_bytes, profile.heap_bytes);
      engine.destroy();
    }
  });

  test(`${name}: the profile accounts for the time, and for every multiplication`, async () => {
    const engine = await open(name, 'minilm-l6-imdb-smallest');
    const ids = Int32Array.from({ length: 128 }, (_, i) => 1000 + i);
    const start = performance.now();
    for (let i = 0; i < 10; i += 1) engine.classify(ids);
    const wall = performance.now() - start;
    const profile = engine.profile();
    assert.equal(profile.reviews, 10);
    assert.equal(profile.tokens, 1280);
    assert.equal(profile.instruction_set, name);
    const sum = (member) => profile.operators.reduce((total, operator) => total + operator[member], 0);
    assert.ok(sum('milliseconds') > 0.9 * wall && sum('milliseconds') <= 1.01 * wall, `${sum('milliseconds')} of ${wall} ms`);
    assert.ok(sum('multiplications_done') > 0 && sum('multiplications_done') <= sum('multiplications'));
    assert.equal(Object.values(profile.formats).reduce((a, b) => a + b), 4 * 6);
    assert.equal(profile.layers.length, 4 + 1);
    for (const member of ['milliseconds', 'multiplications', 'multiplications_done']) {
      const layers = profile.layers.reduce((total, layer) => total + layer[member], 0);
      assert.ok(Math.abs(layers - sum(member)) <= 1e-6 * sum(member), `${member}: ${layers} by layer, ${sum(member)} by operator`);
    }
    const { float32, int8 } = profile.peak_gflops;
    assert.ok(float32 > 0 && int8 > 0);
  });
}

// Processors differ in how the instructions for bytes read those above 127, so that there are two forms of all that int8
// is multiplied by. This one has one of them; all sums are exact, so the other must say the same to the last bit.
for (const model of ['minilm-l6-imdb-half-int8', 'minilm-l6-imdb-smallest', 'minilm-l6-imdb-unstructured-int8']) {
  test(`WASM relaxed SIMD, ${model}: the same logits by signed bytes`, async () => {
    const unsigned = await open('WASM relaxed SIMD', model);
    const signed = await open('WASM relaxed SIMD', model, undefined, { signedBytes: true });
    for (const text of texts) {
      const ids = encode(model, text);
      assert.deepEqual(signed.classify(ids), unsigned.classify(ids));
    }
  });
}

test('broken files: the status and the message of the native engine', async () => {
  const { model, cases } = JSON.parse(read('tests/golden/engine_refusals.json'));
  const whole = weightsOf(model);
  const core = await load['WASM SIMD']();
  const config = read(`models/${model}/config.json`).toString();
  const codes = ['ok', 'invalid_input', 'invalid_usage', 'not_found', 'unsupported', 'failed', 'interrupted'];
  for (const { bytes, set, status, message } of cases) {
    const broken = Buffer.from(whole.subarray(0, bytes));
    for (const [place, value] of set) broken[place] = value;
    let found = { code: 'ok', message: '' };
    try {
      const engine = core.createEngine(config, broken, { source: 'smallest/onnx/model.onnx', mostTokens: 8 });
      engine.destroy();
    } catch (error) {
      assert.ok(error instanceof CoreError, `${JSON.stringify({ bytes, set })}: ${error}`);
      found = error;
    }
    assert.deepEqual([found.code, found.message], [codes[status], message], JSON.stringify({ bytes, set }));
  }
  // What was refused is given back, and the same instance goes on.
  const engine = core.createEngine(config, whole, { source: 'x', mostTokens: 64 });
  assert.equal(engine.classify([101, 1037, 2204, 2143, 1012, 102]).length, 2);
  assert.throws(() => engine.classify([]), { name: 'CoreError', code: 'invalid_input' });
  assert.throws(() => engine.classify([101, 50_000, 102]), { name: 'CoreError', code: 'invalid_input' });
  assert.throws(() => engine.classify(new Int32Array(65).fill(102)), { name: 'CoreError', code: 'invalid_usage' });
});
