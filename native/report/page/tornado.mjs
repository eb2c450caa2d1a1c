// What would change the conclusion "the smaller model emits less": a year of use, with one assumption moved at a time.
import { absent } from './context.mjs';
import { html } from './html.mjs';
import { ink, logTicks, wholeNumbers } from './chart.mjs';
import { at, field, number, shown } from './number.mjs';

// Grams of CO2e that a year with the smaller model emits less than with the baseline, its making counted in the first year.
export function netGrams({ reviews, saving, cost, gridUse, gridMaking }) {
  return (12 * reviews * saving * gridUse - cost * gridMaking) / 3.6e6;
}

// The model that is told of: it saves for certain, costs something to make, and has the best accuracy of those.
function chosen(context) {
  const sure = context.models.filter((one) => {
    const saving = context.inOverview(one.model, '/saving_joules_per_inference');
    return !context.isLinear(one) && saving?.low > 0 && Number.isFinite(context.inOverview(one.model, '/cost_from_baseline/energy_joules/value')) && context.evaluated(one);
  });
  return sure.sort((a, b) => at(b.document, '/metrics/accuracy/value') - at(a.document, '/metrics/accuracy/value'))[0] ?? null;
}

function recordedGrid(context, model) {
  const record = context.recordsOf(model.model, 'train').concat(context.recordsOf(model.model, 'prune')).find((one) => Number.isFinite(at(one.document, '/energy/intensity/intensity_g_per_kwh')));
  return record ? { record, pointer: '/energy/intensity/intensity_g_per_kwh', value: at(record.document, '/energy/intensity/intensity_g_per_kwh'), place: record.document.energy.intensity.place } : null;
}

export function scenarios(context) {
  const model = chosen(context);
  const grid = model && recordedGrid(context, model);
  if (!grid) return null;
  const saving = context.inOverview(model.model, '/saving_joules_per_inference');
  const cost = context.inOverview(model.model, '/cost_from_baseline/energy_joules');
  const reviews = context.assumptions.document.reviews_per_month;
  const now = { reviews, saving: saving.value, cost: cost.value, gridUse: grid.value, gridMaking: grid.value };
  const regions = context.regions.document;
  const [clean, dirty] = [regions[0], regions.at(-1)];
  const rows = [];
  const add = (what, lowText, low, highText, high) => rows.push({ what, low_is: lowText, high_is: highText, low_grams: netGrams({ ...now, ...low }), high_grams: netGrams({ ...now, ...high }) });
  add('load', 'a tenth', { reviews: reviews / 10 }, 'ten times', { reviews: reviews * 10 });
  add('grid of use', `${clean.place || clean.region}, ${shown(clean.intensity_g_per_kwh, 'ratio')} g/kWh`, { gridUse: clean.intensity_g_per_kwh }, `${dirty.place || dirty.region}, ${shown(dirty.intensity_g_per_kwh, 'ratio')} g/kWh`, { gridUse: dirty.intensity_g_per_kwh });
  const [base, own] = [context.inference(context.baseline.model), context.inference(model.model)];
  if (base && own) {
    const seconds = (at(base.record.document, `${base.pointer}/median_ms`) - at(own.record.document, `${own.pointer}/median_ms`)) / 1000;
    const devices = [...context.devices.document].sort((a, b) => a.watts - b.watts);
    if (seconds > 0 && devices.length) add('device', `${devices[0].name}, ${shown(devices[0].watts, 'ratio')} W`, { saving: seconds * devices[0].watts }, `${devices.at(-1).name}, ${shown(devices.at(-1).watts, 'ratio')} W`, { saving: seconds * devices.at(-1).watts });
  }
  add('power model', 'low end', { saving: saving.low, cost: cost.low }, 'high end', { saving: saving.high, cost: cost.high });
  add('grid of making', `${shown(dirty.intensity_g_per_kwh, 'ratio')} g/kWh`, { gridMaking: dirty.intensity_g_per_kwh }, `${shown(clean.intensity_g_per_kwh, 'ratio')} g/kWh`, { gridMaking: clean.intensity_g_per_kwh });
  const base_ = netGrams(now);
  return { model, grid, now, base: base_, rows: rows.map((row) => ({ ...row, as_assumed_grams: base_ })).sort((a, b) => Math.abs(b.high_grams - b.low_grams) - Math.abs(a.high_grams - a.low_grams)) };
}

