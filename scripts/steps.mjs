// What `npm start` and `npm test` have in common: running a command, saying why and how long it took, and the set-up of
// a machine (system packages, Node packages, builds). Written for Debian's own Node 18, since nothing is installed yet
// when it runs; everything after the set-up runs with the Node 20 that package.json pins.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { packagesFor } from './system-packages.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const pinnedNode = path.join(root, 'node_modules', `node-linux-${os.arch()}`, 'bin');

// A compile of a libtorch file takes up to 2 GB, so memory bounds the jobs as well as the cores do.
export const jobs =
  Number(process.env.COPPICE_JOBS) || Math.max(1, Math.min(os.cpus().length, Math.floor(os.totalmem() / 2e9)));

export class StepFailed extends Error {}

// Runs `work`, printing what is done, why, and how long it took.
export async function step(what, why, work) {
  const start = Date.now();
  console.log(`\n== ${what}: ${why}`);
  const result = await work();
  console.log(`== ${what}: done in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

let running = null;
for (const signal of ['SIGINT', 'SIGTERM']) {
  // Ctrl-C reaches the child by itself; a signal sent to us alone is handed on. Either way the child ends first.
  process.on(signal, () => (running ? running.kill(signal) : process.exit(130)));
}

// Runs a command in the repository root; resolves to its exit code, or -1 if it was ended by a signal. With `onOutput`
// its standard output is handed over as well as shown.
export function run(command, args, { env = {}, onOutput } = {}) {
  console.log(`$ ${[command, ...args].join(' ')}`);
  return new Promise((resolve, reject) => {
    running = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PATH: `${pinnedNode}:${process.env.PATH}`, ...env },
      stdio: ['ignore', onOutput ? 'pipe' : 'inherit', 'inherit'],
    });
    if (onOutput) {
      running.stdout.on('data', (bytes) => {
        process.stdout.write(bytes);
        onOutput(bytes);
      });
    }
    running.on('error', (error) => reject(new StepFailed(`cannot run ${command}: ${error.message}`)));
    running.on('close', (code) => {
      running = null;
      resolve(code ?? -1);
    });
  });
}

export async function mustRun(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) throw new StepFailed(`${command} ended with exit code ${code}`);
}

// Installs the packages of scripts/system-packages.mjs that are missing, as root or through sudo.
export async function installSystemPackages(command) {
  const wanted = packagesFor(command);
  if (process.env.COPPICE_SKIP_SYSTEM_PACKAGES) {
    console.log('COPPICE_SKIP_SYSTEM_PACKAGES is set: using what this machine has');
    return;
  }
  const status = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...wanted.map((p) => p.name)]);
  if (status.error) {
    throw new StepFailed(
      'this is not a Debian system (no dpkg-query). Install the equivalents of these yourself and set ' +
        `COPPICE_SKIP_SYSTEM_PACKAGES=1: ${wanted.map((p) => p.name).join(' ')}`,
    );
  }
  const installed = new Set();
  for (const line of status.stdout.toString().split('\n')) {
    const [name, state] = line.split(' ');
    if (state === 'installed') installed.add(name);
  }
  const missing = wanted.filter((p) => !installed.has(p.name));
  if (missing.length === 0) {
    console.log(`all ${wanted.length} packages are there`);
    return;
  }
  for (const { name, why } of missing) console.log(`  ${name.padEnd(22)} ${why}`);
  const names = missing.map((p) => p.name);
  const isRoot = process.getuid() === 0;
  if (!isRoot && spawnSync('sudo', ['--version']).error) {
    throw new StepFailed(
      `missing packages, and neither root nor sudo to install them. As root:\n  apt-get install ${names.join(' ')}`,
    );
  }
  const apt = (args) => [...(isRoot ? [] : ['sudo']), 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
  const update = apt(['-q', 'update']);
  if ((await run(update[0], update.slice(1))) !== 0) {
    console.log('apt-get update reported problems; trying with the package lists that are there');
  }
  const install = apt(['-q', '-y', '-o', 'Dpkg::Use-Pty=0', 'install', '--no-install-recommends', ...names]);
  await mustRun(install[0], install.slice(1));
}

// npm ci, unless node_modules already holds what package-lock.json says. `npm start` leaves the test packages out.
export async function installNodePackages(command) {
  const stamp = path.join(root, 'node_modules', '.coppice-installed');
  const lock = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json'))).digest('hex');
  const done = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (done === `${lock} test` || done === `${lock} ${command}`) {
    console.log('node_modules is current');
  } else {
    // No package may run a script of its own: everything needed comes inside the packages.
    // Its warnings that Node 18 is too old are beside the point: Node 20 is among what it installs.
    const scope = command === 'test' ? [] : ['--omit=dev'];
    const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...scope];
    await mustRun('npm', ['ci', ...quietly]);
    // Debian's npm under Debian's Node 18 leaves out optional packages that want a newer one, among them the binaries of
    // sharp, without a word. npm runs under the pinned Node from here on.
    if (Number(process.versions.node.split('.')[0]) < 20) await mustRun('npm', ['install', '--no-save', ...quietly]);
    writeFileSync(stamp, `${lock} ${command}`);
  }
  const node = spawnSync(path.join(pinnedNode, 'node'), ['--version']);
  if (node.status !== 0) {
    throw new StepFailed(`${pinnedNode}/node does not run; this project pins Node for Linux on x64 and arm64`);
  }
  console.log(`Node ${node.stdout.toString().trim()} from node_modules for all that follows`);
}

// Configures and builds one CMake preset; `targets` empty means all that the build preset names.
export async function build(configurePreset, targets = [], preset = configurePreset) {
  await mustRun('cmake', ['--preset', configurePreset]);
  const only = targets.length > 0 ? ['--target', ...targets] : [];
  await mustRun('cmake', ['--build', '--preset', preset, '-j', String(jobs), ...only]);
}

// Ends the process: a failed step is told in one line, a mistake of ours with its stack.
export async function main(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    console.error(`\ncoppice: ${error.message}`);
    process.exitCode = 1;
  }
}
