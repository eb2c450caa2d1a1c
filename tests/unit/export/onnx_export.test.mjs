// Exported folders as others read them: ONNX Runtime Web's logits against a double-precision reference, with dynamic
// batch and sequence, and the whole folder as a text-classification pipeline of transformers.js. Local files only.
//
// Needs the programs `coppice` and `export_fixture` in $COPPICE_BUILD (default build/native), and for the encoder case
// $COPPICE_PRETRAINED (default ../shared/pretrained/all-MiniLM-L6-v2).
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { env, pipeline } from '@huggingface/transformers';
import * as ort from 'onnxruntime-web';

const root = path.resolve(import.meta.dirname, '../../..');
const build = path.resolve(root, process.env.COPPICE_BUILD ?? 'build/native');
const pretrained = path.resolve(root, process.env.COPPICE_PRETRAINED ?? '../shared/pretrained/all-MiniLM-L6-v2');
const work = mkdtempSync(path.join(tmpdir(), 'coppice-export-'));
after(() => rmSync(work, { recursive: true, force: true }));

ort.env.wasm.numThreads = 1;
env.allowRemoteModels = false;
env.localModelPath = work;

function fixture(kind, ...rest) {
  const folder = path.join(work, `${kind}-source`);
  execFileSync(path.join(build, 'export_fixture'), [kind, folder, ...rest], { stdio: ['ignore', 'inherit', 'inherit'] });
  return { folder, cases: JSON.parse(readFileSync(`${folder}.reference.json`, 'utf8')).cases };
}

function exported(source, name, weights, more = []) {
  const output = path.join(work, name);
  const args = ['export', '--model', source, '--output', output, '--weights', weights, '--json', ...more];
  return { output, answer: JSON.parse(execFileSync(path.join(build, 'coppice'), args, { encoding: 'utf8' })) };
}

// One run over sequences of any lengths, padded to the longest.
async function logits(session, sequences) {
  const width = Math.max(...sequences.map((ids) => ids.length));
  const ids = new BigInt64Array(sequences.length * width);
  const mask = new BigInt64Array(sequences.length * width);
  sequences.forEach((sequence, row) =>
    sequence.forEach((id, column) => {
      ids[row * width + column] = BigInt(id);
      mask[row * width + column] = 1n;
    }),
  );
  const shape = [sequences.length, width];
  const feeds = { input_ids: new ort.Tensor('int64', ids, shape), attention_mask: new ort.Tensor('int64', mask, shape) };
  const result = (await session.run(feeds)).logits;
  assert.deepEqual(result.dims, [sequences.length, 2]);
  assert.equal(result.type, 'float32');
  return sequences.map((_, row) => [...result.data.slice(row * 2, row * 2 + 2)]);
}

function near(actual, expected, tolerance, what) {
  const largest = Math.max(...actual.flat().map((value, i) => Math.abs(value - expected.flat()[i])));
  assert.ok(largest <= tolerance, `${what}: largest difference ${largest}, allowed ${tolerance}`);
}

// int8: ONNX Runtime rounds to 8 bits what it summed in float32, the reference what it summed in double precision; a
// value near the middle of two steps may go either way and is then a step (1/255 of its tensor's range) apart, here and
// in what follows from it. The tiny models have too few values for that; the encoder, with 384 times as many and a
// classifier of weights near 0.3, showed 0.02. In a padded batch the range is that of all reviews and of padding.
function toleranceOf(name, weights) {
  if (weights !== 'int8') return { alone: 1e-4, batch: 1e-4 };
  return name.startsWith('encoder') ? { alone: 0.06, batch: 0.3 } : { alone: 1e-3, batch: 0.02 };
}

