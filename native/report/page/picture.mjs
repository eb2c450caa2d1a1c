// Section 5: accuracy against what it costs, what is measured and what modelled, plan against result, and what would change
// the conclusion.
import { absent, command, table } from './context.mjs';
import { html, verbatim } from './html.mjs';
import { ink, keyed, logTicks, lookScales, wholeNumbers } from './chart.mjs';
import { at, derived, field, has, number, shown } from './number.mjs';
import { tornado } from './tornado.mjs';

// Models that no other beats in both: less cost and at least the accuracy.
export function paretoFront(rows) {
  return rows.filter((row) => !rows.some((other) => other !== row && other.cost <= row.cost && other.accuracy >= row.accuracy && (other.cost < row.cost || other.accuracy > row.accuracy)));
}

function costRows(context, cost) {
  const reference = context.baseline ?? context.models[0];
  return context.models.flatMap((model) => {
    if (!context.evaluated(model) || !has(model, '/metrics/accuracy/low') || !context.sameTestSet(model, reference)) return [];
    const found = cost(model);
    if (!found) return [];
    return [{
      model: context.label(model.model), cost: found.value, cost_low: found.low ?? found.value, cost_high: found.high ?? found.value,
      accuracy: at(model.document, '/metrics/accuracy/value'), accuracy_low: at(model.document, '/metrics/accuracy/low'), accuracy_high: at(model.document, '/metrics/accuracy/high'),
      record: model.id, field: '/metrics/accuracy/value', cost_record: found.record, cost_field: found.field,
    }];
  });
}

async function tradeOff(context, charts, { id, title, rows, unit, caption, logarithmic }) {
  if (rows.length < 2) return null;
  const front = new Set(paretoFront(rows).map((row) => row.model));
  const data = rows.map((row) => ({ ...row, front: front.has(row.model) ? 'on the front' : 'not on it' }));
  const names = data.map((row) => row.model);
  const scales = lookScales(names, (name) => context.models.findIndex((one) => context.label(one.model) === name));
  const bounds = [Math.min(...data.map((row) => row.cost_low)), Math.max(...data.map((row) => row.cost_high))];
  return charts.figure({
    id,
    title,
    caption,
    description: `Scatter chart of accuracy against ${unit}. ${data.map((row) => `${row.model}: ${(row.accuracy * 100).toFixed(2)} % at ${row.cost.toPrecision(3)}, ${row.front}`).join('; ')}.`,
    rows: data,
    spec: (width, narrow) => {
      const x = { type: 'quantitative', scale: logarithmic ? { type: 'log', nice: false, domain: [bounds[0] / 1.8, bounds[1] * 1.8] } : { zero: true, domain: [0, bounds[1] * 1.14] }, axis: { title: unit, grid: false, labelExpr: wholeNumbers, ...(logarithmic ? { values: logTicks(bounds[0] / 1.8, bounds[1] * 1.8) } : { tickCount: narrow ? 4 : 7 }) } };
      const y = { type: 'quantitative', scale: { zero: false, nice: true }, axis: { title: null, format: '.1%', tickCount: 6 } };
      const { color, shape } = keyed(scales, names, narrow ? 1 : 3);
      return {
        width,
        height: narrow ? 270 : 320,
        layer: [
          { transform: [{ filter: { field: 'front', equal: 'on the front' } }], mark: { type: 'line', interpolate: 'step-after', color: ink.muted, strokeWidth: 1.2, strokeDash: [4, 3] }, encoding: { x: { field: 'cost', ...x }, y: { field: 'accuracy', ...y }, order: { field: 'cost' } } },
          { mark: { type: 'rule' }, encoding: { x: { field: 'cost', ...x }, y: { field: 'accuracy_low', ...y }, y2: { field: 'accuracy_high' }, color } },
          { mark: { type: 'rule' }, encoding: { x: { field: 'cost_low', ...x }, x2: { field: 'cost_high' }, y: { field: 'accuracy', ...y }, color } },
          { mark: { type: 'point', size: 120 }, encoding: { x: { field: 'cost', ...x }, y: { field: 'accuracy', ...y }, color, shape } },
        ],
      };
    },
  });
}

