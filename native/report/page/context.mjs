// What the sections ask of the collected document: models in a fixed order, their records, runs measured in turns.
import { code, html, plain, raw } from './html.mjs';
import { at, derived, field, has, number, withInterval, none } from './number.mjs';

// "AMD EPYC, 2 threads": what must be equal for times to compare. As native/compare/summary.cpp says it.
export function machineOf(record) {
  const { cpu_model: cpu, hardware_threads: threads } = record.machine ?? {};
  return [cpu, threads ? `${threads} threads` : ''].filter(Boolean).join(', ') || 'a machine that its records do not name';
}

export class Context {
  constructor(data) {
    this.data = data;
    const entry = (kind, document) => (file) => ({ kind, id: file.id, path: file.path, sha256: file.sha256, model: file.model, document: file[document] });
    this.records = data.records.map(entry('record', 'record'));
    this.manifests = data.models.map((file) => ({ ...entry('manifest', 'manifest')(file), shipped: file.shipped, metricsHold: file.metrics_hold, parent: file.parent }));
    this.lifecycles = data.lifecycles.map(entry('life cycle', 'document'));
    this.sweeps = data.sweeps.map(entry('sweep', 'document'));
    this.latencyTables = data.latency_tables.map(entry('latency table', 'document'));
    this.ortWebTimes = data.ort_web_times.map(entry('times in ONNX Runtime Web', 'document'));
    this.overview = data.overview ? { id: 'overview', kind: 'overview', path: 'worked out by coppice report', document: data.overview } : null;
    this.regions = { id: 'regions', kind: 'table', path: 'tables compiled in', document: data.regions };
    this.devices = { id: 'devices', kind: 'table', path: 'tables compiled in', document: data.devices };
    this.assumptions = { id: 'assumptions', kind: 'assumption', path: 'the command line', document: data.assumptions };
    this.byId = new Map(this.files.map((file) => [file.id, file]));
    this.baseline = this.manifests.find((one) => one.model === data.overview?.baseline) ?? null;
    this.models = this.#inOrder();
    this.order = new Map(this.models.map((one, i) => [one.model, i]));
  }

  get files() {
    return [...this.manifests, ...this.records, ...this.lifecycles, ...this.sweeps, ...this.latencyTables, ...this.ortWebTimes];
  }

