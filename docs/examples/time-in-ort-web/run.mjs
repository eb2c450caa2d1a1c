// Times exported model folders against the first one in ONNX Runtime Web (WebAssembly, one thread), without a browser.
//
//     node docs/examples/time-in-ort-web/run.mjs MODEL MODEL... [--turns 9] [--tokens 256] [--json]
//
// The models take turns on the same input; each turn gives a ratio, and the median of the ratios is printed with the
// median absolute deviation. So a machine that is busy, or that gets slower as it warms, disturbs the answer little. --json: one
// document, with the times of each turn, which `coppice report` shows; `coppice lifecycle` keeps it as measure/browser.json.
import { readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import * as ort from 'onnxruntime-web';

const { values: options, positionals: models } = parseArgs({
  allowPositionals: true,
  options: { turns: { type: 'string', default: '9' }, tokens: { type: 'string', default: '256' }, json: { type: 'boolean', default: false } },
});
const [turns, tokens] = [Number(options.turns), Number(options.tokens)];
if (models.length < 1 || !(turns >= 1) || !(tokens >= 2)) throw new Error('give model folders, --turns of 1 and --tokens of 2 or more');

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const tensor = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, tokens]);
const feeds = {
  input_ids: tensor(Array.from({ length: tokens }, (_, i) => (i * 7) % 100)),
  attention_mask: tensor(new Array(tokens).fill(1)),
};

ort.env.wasm.numThreads = 1;
const files = models.map((model) => path.join(model, 'onnx/model.onnx'));
const sessions = [];
for (const file of files) sessions.push(await ort.InferenceSession.create(readFileSync(file), { executionProviders: ['wasm'] }));
const times = models.map(() => []);
for (let turn = -1; turn < turns; ++turn) {
  for (const [i, session] of sessions.entries()) {
    const start = performance.now();
    await session.run(feeds);
    if (turn >= 0) times[i].push(performance.now() - start); // the first turn lays out memory
  }
}
const answers = [];
for (const [i, model] of models.entries()) {
  const ratios = times[i].map((time, turn) => time / times[0][turn]);
  const middle = median(ratios);
  const spread = median(ratios.map((ratio) => Math.abs(ratio - middle)));
  const bytes = statSync(files[i]).size;
  const medianMs = median(times[i]);
  answers.push({
    model: path.basename(model),
    milliseconds: times[i],
    median_ms: medianMs,
    mad_ms: median(times[i].map((time) => Math.abs(time - medianMs))),
    ratio_to_first: middle,
    ratio_mad: spread,
    bytes,
  });
  if (!options.json) console.log(`${path.basename(model)}: ${middle.toFixed(2)} (${spread.toFixed(2)}) of the time, ${(bytes / 1e6).toFixed(1)} MB`);
}
if (options.json) {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.resolve('onnxruntime-web'))));
  const machine = { cpu_model: os.cpus()[0].model.trim(), hardware_threads: os.cpus().length };
  console.log(JSON.stringify({ schema_version: 1, kind: 'ort-web-times', machine, runtime: `onnxruntime-web ${version}, wasm, 1 thread, node ${process.version}`, tokens, turns, models: answers }));
}
