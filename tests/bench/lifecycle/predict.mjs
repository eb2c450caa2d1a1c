// How far `coppice lifecycle` predicts time and energy: the same life cycle several times, each from the start in a folder
// of its own, and the median of the errors.
//
//     node tests/bench/lifecycle/predict.mjs [--config docs/lifecycle/small.json] [--runs 10] [--at-once 1] [--json FILE]
//
// Run from the repository's folder, with build/release (COPPICE_BUILD: another). An error is (result - predicted) /
// predicted over the steps that were predicted; times are of this machine as it was, so leave it alone meanwhile.
// --at-once: so many runs side by side, which predict and run on a machine that has other work.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    config: { type: 'string', default: 'docs/lifecycle/small.json' },
    runs: { type: 'string', default: '10' },
    'at-once': { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
const coppice = path.join(process.env.COPPICE_BUILD ?? 'build/release', 'coppice');
const runs = Number(options.runs);
const atOnce = Number(options['at-once']);
if (!(runs >= 1)) throw new Error('--runs: expected 1 or more');
if (!(atOnce >= 1)) throw new Error('--at-once: expected 1 or more');
const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
const peakOf = (directory) => {
  const lines = execFileSync(coppice, ['records', path.join(directory, 'runs'), '--json'], { maxBuffer: 1 << 28 }).toString().trimEnd().split('\n');
  return Math.max(...lines.map((line) => JSON.parse(line).energy?.peak_resident_bytes ?? 0));
};

const answers = [];
async function measure(run) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-predict-'));
  try {
    const directory = path.join(folder, 'run');
    const child = spawn(coppice, ['lifecycle', '--config', options.config, '--output', directory], { stdio: ['ignore', 'ignore', 'inherit'] });
    const [status] = await once(child, 'exit');
    if (status !== 0) throw new Error(`run ${run} ended with exit code ${status}`);
    const { prediction, totals } = JSON.parse(readFileSync(path.join(directory, 'lifecycle.json')));
    answers.push({
      error: prediction.result.error,
      predicted_seconds: prediction.result.predicted.duration_seconds,
      seconds: prediction.result.duration_seconds,
      whole_seconds: totals.duration_seconds,
      peak_resident_bytes: peakOf(directory),
    });
    const percent = (value) => `${(100 * value).toFixed(1)} %`;
    console.error(`run ${run}: time ${percent(prediction.result.error.duration_seconds)}, energy ${percent(prediction.result.error.energy_joules)}, all in ${totals.duration_seconds.toFixed(0)} s`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let begun = 0;
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    while (begun < runs) await measure((begun += 1));
  }),
);
const document = { config: options.config, runs, at_once: atOnce, cpu: os.cpus()[0]?.model, threads: os.cpus().length, load_at_end: os.loadavg(), answers };
for (const name of ['duration_seconds', 'cpu_time_seconds', 'energy_joules']) {
  const sizes = answers.map(({ error }) => Math.abs(error[name]));
  document[`median_absolute_error_${name}`] = median(sizes);
}
document.median_whole_seconds = median(answers.map((answer) => answer.whole_seconds));
document.peak_resident_bytes = Math.max(...answers.map((answer) => answer.peak_resident_bytes));
console.log(JSON.stringify(document, null, 1));
if (options.json) writeFileSync(options.json, `${JSON.stringify(document, null, 1)}\n`);
