// Section 3: what one verdict takes on this machine: time by length, prompt by prompt, energy, and when a smaller model has
// repaid its making.
import { absent, command, machineOf, table } from './context.mjs';
import { html, verbatim } from './html.mjs';
import { apart, keyed, lineOf, logTicks, lookScales } from './chart.mjs';
import { at, field, has, none, number, range, worked } from './number.mjs';

const scalesOf = (context, names) => lookScales(names, (name) => context.models.findIndex((one) => context.label(one.model) === name));

const extent = (rows, key) => [Math.min(...rows.map((row) => row[key])), Math.max(...rows.map((row) => row[key]))];

function lengthRows(context, group) {
  return group.members.flatMap(({ id, record }) =>
    record.document.results.prompts.flatMap((prompt, i) => {
      if (!(prompt.tokens > 0) || !(prompt.median_ms > 0)) return [];
      return [{ model: context.label(id), prompt: prompt.id, tokens: prompt.tokens, milliseconds: prompt.median_ms, spread: prompt.mad_ms, record: record.id, field: `/results/prompts/${i}/median_ms` }];
    }),
  );
}

async function lengthFigure(context, charts, group, number_) {
  const rows = lengthRows(context, group);
  const names = [...new Set(rows.map((row) => row.model))];
  const scales = scalesOf(context, names);
  return charts.figure({
    id: `length-${number_}`,
    title: 'Time by length of the review, in milliseconds',
    caption: html`Median time of one review on ${verbatim(group.machine)}; both scales are logarithmic. A linear model's length is in words.`,
    description: `Line chart on logarithmic scales: median milliseconds a review against its length in tokens, for ${names.join(', ')}.`,
    rows,
    spec: (width, narrow) => ({
      width,
      height: narrow ? 230 : 280,
      encoding: {
        x: { field: 'tokens', type: 'quantitative', scale: { type: 'log', nice: false, padding: 10 }, axis: { title: 'tokens of the review', grid: false, values: logTicks(...extent(rows, 'tokens')), format: ',' } },
        y: { field: 'milliseconds', type: 'quantitative', scale: { type: 'log', nice: false, padding: 8 }, axis: { title: null, format: ',~g', values: logTicks(...extent(rows, 'milliseconds')) } },
      },
      resolve: apart,
      layer: [{ mark: { type: 'line', strokeWidth: 1 }, encoding: lineOf(scales) }, { mark: { type: 'point', size: 60 }, encoding: keyed(scales, names, narrow ? 1 : 3) }],
    }),
  });
}

function promptTable(context, group) {
  const first = group.members[0].record.document.results.prompts;
  const head = ['Review', 'Is', ...group.members.map(({ id }) => context.name(id))];
  const rows = first.map((prompt, i) => [
    html`${verbatim(prompt.id)}${prompt.kind ? html` <span class="i v">${prompt.kind}</span>` : ''}`,
    prompt.expected_label ?? 'not said',
    ...group.members.map(({ record }) => {
      const k = record.document.results.prompts.findIndex((one) => one.id === prompt.id);
      if (k < 0) return none;
      const one = record.document.results.prompts[k];
      const wrong = prompt.expected_label && one.label !== prompt.expected_label;
      const at_ = `/results/prompts/${k}`;
      return html`${wrong ? html`<b class="wrong">${one.label} ✗</b>` : html`${one.label}`}${has(record, `${at_}/score`) ? html` ${number(record, `${at_}/score`, 'percent0')}` : ''}, ${number(record, `${at_}/median_ms`, 'milliseconds')}`;
    }),
  ]);
  return html`<h3>Prompt by prompt</h3>
<p>Each model's verdict with the probability it gives it, and the median time. A verdict that differs from what the review is has ✗ beside it.</p>
${table(head, rows, { caption: html`Measured on ${verbatim(group.machine)}${group.engine ? html`, engine ${verbatim(group.engine)}` : ''}` })}`;
}

