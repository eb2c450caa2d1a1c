// `npm start`: installs what is missing, builds the page, serves it with the shipped models. PORT chooses the port
// (8080), HOST the address (127.0.0.1). The second start builds only what has changed. Ctrl-C ends it.
import net from 'node:net';

import { build, installNodePackages, installSystemPackages, main, mustRun, run, step, StepFailed } from './steps.mjs';

const port = process.env.PORT || '8080';
const host = process.env.HOST || '127.0.0.1';

// Better now than after five minutes of building.
function checkPort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', (error) =>
      reject(new StepFailed(`cannot listen on ${host}:${port} (${error.code}). Choose another: PORT=9000 npm start`)),
    );
    probe.listen({ port: Number(port), host }, () => probe.close(resolve));
  });
}

await main(async () => {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new StepFailed(`PORT is "${port}", expected 0 to 65535`);
  await checkPort();
  await step('System packages', 'compilers and libraries from Debian', () => installSystemPackages('start'));
  await step('Node packages', 'ONNX Runtime Web, a font, and Node 20', () => installNodePackages('start'));
  await step('WebAssembly', 'the C++ core and the page; the first time also fetches Dear ImGui', () => build('wasm'));
  await step('Server', 'coppice-serve, which hands out the page', () => build('serve', ['coppice-serve']));
  await step('Page', 'everything the browser loads, in dist/', () => mustRun('node', ['web/build.mjs']));
  console.log('\nCtrl-C ends the server.');
  return run('build/serve/coppice-serve', ['--dist', 'dist', '--host', host, '--port', port]);
});
