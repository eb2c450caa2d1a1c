// @coppice/core as it is installed: packed, installed from its tarball without a network; its README's example in node,
// models by folder, address and files, and the same package in Chromium, in a page with a strict CSP and in a worker.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { dist, launch, root, temporaryFolder } from './browser.mjs';
import { serve } from './server.mjs';

const source = path.join(dist, 'npm-core');
const skip = existsSync(path.join(source, 'package.json')) ? false : 'dist/npm-core is not built: npm run build';
const scratch = temporaryFolder();
const models = path.join(root, 'models');
const smallest = path.join(models, 'minilm-l6-imdb-smallest');
const golden = JSON.parse(readFileSync(path.join(root, 'tests/golden/core_golden.json'), 'utf8'));
let installed;
let server;
let browser;

before(async () => {
  if (skip) return;
  const npm = (args) => execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: scratch, stdio: ['ignore', 'pipe', 'inherit'] });
  npm(['pack', source]);
  const [tarball] = readdirSync(scratch).filter((file) => file.endsWith('.tgz'));
  writeFileSync(path.join(scratch, 'package.json'), '{"private":true,"type":"module"}');
  npm(['install', path.join(scratch, tarball)]);
  installed = path.join(scratch, 'node_modules/@coppice/core');
});
after(async () => {
  await browser?.close();
  await server?.close();
});

// Standard output of a script that lies where the package is installed, in a process of its own.
function runScript(text) {
  const file = path.join(scratch, 'script.mjs');
  writeFileSync(file, text);
  return execFileSync(process.execPath, [file], { cwd: root, encoding: 'utf8' });
}