async function check(source, all, name, weights) {
  const cases = all.filter((c) => c[weights]);
  assert.ok(cases.length >= 3);
  const { output, answer } = exported(source, name, weights);
  const bytes = readFileSync(path.join(output, 'onnx/model.onnx'));
  assert.equal(answer.onnx_bytes, bytes.length);
  assert.equal(answer.onnx_sha256, createHash('sha256').update(bytes).digest('hex'));
  const manifest = JSON.parse(readFileSync(path.join(output, 'manifest.json'), 'utf8'));
  assert.equal(manifest.id, name);
  for (const file of manifest.files) {
    const content = readFileSync(path.join(output, file.path));
    assert.equal(content.length, file.bytes);
    assert.equal(createHash('sha256').update(content).digest('hex'), file.sha256);
  }
  assert.equal(existsSync(path.join(output, 'model.safetensors')), false);

  const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  assert.deepEqual(session.inputNames, ['input_ids', 'attention_mask']);
  assert.deepEqual(session.outputNames, ['logits']);
  const expected = cases.map((c) => c[weights]);
  const alone = [];
  for (const c of cases) alone.push(...(await logits(session, [c.input_ids])));
  const { alone: tolerance, batch } = toleranceOf(name, weights);
  near(alone, expected, tolerance, `${name}, one at a time`);
  near(await logits(session, cases.map((c) => c.input_ids)), expected, batch, `${name}, one padded batch`);
  await session.release();

  // The reference must tell the cases apart, or agreement would mean nothing.
  const spread = Math.max(...expected.map((l) => l[0])) - Math.min(...expected.map((l) => l[0]));
  assert.ok(spread > 0.01, `the reference logits differ by ${spread} only`);
}

// `cut`: texts longer than the model reads. transformers.js 4.3.1 cuts the finished ids, so that the closing [SEP] is
// lost; of such a text the ids must agree up to there, and the score is of another input.
async function checkPipeline(cases, name, weights, cut = new Set()) {
  const classify = await pipeline('text-classification', name, { dtype: 'fp32', device: 'cpu' });
  for (const c of cases.filter((c) => c.text !== undefined && c[weights])) {
    const { input_ids } = await classify.tokenizer(c.text, { truncation: true });
    const ids = [...input_ids.data].map(Number);
    if (cut.has(c.text)) {
      assert.deepEqual(ids.slice(0, -1), c.input_ids.slice(0, -1), c.text);
      continue;
    }
    assert.deepEqual(ids, c.input_ids, c.text);
    const [{ label, score }] = await classify(c.text);
    const [negative, positive] = c[weights];
    const probability = 1 / (1 + Math.exp(negative - positive));
    assert.equal(label, probability > 0.5 ? 'positive' : 'negative', c.text);
    // A probability changes by at most half of what the difference of the logits does.
    near([score], [Math.max(probability, 1 - probability)], toleranceOf(name, weights).alone, `${name}: ${c.text}`);
  }
  await classify.dispose();
}

for (const kind of ['tiny', 'uneven']) {
  for (const weights of ['fp32', 'fp16', 'int8']) {
    test(`${kind} BERT, ${weights}: ONNX Runtime and transformers.js agree with the reference`, async () => {
      const { folder, cases } = fixture(kind);
      await check(folder, cases, `${kind}-${weights}`, weights);
      if (kind === 'tiny') await checkPipeline(cases, `${kind}-${weights}`, weights);
    });
  }
}

test('the encoder of the goldens with a random classifier', { skip: !existsSync(pretrained) && `no ${pretrained}` }, async () => {
  const golden = path.join(root, 'tests/golden/encoder_golden.json');
  const { folder, cases } = fixture('encoder', pretrained, golden);
  const texts = JSON.parse(readFileSync(golden, 'utf8')).texts;
  const cut = new Set(texts.filter((text) => text.n_full > text.ids.length).map((text) => text.text));
  for (const weights of ['fp32', 'fp16', 'int8']) {
    await check(folder, cases, `encoder-${weights}`, weights);
    await checkPipeline(cases, `encoder-${weights}`, weights, cut);
  }
});

