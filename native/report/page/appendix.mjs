// What stands behind the page: the records one by one, what was kept apart, how to make it again, what moved.
import { absent, command, machineOf, table } from './context.mjs';
import { code, html, verbatim } from './html.mjs';
import { counted, shown } from './number.mjs';

const seedOf = (document) => document.settings?.seed ?? document.results?.bootstrap?.seed;

function recordRow(context, one) {
  const { document } = one;
  const words = document.command ?? [];
  return html`<tr id="f-${one.id}"><th scope="row">${verbatim(one.id)}</th><td>${verbatim(document.kind ?? one.kind)}${document.outcome && document.outcome !== 'finished' ? html` <b>${document.outcome}</b>` : ''}</td><td>${one.model ? context.name(one.model) : ''}</td><td>${document.started_at ? verbatim(document.started_at.replace('T', ' ').replace('Z', '')) : ''}</td><td class="path">${verbatim(one.path)}<span class="hash v">sha256 ${one.sha256}</span>${words.length ? html`<details><summary>command, machine, seed</summary><code class="v">${words.join(' ')}</code><br>${verbatim(machineOf(document))}${document.machine?.os ? html`, ${verbatim(document.machine.os)}` : ''}; version ${verbatim(document.program_version)}${seedOf(document) === undefined ? '' : html`; seed ${verbatim(String(seedOf(document)))}`}</details>` : ''}</td></tr>
`;
}

function apartSection(context) {
  const { kept_apart: apart, counts, not_used: unused } = context.data;
  const machines = context.machines;
  const notes = [...(context.data.notes ?? []), ...(context.overview?.document.notes ?? [])];
  return html`<section id="apart">
<h2>What was kept apart</h2>
<p>${counted(counts.files_read, 'files-read')} files were read. ${counts.copies ? html`${counted(counts.copies, 'copies')} were copies of others and count once. ` : ''}${apart.length ? html`${counted(apart.length, 'kept-apart')} could not be used:` : 'None was broken, of another version or in contradiction to another.'}</p>
${apart.length ? table(['File', 'Why', 'In full'], apart.map((one) => [verbatim(one.path), one.why, verbatim(one.reason)]), { caption: 'Kept apart' }) : ''}
${machines.length > 1 ? html`<p>The records come from ${counted(machines.length, 'machines')} machines. Their times and energies of inference are never set against each other; sums of the making add them up and are modelled for each machine by itself.</p>${table(['Machine', 'Records'], machines.map(([machine, count]) => [verbatim(machine), html`<span class="n" data-count="machine:${machine}" data-format="count">${shown(count, 'count')}</span>`]), { caption: 'Machines', numeric: [1] })}` : ''}
${unused.length ? html`<p>Results of benches lie among the files and are not part of this report: ${unused.map((one, i) => html`${i ? ', ' : ''}${verbatim(one)}`)}.</p>` : ''}
${notes.length ? html`<h3>What makes figures not comparable, or incomplete</h3><ul>${notes.map((note) => html`<li>${verbatim(note)}</li>`)}</ul>` : ''}
</section>`;
}

function reproduceSection(context, moved) {
  const { data } = context;
  const seeds = [...new Set(context.records.map((one) => seedOf(one.document)).filter((seed) => seed !== undefined))];
  const versions = [...new Set(context.records.map((one) => one.document.program_version))];
  return html`<section id="again">
<h2>Making it again</h2>
<p>This page is a function of the files listed below: the same files give the same bytes.</p>
<dl>
<dt>Command</dt><dd>${code(data.command.join(' '))}</dd>
<dt>Version</dt><dd>of the report ${verbatim(data.program_version)}; of the runs ${verbatim(versions.join(', ') || 'none')}</dd>
<dt>Seeds</dt><dd>${seeds.length ? verbatim(seeds.join(', ')) : 'none recorded'}</dd>
<dt>Data</dt><dd>${verbatim([...new Set(context.manifests.map((one) => one.document.test_set).filter(Boolean).map((set) => `${set.name}, ${set.split}, ${set.examples} reviews, sha256 ${set.sha256}`))].join('; ') || 'no test set recorded')}</dd>
<dt>Hardware</dt><dd>${context.machines.map(([machine], i) => html`${i ? '; ' : ''}${verbatim(machine)}`)}</dd>
${context.lifecycles.map((one) => html`<dt>Life cycle</dt><dd>${verbatim(`${one.document.name ?? one.document.run_id}: ${one.document.outcome}${one.document.commit ? `, commit ${one.document.commit}` : ''}`)}</dd>`)}
</dl>
${moved ? movedText(moved) : html`<p>Made again after new runs with ${command('--since THIS.html')}, the page says which figures moved and by how much.</p>`}
</section>`;
}

