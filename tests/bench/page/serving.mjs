// coppice-serve over a folder that holds the page and its peer, and a proxy before it that counts what it sends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { compressed, gains } from '../../../web/compress.mjs';

const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));

// FOLDER/: the page as shipped; FOLDER/peer/: transformers.js, its runtime's files, the model, compressed as the page is.
export function stage(folder, { root, dist, int8 }) {
  cpSync(dist, folder, { recursive: true, preserveTimestamps: true, filter: (file) => !/[\\/](npm|coppice\.html.*)$/.test(file) });
  const peer = path.join(folder, 'peer');
  mkdirSync(path.join(peer, 'ort'), { recursive: true });
  for (const file of ['peer.html', 'peer.js']) cpSync(path.join(root, 'tests/bench/page', file), path.join(peer, file));
  const library = path.join(root, 'node_modules/@huggingface/transformers');
  cpSync(path.join(library, 'dist/transformers.min.js'), path.join(peer, 'transformers.min.js'));
  const runtime = path.join(library, 'node_modules/onnxruntime-web/dist');
  for (const file of readdirSync(runtime).filter((name) => /^ort-wasm-.*\.(mjs|wasm)$/.test(name))) cpSync(path.join(runtime, file), path.join(peer, 'ort', file));
  const model = path.join(peer, 'models/dense-int8');
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx']) cpSync(path.join(int8, file), path.join(model, file));
  writeFileSync(path.join(folder, 'empty.html'), '<!doctype html><title>empty</title><link rel="icon" href="data:,">');
  return peer;
}

// NAME.br beside each file of the peer that is asked for: only those, since each large one takes half a minute.
export function compressPeer(peer, root, names) {
  for (const file of filesUnder(peer).filter((each) => gains(each) && names.has(path.basename(each)))) {
    cpSync(compressed(readFileSync(file), 'br', path.join(root, 'build/compressed')), `${file}.br`);
  }
}

// Returns { url, close }.
export async function startServer(program, folder) {
  const server = spawn(program, ['--dist', folder, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(server.stdout, 'data');
  server.stdout.resume();
  return { url: line.toString().match(/http:\/\/[\d.]+:\d+\//)[0], close: () => (server.kill('SIGTERM'), once(server, 'exit')) };
}

// A proxy to `target`: { url, sent: Map(path -> bytes of bodies), bytes(): all that went to clients, headers too, close }.
export async function countingProxy(target) {
  const sent = new Map();
  const sockets = new Set();
  const agent = new http.Agent({ keepAlive: true });
  const proxy = http.createServer((request, response) => {
    const forward = http.request(new URL(request.url, target), { method: request.method, headers: request.headers, agent }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.on('data', (chunk) => sent.set(request.url, (sent.get(request.url) ?? 0) + chunk.length));
      answer.pipe(response);
    });
    forward.on('error', () => response.destroy());
    request.pipe(forward);
  });
  proxy.on('connection', (socket) => sockets.add(socket));
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${proxy.address().port}/`,
    sent,
    bytes: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    close: () => (agent.destroy(), proxy.closeAllConnections(), new Promise((resolve) => proxy.close(resolve))),
  };
}