test('int8 logits are near the fp32 ones on the golden reviews', { skip: !existsSync(pretrained) && `no ${pretrained}` }, async () => {
  const golden = path.join(root, 'tests/golden/encoder_golden.json');
  const { folder, cases } = fixture('encoder', pretrained, golden);
  const { output, answer } = exported(folder, 'encoder-int8-golden', 'int8');
  const fp32 = exported(folder, 'encoder-fp32-golden', 'fp32').answer;
  assert.ok(answer.onnx_bytes < 0.27 * fp32.onnx_bytes, `${answer.onnx_bytes} of ${fp32.onnx_bytes} bytes`);
  assert.ok(answer.relative_rounding_error < 0.02, `${answer.relative_rounding_error}`);
  const session = await ort.InferenceSession.create(path.join(output, 'onnx/model.onnx'), { executionProviders: ['wasm'] });
  let largest = 0;
  for (const c of cases) {
    const [actual] = await logits(session, [c.input_ids]);
    largest = Math.max(largest, ...actual.map((value, i) => Math.abs(value - c.fp32[i])));
  }
  await session.release();
  // The classifier is random with weights near 0.3, far larger than a trained one's, so its logits show every change.
  const spread = Math.max(...cases.map((c) => c.fp32[0])) - Math.min(...cases.map((c) => c.fp32[0]));
  assert.ok(largest > 0 && largest < 0.25, `largest difference ${largest}, spread of the logits ${spread}`);
});

// What `coppice` answers to each text, given on its standard input.
function askOf(texts, words) {
  const input = texts.map((text) => JSON.stringify({ text }) + '\n').join('');
  const answers = execFileSync(path.join(build, 'coppice'), words, { input, encoding: 'utf8' });
  return answers.trim().split('\n').map((line) => JSON.parse(line));
}

// The same file through libtorch: `coppice predict` rounds what goes into the products as ONNX Runtime does.
test('coppice predict computes an int8 folder as ONNX Runtime does', { skip: !existsSync(pretrained) && `no ${pretrained}` }, async () => {
  const { folder, cases } = fixture('encoder', pretrained, path.join(root, 'tests/golden/encoder_golden.json'));
  const { output } = exported(folder, 'encoder-int8-predict', 'int8');
  const texts = cases.filter((c) => c.text !== undefined);
  const predicted = askOf(texts.map(({ text }) => text), ['predict', '--model', output, '--json', '--file', '-']);
  const session = await ort.InferenceSession.create(path.join(output, 'onnx/model.onnx'), { executionProviders: ['wasm'] });
  let compared = 0;
  for (const [i, c] of texts.entries()) {
    if (predicted[i].tokens !== c.input_ids.length) continue; // the golden ids of a long text were cut by another rule
    near([predicted[i].logits], await logits(session, [c.input_ids]), toleranceOf('encoder', 'int8').alone, c.text.slice(0, 60));
    compared += 1;
  }
  await session.release();
  assert.ok(compared >= 3, `${compared} texts compared`);
});