function energyTable(context) {
  const rows = context.models.flatMap((model) => {
    const one = context.inference(model.model);
    if (!one) return [];
    const start = context.overviewPointer(model.model);
    const worth = (pointer, format) => (Number.isFinite(at(context.overview.document, start + pointer)) ? worked(context.overview, start + pointer, format) : null);
    const ratio = worth('/energy_ratio/value', 'ratio');
    const never = context.inOverview(model.model, '/break_even/never');
    const after = worth('/break_even/inferences', 'countish');
    return [[
      context.name(model.model),
      html`${verbatim(one.prompt)}, ${number(one.record, `${one.pointer}/tokens`, 'count')} ${context.isLinear(model) ? 'words' : 'tokens'}`,
      html`${context.joulesPerThousand(model.model)} <span class="i">(${range(context.joulesPerThousand(model.model, 'low'), context.joulesPerThousand(model.model, 'high'))})</span>`,
      ratio ? html`${ratio} <span class="i">(${range(worth('/energy_ratio/low', 'ratio'), worth('/energy_ratio/high', 'ratio'))})</span>` : '–',
      after ? html`${after} <span class="i">(${range(worth('/break_even/low', 'countish'), worth('/break_even/high', 'countish'))})</span>` : never ? 'never shown' : '–',
    ]];
  });
  if (rows.length === 0) return absent(html`What an inference takes was not measured for the models here; ${command('coppice measure --model A --model B --prompts FILE --record')} does, in turns.`);
  return html`<h3>Energy of a thousand reviews, and when a model has repaid its making</h3>
${table(['Model', 'The review', 'Energy of 1,000', 'Against the baseline', 'Repaid after, inferences'], rows, { caption: 'Energy of inference, with intervals', numeric: [] })}
<p class="note">Against the baseline: energy of one inference over the baseline's. Where the models took turns in one run, the power behind both energies is the same, so the interval is that of the times alone. Repaid after: inferences until the energy saved equals all that making the model from the baseline took; “never shown” where the interval of the saving holds no saving.</p>`;
}

export function breakEvenRows(context) {
  const base = context.baseline && context.inference(context.baseline.model);
  if (!base) return [];
  const models = context.models.filter((one) => {
    const after = context.inOverview(one.model, '/break_even/inferences');
    return one === context.baseline || Number.isFinite(after);
  });
  if (models.length < 2) return [];
  const per = (id) => {
    const one = context.inference(id);
    return { joules: field(one.record, `${one.pointer}/energy_joules/value`).value, record: one.record.id, field: `${one.pointer}/energy_joules/value` };
  };
  const farthest = Math.max(...models.map((one) => context.inOverview(one.model, '/break_even/high') ?? 0));
  const nearest = Math.min(...models.map((one) => context.inOverview(one.model, '/break_even/low') ?? Infinity));
  const bottom = Math.max(0, Math.floor(Math.log10(nearest)));
  const top = Math.ceil(Math.log10(farthest)) + 0.5;
  return models.flatMap((model) => {
    const making = model === context.baseline ? 0 : context.inOverview(model.model, '/cost_from_baseline/energy_joules/value');
    const { joules, record, field: pointer } = per(model.model);
    const rows = [];
    for (let exponent = bottom; exponent <= top; exponent += 0.125) {
      const inferences = 10 ** exponent;
      rows.push({ model: context.label(model.model), inferences, kilojoules: (making + inferences * joules) / 1000, making_joules: making, joules_per_inference: joules, record, field: pointer });
    }
    return rows;
  });
}

