// The figures of docs/deploy.md's last table; run.sh calls it. Prints JSON to standard output, progress to standard error.
//
// Equal p95: for each server the highest constant rate (coppice measure --url, open loop) at which nothing is refused or
// fails and p95, from when requests were due, stays under --bound. Found by halving the interval; then all are run once
// more at their rate, in turns. CPU time is given beside wall time, since other work on the machine lengthens the latter.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { coppice, peer, post, sleep, start, stop, usage } from './servers.mjs';

const { values: options } = parseArgs({ options: {
  venv: { type: 'string' }, work: { type: 'string' },
  program: { type: 'string', default: 'build/bench/coppice-serve' },
  measure: { type: 'string', default: 'build/bench/coppice' },
  cores: { type: 'string', default: String(cpus().length) },
  bound: { type: 'string', default: '100' }, // ms
  starts: { type: 'string', default: '11' },
  'peer-starts': { type: 'string', default: '5' },
  step: { type: 'string', default: '6' }, // seconds of one try at a rate
  seconds: { type: 'string', default: '120' }, // of sustained load
  data: { type: 'string', default: 'tests/data/imdb_sample/test.tsv' },
  only: { type: 'string' },
  'keep-cache': { type: 'boolean', default: false }, // others on the machine would feel it
  'no-load': { type: 'boolean', default: false }, // starts, memory and CPU time alone: for a machine that is not at rest
} });
const say = (text) => process.stderr.write(`${text}\n`);
const { work } = options;
const cores = Number(options.cores);
const bound = Number(options.bound);
const prompts = path.join(work, 'prompts.txt');

const servers = [
  coppice('pruned-int8', options.program, 'models/minilm-l6-imdb-half-int8', 'minilm-l6-imdb-half-int8', work, 18501, cores),
  coppice('dense-int8', options.program, path.join(work, 'minilm-l6-imdb-int8'), 'minilm-l6-imdb-int8', work, 18502, cores),
  coppice('dense-fp32', options.program, 'models/minilm-l6-imdb', 'minilm-l6-imdb', work, 18503, cores),
  peer(options.venv, work, 18504, cores),
].filter(({ name }) => !options.only || options.only.split(',').includes(name));

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => { const s = sorted(values); const m = s.length >> 1; return s.length % 2 ? s[m] : (s[m - 1] + s[m]) / 2; };
const spread = (values) => ({ n: values.length, median: median(values), min: Math.min(...values), max: Math.max(...values) });

function dropCaches() {
  if (process.getuid() !== 0) return false;
  try {
    spawnSync('sync');
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}

// Reviews of exactly 128 tokens, [CLS] and [SEP] included, cut at a word by asking the server how many it counts.
async function reviewsOf128(server) {
  const running = await start(server, 'x');
  const texts = readFileSync(options.data, 'utf8').split('\n').filter(Boolean).map((line) => line.slice(2));
  const chosen = [];
  for (const text of texts) {
    const words = text.split(/\s+/);
    let low = 20;
    let high = Math.min(words.length, 130);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const reply = JSON.parse((await post(server.port, { text: words.slice(0, middle).join(' ') })).body);
      if (reply.models[0].verdicts[0].tokens <= 128) low = middle;
      else high = middle - 1;
    }
    const cut = words.slice(0, low).join(' ');
    const { tokens } = JSON.parse((await post(server.port, { text: cut })).body).models[0].verdicts[0];
    if (tokens === 128) chosen.push(cut);
    if (chosen.length === 32) break;
  }
  await stop(running);
  if (chosen.length < 8) throw new Error(`only ${chosen.length} reviews of 128 tokens in ${options.data}`);
  writeFileSync(prompts, `${chosen.join('\n')}\n`);
  return chosen;
}