// Static scales: what `coppice` computes by itself in float32 is what ONNX Runtime makes of the file, one at a time and
// in a padded batch alike, as no range depends on the company.
test('int8 with static scales: ONNX Runtime agrees with coppice predict', { skip: !existsSync(pretrained) && `no ${pretrained}` }, async () => {
  const { folder, cases } = fixture('encoder', pretrained, path.join(root, 'tests/golden/encoder_golden.json'));
  const reviews = path.join(root, 'tests/data/imdb_sample/validation.tsv');
  const { output } = exported(folder, 'encoder-int8-static', 'int8', ['--activations', 'static', '--calibration', reviews, '--calibration-limit', '16']);
  const texts = cases.filter((c) => c.text !== undefined);
  const predicted = askOf(texts.map(({ text }) => text), ['predict', '--model', output, '--json', '--file', '-']);
  const session = await ort.InferenceSession.create(path.join(output, 'onnx/model.onnx'), { executionProviders: ['wasm'] });
  const compared = texts.map((c, i) => ({ ...c, logits: predicted[i].logits, tokens: predicted[i].tokens }))
    .filter((c) => c.tokens === c.input_ids.length);
  assert.ok(compared.length >= 3, `${compared.length} texts compared`);
  // Sums in another order move a value over the middle of two steps here and there, and six layers make more of it: ONNX
  // Runtime differs from itself by 0.03, as its optimiser left the graph or as the graph is written. So the arithmetic is
  // held to texts so short that in most nothing moves, in the graph as written, and the others to four times what it does
  // to itself.
  const asWritten = await ort.InferenceSession.create(path.join(output, 'onnx/model.onnx'), {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'disabled',
  });
  const apart = (a, b) => Math.max(...a.map((value, i) => Math.abs(value - b[i])));
  const brief = ['good', 'bad', 'a fine film', 'dull', 'not bad', 'i slept', 'what a cast', 'never again', 'lovely', 'two hours'];
  const ids = askOf(brief, ['tokenize', '--vocab', path.join(output, 'vocab.txt')]);
  const verdicts = askOf(brief, ['predict', '--model', output, '--json', '--file', '-']);
  const briefApart = [];
  for (let i = 0; i < brief.length; i += 1) briefApart.push(apart((await logits(asWritten, [ids[i].ids]))[0], verdicts[i].logits));
  const same = briefApart.filter((value) => value < 1e-3).length;
  assert.ok(same >= brief.length / 2, `${same} of ${brief.length} short texts agree to the last step: ${briefApart}`);
  let ofItself = 0;
  const optimised = [];
  for (const c of compared) {
    const [plain] = await logits(asWritten, [c.input_ids]);
    optimised.push((await logits(session, [c.input_ids]))[0]);
    ofItself = Math.max(ofItself, apart(plain, optimised.at(-1)));
  }
  await asWritten.release();
  assert.ok(ofItself > 0, 'the optimiser changed nothing, so differences have another cause');
  const staticTolerance = 4 * ofItself;
  near(optimised, compared.map((c) => c.logits), staticTolerance, 'one at a time');
  const batch = await logits(session, compared.slice(0, 4).map((c) => c.input_ids));
  near(batch, compared.slice(0, 4).map((c) => c.logits), staticTolerance, 'one padded batch');
  const largest = Math.max(...compared.flatMap((c) => c.logits.map((value, i) => Math.abs(value - c.fp32[i]))));
  assert.ok(largest > 0 && largest < 0.5, `largest difference from fp32 ${largest}`);
  await session.release();
});

test('the same model exported twice gives the same ONNX file', () => {
  const { folder } = fixture('tiny');
  const first = exported(folder, 'twice-a', 'fp16').answer;
  const second = exported(folder, 'twice-b', 'fp16').answer;
  assert.equal(first.onnx_sha256, second.onnx_sha256);
});

test('coppice catalog lists the exported folders and finds an altered file', async () => {
  const { writeFileSync, mkdirSync } = await import('node:fs');
  const { folder } = fixture('tiny');
  const models = path.join(work, 'models');
  mkdirSync(models);
  exported(folder, 'models/one', 'fp16');
  exported(folder, 'models/two', 'fp32');
  const catalog = (...args) => spawnSync(path.join(build, 'coppice'), ['catalog', '--models', models, ...args], { encoding: 'utf8' });
  const written = catalog('--json');
  assert.equal(written.status, 0, written.stderr);
  assert.deepEqual(JSON.parse(written.stdout).models.map((model) => model.id), ['one', 'two']);
  assert.deepEqual(JSON.parse(readFileSync(path.join(models, 'catalog.json'), 'utf8')), {
    schema_version: 1,
    models: [{ id: 'one' }, { id: 'two' }],
  });
  const file = path.join(models, 'two/onnx/model.onnx');
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(file, bytes);
  const checked = catalog('--check', '--json');
  assert.equal(checked.status, 3);
  assert.equal(checked.stdout, '');
  assert.match(checked.stderr, /two\/onnx\/model\.onnx: altered: manifest\.json states sha256 [0-9a-f]{64}, found [0-9a-f]{64}/);
});
