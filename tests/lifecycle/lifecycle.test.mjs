// A whole life cycle of the real programs on a tiny model, killed at random steps, gone on with, changed, and done again.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { tinyConfig, writeBase, writeReviews } from './tiny.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = path.resolve(root, process.env.COPPICE_BUILD ?? 'build/release');
const coppice = path.join(build, 'coppice');
const torch = process.env.COPPICE_TORCH_PROGRAM ?? path.join(build, 'coppice-torch');
const skip = existsSync(torch) ? false : `${path.relative(root, build)} holds no coppice-torch`;

const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-lifecycle-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const configFile = path.join(folder, 'config.json');
const directory = path.join(folder, 'run');
const config = tinyConfig(folder);
const sample = path.join(root, 'tests/data/imdb_sample');
writeBase(path.join(folder, 'base'), sample);
writeReviews(path.join(folder, 'data'), sample, { train: 32, validation: 16, test: 24 });
const writeConfig = () => writeFileSync(configFile, `${JSON.stringify(config, null, 1)}\n`);
writeConfig();

const running = new Set();
after(() => running.forEach((child) => signal(child, 'SIGKILL')));
const signal = (child, name) => {
  try {
    process.kill(-child.pid, name); // the group: the life cycle and the step it runs
  } catch {
    // gone already
  }
};

// `during` gets the process, in a group of its own.
async function run(args, during = async () => {}) {
  const child = spawn(coppice, args, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const [out, err] = [[], []];
  child.stdout.on('data', (bytes) => out.push(bytes));
  child.stderr.on('data', (bytes) => err.push(bytes));
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killedBy) => resolve({ code, killedBy, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }));
  });
  await Promise.race([during(child), ended]);
  const result = await ended;
  running.delete(child);
  return result;
}
const lifecycle = (...args) => run(['lifecycle', '--config', configFile, '--output', directory, ...args]);
const journal = () => JSON.parse(readFileSync(path.join(directory, 'lifecycle.json')));
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const place = (shown) => (shown.startsWith('/') ? shown : shown.startsWith('./') ? path.join(root, shown) : path.join(directory, shown));
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const near = (a, b, what) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)), `${what}: ${a} and ${b}`);

test('a dry run says what would run, and writes nothing', { skip }, async () => {
  const result = await lifecycle('--dry-run', '--json');
  assert.equal(result.code, 0, result.err);
  const { steps } = JSON.parse(result.out);
  assert.ok(steps.length > 20);
  for (const step of steps) assert.ok(step.would === 'run' || step.would === 'unavailable', step.id);
  assert.ok(!existsSync(directory));
});

// Steps that other commands of this machine do, whose absence is said.
const mayBeAway = new Set(['browser', 'serving', 'report']);

test('killed at random steps, it goes on to its end', { skip }, async (t) => {
  const { steps } = JSON.parse((await lifecycle('--dry-run', '--json')).out);
  const ids = steps.filter((step) => step.would === 'run').map((step) => step.id);
  const chosen = new Set();
  while (chosen.size < 3) chosen.add(randomInt(1, ids.length));
  for (const id of [...chosen].sort((a, b) => a - b).map((index) => ids[index])) {
    const isRunning = () => existsSync(path.join(directory, 'lifecycle.json')) && journal().steps.some((step) => step.id === id && step.state === 'running');
    const wait = randomInt(0, 400);
    const result = await run(['lifecycle', '--config', configFile, '--output', directory], async (child) => {
      while (!isRunning() && running.has(child)) await later(5);
      await later(wait);
      signal(child, 'SIGKILL');
    });
    t.diagnostic(`killed ${wait} ms into ${id}`);
    if (result.code === 0) break; // its last step was faster than the kill
    assert.equal(result.killedBy, 'SIGKILL', result.err);
    const state = journal().steps.find((step) => step.id === id).state;
    assert.ok(state === 'running' || state === 'finished', `${id}: ${state}`);
  }
  // Once more where it hurts: in a training run that has a checkpoint.
  const recovering = await run(['lifecycle', '--config', configFile, '--output', directory], async (child) => {
    const checkpoint = path.join(directory, 'models/small/checkpoints/checkpoint.safetensors');
    while (!existsSync(checkpoint) && running.has(child)) await later(1);
    signal(child, 'SIGKILL');
  });
  const alreadyRecovered = journal().steps.find((step) => step.id === 'recover-small').skipped;
  if (!alreadyRecovered) assert.equal(recovering.killedBy, 'SIGKILL', recovering.err);

  const result = await lifecycle();
  assert.equal(result.code, 0, result.err);
  const document = journal();
  assert.equal(document.outcome, 'finished');
  assert.match(result.err, /against the prediction, over the \d+ steps it covers/);
  for (const step of document.steps) {
    if (mayBeAway.has(step.id) && step.state === 'unavailable') {
      assert.ok(step.reason.length > 10, step.id);
      t.diagnostic(`${step.id}: ${step.reason}`);
      continue;
    }
    assert.equal(step.state, 'finished', `${step.id}: ${step.reason}`);
    for (const [file, hash] of Object.entries({ ...step.inputs.files, ...step.outputs })) assert.equal(sha256(place(file)), hash, `${step.id}: ${file}`);
    assert.ok(existsSync(path.join(directory, step.log ?? '.')));
  }
  if (!alreadyRecovered) {
    const attempts = document.steps.find((step) => step.id === 'recover-small').attempts;
    assert.ok(attempts.length >= 2 && attempts.at(-1).resumed, 'goes on at the checkpoint');
  }
});