function provenanceTable(context) {
  const methods = new Map();
  const take = (figure, record) => {
    if (!figure?.provenance) return;
    const key = `${figure.provenance}\n${figure.method ?? ''}`;
    const seen = methods.get(key) ?? { provenance: figure.provenance, method: figure.method ?? '', records: [] };
    seen.records.push(record);
    methods.set(key, seen);
  };
  for (const record of context.records) {
    take(record.document.energy?.energy_joules, record);
    for (const part of Object.values(record.document.energy?.components ?? {})) take(part.energy_joules, record);
  }
  const rows = [...methods.values()].sort((a, b) => b.records.length - a.records.length).slice(0, 12);
  if (rows.length === 0) return absent('No record holds an energy.');
  return table(['What', 'By which method', 'Records'], rows.map((row) => [row.provenance, verbatim(row.method), html`<a class="n" href="#f-${row.records[0].id}" data-count="method" data-format="count">${shown(new Set(row.records).size, 'count')}</a>`]), { caption: 'Where the energies come from', numeric: [2] });
}

function measuredText(context) {
  const kinds = new Set(context.records.map((record) => record.document.energy?.energy_joules?.provenance).filter(Boolean));
  const measured = kinds.has('measured');
  return html`<h3>What is measured, what is modelled</h3>
<p>Times, counts, sizes and verdicts are measured. ${measured ? 'Some energies were read from counters; the table says which.' : kinds.size ? 'No energy here was read from a counter: every joule is the time a processor was busy, times a power that a published model gives for processors of its kind, with that model’s band as interval. Ratios between models that took turns in one run do not depend on that power; sums in joules and grams do, in full.' : ''} Grams are joules times the yearly mean intensity of a grid (location-based). Embodied carbon of the machines is in none of the figures. In the table, <i>measured</i> is read from a counter, <i>modelled</i> worked out by a named model from what was observed, <i>assumed</i> a default that stands in for something unknown, <i>mixed</i> a sum of those.</p>
${provenanceTable(context)}`;
}

export function predictionRows(context) {
  const rows = [];
  for (const cycle of context.lifecycles) {
    (cycle.document.steps ?? []).forEach((step, i) => {
      const predicted = step.predicted?.duration_seconds;
      if (!(predicted?.value > 0) || !(step.duration_seconds > 0) || step.state !== 'finished') return;
      rows.push({ what: step.id, of: 'time of a step', ratio: step.duration_seconds / predicted.value, low: predicted.high > 0 ? step.duration_seconds / predicted.high : undefined, high: predicted.low > 0 ? step.duration_seconds / predicted.low : undefined, record: cycle.id, field: `/steps/${i}/duration_seconds`, predicted_field: `/steps/${i}/predicted/duration_seconds/value` });
    });
  }
  for (const tables of context.latencyTables) {
    (tables.document.measured?.checks ?? []).forEach((check, i) => {
      if (!(check.predicted_milliseconds > 0)) return;
      rows.push({ what: check.what, of: 'latency table', ratio: check.measured_milliseconds / check.predicted_milliseconds, record: tables.id, field: `/measured/checks/${i}/measured_milliseconds`, predicted_field: `/measured/checks/${i}/predicted_milliseconds` });
    });
  }
  return rows;
}

async function predictionFigure(context, charts) {
  const rows = predictionRows(context);
  if (rows.length === 0) return html`<h3>Predicted against real</h3>${absent(html`No prediction is among the records; ${command('coppice lifecycle')} makes one before it runs.`)}`;
  const kinds = [...new Set(rows.map((row) => row.of))];
  const errors = rows.map((row) => Math.abs(row.ratio - 1)).sort((a, b) => a - b);
  const figure = await charts.figure({
    id: 'predictions',
    title: 'Measured over predicted',
    caption: html`1 is a prediction that came true; the shaded band is ±15 %. Of a step, its time by the plan that was printed before it ran; of a latency table, the time of a shape that the table was not made from.`,
    description: `Dot plot of ${rows.length} predictions: measured over predicted, from ${Math.min(...rows.map((row) => row.ratio)).toFixed(2)} to ${Math.max(...rows.map((row) => row.ratio)).toFixed(2)}; the median error is ${(errors[errors.length >> 1] * 100).toFixed(1)} %.`,
    rows,
    spec: (width, narrow) => ({
      width: narrow ? width - 70 : width - 250,
      height: { step: 26 },
      layer: [
        { data: { values: [{ a: 0.85, b: 1.15 }] }, mark: { type: 'rect', color: ink.grid }, encoding: { x: { field: 'a', type: 'quantitative', scale: { zero: false, nice: true } }, x2: { field: 'b' } } },
        { data: { values: [{ a: 1 }] }, mark: { type: 'rule', color: ink.muted }, encoding: { x: { field: 'a', type: 'quantitative' } } },
        { mark: { type: 'rule' }, transform: [{ filter: 'isValid(datum.low)' }], encoding: { y: { field: 'what', sort: null }, x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } } },
        {
          mark: { type: 'point', size: 90 },
          encoding: {
            y: { field: 'what', sort: null, axis: { title: null, labelLimit: narrow ? 150 : 330, labelColor: ink.text } },
            x: { field: 'ratio', type: 'quantitative', axis: { title: 'measured / predicted', format: '.2f', tickCount: narrow ? 3 : 6 } },
            shape: { field: 'of', scale: { domain: kinds, range: ['circle', 'square'] }, legend: kinds.length > 1 ? { title: null, orient: 'top' } : null },
            color: { value: ink.accent },
          },
        },
      ],
    }),
  });
  return html`<h3>Predicted against real</h3>${figure}`;
}

