// Section 4: what the same inferences would emit in the regions of a cloud, and what serving was measured to take.
import { absent, command, table } from './context.mjs';
import { html, verbatim } from './html.mjs';
import { ink } from './chart.mjs';
import { at, derived, field, has, number } from './number.mjs';

// The baseline and the model that takes least of the transformers, where both were measured.
function pair(context) {
  const joules = (one) => {
    const found = context.inference(one.model);
    return found ? field(found.record, `${found.pointer}/energy_joules/value`).value : NaN;
  };
  const measured = context.models.filter((one) => !context.isLinear(one) && Number.isFinite(joules(one)));
  if (measured.length === 0) return [];
  const first = measured.includes(context.baseline) ? context.baseline : measured[0];
  const least = measured.reduce((a, b) => (joules(b) < joules(a) ? b : a));
  return first === least ? [first] : [first, least];
}

export async function cloudSection(context, charts) {
  const models = pair(context);
  const regions = context.regions.document;
  const rows = models.flatMap((model) => {
    const found = context.inference(model.model);
    const joules = field(found.record, `${found.pointer}/energy_joules/value`).value;
    return regions.map((region, i) => ({
      region: region.region, place: region.place, model: context.label(model.model), grams_per_1000: (joules * 1000 * region.intensity_g_per_kwh * region.pue) / 3.6e6,
      g_per_kwh: region.intensity_g_per_kwh, pue: region.pue, year: region.year, record: found.record.id, field: `${found.pointer}/energy_joules/value`, table: `regions#/${i}/intensity_g_per_kwh`,
    }));
  });
  const body = rows.length ? await regionFigure(context, charts, models, rows) : await intensityFigure(context, charts);
  const low = 0;
  const high = regions.length - 1;
  const spread = models.length
    ? html`<p>By Google's published grid intensities (${context.regions.document[0] ? html`${number(context.regions, `/${low}/intensity_g_per_kwh`, 'intensity')} to ${number(context.regions, `/${high}/intensity_g_per_kwh`, 'intensity')}` : ''}), a thousand reviews by ${context.name(models[0].model)} emit ${grams(context, models[0], low)} in the cleanest region and ${grams(context, models[0], high)} in the dirtiest${models[1] ? html`; by ${context.name(models[1].model)}, ${grams(context, models[1], low)} and ${grams(context, models[1], high)}` : ''}.</p>`
    : '';
  return html`<section id="cloud">
<h2>Inference in a cloud</h2>
${spread}
${body}
${served(context)}
</section>`;
}

function grams(context, model, i) {
  const found = context.inference(model.model);
  return derived('grams-per-thousand', [field(found.record, `${found.pointer}/energy_joules/value`), field(context.regions, `/${i}/intensity_g_per_kwh`), field(context.regions, `/${i}/pue`)], 'grams');
}

// Runs of `coppice measure --url`: a served model under a constant rate of requests.
function served(context) {
  const runs = context.records.filter(({ document }) => document.kind === 'measure-url' && document.outcome === 'finished' && document.results.load);
  if (runs.length === 0) return absent(html`No measurement of a served model is among the records; ${command('coppice measure --url')} makes one.`);
  const value = (run, pointer, format) => (has(run, pointer) ? number(run, pointer, format) : '–');
  const percentile = (run, name) => value(run, typeof at(run.document, `/results/load/latency_ms/${name}`) === 'object' ? `/results/load/latency_ms/${name}/value` : `/results/load/latency_ms/${name}`, 'milliseconds');
  return html`<h3>Served under load</h3>
<p>Requests came at a constant rate, whether or not the server kept up; a latency counts from when its request was due.</p>
${table(['Served at', 'Offered a second', 'Answered', 'Refused', 'Failed', 'Median', '95th percentile', 'Energy an answer'], runs.map((run) => [
    verbatim(run.document.settings.url ?? run.path), value(run, '/results/load/offered_per_second', 'ratio'), value(run, '/results/load/answered', 'count'), value(run, '/results/load/refused', 'count'), value(run, '/results/load/failed', 'count'),
    percentile(run, 'p50'), percentile(run, 'p95'), value(run, '/results/server_usage/joules_per_answer/value', 'joules'),
  ]), { caption: 'Latencies of served models', numeric: [1, 2, 3, 4, 5, 6, 7] })}`;
}

const labelled = (rows) => rows.map((row) => ({ ...row, where: row.place ? `${row.region}, ${row.place}` : row.region }));

async function regionFigure(context, charts, models, rows) {
  const names = models.map((one) => context.label(one.model));
  const order = context.regions.document.map((one) => (one.place ? `${one.region}, ${one.place}` : one.region));
  return charts.figure({
    id: 'regions',
    title: 'Carbon of a thousand reviews, by cloud region',
    caption: html`As if a region's machines took the energy of ours: our energy × the region's yearly mean intensity (location-based) × its PUE, without embodied carbon. Modelled; what was recorded in that region would take its place. A filled circle is ${verbatim(names[0])}${names[1] ? html`, an open square ${verbatim(names[1])}` : ''}.`,
    description: `Dot plot of ${order.length} cloud regions from the cleanest to the dirtiest grid: grams of CO2 equivalent of a thousand reviews for ${names.join(' and ')}.`,
    rows: labelled(rows),
    spec: (width, narrow) => ({
      width: narrow ? width - 60 : width - 120,
      height: { step: narrow ? 16 : 17 },
      encoding: {
        y: { field: 'where', sort: order, axis: { title: null, labelLimit: narrow ? 150 : 260, labelFontSize: narrow ? 11 : 12, grid: true, labelColor: ink.text } },
        x: { field: 'grams_per_1000', type: 'quantitative', axis: { title: 'g CO₂e for 1,000 reviews', orient: 'top', format: '~g', tickCount: narrow ? 3 : 6 } },
      },
      layer: [
        { transform: [{ filter: { field: 'model', equal: names[0] } }], mark: { type: 'point', size: 55, color: ink.accent } },
        { transform: [{ filter: { field: 'model', equal: names[1] ?? '' } }], mark: { type: 'point', size: 50, shape: 'square', filled: true, fill: '#ffffff', stroke: '#a8480b', strokeWidth: 1.6 } },
      ],
    }),
  });
}

async function intensityFigure(context, charts) {
  const rows = labelled(context.regions.document.map((one, i) => ({ region: one.region, place: one.place, g_per_kwh: one.intensity_g_per_kwh, pue: one.pue, year: one.year, record: 'regions', field: `/${i}/intensity_g_per_kwh` })));
  const order = rows.map((row) => row.where);
  return charts.figure({
    id: 'regions',
    title: 'Grid intensity of the cloud regions',
    caption: html`Yearly means, location-based, as Google publishes them. As no inference was measured, no emissions are made of them.`,
    description: `Dot plot of the grid intensity of ${order.length} cloud regions in grams of CO2 equivalent a kilowatt-hour, from ${rows[0]?.g_per_kwh} to ${rows.at(-1)?.g_per_kwh}.`,
    rows,
    spec: (width, narrow) => ({
      width: narrow ? width - 60 : width - 120,
      height: { step: narrow ? 16 : 17 },
      mark: { type: 'point', size: 55, color: ink.accent },
      encoding: {
        y: { field: 'where', sort: order, axis: { title: null, labelLimit: narrow ? 150 : 260, labelFontSize: narrow ? 11 : 12, grid: true, labelColor: ink.text } },
        x: { field: 'g_per_kwh', type: 'quantitative', axis: { title: 'g CO₂e a kWh', orient: 'top', tickCount: narrow ? 3 : 6 } },
      },
    }),
  });
}