test('one directory has everything: models, predictions, measurements, logs and every record', { skip }, async () => {
  const document = journal();
  for (const model of document.models) {
    const manifest = JSON.parse(readFileSync(path.join(directory, model.folder, 'manifest.json')));
    assert.equal(manifest.id, model.id);
    if (model.predictions) assert.equal(readFileSync(path.join(directory, model.predictions), 'utf8').trimEnd().split('\n').length, 24);
  }
  const result = await run(['records', path.join(directory, 'runs'), '--strict', '--json']);
  assert.equal(result.code, 0, result.err);
  const records = result.out.trimEnd().split('\n').map((line) => JSON.parse(line));
  const files = new Set(readdirSync(path.join(directory, 'runs')).filter((name) => !name.startsWith('.')).map((name) => `runs/${name}`));
  assert.equal(records.length, files.size);
  const claimed = document.steps.flatMap((step) => [...(step.records ?? []), ...(step.superseded_records ?? [])]);
  assert.equal(new Set(claimed).size, claimed.length, 'each record is of one step');
  for (const file of claimed) assert.ok(files.has(file), file);
  const own = [...files].filter((file) => !claimed.includes(file));
  assert.ok(own.every((file) => file.startsWith('runs/lifecycle-')), own.join(' '));
  // Every run record beside a model is here too.
  for (const model of document.models) {
    for (const name of readdirSync(path.join(directory, model.folder, 'runs'))) {
      const { run_id: id } = JSON.parse(readFileSync(path.join(directory, model.folder, 'runs', name)));
      assert.ok(records.some((record) => record.run_id === id), `${model.folder}/runs/${name}`);
    }
  }
});

test('energies add up, and the prediction stands beside the result', { skip }, async () => {
  const document = journal();
  const attempts = document.steps.flatMap((step) => step.attempts ?? []);
  const measured = attempts.filter((attempt) => attempt.energy);
  assert.equal(document.totals.attempts_without_energy ?? 0, attempts.length - measured.length);
  for (const bound of ['value', 'low', 'high']) {
    near(document.totals.energy_joules[bound], measured.reduce((sum, { energy }) => sum + energy.energy_joules[bound], 0), bound);
  }
  near(Object.values(document.totals.by_kind).reduce((sum, kind) => sum + kind.duration_seconds, 0), document.totals.duration_seconds, 'seconds');
  const { prediction } = document;
  const predicted = document.steps.filter((step) => step.predicted);
  assert.ok(predicted.length >= 15);
  near(prediction.duration_seconds.value, predicted.reduce((sum, step) => sum + step.predicted.duration_seconds.value, 0), 'predicted seconds');
  const compared = document.steps.filter((step) => prediction.result.steps.includes(step.id));
  near(prediction.result.duration_seconds, compared.reduce((sum, step) => sum + step.attempts.at(-1).duration_seconds, 0), 'compared seconds');
  near(prediction.result.error.energy_joules, prediction.result.energy_joules.value / prediction.result.predicted.energy_joules.value - 1, 'error');
});

