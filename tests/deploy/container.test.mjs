// The image of the pruned model, put together and run without a Docker engine, with the program and the page of this build.
// Compiling inside it is left to tests/bench/container/run.sh, which takes some minutes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { root } from './cloud.mjs';

const model = 'minilm-l6-imdb-half-int8';
const run = (command, args) => spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });

test('the image of the pruned model: at most 40 MB, run as nobody in a read-only root, with a verdict and the page', (context) => {
  const page = run(process.execPath, ['deploy/page.mjs', '--model', model]);
  assert.equal(page.status, 0, page.stderr);
  const { status, stdout, stderr } = run('bash', ['tests/bench/container/run.sh', '--program', 'build/release/coppice-serve', model]);
  if (status === 77) return context.skip(stderr.trim());
  assert.equal(status, 0, stderr);
  const found = JSON.parse(stdout);
  assert.equal(found.classify_status, 200);
  assert.ok(found.image_gzip_bytes > 20e6 && found.image_gzip_bytes <= 40e6, stdout);
  assert.ok(found.bill_components > 10, stdout);
});