export async function tornado(context, charts) {
  const found = scenarios(context);
  if (!found) return html`<h3>What would change the conclusion</h3>${absent('No smaller model is shown by the records to save energy against the baseline, so there is no conclusion to test.')}`;
  const { model, grid, base, rows } = found;
  const flips = rows.filter((row) => Math.sign(row.low_grams) !== Math.sign(base) || Math.sign(row.high_grams) !== Math.sign(base));
  const start = context.overviewPointer(model.model);
  const order = rows.map((row) => row.what);
  const long = rows.flatMap((row) => [
    { ...row, end: 'less favourable', grams: Math.min(row.low_grams, row.high_grams), label: row.low_grams <= row.high_grams ? row.low_is : row.high_is },
    { ...row, end: 'more favourable', grams: Math.max(row.low_grams, row.high_grams), label: row.low_grams <= row.high_grams ? row.high_is : row.low_is },
  ]);
  const figure = await charts.figure({
    id: 'tornado',
    title: `A year with ${context.label(model.model)} instead of the baseline: grams of CO₂e saved`,
    caption: html`Each bar moves one assumption and leaves the rest. The dashed line is the year as assumed; the scale is logarithmic away from zero; left of zero the smaller model has emitted more than it saved. The device is another at the time that ours took, which is crude; the power model's ends hold the error of the timing too.`,
    description: `Tornado chart of grams of CO2 equivalent saved in a year; as assumed ${base.toPrecision(3)} g. ${rows.map((row) => `${row.what}: ${row.low_grams.toPrecision(3)} g (${row.low_is}) to ${row.high_grams.toPrecision(3)} g (${row.high_is})`).join('; ')}.`,
    rows: rows.map((row) => ({ ...row, record: 'overview', field: `${start}/saving_joules_per_inference/value` })),
    spec: (width, narrow) => {
      const constant = Math.max(Math.abs(base) / 5, 1e-9);
      const values = long.map((row) => row.grams);
      const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
      const ticks = [0, ...logTicks(constant, Math.max(most, -least, constant * 10)).filter((tick) => Number.isInteger(Math.log10(tick))).flatMap((tick) => [tick, -tick])].filter((tick) => tick >= least && tick <= most);
      const x = { field: 'grams', type: 'quantitative', scale: { type: 'symlog', constant, nice: false, domain: [least, most], padding: narrow ? 12 : 150 }, axis: { title: null, labelExpr: wholeNumbers, values: ticks } };
      const y = { field: 'what', sort: order, axis: { title: null, labelLimit: narrow ? 96 : 170, labelColor: ink.text } };
      const rule = { y: { value: 0 }, y2: { value: 'height' } };
      // Words are drawn twice, a white edge first, so that no line runs through them.
      const edges = [{ stroke: ink.paper, strokeWidth: 4, color: ink.paper }, { color: ink.muted }];
      const ends = narrow
        ? edges.map((look) => ({
            data: { values: rows.map((row) => ({ ...row, both: `${row.low_is} – ${row.high_is}`, zero: least })) },
            mark: { type: 'text', align: 'left', dy: 18, fontSize: 11, ...look },
            encoding: { y, x: { field: 'zero', type: 'quantitative' }, text: { field: 'both' } },
          }))
        : [['less favourable', 'right', -6, Math.min], ['more favourable', 'left', 6, Math.max]].flatMap(([end, align, dx, outer]) =>
            edges.map((look) => ({
              data: { values: long.filter((row) => row.end === end).map((row) => ({ ...row, place: outer(row.grams, base) })) },
              mark: { type: 'text', align, dx, fontSize: 12, ...look },
              encoding: { y, x: { field: 'place', type: 'quantitative' }, text: { field: 'label' } },
            })),
          );
      return {
        width: narrow ? width - 30 : width - 60,
        height: { step: narrow ? 50 : 34 },
        data: { values: long },
        layer: [
          { mark: { type: 'bar', height: 15, stroke: ink.text, strokeWidth: 0.8 }, encoding: { y, x: { ...x, field: 'as_assumed_grams' }, x2: { field: 'grams' }, fill: { field: 'end', scale: { domain: ['less favourable', 'more favourable'], range: ['#f0c070', '#2b6a4d'] }, legend: { title: null, orient: 'top', symbolType: 'square', symbolStrokeWidth: 0 } } } },
          { data: { values: [{ at: 0 }] }, mark: { type: 'rule', color: ink.text, strokeWidth: 1 }, encoding: { x: { field: 'at', type: 'quantitative' }, ...rule } },
          { data: { values: [{ at: base }] }, mark: { type: 'rule', color: ink.text, strokeDash: [3, 3] }, encoding: { x: { field: 'at', type: 'quantitative' }, ...rule } },
          ...ends,
        ],
      };
    },
  });
  return html`<h3>What would change the conclusion</h3>
<p>Assumed: ${number(context.assumptions, '/reviews_per_month', 'countish')} reviews a month for a year, used and made on the grid of ${grid.place} at ${number(grid.record, grid.pointer, 'intensity')}. Then ${context.name(model.model)} in place of the baseline ${base >= 0 ? 'saves' : 'costs'} <a class="n d" href="#f-overview" data-formula="net-grams" data-of="${model.model}" data-format="grams">${shown(Math.abs(base), 'grams')}</a> of CO₂e, its making counted in full.
${flips.length ? html`The sign turns with: ${flips.map((row, i) => html`${i ? '; ' : ''}${row.what} (<span class="v">${Math.sign(row.low_grams) !== Math.sign(base) ? row.low_is : row.high_is}</span>)`)}.` : 'In none of the cases below does the sign turn.'}</p>
${figure}`;
}

