// Records as they come: broken, of other versions, in contradiction, of other machines, a thousand of them. And what the
// report says when a program that it needs is not there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, describe } from 'node:test';
import { fileURLToPath } from 'node:url';

import { numbersOf } from './page.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = path.resolve(root, process.env.COPPICE_BUILD ?? 'build/release');
const coppice = path.join(build, 'coppice');
const skip = existsSync(coppice) ? false : `${path.relative(root, build)} holds no coppice`;
const scratch = mkdtempSync(path.join(os.tmpdir(), 'coppice-report-records-'));
after(() => rmSync(scratch, { recursive: true }));

function run(words, env = {}) {
  const { status, stdout, stderr } = spawnSync(coppice, words, { cwd: scratch, encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, ...env } });
  return { status, stdout, stderr };
}

// The linear model's folder, changed by `edit`: (files) => {}, a map from a path below the folder to its text.
let folders = 0;
function modelsWith(edit = () => {}) {
  const from = path.join(root, 'models/linear-ngrams');
  const files = new Map([['manifest.json', readFileSync(path.join(from, 'manifest.json'), 'utf8')]]);
  for (const name of readdirSync(path.join(from, 'runs'))) files.set(`runs/${name}`, readFileSync(path.join(from, 'runs', name), 'utf8'));
  edit(files);
  folders += 1;
  const to = path.join(scratch, `models-${folders}`);
  for (const [name, text] of files) {
    const file = path.join(to, 'linear-ngrams', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return path.basename(to);
}
const named = (files, kind) => [...files.keys()].find((name) => name.startsWith(`runs/${kind}-`));
const changed = (text, edit) => {
  const document = JSON.parse(text);
  edit(document);
  return JSON.stringify(document);
};

function reported(models, words = []) {
  const output = path.join(scratch, `${models}.html`);
  const result = run(['report', '--models', models, '--output', output, '--json', ...words]);
  assert.equal(result.status, 0, result.stderr);
  return { answer: JSON.parse(result.stdout), html: readFileSync(output, 'utf8'), stderr: result.stderr };
}

describe('records that cannot be used are kept apart, and it is said', { skip }, () => {
  const cases = {
    'a record that was written by half': {
      edit: (files) => files.set(named(files, 'evaluate'), files.get(named(files, 'evaluate')).slice(0, 900)),
      why: 'half written',
      reason: /not valid JSON at byte \d+/,
    },
    'a record of another version': {
      edit: (files) => files.set(named(files, 'train'), changed(files.get(named(files, 'train')), (one) => (one.schema_version = 7))),
      why: 'other schema version',
      reason: /schema_version is 7; this program reads version 1/,
    },
    'a file that should be a record and is none': { edit: (files) => files.set('runs/train-x.json', '{"a":1}'), why: 'not valid', reason: /schema_version: missing/ },
    'an empty record': { edit: (files) => files.set('runs/train-x.json', ''), why: 'half written', reason: /it is empty/ },
    'a run that is told in two ways': {
      edit: (files) => files.set('runs/train-again.json', changed(files.get(named(files, 'train')), (one) => (one.duration_seconds += 1))),
      why: 'contradiction',
      reason: /is told otherwise in/,
    },
    'an evaluation with two results': {
      edit: (files) =>
        files.set('runs/evaluate-again.json', changed(files.get(named(files, 'evaluate')), (one) => ((one.run_id = 'abcdef0123456789'), (one.results.accuracy = 0.5)))),
      why: 'contradiction',
      reason: /accuracy 0\.5\d* of the same weights on the same reviews/,
    },
    'a manifest that its record contradicts': {
      edit: (files) => files.set('manifest.json', changed(files.get('manifest.json'), (one) => (one.metrics.accuracy = { value: 0.99, low: 0.98, high: 0.995 }))),
      why: 'contradiction',
      reason: /accuracy 0\.99\d*, but .* has 0\.91284/,
    },
    'a record that is gone': { edit: (files) => files.delete(named(files, 'evaluate')), why: 'missing', reason: /names runs\/evaluate-.*which is not among the records/ },
  };
  for (const [what, { edit, why, reason }] of Object.entries(cases)) {
    test(what, () => {
      const { answer, html, stderr } = reported(modelsWith(edit));
      const found = answer.kept_apart.filter((one) => one.why === why && reason.test(one.reason));
      assert.ok(found.length >= 1, JSON.stringify(answer.kept_apart));
      assert.match(stderr, new RegExp(`kept apart \\(${why}\\)`));
      assert.ok(html.includes('id="apart"') && html.includes(`<td>${why}</td>`));
      if (why === 'contradiction' && what !== 'a run that is told in two ways') {
        assert.deepEqual(numbersOf(html).map(({ text }) => text).filter((text) => /^(99\.00|50\.00)\u00a0%$/.test(text)), [], 'a contradicted score is shown');
      }
    });
  }

  test('a contradicted evaluation leaves no finding', () => {
    const { answer } = reported(modelsWith(cases['a manifest that its record contradicts'].edit));
    assert.deepEqual(answer.findings.filter(({ id }) => id.startsWith('accuracy')), []);
  });

  test('a copy counts once', () => {
    const models = modelsWith();
    const once = reported(models);
    mkdirSync(path.join(scratch, 'runs'), { recursive: true });
    for (const name of readdirSync(path.join(scratch, models, 'linear-ngrams/runs'))) writeFileSync(path.join(scratch, 'runs', name), readFileSync(path.join(scratch, models, 'linear-ngrams/runs', name)));
    const twice = reported(models, ['--runs', 'runs']);
    assert.equal(twice.answer.records, once.answer.records);
    assert.deepEqual(twice.answer.kept_apart, []);
    rmSync(path.join(scratch, 'runs'), { recursive: true });
  });

  test('measurements of two machines are told apart, and no ratio is made of them', () => {
    // The baseline here, the smaller model there.
    const models = path.join(scratch, 'two-machines');
    for (const id of ['minilm-l6-imdb', 'minilm-l6-imdb-half-int8']) {
      const from = path.join(root, 'models', id);
      mkdirSync(path.join(models, id, 'runs'), { recursive: true });
      writeFileSync(path.join(models, id, 'manifest.json'), readFileSync(path.join(from, 'manifest.json')));
      for (const name of readdirSync(path.join(from, 'runs'))) {
        const other = id.endsWith('int8') && name.startsWith('measure-');
        writeFileSync(path.join(models, id, 'runs', name), changed(readFileSync(path.join(from, 'runs', name), 'utf8'), (one) => {
          if (other) (one.machine.cpu_model = 'Some other processor'), (one.run_id = '00ff00ff00ff');
        }));
      }
    }
    const { answer, html } = reported('two-machines');
    assert.deepEqual(answer.findings.filter(({ id }) => /^(energy|repaid)-/.test(id)), []);
    assert.match(html, /measured on another machine \(Some other processor/);
    assert.match(html, /come from different machines/);
    assert.ok(!html.includes('id="break-even"'));
  });

  test('a model of the parent\'s name that is another is not taken for the parent', () => {
    const models = path.join(scratch, 'namesakes');
    for (const from of ['models/minilm-l6-imdb', 'tests/data/records/minilm-l6-imdb-unstructured']) {
      for (const folder of ['.', 'runs']) {
        const to = path.join(models, path.basename(from), folder);
        mkdirSync(to, { recursive: true });
        for (const name of readdirSync(path.join(root, from, folder)).filter((one) => one.endsWith('.json'))) writeFileSync(path.join(to, name), readFileSync(path.join(root, from, folder, name)));
      }
    }
    const { html } = reported('namesakes');
    assert.match(html, /minilm-l6-imdb-unstructured: made from other weights than the minilm-l6-imdb among these models has/);
    assert.match(html, /<td>another <span class="v">minilm-l6-imdb<\/span><\/td>/);
  });

  test('nothing that could be used is bad input, and no page is left', () => {
    mkdirSync(path.join(scratch, 'nothing/runs'), { recursive: true });
    writeFileSync(path.join(scratch, 'nothing/runs/train-1.json'), '{"schema_version":1,');
    const { status, stderr } = run(['report', '--runs', 'nothing', '--output', path.join(scratch, 'nothing.html')]);
    assert.equal(status, 3);
    assert.match(stderr, /no run record and no model folder that could be used\n.*train-1\.json: not valid JSON/);
    assert.ok(!existsSync(path.join(scratch, 'nothing.html')));
  });

  test('a folder that is not there is named', () => {
    const { status, stderr } = run(['report', '--runs', 'nowhere']);
    assert.equal(status, 3);
    assert.match(stderr, /nowhere: no such folder/);
  });
});

describe('the programs that a report needs', { skip }, () => {
  const cases = {
    Node: [{ COPPICE_NODE: '/nonexistent/node' }, [], /cannot run \/nonexistent\/node: .*No such file or directory/],
    'the renderer': [{ COPPICE_REPORT_RENDERER: '/nonexistent/render.mjs' }, [], /the report's renderer .* is not at \/nonexistent\/render\.mjs/],
    'the library of charts': [{ COPPICE_REPORT_RENDERER: '/bin/sh' }, [], /no node_modules\/vega above \/bin\/sh.*npm ci/],
    Chromium: [{ PATH: '/nonexistent', COPPICE_CHROMIUM: '' }, ['--pdf', 'x.pdf'], /no Chromium in PATH to print the PDF with/],
  };
  for (const [what, [env, words, message]] of Object.entries(cases)) {
    test(`${what} that is missing is said, and nothing is written`, () => {
      const { status, stderr } = run(['report', '--models', modelsWith(), '--output', 'missing.html', ...words], env);
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
      assert.ok(!existsSync(path.join(scratch, 'missing.html')));
    });
  }
});

describe('a report', { skip }, () => {
  test('is a function of its files: the same bytes again', () => {
    const models = modelsWith();
    assert.equal(reported(models).html, reported(models).html);
  });

  test('says which figures moved since an earlier one, and by how much', () => {
    const models = modelsWith();
    reported(models);
    const page = path.join(scratch, `${models}.html`);
    const later = modelsWith((files) => {
      files.set('manifest.json', changed(files.get('manifest.json'), (one) => {
        one.metrics.accuracy = { value: 0.91, low: 0.906, high: 0.914 };
      }));
      files.set(named(files, 'evaluate'), changed(files.get(named(files, 'evaluate')), (one) => (one.results.accuracy = 0.91)));
    });
    const { answer, html } = reported(later, ['--since', page]);
    assert.deepEqual(answer.moved.rows, [{ what: 'linear-ngrams: accuracy', before: '0.91284', after: '0.91', by: '-0.31 %' }]);
    assert.match(html, /What moved since/);
    const same = reported(models, ['--since', page]);
    assert.deepEqual(same.answer.moved.rows, []);
    assert.match(same.html, /Nothing did/);
  });

  test('refuses a page that is none of its own as --since', () => {
    writeFileSync(path.join(scratch, 'other.html'), '<p>Hello</p>');
    const { status, stderr } = run(['report', '--models', modelsWith(), '--since', 'other.html', '--output', 'x.html']);
    assert.equal(status, 1);
    assert.match(stderr, /other\.html is no page of coppice report/);
  });

  test('tells of a life cycle: what was predicted, what came of it, what was not done', () => {
    const folder = path.join(scratch, 'cycle');
    mkdirSync(folder, { recursive: true });
    const step = (id, kind, more) => ({ id, kind, state: 'finished', ...more });
    writeFileSync(path.join(folder, 'lifecycle.json'), JSON.stringify({
      schema_version: 1, kind: 'lifecycle', run_id: '0123456789abcdef0123456789abcdef', name: 'small', started_at: '2026-11-28T23:40:00Z', outcome: 'finished', command: ['coppice', 'lifecycle'],
      steps: [
        step('train', 'train', { duration_seconds: 110, predicted: { duration_seconds: { value: 100, low: 80, high: 120 } } }),
        step('prune', 'prune', { duration_seconds: 15, predicted: { duration_seconds: { value: 10, low: 8, high: 12 } } }),
      ],
    }));
    mkdirSync(path.join(folder, 'serving/runs'), { recursive: true });
    writeFileSync(path.join(folder, 'serving/runs/measure-url-1.json'), JSON.stringify({
      schema_version: 1, kind: 'measure-url', run_id: '0123456789abcdef', started_at: '2026-11-28T23:50:00Z', duration_seconds: 30, command: ['coppice', 'measure', '--url', 'http://127.0.0.1:8080'], program_version: '0.1.0',
      machine: {}, inputs: {}, settings: { url: 'http://127.0.0.1:8080', rate_per_second: 4 }, results: { load: { offered_per_second: 4, answered: 119, refused: 1, failed: 0, latency_ms: { n: 119, p50: { value: 12.5, low: 12, high: 13 }, p95: { value: 40, low: 35, high: 47 } } } }, outcome: 'finished',
    }));
    mkdirSync(path.join(folder, 'measure'), { recursive: true });
    const timed = (model, median, ratio) => ({ model, milliseconds: [median], median_ms: median, mad_ms: 0, ratio_to_first: ratio, ratio_mad: 0.015, bytes: 18045595 });
    writeFileSync(path.join(folder, 'measure/browser.json'), JSON.stringify({
      schema_version: 1, kind: 'ort-web-times', machine: { cpu_model: 'A processor', hardware_threads: 2 }, runtime: 'onnxruntime-web 1.30.0, wasm, 1 thread, node v20.20.2', tokens: 256, turns: 5,
      models: [timed('minilm-l6-imdb', 351.5, 1), timed('minilm-l6-imdb-half-int8', 123.4, 0.351)],
    }));
    const { answer, html } = reported(modelsWith(), ['--runs', 'cycle']);
    assert.match(html, /Served under load/);
    for (const words of ['onnxruntime-web 1.30.0, wasm, 1 thread, node v20.20.2', 'A processor, 2 threads']) assert.ok(html.includes(words), words);
    for (const [text, field] of [['123\u00a0ms', '/models/1/median_ms'], ['0.351', '/models/1/ratio_to_first'], ['18.0\u00a0MB', '/models/0/bytes']]) {
      assert.ok(numbersOf(html).some((one) => one.text === text && one.attributes['data-field'] === field), text);
    }
    for (const text of ['12.5\u00a0ms', '40.0\u00a0ms', '119']) assert.ok(numbersOf(html).some((one) => one.text === text && one.attributes['data-field'].startsWith('/results/load/')), text);
    const finding = answer.findings.find(({ id }) => id === 'predictions');
    assert.equal(finding.sentence, 'Of 2 steps whose time was predicted before they ran, 1 came within 15 % of it.');
    assert.equal(finding.verdict, 'shown');
    assert.match(html, /id="predictions"/);
  });

  test('of a thousand records takes at most 5 s of processor time', () => {
    const folder = path.join(scratch, 'thousand/runs');
    mkdirSync(folder, { recursive: true });
    const text = readFileSync(path.join(root, 'models/minilm-l6-imdb/runs/train-20261124T180156Z-28af7afa.json'), 'utf8');
    for (let i = 0; i < 1000; i += 1) {
      const id = (0x10000000 + i).toString(16);
      writeFileSync(path.join(folder, `train-${id}.json`), text.replace('28af7afa90946239cbf53d8266ae42ec', `${id}${id}`));
    }
    const words = ['-c', `TIMEFORMAT='%U %S'; time '${coppice}' report --models '${path.join(root, 'models')}' --runs thousand --output thousand.html --json >thousand.json 2>thousand.err`];
    const { stderr, status } = spawnSync('bash', words, { cwd: scratch, encoding: 'utf8' });
    assert.equal(status, 0, readFileSync(path.join(scratch, 'thousand.err'), 'utf8'));
    const seconds = stderr.trim().split(' ').reduce((sum, one) => sum + Number(one), 0);
    const { records } = JSON.parse(readFileSync(path.join(scratch, 'thousand.json'), 'utf8'));
    console.log(`${records} records in ${seconds} s of processor time`);
    assert.ok(records >= 1000);
    assert.ok(seconds <= 5, `${seconds} s`);
  });
});
