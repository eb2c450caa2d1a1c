// The engine of the core against ONNX Runtime natively, same model files, one thread, batch 1. Prints JSON;
// docs/bench/engine.json is its answer.
//
//     cmake --build BUILD --target engine_bench
//     node tests/bench/engine/run.mjs --model models/minilm-l6-imdb --bench BUILD/engine_bench [--coppice build/release/coppice] \
//       [--turns 21] [--lengths 128,256] [--scratch FOLDER] > docs/bench/engine.json
//
// Forms: forms.mjs. Each turn runs every form once on both engines, after one turn
// that does not count; ratios are formed within each turn, and their median and median absolute deviation given. The
// clock is CPU time: of the thread on the core, of the process on ONNX Runtime (one thread of which computes); wall times
// are beside it. onnxruntime-node comes with transformers.js, as a dependency of it.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

import ort from 'onnxruntime-node';

import { makersOf, summary } from './forms.mjs';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    bench: { type: 'string' },
    coppice: { type: 'string', default: 'build/release/coppice' },
    turns: { type: 'string', default: '21' },
    lengths: { type: 'string', default: '128,256' },
    scratch: { type: 'string' },
    forms: { type: 'string' },
    small: { type: 'string', default: 'models/minilm-l6-imdb-half-int8' },
    unstructured: { type: 'string', default: 'models/minilm-l6-imdb-unstructured-int8' },
    data: { type: 'string', default: 'tests/data/imdb_sample/test.tsv' },
  },
});
if (!options.model || !options.bench) throw new Error('--model FOLDER and --bench PROGRAM are needed');
const scratch = options.scratch ?? mkdtempSync(path.join(os.tmpdir(), 'coppice-bench-engine-'));
mkdirSync(scratch, { recursive: true });
const say = (text) => process.stderr.write(`${text}\n`);
const coppice = (args, input) => execFileSync(options.coppice, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 1 << 28 });

const makers = makersOf({ ...options, scratch, coppice, say });
const forms = options.forms?.split(',') ?? Object.keys(makers);
const folders = Object.fromEntries(forms.map((form) => [form, makers[form]()]));

