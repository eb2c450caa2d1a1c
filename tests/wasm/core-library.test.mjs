// The library of the core (shared/core_api) in WebAssembly, both builds, with shipped models: logits of libtorch and the
// native library's answers, the estimate's formula, and messages for what is wrong. Builds its targets first.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import v8 from 'node:v8';

import { CoreError } from '../../web/app/core.js';
import { moduleOf, root } from './modules.mjs';

const read = (file) => readFileSync(path.join(root, file));
const json = (file) => JSON.parse(read(file));
const golden = json('tests/golden/engine_golden.json');
const native = json('tests/golden/core_golden.json');
const texts = read('tests/data/hard_prompts/prompts.jsonl').toString().trimEnd().split('\n').map((line) => JSON.parse(line).text);

// As in engine.test.mjs: node 20 has relaxed SIMD behind a flag, and a baseline compiler that gets it wrong.
v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
v8.setFlagsFromString('--no-liftoff');
const builds = { 'WASM SIMD': 'coppice_model', 'WASM relaxed SIMD': 'coppice_model_relaxed' };
const load = {};
before(async () => {
  for (const [name, output] of Object.entries(builds)) load[name] = await moduleOf(`${output}_module`, output);
});

// The files that the manifest asks for.
function filesOf(core, model) {
  const at = (file) => read(`models/${model}/${file}`);
  const manifest = at('manifest.json');
  return { 'manifest.json': manifest, ...Object.fromEntries(core.neededFiles(manifest).map((file) => [file, at(file)])) };
}

async function open(name, model) {
  const core = await load[name]();
  return core.createModel(filesOf(core, model));
}

for (const name of Object.keys(builds)) {
  // Tolerances are those of engine.test.mjs, where their reasons are.
  test(`${name}: the goldens' logits and verdicts`, async () => {
    for (const [model, expected] of Object.entries(golden.models)) {
      const bound = golden.onnxruntime_and_itself[model] ? 4 * golden.onnxruntime_and_itself[model].largest : 1e-4;
      const opened = await open(name, model);
      assert.equal(opened.about.instruction_set, name);
      assert.equal(opened.about.checked, true);
      texts.forEach((text, i) => {
        const { logits, label, probability } = opened.classify(text);
        logits.forEach((value, c) => assert.ok(Math.abs(value - expected[i][c]) <= bound, `${model}, ${text}: ${logits}`));
        const positive = expected[i][1] > expected[i][0];
        assert.equal(label, positive ? 'positive' : 'negative', `${model}, ${text}`);
        assert.ok(Math.abs(probability - 1 / (1 + Math.exp(-Math.abs(logits[1] - logits[0])))) < 1e-12);
      });
      opened.destroy();
    }
  });

  test(`${name}: answers as the native library does`, async () => {
    for (const [model, answers] of Object.entries(native)) {
      const opened = await open(name, model);
      for (const { text, logits: expected, ...rest } of answers) {
        const { logits, ...found } = opened.classify(text);
        for (const [member, value] of Object.entries(rest)) assert.deepEqual(found[member], value, `${model}, ${text.slice(0, 40)}: ${member}`);
        // Linear models bit for bit; int8 within what one rounding moves.
        const bound = opened.about.architecture === 'linear' ? 0 : 4 * golden.onnxruntime_and_itself[model].largest;
        logits.forEach((value, c) => assert.ok(Math.abs(value - expected[c]) <= bound, `${model}, ${text.slice(0, 40)}: ${logits}`));
      }
    }
  });
}

test('a model takes at most 1.3 times its weights and 12 MB', async () => {
  for (const model of ['minilm-l6-imdb', 'minilm-l6-imdb-smallest']) {
    const opened = await open('WASM SIMD', model);
    opened.classify('word '.repeat(3000));
    const weights = read(`models/${model}/onnx/model.onnx`).length;
    assert.ok(opened.heapBytes() <= 1.3 * weights + 12e6, `${model}: ${opened.heapBytes()} for ${weights}`);
  }
});

test('the estimate is time x power, with the intensity of the country', async () => {
  const model = await open('WASM SIMD', 'linear-ngrams');
  const { milliseconds, energy, carbon } = model.classify('A quiet, lovely film.', { device: 'laptop', country: 'FRA' });
  assert.ok(milliseconds > 0);
  assert.equal(energy.joules, (milliseconds / 1e3) * 75);
  assert.ok(energy.low <= (milliseconds / 1e3) * 50 && energy.high >= (milliseconds / 1e3) * 100);
  assert.equal(energy.provenance, 'modelled');
  assert.match(energy.method, /^time x watts of a laptop/);
  assert.equal(carbon.place, 'France');
  assert.ok(Math.abs(carbon.grams - (energy.joules / 3.6e6) * carbon.gramsPerKwh) < 1e-15);
  assert.deepEqual(model.classify('x').energy, null);
});

test('what is wrong is said, and the instance goes on', async () => {
  const core = await load['WASM SIMD']();
  const files = filesOf(core, 'linear-ngrams');
  const refused = (work, code, pattern) => assert.throws(work, (error) => error instanceof CoreError && error.code === code && pattern.test(error.message));
  const weights = Buffer.from(files['model.safetensors']);
  refused(() => core.createModel({ ...files, 'model.safetensors': weights.subarray(1) }), 'invalid_input', /model\.safetensors: altered or cut short/);
  refused(() => core.createModel({ 'manifest.json': files['manifest.json'] }), 'not_found', /config\.json: not among the files/);
  refused(() => core.createModel({}), 'not_found', /config\.json/);
  refused(() => core.neededFiles(Buffer.from('{')), 'invalid_input', /manifest\.json/);
  const model = core.createModel(files);
  refused(() => model.classify(Uint8Array.of(99, 0xe9)), 'invalid_input', /byte 1 is not UTF-8/);
  refused(() => model.classify('x'.repeat(17 << 20)), 'invalid_input', /at most 16777216/);
  refused(() => model.classify('x', { device: 'toaster' }), 'not_found', /laptop, desktop/);
  refused(() => model.classify('x', { device: 'laptop', country: 'ATLANTIS' }), 'not_found', /ATLANTIS/);
  refused(() => model.classify('x', { planet: 'Mars' }), 'invalid_input', /planet/);
  assert.equal(model.classify('A lovely film. \ud800').label, 'positive');
  assert.equal(core.modelChoices().countries[0].id, 'WORLD');
  // Transformers: each cut is refused, and what it took is given back.
  const transformer = filesOf(core, 'minilm-l6-imdb-smallest');
  delete transformer['manifest.json'];
  const onnx = transformer['onnx/model.onnx'];
  for (const length of [0, 1, 100, onnx.length >> 1, onnx.length - 1]) {
    refused(() => core.createModel({ ...transformer, 'onnx/model.onnx': onnx.subarray(0, length) }), 'invalid_input', /onnx\/model\.onnx/);
  }
  assert.equal(core.createModel(transformer).classify('A lovely film.').label, 'positive');
});
