// The sanitizer-built core in WebAssembly against the golden files that the native tests read: ids equal one by one, and
// offsets that cut the text. Builds its target first (coppice_core_sanitized of the wasm preset).
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';

import { CoreError } from '../../web/app/core.js';
import { moduleOf, root } from './modules.mjs';

const golden = (file) => path.join(root, 'tests/golden', file);
const lines = (file) => readFileSync(golden(file), 'utf8').trimEnd().split('\n').map(JSON.parse);

let core;
let vocabulary;

before(async () => {
  const load = await moduleOf('coppice_core_sanitized', 'coppice_core');
  core = await load();
  vocabulary = readFileSync(golden('bert_uncased_vocab.txt'));
  assert.ok(existsSync(golden('tokenizer_golden.jsonl')));
});

test('every golden line that is no quirk gives the same ids as Hugging Face tokenizers', () => {
  const tokenizer = core.createTokenizer(vocabulary);
  const wrong = [];
  let checked = 0;
  for (const { text, ids, kind, quirk } of lines('tokenizer_golden.jsonl')) {
    if (quirk) continue;
    checked += 1;
    const found = tokenizer.encode(text);
    if (JSON.stringify([...found.ids]) !== JSON.stringify(ids)) wrong.push(`${kind}: ${JSON.stringify(text)}`);
  }
  tokenizer.destroy();
  assert.ok(checked > 550, `only ${checked} lines were checked`);
  assert.deepEqual(wrong, []);
});

test('offsets are ordered, lie in the text and cut it between characters', () => {
  const tokenizer = core.createTokenizer(vocabulary);
  for (const { text } of lines('tokenizer_golden.jsonl')) {
    const bytes = new TextEncoder().encode(text);
    const { ids, offsets } = tokenizer.encode(text);
    assert.equal(offsets.length, 2 * ids.length);
    for (let i = 1; i < ids.length - 1; i += 1) {
      const [begin, end] = [offsets[2 * i], offsets[2 * i + 1]];
      assert.ok(begin <= end && end <= bytes.length, JSON.stringify(text));
      // fatal: a cut inside a character would throw.
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.slice(begin, end));
    }
  }
  tokenizer.destroy();
});

test('truncation to 128 and 256 is that of the pair goldens', () => {
  const tokenizer = core.createTokenizer(vocabulary);
  for (const line of lines('pair_golden.jsonl')) {
    for (const length of [128, 256]) {
      const found = tokenizer.encode(line.text, { maxLength: length, truncation: 'head' });
      assert.deepEqual([...found.ids], line[length].ids);
      assert.equal(found.tokensBeforeTruncation, line.n_full);
    }
  }
  tokenizer.destroy();
});

test('hostile bytes pass the sanitizers', () => {
  const tokenizer = core.createTokenizer(vocabulary);
  // A fixed generator, so that a failure can be seen again.
  let state = 12345;
  const next = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0);
  for (let round = 0; round < 300; round += 1) {
    const bytes = Uint8Array.from({ length: next() % 400 }, () => next() >>> 24);
    const { ids, offsets } = tokenizer.encode(bytes, { maxLength: (next() >>> 8) % 64, truncation: 'head_tail' });
    assert.equal(ids[0], 101);
    assert.equal(ids[ids.length - 1], 102);
    assert.ok(offsets.every((offset) => offset <= bytes.length));
  }
  tokenizer.encode('x'.repeat(1_000_000), { maxLength: 256 });
  tokenizer.encode('\0\u0085\ud800 lone');
  tokenizer.destroy();
});

test('failures arrive as errors with a code and a text', () => {
  assert.throws(
    () => core.createTokenizer(new TextEncoder().encode('just\nwords\n')),
    (error) => error instanceof CoreError && error.code === 'invalid_input' && /\[PAD\]|\[UNK\]|\[CLS\]/.test(error.message),
  );
  const comparison = core.createComparison();
  assert.throws(() => comparison.event({ type: 'dance' }), { name: 'CoreError', code: 'unsupported' });
  assert.throws(() => comparison.event({ type: 'start' }), { name: 'CoreError', code: 'invalid_usage' });
  comparison.destroy();
});