// The core, in a process that answers a line with a line.
const core = spawn(options.bench, Object.values(folders), { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = readline.createInterface({ input: core.stdout })[Symbol.asyncIterator]();
const answer = async () => {
  const { value, done } = await answers.next();
  if (done) throw new Error('engine_bench ended; its message is above');
  return JSON.parse(value);
};
const loaded = {};
for (const form of forms) loaded[form] = await answer();
const runCore = async (form, ids) => {
  core.stdin.write(`${forms.indexOf(form)} ${ids.join(' ')}\n`);
  return answer();
};

const settings = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' };
const sessions = {};
for (const form of forms) sessions[form] = await ort.InferenceSession.create(path.join(folders[form], 'onnx/model.onnx'), settings);
async function runOrt(form, ids) {
  const shape = [1, ids.length];
  const feeds = {
    input_ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
    attention_mask: new ort.Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
  };
  const start = performance.now();
  const cpu = process.cpuUsage();
  const { logits } = await sessions[form].run(feeds);
  const used = process.cpuUsage(cpu);
  return { cpu_ms: (used.user + used.system) / 1000, wall_ms: performance.now() - start, logits: [...logits.data] };
}

const manifest = JSON.parse(readFileSync(path.join(options.model, 'manifest.json'), 'utf8'));
const texts = readFileSync(options.data, 'utf8').split('\n').filter(Boolean).map((line) => line.slice(2));
const longest = texts.reduce((a, b) => (b.length > a.length ? b : a));
const tokens = JSON.parse(coppice(
  ['tokenize', '--vocab', path.join(options.model, 'vocab.txt'), '--max-length', String(manifest.max_length)],
  `${JSON.stringify({ text: longest })}\n`)).ids;

const result = {
  bench: 'engine', model: path.basename(options.model), cpu: os.cpus()[0].model, cores: os.cpus().length, threads: 1,
  load_average: os.loadavg(), onnxruntime: ort.env.versions?.node ?? 'unknown', instruction_set: loaded[forms[0]].instruction_set,
  turns: Number(options.turns), clock: 'CPU time; wall times beside it', forms: {}, lengths: {},
};
for (const form of forms) {
  const file = path.join(folders[form], 'onnx/model.onnx');
  result.forms[form] = { onnx_bytes: statSync(file).size, ...loaded[form] };
}
for (const length of options.lengths.split(',').map(Number)) {
  if (tokens.length < length) throw new Error(`no review of ${length} tokens`);
  const ids = [...tokens.slice(0, length - 1), tokens.at(-1)];
  const times = Object.fromEntries(forms.map((form) => [form, { core: [], ort: [] }]));
  for (let turn = -1; turn < Number(options.turns); ++turn) {
    for (const form of forms) {
      const pair = { core: await runCore(form, ids), ort: await runOrt(form, ids) };
      if (turn >= 0) for (const engine of ['core', 'ort']) times[form][engine].push(pair[engine]);
    }
  }
  const cpu = (form, engine) => times[form][engine].map((run) => run.cpu_ms);
  const ratio = (a, b) => summary(a.map((value, i) => value / b[i]));
  result.lengths[length] = {};
  for (const form of forms) {
    const { core: [first], ort: [other] } = times[form];
    const row = {
      core_cpu_ms: summary(cpu(form, 'core')), ort_cpu_ms: summary(cpu(form, 'ort')),
      core_wall_ms: summary(times[form].core.map((run) => run.wall_ms)), ort_wall_ms: summary(times[form].ort.map((run) => run.wall_ms)),
      ort_to_core: ratio(cpu(form, 'ort'), cpu(form, 'core')),
      logit_difference: Math.max(...first.logits.map((value, i) => Math.abs(value - other.logits[i]))),
    };
    if (forms.includes('dense')) row.ort_dense_to_core = ratio(cpu('dense', 'ort'), cpu(form, 'core'));
    if (forms.includes('dense-int8')) row.ort_dense_int8_to_core = ratio(cpu('dense-int8', 'ort'), cpu(form, 'core'));
    result.lengths[length][form] = row;
    say(`${length} tokens, ${form}: core ${row.core_cpu_ms.median.toFixed(2)} ms, ONNX Runtime ${row.ort_cpu_ms.median.toFixed(2)} ms, ratio ${row.ort_to_core.median.toFixed(2)}`);
  }
}
core.stdin.end();

// Where the time of a run goes, on the engine alone: by operator, and the share of the peak of its products.
const profiled = forms.filter((form) => ['dense', 'dense-int8', 'even-blocks80-int8', 'even-quads80-int8'].includes(form));
result.profiles = Object.fromEntries(options.lengths.split(',').map((length) => [length, {}]));
for (const length of Object.keys(result.profiles)) {
  const runs = 100;
  for (const form of profiled) {
    const input = `0 ${[...tokens.slice(0, length - 1), tokens.at(-1)].join(' ')}\n`.repeat(runs);
    const output = execFileSync(options.bench, ['--profile', folders[form]], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    const { operators, peak_multiplications_per_ms: peak } = JSON.parse(output.trimEnd().split('\n').at(-1));
    for (const [name, cost] of Object.entries(operators)) {
      cost.ms /= runs;
      cost.multiplications_done /= runs;
      const int8 = result.forms[form].formats && Object.keys(result.forms[form].formats).some((format) => format.includes('int8'));
      if (cost.multiplications_done > 0) {
        cost.share_of_peak = cost.multiplications_done / cost.ms / (int8 && name !== 'attention' ? peak.int8 : peak.float32);
      }
    }
    result.profiles[length][form] = { runs, peak_multiplications_per_ms: peak, operators };
  }
}
if (!options.scratch) rmSync(scratch, { recursive: true, force: true });
console.log(JSON.stringify(result, null, 1));
process.exit(0);
