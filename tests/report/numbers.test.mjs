// Every number of the report that is made from this repository's own records is looked up again: by the file and the field
// that it names, or by a formula that the test works out for itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, describe } from 'node:test';
import { fileURLToPath } from 'node:url';

import { at, energyRatio, figuresOf, filesBelow, formulas, indexOf, numbersOf, parseCsv, saving, unescape, wrongText } from './page.mjs';
import { ownRecords } from './own-records.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = path.resolve(root, process.env.COPPICE_BUILD ?? 'build/release');
const coppice = path.join(build, 'coppice');
const skip = existsSync(coppice) ? false : `${path.relative(root, build)} holds no coppice`;
const folder = mkdtempSync(path.join(os.tmpdir(), 'coppice-report-'));
after(() => rmSync(folder, { recursive: true }));

const page = path.join(folder, 'report.html');
const index = indexOf([...ownRecords.models, ...ownRecords.runs].map((name) => path.join(root, name)));
const byModel = new Map([...index.values()].filter(({ file }) => path.basename(file) === 'manifest.json').map((entry) => [entry.document.id, entry]));
const run = (...words) => execFileSync(coppice, words, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] });

let answer;
let html;
let regions;
const made = () => {
  answer ??= JSON.parse(run(...ownRecords.command, '--output', page, '--json'));
  html ??= readFileSync(page, 'utf8');
  regions ??= JSON.parse(run('carbon', '--cloud', 'gcp', '--list', '--json')).regions;
  return html;
};

// The overview, worked out from the records a second time.
const baselineId = 'minilm-l6-imdb';
const runsOf = (id, kind) => [...index.values()].filter(({ file, document }) => path.dirname(path.dirname(file)) === path.dirname(byModel.get(id).file) && document.kind === kind).sort((a, b) => (a.document.started_at < b.document.started_at ? -1 : 1));
const measured = (id) => {
  const hashes = new Set(byModel.get(id).document.files.map(({ sha256 }) => sha256));
  const all = [...index.values()].map(({ document }) => document).filter(({ kind, inputs }) => kind === 'measure' && hashes.has(inputs.weights_sha256));
  return all.sort((a, b) => (a.started_at < b.started_at ? -1 : 1)).at(-1);
};
function reference(id) {
  const prompts = measured(baselineId).results.prompts;
  const base = prompts.reduce((best, one) => (Math.abs(one.tokens - 256) < Math.abs(best.tokens - 256) ? one : best));
  return measured(id).results.prompts.find((one) => one.id === base.id);
}
// Of every run that made it or a model between it and the baseline, but none that made the baseline.
function cost(id) {
  const partsOf = (one) => byModel.get(one)?.document.energy.making.parts ?? [];
  const runs = new Map();
  for (let one = id; one && one !== baselineId; one = byModel.get(one)?.document.parent_id) {
    for (const { run, energy_joules: energy } of partsOf(one)) runs.set(run, energy);
  }
  for (const { run } of partsOf(baselineId)) runs.delete(run);
  const sum = { value: 0, low: 0, high: 0 };
  for (const energy of runs.values()) for (const end of ['value', 'low', 'high']) sum[end] += energy[end];
  return sum;
}
function breakEven(id) {
  const [making, saved] = [cost(id), saving(reference(baselineId), reference(id))];
  return { inferences: making.value / saved.value, low: making.low / saved.high, high: making.high / saved.low };
}
function overview(pointer) {
  if (pointer === '/reference_tokens') return 256;
  const [, , i, ...rest] = pointer.split('/');
  const id = JSON.parse(readFileSync(path.join(folder, 'data.json'))).overview.models[Number(i)].id; // whose row it is, no figure
  const flops = (one) => byModel.get(one).document.encoder_flops['256'];
  const member = rest.join('/');
  if (member === 'relative_encoder_flops') return flops(id) / flops(baselineId);
  const [what, end] = [rest[0], rest.at(-1)];
  if (what === 'energy_ratio') return energyRatio(reference(baselineId), reference(id))[end];
  if (what === 'break_even') return breakEven(id)[end];
  throw new Error(`no rule for ${pointer}`);
}

function valueAt(record, pointer) {
  if (record === 'overview') return overview(pointer);
  if (record === 'regions') return at(regions, pointer);
  if (record === 'assumptions') return { '/reviews_per_month': 100000 }[pointer];
  assert.ok(index.has(record), `no file of this repository has the hash ${record}`);
  return at(index.get(record).document, pointer);
}

function netGrams(id) {
  // Of the run that made it: one that was pruned without training has no other.
  const grid = (runsOf(id, 'train')[0] ?? runsOf(id, 'prune')[0]).document.energy.intensity.intensity_g_per_kwh;
  return Math.abs((12 * 100000 * saving(reference(baselineId), reference(id)).value - cost(id).value) * grid) / 3.6e6;
}

