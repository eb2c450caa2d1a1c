// The engine of the core against libtorch on the whole test set: the accuracy of either, by `coppice evaluate`, and of each
// review whether the verdict is the same and how far the logits are apart. Prints JSON; docs/bench/engine-accuracy.json is an
// answer of it. Exits 1 where the accuracies are more than 0.05 points apart.
//
//     coppice fetch imdb --output data/imdb
//     node tests/bench/engine/accuracy.mjs [--data data/imdb] [--models ID,ID] [--coppice build/release/coppice] \
//       [--threads 2] [--limit N] [--scratch FOLDER] > docs/bench/engine-accuracy.json
//
// libtorch takes a quarter of an hour and more a model on two cores. --scratch keeps the predictions, and what is there of
// the same weights is not made again, so that a run that was stopped goes on.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.resolve(import.meta.dirname, '../../..');
const { values: options } = parseArgs({
  options: {
    coppice: { type: 'string', default: path.join(root, 'build/release/coppice') },
    data: { type: 'string', default: path.join(root, 'data/imdb') },
    models: { type: 'string', default: 'minilm-l6-imdb,minilm-l6-imdb-half-int8,minilm-l6-imdb-smallest' },
    threads: { type: 'string', default: '2' },
    limit: { type: 'string', default: '0' },
    scratch: { type: 'string' },
  },
});
const kMostPoints = 0.05;
const scratch = options.scratch ?? mkdtempSync(path.join(os.tmpdir(), 'coppice-engine-accuracy-'));
mkdirSync(scratch, { recursive: true });
const say = (text) => process.stderr.write(`${text}\n`);

// Of each review {id, label, prediction, logits}.
function predictions(id, engine) {
  const folder = path.join(root, 'models', id);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
  const { sha256 } = manifest.files.find((file) => file.path === manifest.weights[0].path);
  const file = path.join(scratch, `${id}-${engine}-${options.limit}-${sha256.slice(0, 16)}.jsonl`);
  if (!existsSync(file)) {
    say(`${id}: ${engine}`);
    const part = `${file}.part`;
    const words = ['evaluate', '--engine', engine, '--model', folder, '--data', options.data, '--split', 'test',
      '--limit', options.limit, '--threads', options.threads, '--predictions', part, '--json'];
    const made = spawnSync(options.coppice, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 });
    if (made.status !== 0) throw new Error(`coppice ${words.join(' ')}: exit code ${made.status ?? made.error}`);
    renameSync(part, file);
  }
  return readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
}

const accuracyOf = (reviews) => reviews.filter(({ label, prediction }) => label === prediction).length / reviews.length;
const result = {
  bench: 'engine-accuracy', data: 'aclImdb, test', cpu: os.cpus()[0].model, threads: Number(options.threads), models: {},
  bound: { points: kMostPoints },
};
const failures = [];
for (const id of options.models.split(',')) {
  const core = predictions(id, 'core');
  const libtorch = new Map(predictions(id, 'libtorch').map((review) => [review.id, review]));
  if (libtorch.size !== core.length) throw new Error(`${id}: ${core.length} reviews here, ${libtorch.size} there`);
  const pairs = core.map((review) => [review, libtorch.get(review.id)]);
  const apart = pairs.map(([a, b]) => Math.max(...a.logits.map((value, i) => Math.abs(value - b.logits[i]))));
  const accuracy = { core: accuracyOf(core), libtorch: accuracyOf([...libtorch.values()]) };
  const points = 100 * (accuracy.core - accuracy.libtorch);
  result.models[id] = {
    reviews: core.length, accuracy, points_apart: points,
    verdicts_that_differ: pairs.filter(([a, b]) => a.prediction !== b.prediction).length,
    same_verdicts_share: pairs.filter(([a, b]) => a.prediction === b.prediction).length / pairs.length,
    logits_apart: { largest: Math.max(...apart), mean: apart.reduce((a, b) => a + b) / apart.length },
  };
  if (!(Math.abs(points) <= kMostPoints)) failures.push(`${id}: ${points} points, allowed ${kMostPoints}`);
  say(`${id}: ${JSON.stringify(result.models[id])}`);
}
if (!options.scratch) rmSync(scratch, { recursive: true, force: true });
result.failures = failures;
console.log(JSON.stringify(result, null, 1));
process.exit(failures.length === 0 ? 0 : 1);
