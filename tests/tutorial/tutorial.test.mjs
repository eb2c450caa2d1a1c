// docs/tutorial-pruning.md, followed by a reader who types every command: they run in order, and print what it shows.
//
// The commands run in a scratch folder where models, tests, docs and node_modules are the repository's and build/release
// is COPPICE_BUILD (build/release), so that what they write is gone afterwards. COPPICE_TUTORIAL_KEEP=FOLDER keeps it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { blocksOf, difference } from './document.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const document = 'docs/tutorial-pruning.md';
const build = path.resolve(root, process.env.COPPICE_BUILD ?? 'build/release');
const cpuSecondsAllowed = 300; // "under five minutes", on one core of its own; waiting for a busy one is not counted
const skip = existsSync(path.join(build, 'coppice-torch')) ? false : `${path.relative(root, build)} holds no coppice-torch`;

const keep = process.env.COPPICE_TUTORIAL_KEEP;
const folder = keep ? (mkdirSync(keep, { recursive: true }), path.resolve(keep)) : mkdtempSync(path.join(os.tmpdir(), 'coppice-tutorial-'));
const state = path.join(folder, '.state');
const place = path.join(folder, 'repository');
rmSync(place, { recursive: true, force: true });
mkdirSync(path.join(place, 'build'), { recursive: true });
for (const name of ['docs', 'models', 'node_modules', 'tests']) symlinkSync(path.join(root, name), path.join(place, name));
symlinkSync(build, path.join(place, 'build/release'));
rmSync(state, { force: true });
after(() => keep ?? rmSync(folder, { recursive: true }));

let cpuSeconds = 0;

// A shell with the variables that the blocks before have exported. Resolves to its exit code, output and complaints.
function shell(commands) {
  const words = `[ ! -e "${state}" ] || . "${state}"\nset -euo pipefail\n${commands}\n{ export -p; } > "${state}"; times > "${state}.times"`;
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', words], { cwd: place, stdio: ['ignore', 'pipe', 'pipe'] });
    const [output, complaints] = [[], []];
    child.stdout.on('data', (bytes) => output.push(bytes));
    child.stderr.on('data', (bytes) => complaints.push(bytes));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: Buffer.concat(output).toString(), complaints: Buffer.concat(complaints).toString() }));
  });
}

// Of the shell's children, from the second line of `times`: "0m12.345s 0m0.678s".
function childSeconds() {
  const [, line] = readFileSync(`${state}.times`, 'utf8').split('\n');
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

const blocks = blocksOf(readFileSync(path.join(root, document), 'utf8'));
let broken = false;
for (const { line, commands, expected } of blocks) {
  test(`${document}:${line} ${commands.split('\n')[0].slice(0, 90)}`, { skip }, async (context) => {
    if (broken) assert.fail('a command before it failed');
    broken = true;
    const { code, output, complaints } = await shell(commands);
    assert.equal(code, 0, `exit code ${code}\n${complaints}\n${output}`);
    cpuSeconds += childSeconds();
    broken = false;
    context.diagnostic(`${childSeconds().toFixed(1)} s of CPU time`);
    if (expected) assert.equal(difference(expected, output), null, `\n${output}`);
  });
}

test(`${document} takes less than five minutes`, { skip }, (context) => {
  context.diagnostic(`${cpuSeconds.toFixed(0)} s of CPU time in all`);
  assert.ok(blocks.length >= 10, `only ${blocks.length} blocks of commands found`);
  assert.ok(!broken && cpuSeconds > 0 && cpuSeconds < cpuSecondsAllowed, `${cpuSeconds} s of CPU time`);
});
