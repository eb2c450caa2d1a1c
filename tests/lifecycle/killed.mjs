// Life cycles of the tiny model, each killed right after a random change to the file system and gone on with until it ends
// well. A life cycle that ends otherwise than by the kill is a fault: what it said is printed, and the exit code is 1.
// lifecycle.test.mjs kills a few times; this looks for what an end between two writes leaves that is not gone on with.
//
//     node tests/lifecycle/killed.mjs [--seconds 300] [--within 150] [--seed N] [--build build/release]
//
// --within: the kill comes at one of so many changes. Small numbers kill more often; under about 60 nothing may get done,
// since a step that is killed begins anew. Needs coppice, coppice-torch and a C++ compiler.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { tinyConfig, writeBase, writeReviews } from './tiny.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    within: { type: 'string', default: '150' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    build: { type: 'string', default: 'build/release' },
  },
});
const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-killed-'));
const at = (name) => path.join(folder, name);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const library = at('kill_at_change.so');
const source = path.join(import.meta.dirname, 'kill_at_change.cpp');
const built = spawnSync('c++', ['-std=c++20', '-O1', '-shared', '-fPIC', '-o', library, source, '-ldl'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
const sample = path.join(root, 'tests/data/imdb_sample');
writeBase(at('base'), sample);
writeReviews(at('data'), sample, { train: 32, validation: 16, test: 24 });
writeFileSync(at('config.json'), JSON.stringify(tinyConfig(folder)));
mkdirSync(at('tmp'));

// xorshift32: the same seed, the same kills.
let state = Number(options.seed) | 1;
const random = () => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
};
const lines = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').length : 0);

const end = Date.now() + 1000 * Number(options.seconds);
let rounds = 0;
let kills = 0;
while (Date.now() < end) {
  rmSync(at('run'), { recursive: true, force: true });
  for (;;) {
    if (Date.now() > end) break;
    rmSync(at('count'), { force: true });
    const env = { ...process.env, LD_PRELOAD: library, KILL_COUNT: at('count'), KILL_LOG: at('kills'), TMPDIR: at('tmp'),
      KILL_AT: String(1 + Math.floor(random() * Number(options.within))) };
    const before = lines(at('kills'));
    const words = ['lifecycle', '--config', at('config.json'), '--output', at('run')];
    const made = spawnSync(path.resolve(root, options.build, 'coppice'), words, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 26 });
    const killed = lines(at('kills')) > before;
    if (made.status === 0) {
      ++rounds;
      break;
    }
    // The life cycle itself is killed, or a step of it is and it says so.
    if (!killed || (made.signal !== 'SIGKILL' && !/signal 9|SIGKILL|killed/i.test(made.stderr))) {
      const last = before > 0 ? readFileSync(at('kills'), 'utf8').trimEnd().split('\n').slice(-3).join('\n  ') : 'none';
      process.stderr.write(`${made.stderr ?? made.error}\nseed ${options.seed}: not gone on with; the last kills:\n  ${last}\n`);
      process.exit(1);
    }
    ++kills;
  }
}
process.stdout.write(`${JSON.stringify({ seed: Number(options.seed), kills, life_cycles_ended_well: rounds })}\n`);