function movedText(moved) {
  const rows = moved.rows.map((row) => [verbatim(row.what), verbatim(row.before), verbatim(row.after), verbatim(row.by)]);
  return html`<h3>What moved since ${verbatim(moved.since)}</h3>
${rows.length ? table(['Figure', 'Before', 'Now', 'By'], rows, { caption: 'Figures that moved', numeric: [1, 2, 3] }) : html`<p>Nothing did: every figure that both pages have is the same.</p>`}
${moved.gone.length || moved.fresh.length ? html`<p>${moved.gone.length ? html`No longer there: ${verbatim(moved.gone.join(', '))}. ` : ''}${moved.fresh.length ? html`New: ${verbatim(moved.fresh.join(', '))}.` : ''}</p>` : ''}`;
}

// Name -> value of what the page stands on, kept in it for a later --since.
export function keyFigures(context) {
  const figures = {};
  const take = (name, value) => {
    if (Number.isFinite(value)) figures[name] = value;
  };
  for (const model of context.models) {
    if (context.evaluated(model)) take(`${model.model}: accuracy`, model.document.metrics.accuracy.value);
    take(`${model.model}: making, J`, model.document.energy?.making?.energy_joules?.value);
    take(`${model.model}: parameters`, model.document.parameters?.total);
    take(`${model.model}: 1,000 reviews, J`, context.inOverview(model.model, '/inference/joules_per_1000_reviews/value'));
    take(`${model.model}: repaid after, inferences`, context.inOverview(model.model, '/break_even/inferences'));
  }
  return figures;
}

export function whatMoved(since, figures) {
  const found = since.html.match(/<script type="application\/json" id="figures">([^<]*)<\/script>/);
  if (!found) throw new Error(`${since.path} is no page of coppice report: it holds no figures`);
  const before = JSON.parse(found[1]);
  const rows = [];
  for (const [what, value] of Object.entries(figures)) {
    if (!(what in before) || before[what] === value) continue;
    rows.push({ what, before: String(before[what]), after: String(value), by: before[what] === 0 ? 'from 0' : `${value > before[what] ? '+' : ''}${(((value - before[what]) / Math.abs(before[what])) * 100).toFixed(2)} %` });
  }
  return { since: since.path, rows, gone: Object.keys(before).filter((what) => !(what in figures)), fresh: Object.keys(figures).filter((what) => !(what in before)) };
}

export function appendix(context, moved) {
  return html`${apartSection(context)}
${reproduceSection(context, moved)}
<section id="records">
<h2>Records</h2>
<p>Every number on this page is a link to the row of the file that it came from; <i>worked out</i> numbers have a dotted line below them and link to the first of theirs. ${context.overview ? html`<span id="f-overview"></span>What ${command('coppice report')} itself worked out (ratios of energies, break-even) is by the methods of docs/statistics.md, from these files.` : ''} <span id="f-regions"></span><span id="f-devices"></span><span id="f-assumptions"></span>Grid intensities and watts of devices are from the tables compiled into the program; docs/energy.md names their sources.</p>
${context.files.length ? html`<div class="table" tabindex="0" role="region" aria-label="Records"><table class="records"><thead><tr><th scope="col">File</th><th scope="col">Kind</th><th scope="col">Model</th><th scope="col">Started, UTC</th><th scope="col">Path</th></tr></thead><tbody>
${context.files.map((one) => recordRow(context, one))}</tbody></table></div>` : absent('None.')}
</section>`;
}

