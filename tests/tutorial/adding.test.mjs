// docs/adding.md: its commands run, what they print is what it shows, the source in it is the one that a unit test compiles,
// and every file and name in it is there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { blocksOf, difference } from './document.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const document = 'docs/adding.md';
const text = readFileSync(path.join(root, document), 'utf8');
const build = path.resolve(root, process.env.COPPICE_BUILD ?? 'build/release');
const skip = existsSync(path.join(build, 'coppice')) ? false : `${path.relative(root, build)} holds no coppice`;

const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-adding-'));
for (const name of ['docs', 'models', 'tests']) symlinkSync(path.join(root, name), path.join(folder, name));
mkdirSync(path.join(folder, 'build'));
symlinkSync(build, path.join(folder, 'build/release'));
after(() => rmSync(folder, { recursive: true }));

test('the commands of the walk-through do what it says', { skip }, () => {
  const exported = 'export PATH="$PWD/build/release:$PATH"';
  for (const { line, commands, expected } of blocksOf(text)) {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', `${exported}\nset -euo pipefail\n${commands}`], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, `${document}:${line}\n${stderr}\n${stdout}`);
    if (expected) assert.equal(difference(expected, stdout), null, `${document}:${line}`);
  }
});

test('the source in it is the one that is compiled and tested', () => {
  const shown = text.match(/```cpp\n([\s\S]*?)\n```/)[1];
  const compiled = readFileSync(path.join(root, 'tests/unit/energy/added_source_test.cpp'), 'utf8').match(/\/\/ \[docs\/adding\.md: the source\]\n([\s\S]*?)\n+\/\/ \[end\]/)[1];
  assert.equal(shown, compiled);
});

test('every file that it names is there', () => {
  const prose = text.replace(/```[\s\S]*?```/g, '');
  const named = [...prose.matchAll(/`((?:native|shared|tests|docs|web|models)[\w./-]*)`/g)].map(([, name]) => name);
  assert.ok(named.length >= 15, `${named.length} files`);
  assert.deepEqual(named.filter((name) => !existsSync(path.join(root, name))), []);
});

test('every name that it says is in a file is in that file', () => {
  const said = [
    ['native/prune/plan.h', 'enum class Score'],
    ['native/prune/plan.cpp', 'to_string(Score'],
    ['native/prune/plan.cpp', 'parse_score'],
    ['native/prune/unstructured.cpp', 'gradient_scores'],
    ['native/prune/unstructured.cpp', 'kFisher'],
    ['native/cli/backend_options.cpp', '"magnitude", "movement", "fisher"'],
    ['native/energy/source.h', 'class EnergySource'],
    ['native/energy/source.h', 'slack()'],
    ['native/energy/tracker.cpp', 'choose_sources'],
    ['native/energy/detect.cpp', 'detect_sources'],
    ['shared/records/manifest.h', 'enum class Architecture'],
    ['native/serve', 'Classifier'],
  ];
  for (const [file, name] of said) {
    const identifier = name.match(/[A-Za-z_]+(?=\W*$)/)[0];
    assert.ok(text.includes(identifier), `${document} does not say ${identifier}`);
    const full = path.join(root, file);
    const found = spawnSync('grep', ['-rqF', name, full]).status === 0;
    assert.ok(found, `${file} holds no ${name}`);
  }
});