function load(server, rate, seconds, connections) {
  const out = execFileSync(options.measure, ['measure', '--url', `http://127.0.0.1:${server.port}/v1/classify`, '--prompts', prompts,
    '--rate', String(rate), '--duration', String(seconds), '--connections', String(connections), '--timeout', '30', '--json'],
  { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(out).load;
}

async function coldStarts(texts) {
  const results = {};
  for (const cache of options['keep-cache'] ? ['warm'] : ['warm', 'dropped']) {
    for (let turn = 0; turn < Number(options.starts); ++turn) {
      for (const server of servers) {
        if (server.name === 'peer' && turn >= Number(options['peer-starts'])) continue;
        if (cache === 'dropped' && !dropCaches()) continue;
        const running = await start(server, texts[turn % texts.length]);
        await stop(running);
        const entry = (results[server.name] ??= {})[cache] ??= { ms: [], cpu_ms: [] };
        entry.ms.push(running.milliseconds);
        entry.cpu_ms.push(running.cpu_seconds * 1000);
      }
    }
    say(`cold starts with page cache ${cache} done`);
  }
  for (const entry of Object.values(results)) {
    for (const kind of Object.values(entry)) for (const name of ['ms', 'cpu_ms']) kind[name] = spread(kind[name]);
  }
  return results;
}

// Two askers that wait for their answers: about what the server can do.
async function roughCapacity(server, texts) {
  const begin = performance.now();
  let done = 0;
  await Promise.all(Array.from({ length: 2 * cores }, async () => {
    while (performance.now() - begin < 3000) {
      await post(server.port, { text: texts[done % texts.length] });
      ++done;
    }
  }));
  return done / ((performance.now() - begin) / 1000);
}

const passes = (load) => load.failed === 0 && load.refused === 0 && load.latency_ms?.p95.value <= bound;

async function highestRate(server, texts) {
  const rough = await roughCapacity(server, texts);
  let low = 0;
  let high = rough * 1.6;
  const tried = [];
  for (let step = 0; step < 7; ++step) {
    const rate = low === 0 && step === 0 ? rough * 0.8 : (low + high) / 2;
    const before = usage(server.pid).cpu_seconds;
    const result = load(server, rate, Number(options.step), 64);
    tried.push({ rate, p95_ms: result.latency_ms?.p95.value, passed: passes(result), cpu_ms_per_answer: ((usage(server.pid).cpu_seconds - before) * 1000) / Math.max(1, result.answered) });
    if (passes(result)) low = rate;
    else high = rate;
  }
  say(`${server.name}: ${low.toFixed(1)} requests a second`);
  return { rough_per_second: rough, per_second: low, tried };
}

async function sustained(server, rate) {
  const seconds = Number(options.seconds);
  const memory = [];
  const watching = setInterval(() => memory.push(usage(server.pid).anonymous_bytes), 1000);
  // execFileSync would stop the watch.
  const { execFile } = await import('node:child_process');
  const text = await new Promise((done, fail) => execFile(options.measure, ['measure', '--url', `http://127.0.0.1:${server.port}/v1/classify`,
    '--prompts', prompts, '--rate', String(rate), '--duration', String(seconds), '--connections', '256', '--timeout', '30', '--json'],
  { encoding: 'utf8', maxBuffer: 1 << 26 }, (error, stdout) => (error ? fail(error) : done(stdout))));
  clearInterval(watching);
  const { load: result } = JSON.parse(text);
  const third = Math.floor(memory.length / 3);
  return { rate_per_second: rate, seconds, requests: result.requests, answered: result.answered, refused: result.refused, failed: result.failed,
    by_outcome: result.by_outcome, answered_service_ms: result.service_ms, refused_ms: result.refused_ms, latency_ms: result.latency_ms,
    anonymous_bytes: { after_10_s: memory[9], second_third_median: median(memory.slice(third, 2 * third)), last_third_median: median(memory.slice(2 * third)), max: Math.max(...memory) } };
}

const texts = await reviewsOf128(servers[0]);
say(`${texts.length} reviews of 128 tokens`);
const cold = await coldStarts(texts);
const results = {};
const running = [];
for (const server of servers) {
  const process = await start(server, texts[0]);
  server.pid = process.child.pid;
  running.push(process);
  for (let i = 0; i < 20; ++i) await post(server.port, { text: texts[i % texts.length] });
}
// One request at a time, the servers in turns: CPU time, which other work on the machine lengthens little.
const sequential = Object.fromEntries(servers.map(({ name }) => [name, []]));
for (let turn = 0; turn < 5; ++turn) {
  for (const server of servers) {
    const before = usage(server.pid).cpu_seconds;
    for (let i = 0; i < 40; ++i) await post(server.port, { text: texts[i % texts.length] });
    sequential[server.name].push(((usage(server.pid).cpu_seconds - before) * 1000) / 40);
  }
}
for (const server of servers) {
  results[server.name] = { start: cold[server.name], memory_after_220: usage(server.pid), sequential_cpu_ms_per_answer: spread(sequential[server.name]) };
}
say('memory and CPU time of answers done');
const loaded = options['no-load'] ? [] : servers;
for (const server of loaded) results[server.name].equal_p95 = await highestRate(server, texts);
for (let turn = 0; turn < 3; ++turn) {
  for (const server of loaded) {
    const { per_second: rate } = results[server.name].equal_p95;
    if (rate === 0) continue;
    const before = usage(server.pid).cpu_seconds;
    const result = load(server, rate, Number(options.step), 64);
    (results[server.name].again ??= []).push({ p95_ms: result.latency_ms?.p95, p50_ms: result.latency_ms?.p50, refused: result.refused, failed: result.failed,
      cpu_ms_per_answer: ((usage(server.pid).cpu_seconds - before) * 1000) / Math.max(1, result.answered) });
  }
}
for (const server of loaded) results[server.name].memory_after_load = usage(server.pid);
const first = servers[0];
if (Number(options.seconds) > 0 && loaded.length > 0) {
  await sleep(1000);
  results[first.name].sustained = await sustained(first, 2 * results[first.name].equal_p95.per_second);
  const reply = await post(first.port, { text: texts[0] });
  results[first.name].sustained.answers_afterwards = reply.status === 200;
}
for (const process of running) await stop(process);

const ratios = {};
if (results.peer) {
  for (const server of servers.filter(({ name }) => name !== 'peer')) {
    const ours = results[server.name];
    const theirs = results.peer;
    ratios[server.name] = {
      start: theirs.start.warm.ms.median / ours.start.warm.ms.median, start_cpu: theirs.start.warm.cpu_ms.median / ours.start.warm.cpu_ms.median,
      resident: theirs.memory_after_220.resident_bytes / ours.memory_after_220.resident_bytes,
      answers_per_cpu_second: theirs.sequential_cpu_ms_per_answer.median / ours.sequential_cpu_ms_per_answer.median,
      ...(ours.equal_p95 ? { requests_at_equal_p95: ours.equal_p95.per_second / theirs.equal_p95.per_second } : {}),
    };
  }
}
const cpu = /model name\s*:\s*(.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
const versions = readFileSync('tests/bench/serve/requirements.txt', 'utf8').trim().split('\n');
console.log(JSON.stringify({ bench: 'serve', cpu, cores, load_average: loadavg(), p95_bound_ms: bound, tokens: 128, reviews: texts.length,
  peer: `FastAPI, transformers, torch; one process, ${cores} threads, one text at a time`, versions, provenance: 'measured', results, ratios }, null, 1));