function snippets(file) {
  return [...readFileSync(file, 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text);
}

test('the example of the README, and those of docs/core-library.md, run in node', { skip }, () => {
  const [example, ...others] = snippets(path.join(installed, 'README.md'));
  assert.deepEqual(others, []);
  const [verdict, energy, carbon] = runScript(example).split('\n');
  assert.match(verdict, /^positive \(\d\d\.\d %\)$/);
  assert.match(energy, /^[\d.e-]+ J \([\d.e-]+ to [\d.e-]+\), modelled: time x watts of a laptop/);
  assert.match(carbon, /^[\d.e-]+ g CO2e \([\d.e-]+ to [\d.e-]+\), France \d{4}$/);
  const documented = snippets(path.join(root, 'docs/core-library.md'));
  assert.ok(documented.length > 0);
  for (const snippet of documented) assert.match(runScript(snippet), /^positive/);
});

test('node: by path, by address and by files, with the answers of the native library', { skip }, async () => {
  const { load, choices, CoreError } = await import(pathToFileURL(path.join(installed, 'core/coppice-core.js')).href);
  const http = await serve({ dist: models });
  const fileNames = ['manifest.json', 'config.json', 'vocab.txt', 'tokenizer_config.json', 'onnx/model.onnx'];
  const files = new Map(fileNames.map((name) => [name, readFileSync(path.join(smallest, name))]));
  const sources = [smallest, pathToFileURL(smallest), `${http.url}minilm-l6-imdb-smallest`, files, Object.fromEntries(files)];
  for (const from of sources) {
    const model = await load(from, { device: 'server', country: 'WORLD' });
    assert.equal(model.about.id, 'minilm-l6-imdb-smallest');
    for (const { text, label, tokens, truncated } of golden['minilm-l6-imdb-smallest']) {
      const verdict = await model.classify(text);
      assert.deepEqual([verdict.label, verdict.tokens, verdict.truncated], [label, tokens, truncated]);
      assert.ok(verdict.energy.low <= verdict.energy.joules && verdict.energy.joules <= verdict.energy.high);
      assert.ok(verdict.carbon.grams > 0);
    }
    assert.equal((await model.classify('x', { device: 'phone', country: 'FRA' })).carbon.place, 'France');
    model.destroy();
    model.destroy();
    await assert.rejects(model.classify('x'), { name: 'CoreError', code: 'invalid_usage', message: /destroyed/ });
  }
  assert.ok((await choices()).countries.length > 100);

  const refused = (from, place, code, message) => assert.rejects(load(from, place), (error) => error instanceof CoreError && error.code === code && message.test(error.message) || assert.fail(`${error}`));
  await refused(path.join(models, 'nothing'), {}, 'not_found', /nothing\/manifest\.json: cannot be read \(ENOENT\)/);
  await refused(`${http.url}nothing/`, {}, 'not_found', /nothing\/manifest\.json: the server answers 404/);
  await refused('http://127.0.0.1:1/', {}, 'failed', /could not be fetched/);
  await refused(smallest, { device: 'toaster' }, 'not_found', /toaster.*laptop/);
  await refused(smallest, { country: 'FRA' }, 'invalid_input', /no device/);
  await refused({ 'config.json': 3 }, {}, 'invalid_usage', /config\.json/);
  await refused(undefined, {}, 'invalid_usage', /address/);
  const altered = Object.fromEntries(files);
  altered['onnx/model.onnx'] = Buffer.from(altered['onnx/model.onnx']).fill(0, 5000, 5001).fill(1, 5001, 5002);
  await refused(altered, {}, 'invalid_input', /onnx\/model\.onnx: altered: manifest\.json states sha256/);
  await http.close();
});

test('types are TypeScript, and the package holds what it exports and nothing of the page', { skip }, async () => {
  const { transform } = await import('esbuild');
  const types = readFileSync(path.join(installed, 'core/coppice-core.d.ts'), 'utf8');
  await transform(types, { loader: 'ts' });
  const exported = await import(pathToFileURL(path.join(installed, 'core/coppice-core.js')).href);
  const declared = [...types.matchAll(/^export declare (?:const|function|class) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.keys(exported).sort());
  const { exports } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
  for (const file of Object.values(exports['.'])) assert.ok(existsSync(path.join(installed, file)), file);
  const found = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name);
  assert.deepEqual(found.filter((name) => /\.(map|html|css|mjs)$|test/.test(name)), []);
  assert.ok(existsSync(path.join(installed, 'LICENSE')));
});

// Serves the package and the models with the policy of the README.
async function site() {
  const folder = temporaryFolder();
  cpSync(installed, path.join(folder, 'coppice'), { recursive: true });
  mkdirSync(path.join(folder, 'models'), { recursive: true });
  cpSync(smallest, path.join(folder, 'models/minilm-l6-imdb-smallest'), { recursive: true });
  writeFileSync(path.join(folder, 'judge.js'), `import { choices, linearNgrams, load } from './coppice/core/coppice-core.js';
export async function judge(texts) {
  const answers = {};
  for (const from of [linearNgrams, 'models/minilm-l6-imdb-smallest']) {
    const model = await load(from, { device: 'laptop', country: 'FRA' });
    answers[model.about.id] = [];
    for (const text of texts) answers[model.about.id].push(await model.classify(text));
  }
  return { answers, methods: (await choices()).methods.length };
}
`);
  writeFileSync(path.join(folder, 'worker.js'), `import { judge } from './judge.js';
self.onmessage = ({ data }) => judge(data).then((answer) => self.postMessage(answer), (error) => self.postMessage({ error: String(error) }));
`);
  writeFileSync(path.join(folder, 'page.js'), `import { judge } from './judge.js';
window.judge = judge;
window.judgeInWorker = (texts) => new Promise((resolve, reject) => {
  const worker = new Worker('worker.js', { type: 'module' });
  worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.postMessage(texts);
});
document.body.dataset.ready = 'true';
`);
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html><title>judge</title><link rel="icon" href="data:,"><body><script type="module" src="page.js"></script>');
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' };
  const listener = createServer((request, response) => {
    const file = path.join(folder, path.normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname)).replace(/\/$/, '/index.html'));
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, {
      'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
      'Content-Security-Policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; img-src data:",
    });
    return response.end(readFileSync(file));
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${listener.address().port}/`, close: () => new Promise((resolve) => (listener.closeAllConnections(), listener.close(resolve))) };
}

test('Chromium: in a page and in a worker, under a strict policy, with the answers of the native library', { skip }, async () => {
  server = await site();
  browser = await launch();
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  const problems = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  await page.goto(server.url);
  await page.waitForSelector('body[data-ready="true"]', { state: 'attached' });
  const texts = golden['linear-ngrams'].map(({ text }) => text);
  for (const where of ['judge', 'judgeInWorker']) {
    const { answers, methods } = await page.evaluate(([name, list]) => window[name](list), [where, texts]);
    assert.equal(methods, 3);
    for (const [model, expected] of Object.entries(golden)) {
      expected.forEach(({ label, tokens, tokensWhole, truncated, logits }, i) => {
        const found = answers[model][i];
        assert.deepEqual([found.label, found.tokens, found.tokensWhole, found.truncated], [label, tokens, tokensWhole, truncated], `${where}, ${model}, ${i}`);
        const bound = model === 'linear-ngrams' ? 0 : 0.4;
        found.logits.forEach((value, c) => assert.ok(Math.abs(value - logits[c]) <= bound, `${where}, ${model}, ${i}: ${found.logits}`));
        assert.equal(found.energy.provenance, 'modelled');
        assert.equal(found.carbon.place, 'France');
      });
    }
  }
  assert.deepEqual(problems, []);
});
