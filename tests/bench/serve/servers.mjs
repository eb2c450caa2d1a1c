// Servers of the bench as processes: started, asked, weighed and ended.
import { spawn, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const agent = new http.Agent({ keepAlive: false });
const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export function post(port, body, timeout = 30000) {
  const data = JSON.stringify(body);
  return new Promise((done, fail) => {
    const request = http.request({ agent, host: '127.0.0.1', port, path: '/v1/classify', method: 'POST', timeout,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(data) } }, (reply) => {
      const parts = [];
      reply.on('data', (part) => parts.push(part));
      reply.on('end', () => done({ status: reply.statusCode, body: Buffer.concat(parts).toString() }));
      reply.on('error', fail);
    });
    request.on('timeout', () => request.destroy(new Error('time-out')));
    request.on('error', fail);
    request.end(data);
  });
}

// Of a process and all its children.
export function usage(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return { resident_bytes: kilobytes('VmRSS'), peak_resident_bytes: kilobytes('VmHWM'), anonymous_bytes: kilobytes('RssAnon'),
    cpu_seconds: (Number(fields[11]) + Number(fields[12])) / ticks };
}

// A folder with one model and its catalogue.
export function modelsOf(folder, id, work) {
  const models = path.join(work, 'models', id);
  if (!existsSync(path.join(models, 'catalog.json'))) {
    rmSync(models, { recursive: true, force: true });
    mkdirSync(models, { recursive: true });
    cpSync(folder, path.join(models, id), { recursive: true });
    writeFileSync(path.join(models, 'catalog.json'), JSON.stringify({ schema_version: 1, models: [{ id }] }));
  }
  return models;
}

export function coppice(name, program, folder, id, work, port, cores) {
  const models = modelsOf(folder, id, work);
  const dist = path.join(work, 'page');
  mkdirSync(dist, { recursive: true });
  writeFileSync(path.join(dist, 'index.html'), '<!doctype html><title>bench</title>');
  return { name, port, command: program,
    args: ['--dist', dist, '--models', models, '--port', String(port), '--threads', String(cores)] };
}

export function peer(venv, work, port, cores) {
  return { name: 'peer', port, command: path.resolve(venv, 'bin/python'), env: { MODEL: path.resolve(work, 'peer'), THREADS: String(cores),
    TRANSFORMERS_OFFLINE: '1', HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' },
  args: ['-m', 'uvicorn', '--app-dir', 'tests/bench/serve', 'peer:app', '--port', String(port), '--log-level', 'warning', '--no-access-log'] };
}

// Starts it and asks until the first verdict. A port that nobody listens on refuses at once, so asking costs little.
export async function start(server, text) {
  const begin = process.hrtime.bigint();
  const child = spawn(server.command, server.args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...server.env } });
  let ended = false;
  child.on('exit', () => { ended = true; });
  for (;;) {
    if (ended) throw new Error(`${server.name} ended before its first answer`);
    try {
      const reply = await post(server.port, { text });
      if (reply.status !== 200) throw new Error(`${server.name}: ${reply.status}: ${reply.body}`);
      break;
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error;
      await sleep(1);
    }
  }
  const milliseconds = Number(process.hrtime.bigint() - begin) / 1e6;
  return { child, milliseconds, ...usage(child.pid) };
}

export async function stop({ child }) {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await gone;
}