test('again, nothing is run', { skip }, async () => {
  const before = journal();
  const result = await lifecycle('--json', '--resume');
  assert.equal(result.code, 0, result.err);
  const document = JSON.parse(result.out);
  for (const step of document.steps.filter((one) => one.state !== 'unavailable')) assert.ok(step.skipped, `${step.id}: ${step.reason}`);
  assert.equal(document.run_id, before.run_id);
  assert.equal(document.totals.duration_seconds, before.totals.duration_seconds);
});

test('what reads a change runs again, and nothing else; results that were lost are made again', { skip }, async () => {
  const wouldRun = async () => {
    const result = await lifecycle('--dry-run', '--json');
    assert.equal(result.code, 0, result.err);
    return new Map(JSON.parse(result.out).steps.filter((step) => step.would === 'run').map((step) => [step.id, step.reason]));
  };
  assert.equal((await wouldRun()).size, 0);
  config.pruning[1].recovery.learning_rate = 2e-3;
  writeConfig();
  const after = await wouldRun();
  assert.match(after.get('recover-small'), /its inputs changed: the command/);
  assert.match(after.get('evaluate-small'), /if recover-small comes out otherwise/);
  for (const id of ['data', 'probe', 'linear', 'baseline', 'tuning', 'dense', 'recover-sparse', 'prune-small', 'export-dense-int8', 'evaluate-sparse']) {
    assert.ok(!after.has(id), `${id}: ${after.get(id)}`);
  }
  const old = journal().steps.find((step) => step.id === 'recover-small');
  const result = await lifecycle('--json');
  assert.equal(result.code, 0, result.err);
  const step = JSON.parse(result.out).steps.find((one) => one.id === 'recover-small');
  assert.notEqual(step.outputs['models/small/model.safetensors'], old.outputs['models/small/model.safetensors']);
  for (const record of old.records) assert.ok(step.superseded_records.includes(record) && existsSync(path.join(directory, record)), 'what was used is not forgotten');

  rmSync(path.join(directory, 'predictions/dense.jsonl'));
  assert.match((await wouldRun()).get('evaluate-dense'), /predictions\/dense.jsonl is gone/);
  const mended = await lifecycle('--json');
  assert.equal(mended.code, 0, mended.err);
  const ran = JSON.parse(mended.out).steps.filter((one) => !one.skipped && one.state === 'finished').map((one) => one.id);
  assert.deepEqual(ran, ['evaluate-dense'], 'the same predictions came out, so nothing after them ran');
});

test('Ctrl-C ends it with 130 and the same command goes on', { skip }, async () => {
  config.baseline.epochs = 40;
  writeConfig();
  const other = path.join(folder, 'interrupted');
  const args = ['lifecycle', '--config', configFile, '--output', other];
  const result = await run(args, async (child) => {
    while (!existsSync(path.join(other, 'models/baseline/checkpoints/checkpoint.safetensors'))) await later(20);
    signal(child, 'SIGINT');
  });
  assert.equal(result.code, 130, result.err);
  assert.match(result.err, /the same command goes on/);
  const document = JSON.parse(readFileSync(path.join(other, 'lifecycle.json')));
  assert.equal(document.outcome, 'interrupted');
  const step = document.steps.find((one) => one.id === 'baseline');
  assert.equal(step.state, 'interrupted');
  assert.ok(step.records.length >= 1, 'the interrupted run has its record');
  assert.ok(step.energy_joules.value > 0);
});

test('a configuration that is wrong is refused, with its line', { skip }, async () => {
  const wrong = { ...config, pruning: [{ ...config.pruning[0], sparsity: 1.2 }] };
  writeFileSync(configFile, JSON.stringify(wrong, null, 1));
  const line = readFileSync(configFile, 'utf8').split('\n').findIndex((text) => text.includes('1.2')) + 1;
  const result = await lifecycle('--dry-run');
  assert.equal(result.code, 3);
  assert.ok(result.err.includes(`config.json:${line}: pruning[0].sparsity: is 1.2; expected a number above 0 and below 1`), result.err);
});

test('a lifecycle.json that cannot be read is left alone', { skip }, async () => {
  writeConfig();
  const file = path.join(directory, 'lifecycle.json');
  const whole = readFileSync(file);
  for (const content of [whole.subarray(0, whole.length / 2), Buffer.from(whole.toString().replace('"schema_version": 1', '"schema_version": 99'))]) {
    writeFileSync(file, content);
    const result = await lifecycle();
    assert.equal(result.code, 3, result.err);
    assert.match(result.err, /nothing was changed. Choose another --output/);
    assert.deepEqual(readFileSync(file), content);
  }
});