test('a linear model gives the golden logits bit for bit, as it does natively', async () => {
  const { goldenWeights } = await import('../e2e/linear-fixture.mjs');
  const { config, results } = JSON.parse(readFileSync(golden('linear_golden.json'), 'utf8'));
  const model = core.createLinear(JSON.stringify(config), goldenWeights(config.hash_bits));
  const bits = (logits) => [...new Uint32Array(Float32Array.from(logits).buffer)];
  const found = lines('tokenizer_golden.jsonl').map(({ text }) => {
    const { logits, words } = model.judge(text);
    return [words, ...bits(logits)];
  });
  assert.ok(results.length > 550);
  assert.deepEqual(found, results);
  // Judging again changes nothing, nor does judging many times over.
  assert.deepEqual(model.judge('A good film.', 1000), model.judge('A good film.'));
  model.judge('\0\u0085\ud800 lone <br />');
  model.judge('word '.repeat(200_000));
  assert.deepEqual(model.judge('').words, 0);
  model.destroy();
});

test('broken weights of a linear model are refused with what is wrong', async () => {
  const { goldenWeights, linearConfig } = await import('../e2e/linear-fixture.mjs');
  const weights = goldenWeights(12);
  const config = JSON.stringify(linearConfig({ hash_bits: 12 }));
  const refused = (json, bytes, pattern) =>
    assert.throws(() => core.createLinear(json, bytes), (error) => error instanceof CoreError && pattern.test(error.message));
  for (let length = 0; length < weights.length; length += 97) refused(config, weights.subarray(0, length), /model\.safetensors/);
  refused(JSON.stringify(linearConfig({ hash_bits: 13 })), weights, /8192/);
  refused(JSON.stringify(linearConfig({ version: 2 })), weights, /version/);
  refused('{', weights, /config\.json/);
});

test('a whole comparison runs on made-up answers', async () => {
  const { manifestOf } = await import('../e2e/fixture-models.mjs');
  const comparison = core.createComparison();
  const answer = (request) => {
    const encode = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
    if (request.kind === 'probe') return comparison.event({ type: 'probed', id: request.id, on_device: false });
    if (request.kind === 'load') return comparison.event({ type: 'loaded', id: request.id, stored: true });
    if (request.kind === 'run') {
      runs.push(request);
      return comparison.event({ type: 'run_done', id: request.id, logits: [-1.5, 1.5], milliseconds: 12 });
    }
    if (request.path === 'catalog.json') return comparison.fetched(request.id, encode({ schema_version: 1, models: [{ id: 'a' }, { id: 'b' }] }));
    if (request.path.endsWith('vocab.txt')) return comparison.fetched(request.id, vocabulary);
    return comparison.fetched(request.id, encode(manifestOf(request.model, { 'vocab.txt': vocabulary, 'onnx/model.onnx': Buffer.from('x') })));
  };
  const runs = [];
  const carryOut = () => {
    for (let request = comparison.nextRequest(); request; request = comparison.nextRequest()) answer(request);
  };
  carryOut();
  comparison.setText('A good film. \ud800');
  comparison.event({ type: 'repeats', value: 3 });
  comparison.event({ type: 'start' });
  carryOut();
  const view = comparison.view();
  assert.equal(view.phase, 'done');
  assert.equal(view.agreement, 'agree');
  assert.deepEqual(runs.map(({ model }) => model).join(''), 'abababab');
  assert.deepEqual(runs[0].input_ids.slice(0, 5), [101, 1037, 2204, 2143, 1012]);
  assert.equal(view.models[0].median_ms, 12);
  assert.equal(view.models[0].energy_joules.provenance, 'modelled');
  assert.equal(comparison.choices().grids[0].id, 'WORLD');
  comparison.destroy();
});
