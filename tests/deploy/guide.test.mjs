// docs/deploy.md, followed by a reader who types every command: in order, in one shell's state, against the fake cloud.
// gcloud, curl's far end, docker, bq and the page's build are stand-ins; the scripts of deploy/ and coppice are real.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { blocksOf } from '../tutorial/document.mjs';
import { Cloud, root } from './cloud.mjs';

const coppice = path.resolve(root, process.env.COPPICE_PROGRAM ?? 'build/release/coppice');
const skip = existsSync(coppice) ? false : `${path.relative(root, coppice)} is not built (cmake --build --preset release --target coppice)`;
const blocks = blocksOf(readFileSync(path.join(root, 'docs/deploy.md'), 'utf8'));

const exported = JSON.stringify([{
  usage_month: '2026-10-01', billing_account_id: 'ABCDEF-012345-6789AB', project: { id: 'coppice-demo-123456', number: '1' },
  service: { id: '152E-C115-5142', description: 'Cloud Run' }, location: { location: 'europe-west9', region: 'europe-west9' },
  carbon_model_version: '12', carbon_footprint_total_kgCO2e: { location_based: '0.002', market_based: '0.0011', after_offsets: null },
  carbon_footprint_kgCO2e: { scope1: '0.0001', scope2: { location_based: '0.0013', market_based: '0.0004' }, scope3: '0.0006' },
}]);

const cloud = new Cloud();
const place = path.join(cloud.folder, 'repository');
const asked = [];
let service;

before(async () => {
  mkdirSync(path.join(place, 'build/release'), { recursive: true });
  for (const name of ['deploy', 'models', 'docs', 'tests', '.gcloudignore']) symlinkSync(path.join(root, name), path.join(place, name));
  const program = (name, text) => writeFileSync(path.join(cloud.folder, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  program('coppice', `exec '${coppice}' "$@"`);
  program('docker', `[ "$*" = "buildx imagetools inspect debian:12-slim --format {{.Manifest.Digest}}" ] && echo sha256:${'b'.repeat(64)}`);
  program('node', '[ "$1" = deploy/page.mjs ] && [ "$2" = --model ] && [ -f "models/$3/manifest.json" ] && mkdir -p "build/deploy/$3/page" && touch "build/deploy/$3/page/index.html"');
  program('bq', `[ "$1" = query ] && [[ "$*" == *"--format=json"*"carbon.carbon_footprint"*"2026-10-01"* ]] && cat <<'JSON'\n${exported}\nJSON`);
  // What Cloud Run would hand to the container.
  service = http.createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => (body += bytes));
    request.on('end', () => {
      asked.push({ method: request.method, url: request.url, headers: request.headers, body });
      response.end('{"models":[]}\n');
    });
  });
  await new Promise((resolve) => service.listen(0, '127.0.0.1', resolve));
  cloud.env.FAKE_GCLOUD_URL = `http://127.0.0.1:${service.address().port}`;
  cloud.env.COPPICE = path.join(cloud.folder, 'coppice');
});
after(() => {
  service.close();
  cloud.close();
});

const stateFile = path.join(cloud.folder, 'shell');
// Not in this process's event loop: the service above must answer meanwhile.
function shell(commands) {
  const words = `[ ! -e "${stateFile}" ] || . "${stateFile}"\nset -euo pipefail\n${commands}\nexport -p > "${stateFile}"`;
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', words], { cwd: place, env: cloud.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (bytes) => (out += bytes));
    child.stderr.on('data', (bytes) => (err += bytes));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

let broken = false;
for (const { line, commands } of blocks) {
  test(`docs/deploy.md:${line} ${commands.split('\n')[0].slice(0, 80)}`, { skip }, async () => {
    assert.ok(!broken, 'a command before it failed');
    broken = true;
    const { code, out, err } = await shell(commands);
    assert.equal(code, 0, `${err}\n${out}`);
    broken = false;
    if (commands.includes('cloud-run.sh region')) assert.match(err, /^region europe-\S+: the lowest grid intensity .* g\/kWh/m);
    if (commands.includes('--tag first --yes\ndeploy/cloud-run.sh status')) {
      assert.deepEqual(Object.keys(cloud.state.services).map((key) => key.split('/')[1]).sort(), ['coppice-pruned', 'coppice-standard']);
    }
    if (commands.includes('time-requests.sh')) {
      assert.equal(out.match(/^first request [\d.]+ s, then 30: median [\d.]+ s, 95th percentile [\d.]+ s$/gm).length, 2);
      assert.equal(asked.length, 1 + 2 * 31);
      for (const { method, url, headers, body } of asked) {
        assert.equal(`${method} ${url}`, 'POST /v1/classify');
        assert.equal(headers.authorization, 'Bearer a-token');
        assert.equal(headers['content-type'], 'application/json');
        assert.ok(JSON.parse(body).text.length > 0);
      }
    }
    if (commands.includes('measure --url')) {
      // A table, and a document in a file: two requests before each load of fifty.
      assert.match(out, /50 requests in [\d.]+ s, 50 answered, 0 refused, 0 failed/);
      const { load, first_requests: first } = JSON.parse(readFileSync(path.join(place, 'pruned-load.json'), 'utf8'));
      assert.equal(load.answered, 50);
      assert.equal(first.length, 2);
      assert.ok(load.latency_ms.p95.low <= load.latency_ms.p95.value);
      const loads = asked.filter(({ body }) => body.includes('include_usage'));
      assert.equal(loads.length, 2 * 52);
      assert.ok(loads.every(({ method, url, headers }) => `${method} ${url}` === 'POST /v1/classify' && headers.authorization === 'Bearer a-token'));
    }
    if (commands.includes('rollback')) {
      for (const { status } of Object.values(cloud.state.services)) assert.match(status.traffic[0].revisionName, /-00001-abc$/);
    }
    if (commands.includes('footprint upkeep')) assert.match(out, /^requests: .* kWh \(.*embodied of it/m);
    if (commands.includes('footprint compare')) assert.match(out, /Google \/ ours = [\d.]+, (within|outside) our interval, made of/);
  });
}

test('at the end nothing is left', { skip }, () => {
  const { projects, services, repositories, accounts, images } = cloud.state;
  assert.deepEqual({ projects, services, repositories, accounts, images }, { projects: {}, services: {}, repositories: {}, accounts: {}, images: {} });
});

test('time-requests.sh says what it cannot do', async () => {
  for (const [args, code, message] of [
    ['', 1, /usage/], ['ftp://x', 2, /without a path/], ["'http://x/y'", 2, /without a path/], ['http://127.0.0.1 0', 2, /a count/],
    ['http://127.0.0.1:1 1', 7, /Failed to connect|Couldn't connect/],
  ]) {
    const result = await shell(`deploy/time-requests.sh ${args}`);
    assert.equal(result.code, code, `${args}: ${result.err}`);
    assert.match(result.err, message);
  }
});