  // The baseline, what was made from it generation by generation, other transformers, linear models last.
  #inOrder() {
    const left = [...this.manifests].sort((a, b) => (a.model < b.model ? -1 : 1));
    const ordered = [];
    const take = (one) => {
      left.splice(left.indexOf(one), 1);
      ordered.push(one);
      for (const child of left.filter((other) => other.parent === one.model)) if (left.includes(child)) take(child);
    };
    if (this.baseline) take(this.baseline);
    for (const one of left.filter((other) => other.document.architecture !== 'linear')) if (left.includes(one)) take(one);
    while (left.length) take(left[0]);
    return ordered;
  }

  isLinear(one) {
    return one.document.architecture === 'linear';
  }

  get linear() {
    return this.models.find((one) => this.isLinear(one) && has(one, '/metrics/accuracy/value')) ?? null;
  }

  // Of ids that share the baseline's name only what tells them apart.
  label(id) {
    const base = this.baseline?.model;
    if (base && id !== base && id.startsWith(`${base}-`)) return id.slice(base.length + 1);
    return id;
  }

  name(id) {
    return html`<span class="v model">${this.label(id)}</span>`;
  }

  index(id) {
    return this.order.get(id) ?? this.order.size;
  }

  recordsOf(id, kind) {
    return this.records.filter((one) => one.model === id && one.document.kind === kind);
  }

  // The record that a manifest names by its path below the folder.
  named(one, run) {
    return this.records.find((record) => record.model === one.model && record.path.endsWith(`/${run}`)) ?? null;
  }

  // Records, with energy, of the runs that made it. A model exported from its parent's folder lists the parent's runs too:
  // they are the parent's here, where that is among the models.
  makingOf(one) {
    const runsOf = (model) => model?.document.energy?.making?.runs ?? [];
    const ofParent = new Set(runsOf(this.models.find((other) => other.model === one.parent)));
    const records = runsOf(one).filter((run) => !ofParent.has(run)).map((run) => this.named(one, run));
    return records.filter((record) => record && has(record, '/energy/energy_joules/value'));
  }

  evaluationOf(one) {
    const run = one.document.evaluation?.run;
    return one.metricsHold && run ? this.named(one, run) : null;
  }

  evaluated(one) {
    return one.metricsHold && has(one, '/metrics/accuracy/value');
  }

  accuracy(one) {
    if (!this.evaluated(one)) return none;
    return has(one, '/metrics/accuracy/low') ? withInterval(one, '/metrics/accuracy', 'percent') : number(one, '/metrics/accuracy/value', 'percent');
  }

  // Scores compare on the same reviews only.
  sameTestSet(a, b) {
    const [one, other] = [a, b].map((model) => model.document.test_set?.sha256);
    return Boolean(one) && one === other;
  }

  overviewPointer(id) {
    const i = this.overview?.document.models.findIndex((one) => one.id === id) ?? -1;
    return i < 0 ? null : `/models/${i}`;
  }

  inOverview(id, pointer) {
    const start = this.overviewPointer(id);
    return start ? at(this.overview.document, start + pointer) : undefined;
  }

  // Runs of `coppice measure`, those of one run_id together: their models took turns. The one with most models first.
  get measurements() {
    const groups = new Map();
    for (const record of this.records) {
      const { kind, outcome, run_id: run, results } = record.document;
      if (kind !== 'measure' || outcome !== 'finished' || !Array.isArray(results?.prompts)) continue;
      const id = record.model ?? results.model;
      if (!id) continue;
      const group = groups.get(run) ?? { run, machine: machineOf(record.document), engine: results.engine, started: record.document.started_at, members: [] };
      group.members.push({ id, record });
      groups.set(run, group);
    }
    for (const group of groups.values()) group.members.sort((a, b) => this.index(a.id) - this.index(b.id));
    return [...groups.values()].sort((a, b) => b.members.length - a.members.length || (a.started < b.started ? 1 : -1));
  }

  // The review that stands for all, as the overview took it: the field of its energy in the record, or null.
  inference(id) {
    const said = this.inOverview(id, '/inference');
    if (!said?.run_id) return null;
    for (const group of this.measurements) {
      if (group.run !== said.run_id) continue;
      const member = group.members.find((one) => one.id === id);
      const i = member?.record.document.results.prompts.findIndex((prompt) => prompt.id === said.prompt) ?? -1;
      if (i >= 0) return { record: member.record, pointer: `/results/prompts/${i}`, tokens: said.tokens, prompt: said.prompt, group };
    }
    return null;
  }

  joulesPerThousand(id, end = 'value') {
    const one = this.inference(id);
    return one ? derived('thousand', [field(one.record, `${one.pointer}/energy_joules/${end}`)], 'joules') : null;
  }

  get machines() {
    const counts = new Map();
    for (const record of this.records) counts.set(machineOf(record.document), (counts.get(machineOf(record.document)) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]);
  }
}

// A table whose first column is its rows' heads; `align` says which columns are numbers.
export function table(head, rows, { id, caption, numeric = [] } = {}) {
  const cls = (i) => (numeric.includes(i) ? raw(' class="r"') : '');
  const label = caption ? plain(caption) : 'Table';
  return html`${caption ? html`<p class="caption">${caption}</p>` : ''}<div class="table" tabindex="0" role="region" aria-label="${label}"${id ? raw(` id="${id}"`) : ''}><table aria-label="${label}">
<thead><tr>${head.map((cell, i) => html`<th scope="col"${cls(i)}>${cell}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, i) => (i === 0 ? html`<th scope="row">${cell}</th>` : html`<td${cls(i)}>${cell}</td>`))}</tr>
`)}</tbody></table></div>`;
}

export const absent = (what) => html`<p class="absent">${what}</p>`;
export const command = (text) => code(text);