function totals(context) {
  const withEnergy = context.records.filter((one) => has(one, '/energy/energy_joules/value'));
  if (withEnergy.length === 0) return '';
  const kinds = [...new Set(withEnergy.map((one) => one.document.kind))].sort();
  const of = (kind, pointer, format) => derived('sum', withEnergy.filter((one) => (kind === null || one.document.kind === kind) && has(one, pointer)).map((one) => field(one, pointer)), format);
  const row = (name, kind) => {
    const some = withEnergy.filter((one) => kind === null || one.document.kind === kind);
    const carbon = some.every((one) => has(one, '/energy/carbon_grams_co2e/value'));
    return [name, html`<span class="n" data-count="kind:${kind ?? ''}" data-format="count">${shown(some.length, 'count')}</span>`, of(kind, '/duration_seconds', 'seconds'), of(kind, '/energy/energy_joules/value', 'joules'), html`${of(kind, '/energy/energy_joules/low', 'joules')} to ${of(kind, '/energy/energy_joules/high', 'joules')}`, carbon ? of(kind, '/energy/carbon_grams_co2e/value', 'grams') : 'not all recorded'];
  };
  return html`<h3>All of it</h3>${table(['Kind of run', 'Runs', 'Time', 'Energy', 'Interval', 'CO₂e'], [...kinds.map((kind) => row(verbatim(kind), kind)), row(html`<b>all</b>`, null)], { caption: 'Every run among the records that holds an energy', numeric: [1, 2, 3, 4, 5] })}`;
}

export async function pictureSection(context, charts) {
  const energy = costRows(context, (model) => {
    const one = context.inference(model.model);
    const base = context.baseline && context.inference(context.baseline.model);
    if (!one || !base || one.group.machine !== base.group.machine) return null;
    const figure = at(one.record.document, `${one.pointer}/energy_joules`);
    return { value: figure.value * 1000, low: figure.low * 1000, high: figure.high * 1000, record: one.record.id, field: `${one.pointer}/energy_joules/value` };
  });
  const size = costRows(context, (model) => {
    const weights = model.document.weights?.find((one) => one.format === 'onnx') ?? model.document.weights?.[0];
    const i = model.document.files.findIndex((one) => one.path === weights?.path);
    return i < 0 ? null : { value: model.document.files[i].bytes / 1e6, record: model.id, field: `/files/${i}/bytes` };
  });
  const front = html`The stepped line joins the models that no other beats in both: the Pareto front. Bars are intervals.`;
  const measured = await tradeOff(context, charts, { id: 'pareto-energy', title: 'Accuracy against energy', rows: energy, unit: 'J for 1,000 reviews', logarithmic: true, caption: html`${front} Energies of the models that took turns move together: their bars show the band of one power model.` });
  return html`<section id="picture">
<h2>The whole picture</h2>
${measured ?? absent(html`Accuracy against energy: fewer than two models that were judged on the same reviews have an energy of inference measured on one machine.`)}
${(await tradeOff(context, charts, { id: 'pareto-size', title: 'Accuracy against download', rows: size, unit: 'MB of weights', logarithmic: false, caption: front })) ?? ''}
${totals(context)}
${measuredText(context)}
${await predictionFigure(context, charts)}
${await tornado(context, charts)}
</section>`;
}