async function breakEvenFigure(context, charts) {
  const rows = breakEvenRows(context);
  if (rows.length === 0) return absent('Break-even curves: no smaller model is shown to save energy against the baseline by measurements of this machine.');
  const names = [...new Set(rows.map((row) => row.model))];
  const scales = scalesOf(context, names);
  const crossings = context.models.flatMap((model) => {
    const even = context.inOverview(model.model, '/break_even');
    if (!even || even.never) return [];
    const base = rows[0].joules_per_inference;
    return [{ model: context.label(model.model), low: even.low, high: even.high, at: even.inferences, y: (even.inferences * base) / 1000 }];
  });
  return charts.figure({
    id: 'break-even',
    title: 'When a smaller model has repaid its making: energy spent, in kJ',
    caption: html`Energy spent so far, making included, against the number of inferences; the baseline's own making is spent either way. A line falls below the baseline's where the model has repaid itself; the bar there is the interval.`,
    description: `Line chart on logarithmic scales of cumulative energy in kilojoules against inferences for ${names.join(', ')}. ${crossings.map((one) => `${one.model} crosses the baseline after about ${Math.round(one.at).toLocaleString('en')} inferences, interval ${Math.round(one.low).toLocaleString('en')} to ${Math.round(one.high).toLocaleString('en')}`).join('; ')}.`,
    rows,
    spec: (width, narrow) => ({
      width,
      height: narrow ? 250 : 300,
      layer: [
        {
          mark: { type: 'line' },
          encoding: {
            x: { field: 'inferences', type: 'quantitative', scale: { type: 'log', nice: false }, axis: { title: 'inferences', format: '~s', values: logTicks(1, 1e12).filter((tick) => Number.isInteger(Math.log10(tick))), grid: false } },
            y: { field: 'kilojoules', type: 'quantitative', scale: { type: 'log', nice: false }, axis: { title: null, format: ',~g', values: logTicks(...extent(rows, 'kilojoules')) } },
            color: { field: 'model', scale: scales.color, sort: names, legend: { title: null, orient: 'top', columns: narrow ? 1 : 3, symbolType: 'stroke', symbolStrokeWidth: 2, symbolSize: 300 } },
            strokeDash: { field: 'model', scale: scales.dash, sort: names, legend: { title: null, orient: 'top', columns: narrow ? 1 : 3 } },
          },
        },
        { data: { values: crossings }, mark: { type: 'rule', strokeWidth: 2 }, encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' }, y: { field: 'y', type: 'quantitative' }, color: { field: 'model', scale: scales.color, sort: names } } },
        { data: { values: crossings }, mark: { type: 'point', size: 80, shape: 'circle' }, encoding: { x: { field: 'at', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' }, color: { field: 'model', scale: scales.color, sort: names } } },
      ],
    }),
  });
}

// Other work on the machine makes times long and uneven; the record says how busy it was before the first run.
function busy(context, group) {
  const record = group?.members[0].record;
  if (!record || !has(record, '/results/idle_baseline/machine_busy_percent')) return '';
  const percent = at(record.document, '/results/idle_baseline/machine_busy_percent');
  if (percent < 20) return '';
  return html` Before the first of them the machine was ${number(record, '/results/idle_baseline/machine_busy_percent', 'plainpercent')} busy with other work: single times carry waiting that is not the model’s, and short reviews slip through where long ones are made to wait. The models took turns, so ratios hold within their intervals.`;
}

// One timing of docs/examples/time-in-ort-web, as a life cycle keeps it: what a visitor's browser would run, timed by node.
function ortWebTable(context, timing) {
  const { document } = timing;
  const rows = document.models.map((model, i) => [
    context.name(model.model),
    number(timing, `/models/${i}/median_ms`, 'milliseconds'),
    i === 0 ? html`<span class="i">the first</span>` : html`${number(timing, `/models/${i}/ratio_to_first`, 'ratio')} <span class="i">± ${number(timing, `/models/${i}/ratio_mad`, 'ratio')}</span>`,
    number(timing, `/models/${i}/bytes`, 'bytes'),
  ]);
  return html`<h3>In the browser's runtime: ONNX Runtime Web</h3>
<p>Models in turns, ${number(timing, '/turns', 'count')} times, on one input of ${number(timing, '/tokens', 'count')} tokens: ${verbatim(document.runtime)}, on ${verbatim(machineOf(document))}. Against the first: the median of the ratios within a turn, and their median absolute deviation.</p>
${table(['Model', 'Median time', 'Against the first', 'File'], rows, { caption: 'Times in ONNX Runtime Web', numeric: [1, 2, 3] })}`;
}

export async function inferenceSection(context, charts) {
  const groups = context.measurements;
  const shown = groups.filter((group, i) => i === 0 || group.members.length > 1 || !groups[0].members.some((one) => one.id === group.members[0].id)).slice(0, 3);
  const parts = [];
  for (const [i, group] of shown.entries()) {
    parts.push(html`${shown.length > 1 ? html`<h3>${context.name(group.members[0].id)}${group.members.length > 1 ? ' and others, in turns' : ', by itself'}: ${verbatim(group.machine)}</h3>` : ''}${await lengthFigure(context, charts, group, i + 1)}${promptTable(context, group)}`);
  }
  const machines = new Set(groups.map((group) => group.machine));
  return html`<section id="inference">
<h2>Inference on this machine</h2>
<p>${groups.length ? html`Times and energies below are of single reviews, one after another, as ${command('coppice measure')} records them.` : ''}${busy(context, groups[0])}${machines.size > 1 ? html` The measurements come from different machines (${[...machines].map((one, i) => html`${i ? '; ' : ''}${verbatim(one)}`)}). They are told apart, and no ratio is made of two machines' figures.` : ''}</p>
${context.ortWebTimes.map((timing) => ortWebTable(context, timing))}
${groups.length ? parts : absent(html`No measurement of inference is recorded; ${command('coppice measure --record')} makes one.`)}
${energyTable(context)}
${await breakEvenFigure(context, charts)}
</section>`;
}