const counts = {
  records: () => [...index.values()].filter(({ document }) => document.run_id && document.kind && document.kind !== 'lifecycle').length,
  models: () => byModel.size,
  'models-with-making': () => [...byModel.values()].filter(({ document }) => document.energy?.making?.energy_joules).length,
  machines: () => new Set([...index.values()].filter(({ document }) => document.run_id && document.machine).map(({ document }) => `${document.machine.cpu_model} ${document.machine.hardware_threads}`)).size,
  // Files whose bytes are those of one met before, counted here by their hashes.
  copies: () => {
    const files = [...ownRecords.models, ...ownRecords.runs].flatMap((name) => filesBelow(path.join(root, name)))
      .filter((file) => path.basename(file) === 'manifest.json' || path.basename(path.dirname(file)) === 'runs');
    return files.length - new Set(files.map((file) => createHash('sha256').update(readFileSync(file)).digest('hex'))).size;
  },
  'files-read': () => Number(JSON.parse(readFileSync(path.join(folder, 'data.json'))).counts.files_read),
};

describe('the report of this repository', { skip }, () => {
  test('is made', () => {
    run(...ownRecords.command, '--data', path.join(folder, 'data.json'));
    assert.ok(made().length > 100000);
    assert.deepEqual(answer.kept_apart, []);
  });

  test('shows no number that is not in the records', () => {
    const numbers = numbersOf(made());
    const wrong = [];
    const kinds = { field: 0, formula: 0, count: 0 };
    for (const { text, attributes } of numbers) {
      const { 'data-record': record, 'data-field': pointer, 'data-formula': formula, 'data-of': of, 'data-count': count, 'data-format': format } = attributes;
      let value;
      if (record) {
        kinds.field += 1;
        value = valueAt(record, pointer);
      } else if (formula === 'net-grams') {
        kinds.formula += 1;
        value = netGrams(of);
      } else if (formula) {
        kinds.formula += 1;
        assert.ok(formulas[formula], `no rule for the formula ${formula}`);
        value = formulas[formula](of.split(' ').map((one) => valueAt(...one.split('#'))));
      } else {
        kinds.count += 1;
        if (count.startsWith('kind:')) {
          const kind = count.slice(5);
          value = [...index.values()].filter(({ document }) => document.run_id && (kind === '' || document.kind === kind) && document.energy?.energy_joules).length;
        } else if (count.startsWith('machine:')) {
          value = [...index.values()].filter(({ document }) => document.run_id && `${document.machine?.cpu_model}, ${document.machine?.hardware_threads} threads` === count.slice(8)).length;
        } else if (count === 'method') {
          continue; // checked with the table of methods below
        } else {
          assert.ok(counts[count], `no rule for the count ${count}`);
          value = counts[count]();
        }
      }
      const problem = Number.isFinite(value) ? wrongText(text, value, format) : `"${text}": ${JSON.stringify(attributes)} leads to ${value}`;
      if (problem) wrong.push(problem);
    }
    assert.deepEqual(wrong, []);
    assert.ok(kinds.field > 300 && kinds.formula > 20 && kinds.count > 5, JSON.stringify(kinds));
  });

  test('has no digit in its text that is neither a number of a record nor word for word from one', () => {
    let text = made().replace(/^[\s\S]*<body>/, '').replace(/<(script|style|svg)\b[\s\S]*?<\/\1>/g, ' ');
    text = text.replace(/<(a|span) class="n[^"]*"[^>]*>[^<]*<\/\1>/g, ' ');
    // Innermost first: what is word for word may hold further elements.
    for (let before = ''; before !== text; ) {
      before = text;
      text = text.replace(/<(span|code) class="(?:[^"]* )?v(?: [^"]*)?">[^<]*<\/\1>/g, ' ');
    }
    text = unescape(text.replace(/<[^>]+>/g, ' '));
    // The level of the intervals, and what sentences say of the method.
    const said = [/95[ \u00a0]%/g, /±?15 %/g, /1,000/g, /80 %/g, /95th percentile/g, /CO₂e/g, /\b1 is a prediction/g, /[Ff]1(?=,|\s)/g];
    for (const pattern of said) text = text.replace(pattern, ' ');
    assert.deepEqual([...text.matchAll(/.{30}[0-9].{30}/g)].map(([found]) => found.trim()), []);
  });

  test('links each number to the file that it came from', () => {
    const ids = new Set([...made().matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const lost = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id).filter((id) => !ids.has(id));
    assert.deepEqual([...new Set(lost)], []);
    // An id must be one of its kind.
    const all = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(all.length, ids.size, `twice: ${all.filter((id, i) => all.indexOf(id) !== i).slice(0, 5)}`);
    for (const [id] of index) if (html.includes(`data-record="${id}"`)) assert.ok(html.includes(`sha256 ${index.get(id).sha256}`), id);
  });

  test('hands out with each chart the data that it draws, and they are those of the records', () => {
    const figures = figuresOf(made());
    assert.ok(figures.length >= 11, `${figures.length} charts`);
    assert.equal(figures.length, answer.charts.length);
    for (const { id, body, csv } of figures) {
      const rows = parseCsv(csv);
      assert.equal(rows.length, answer.charts.find((one) => one.id === id).rows, id);
      assert.equal((body.match(/role="img"/g) ?? []).length, 2, `${id}: one for wide and one for narrow pages`);
      for (const [, description] of body.matchAll(/<desc[^>]*>([^<]*)<\/desc>/g)) assert.ok(description.length > 60, `${id}: ${description}`);
      for (const row of rows) {
        if (!row.field || row.record === 'overview') continue;
        const value = valueAt(row.record, row.field);
        assert.ok(Number.isFinite(value), `${id}: ${row.record} ${row.field}`);
        if (row.table) {
          const [table, pointer] = row.table.split('#');
          const grams = ((value * 1000) / 3.6e6) * valueAt(table, pointer) * valueAt(table, pointer.replace('intensity_g_per_kwh', 'pue'));
          assert.ok(Math.abs(grams - Number(row.grams_per_1000)) <= 1e-9 * grams, `${id}: ${JSON.stringify(row)}`);
          continue;
        }
        const printed = Object.values(row).filter((cell) => cell !== '').map(Number);
        const cost = row.predicted_field ? value / valueAt(row.record, row.predicted_field) : value;
        const scaled = [cost, cost / 1000, cost * 1000, cost / 1e6];
        assert.ok(printed.some((one) => scaled.some((other) => Math.abs(one - other) <= 1e-9 * Math.abs(other))), `${id}: ${JSON.stringify(row)} has no ${value}`);
      }
    }
  });

  test('draws every point of a chart', () => {
    for (const id of ['pareto-energy', 'pareto-size', 'tuning', 'predictions']) {
      const { body, csv } = figuresOf(made()).find((one) => one.id === id);
      const wide = body.slice(0, body.indexOf('class="narrow"'));
      const points = [...wide.matchAll(/<g class="mark-symbol role-mark[^"]*"[^>]*>([\s\S]*?)<\/g>/g)].map(([, marks]) => (marks.match(/<path /g) ?? []).length);
      assert.equal(Math.max(...points), parseCsv(csv).length, id);
    }
  });

  test('puts the linear model into every trade-off', () => {
    for (const id of ['pareto-energy', 'pareto-size']) {
      assert.ok(parseCsv(figuresOf(made()).find((one) => one.id === id).csv).some((row) => row.model === 'linear-ngrams'), id);
    }
  });

  test('says as shown only what an interval supports', () => {
    for (const finding of answer.findings) {
      if (!finding.id.startsWith('accuracy-')) continue;
      const [first] = finding.records;
      const record = index.get(first).document;
      if (record.kind === 'compare') {
        const { low, high } = record.results.difference;
        const decided = low > 0 || high < 0;
        assert.equal(finding.verdict, decided ? 'shown' : 'not shown', finding.sentence);
        if (decided) assert.match(finding.sentence, high < 0 ? /is less accurate/ : /is more accurate/);
      } else {
        const [a, b] = finding.records.map((id) => index.get(id).document.metrics.accuracy);
        const apart = a.high < b.low || a.low > b.high;
        assert.equal(finding.verdict, apart ? 'shown' : 'not shown', finding.sentence);
        if (apart) assert.match(finding.sentence, a.high < b.low ? /is less accurate/ : /is more accurate/);
      }
    }
    for (const finding of answer.findings.filter(({ id }) => id.startsWith('energy-'))) {
      const id = finding.id.slice('energy-'.length);
      const { low, high } = energyRatio(reference(baselineId), reference(id));
      assert.equal(finding.verdict, high < 1 || low > 1 ? 'shown' : 'not shown', finding.sentence);
    }
  });

  test('marks on the Pareto front what no other model beats', () => {
    for (const id of ['pareto-energy', 'pareto-size']) {
      const rows = parseCsv(figuresOf(made()).find((one) => one.id === id).csv).map((row) => ({ ...row, cost: Number(row.cost), accuracy: Number(row.accuracy) }));
      for (const row of rows) {
        const beaten = rows.some((other) => other !== row && other.cost <= row.cost && other.accuracy >= row.accuracy && (other.cost < row.cost || other.accuracy > row.accuracy));
        assert.equal(row.front, beaten ? 'not on it' : 'on the front', `${id}: ${row.model}`);
      }
    }
  });
});
