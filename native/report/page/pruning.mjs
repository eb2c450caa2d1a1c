// Section 2: what each pruned form is, what making it took, and what it got better and worse at.
import { absent, command, table } from './context.mjs';
import { html, listed, verbatim } from './html.mjs';
import { apart, ink, keyed, lineOf, lookScales } from './chart.mjs';
import { learningFigure } from './baseline.mjs';
import { derived, field, has, none, number, range, shown, worked } from './number.mjs';

const kinds = { train: 'training', prune: 'pruning', quantize: 'quantising', export: 'export' };

const phaseColors = { training: '#1f5139', pruning: '#f0c070', recovery: '#a9cdb8', quantising: '#ffffff', export: '#d9d4c4' };

// Joules of each run of each model's making, as the records say; recovery is training after pruning.
export function makingRows(context) {
  return context.models.flatMap((model) => {
    let pruned = false;
    return context.makingOf(model).flatMap((record) => {
      const { kind } = record.document;
      if (kind === 'prune') pruned = true;
      const phase = kind === 'train' && pruned ? 'recovery' : (kinds[kind] ?? kind);
      return [{ model: context.label(model.model), phase, joules: record.document.energy.energy_joules.value, record: record.id, field: '/energy/energy_joules/value' }];
    });
  });
}

// end: value, low or high.
const sumOf = (records, end) => derived('sum', records.map((one) => field(one, `/energy/energy_joules/${end}`)), 'joules');

async function phaseFigure(context, charts) {
  const rows = makingRows(context);
  if (rows.length === 0) return absent('Energy by phase: no record of a making holds its energy.');
  const phases = ['training', 'pruning', 'recovery', 'quantising', 'export'].filter((phase) => rows.some((row) => row.phase === phase));
  const names = context.models.map((one) => context.label(one.model)).filter((name) => rows.some((row) => row.model === name));
  const total = rows.reduce((sum, row) => sum + row.joules, 0);
  const sums = names.map((model) => {
    const joules = rows.filter((row) => row.model === model).reduce((sum, row) => sum + row.joules, 0);
    return { model, total: joules / 1000, label: shown(joules, 'joules') };
  });
  return charts.figure({
    id: 'phases',
    title: 'Energy of the making, by phase',
    caption: html`Each model's own making, without its parent's. Recovery is the training that follows pruning. Bars too thin to see are in the data.`,
    description: `Stacked bar chart of the energy of making each model in kilojoules by phase (${phases.join(', ')}). ${names.map((name) => `${name}: ${(rows.filter((row) => row.model === name).reduce((sum, row) => sum + row.joules, 0) / 1000).toFixed(1)} kJ`).join('; ')}. Together ${(total / 1000).toFixed(1)} kJ.`,
    rows,
    spec: (width) => ({
      width,
      height: { step: 34 },
      transform: [{ calculate: 'datum.joules / 1000', as: 'kilojoules' }],
      encoding: { y: { field: 'model', sort: names, axis: { title: null, labelLimit: 130, labelColor: ink.text } } },
      layer: [
        {
          mark: { type: 'bar', stroke: ink.text, strokeWidth: 0.8 },
          encoding: {
            x: { aggregate: 'sum', field: 'kilojoules', type: 'quantitative', axis: { title: 'kJ', grid: true } },
            color: { field: 'phase', scale: { domain: phases, range: phases.map((phase) => phaseColors[phase]) }, legend: { title: null, orient: 'top', symbolStrokeColor: ink.text, symbolType: 'square', columns: width < 300 ? 2 : 5 } },
            order: { field: 'phase', sort: 'descending' },
          },
        },
        {
          data: { values: sums },
          mark: { type: 'text', align: 'left', dx: 6 },
          encoding: { x: { field: 'total', type: 'quantitative' }, text: { field: 'label' } },
        },
      ],
    }),
  });
}

async function confusionFigure(context, charts) {
  const rows = context.models.flatMap((model) => {
    const record = context.evaluationOf(model);
    const matrix = record?.document.results.confusion;
    if (!matrix) return [];
    return [0, 1].flatMap((truth) =>
      [0, 1].map((said) => ({
        model: context.label(model.model), is: ['negative', 'positive'][truth], judged: ['negative', 'positive'][said], reviews: matrix[truth][said],
        share: matrix[truth][said] / (matrix[truth][0] + matrix[truth][1]), record: record.id, field: `/results/confusion/${truth}/${said}`,
      })),
    );
  });
  if (rows.length === 0) return absent('Confusion matrices: no evaluation is recorded.');
  const names = context.models.map((one) => context.label(one.model)).filter((name) => rows.some((row) => row.model === name));
  return charts.figure({
    id: 'confusion',
    title: 'Right and wrong verdicts',
    caption: html`Rows: what a review is; columns: what the model judged it. Darker: a larger share of the row. The diagonal is right.`,
    description: `Confusion matrices. ${names.map((name) => `${name}: ${rows.filter((row) => row.model === name).map((row) => `${row.is} judged ${row.judged} ${row.reviews}`).join(', ')}`).join('; ')}.`,
    rows,
    spec: (width, narrow) => {
      const columns = narrow ? 2 : 5;
      const side = narrow ? 92 : 84;
      return {
        facet: { field: 'model', sort: names, title: null, header: { labelLimit: side + 50 } },
        columns: Math.min(columns, names.length),
        spacing: { row: 30, column: narrow ? 48 : 46 },
        resolve: { axis: { x: 'independent', y: 'independent' } },
        spec: {
          width: side,
          height: side,
          encoding: {
            x: { field: 'judged', sort: ['negative', 'positive'], axis: { title: null, orient: 'bottom', labelAngle: 0, labelExpr: "slice(datum.label,0,3)+'.'", domain: false, ticks: false } },
            y: { field: 'is', sort: ['negative', 'positive'], axis: { title: null, labelExpr: "slice(datum.label,0,3)+'.'" } },
          },
          layer: [
            { mark: { type: 'rect', stroke: ink.text, strokeWidth: 0.8 }, encoding: { color: { field: 'share', type: 'quantitative', scale: { domain: [0, 1], range: ['#ffffff', '#1f5139'], interpolate: 'rgb' }, legend: null } } },
            { mark: { type: 'text', fontSize: 13 }, encoding: { text: { field: 'reviews', format: ',' }, color: { condition: { test: 'datum.share > 0.5', value: '#ffffff' }, value: ink.text } } },
          ],
        },
      };
    },
  });
}

export function comparisons(context) {
  return context.records.filter(({ document }) => document.kind === 'compare' && document.outcome === 'finished' && document.results.difference && document.inputs.baseline_id);
}

async function calibrationFigure(context, charts) {
  const seen = new Map();
  for (const record of comparisons(context)) {
    const { baseline_id: baseline } = record.document.inputs;
    if (record.model) seen.set(record.model, { record, side: 'model' });
    if (!seen.has(baseline)) seen.set(baseline, { record, side: 'baseline' });
  }
  const rows = [...seen].flatMap(([id, { record, side }]) =>
    (record.document.results.calibration?.[side]?.bins ?? []).flatMap((bin, i) =>
      bin.n > 0 ? [{ model: context.label(id), said: bin.mean_score, positive: bin.share_positive, reviews: bin.n, record: record.id, field: `/results/calibration/${side}/bins/${i}/share_positive` }] : [],
    ),
  );
  if (rows.length === 0) return absent(html`Calibration: no paired comparison is recorded; ${command('coppice compare --predictions … --record')} makes one.`);
  const names = context.models.map((one) => context.label(one.model)).filter((name) => rows.some((row) => row.model === name));
  const scales = lookScales(names, (name) => context.models.findIndex((one) => context.label(one.model) === name));
  return charts.figure({
    id: 'calibration',
    title: 'When a model says 80 %, how often is it right?',
    caption: html`Reviews in ten groups by the probability of “positive” that the model gave; upwards the share of them that is positive. On the thin diagonal what is said is what is found; a curve below it on the right is too sure of itself.`,
    description: `Reliability chart of ${names.join(', ')}: share of reviews that are positive against the mean probability said, in ten bins; the diagonal is perfect calibration.`,
    rows,
    spec: (width, narrow) => ({
      width: narrow ? width : 420,
      height: narrow ? width : 340,
      layer: [
        { data: { values: [{ x: 0, y: 0 }, { x: 1, y: 1 }] }, mark: { type: 'line', strokeWidth: 1, color: ink.muted }, encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } } },
        {
          encoding: {
            x: { field: 'said', type: 'quantitative', scale: { domain: [0, 1] }, axis: { title: 'probability said', format: '.0%', grid: false } },
            y: { field: 'positive', type: 'quantitative', scale: { domain: [0, 1] }, axis: { title: null, format: '.0%' } },
          },
          resolve: apart,
          layer: [{ mark: { type: 'line' }, encoding: lineOf(scales) }, { mark: { type: 'point' }, encoding: keyed(scales, names, narrow ? 1 : 3) }],
        },
      ],
    }),
  });
}

function comparisonTable(context) {
  const rows = comparisons(context).filter((one) => one.model);
  if (rows.length === 0) return null;
  const latest = new Map(rows.map((one) => [`${one.model} ${one.document.inputs.baseline_id} ${one.document.inputs.test_set?.sha256}`, one]));
  return html`<h3>Review by review</h3>
<p>Of models that judged the same reviews, each review is a pair. The difference of accuracy is this model's less the other's, with Tango's 95 % interval; McNemar's exact test is on the reviews that one of the two alone has right.</p>
${table(['Model', 'Against', 'Difference', 'Right alone: model, other', 'p', 'Groups worse, better'], [...latest.values()].map((one) => [
    context.name(one.model),
    context.name(one.document.inputs.baseline_id),
    html`${number(one, '/results/difference/value', 'points')} <span class="i">(${range(number(one, '/results/difference/low', 'pointsbare'), number(one, '/results/difference/high', 'pointsbare'))})</span>`,
    html`${number(one, '/results/mcnemar/only_model_right', 'count')}, ${number(one, '/results/mcnemar/only_baseline_right', 'count')}`,
    pValue(one, '/results/mcnemar/p_value'),
    slices(one),
  ]), { caption: 'Paired comparisons', numeric: [4] })}`;
}

export function pValue(one, pointer) {
  return html`${field(one, pointer).value < 0.0001 ? 'below ' : ''}${number(one, pointer, 'pvalue')}`;
}

function slices(one) {
  const list = one.document.results.slices ?? [];
  const names = (key) => list.flatMap((slice, i) => (slice[key] ? [html`${verbatim(slice.name)} (${number(one, `/results/slices/${i}/difference/value`, 'pointsbare')})`] : []));
  const [worse, better] = [names('worse'), names('better')];
  return html`worse: ${worse.length ? listed(worse) : 'none shown'}; better: ${better.length ? listed(better) : 'none shown'}`;
}

function formsTable(context) {
  return table(['Model', 'Made from', 'Encoder operations', 'Parameters', 'Download', 'Accuracy', 'Its making'], context.models.map((model) => {
    const weights = model.document.weights?.find((one) => one.format === 'onnx') ?? model.document.weights?.[0];
    const file = model.document.files.findIndex((one) => one.path === weights?.path);
    const flops = context.inOverview(model.model, '/relative_encoder_flops');
    return [
      context.name(model.model),
      model.parent ? verbatim(context.label(model.parent)) : model.document.parent_id ? html`another ${verbatim(model.document.parent_id)}` : context.isLinear(model) ? 'nothing' : none,
      Number.isFinite(flops) ? worked(context.overview, `${context.overviewPointer(model.model)}/relative_encoder_flops`, 'ratio') : '–',
      number(model, '/parameters/total', 'countish'),
      file >= 0 ? number(model, `/files/${file}/bytes`, 'bytes') : none,
      context.accuracy(model),
      context.makingOf(model).length ? sumOf(context.makingOf(model), 'value') : none,
    ];
  }), { caption: html`Every model${context.overview ? html`; operations of the encoder relative to the baseline's at ${worked(context.overview, '/reference_tokens', 'count')} tokens` : ''}`, numeric: [2, 3, 4, 6] });
}

export async function pruningSection(context, charts) {
  const recovered = context.models.filter((one) => one !== context.baseline && !context.isLinear(one));
  const made = context.models.flatMap((one) => context.makingOf(one));
  return html`<section id="pruning">
<h2>Pruning</h2>
<p>Each smaller model was made from a larger one: cut, rounded, or both, and where the records say so trained again to recover.${made.length > 1 ? html` Together, making all of them took ${sumOf(made, 'value')} <span class="i">(${range(sumOf(made, 'low'), sumOf(made, 'high'))})</span>.` : ''}</p>
${formsTable(context)}
${await phaseFigure(context, charts)}
${recovered.length ? await learningFigure(context, charts, { id: 'recovery', title: 'How the pruned models recovered', models: recovered, caption: html`Training after pruning, with the larger model as teacher where the record says so; energy of the recovery alone.` }) : absent('No pruned model is among the records.')}
${comparisonTable(context) ?? absent(html`No paired comparison is recorded; ${command('coppice compare A B --predictions … --record')} makes one.`)}
${await confusionFigure(context, charts)}
${await calibrationFigure(context, charts)}
</section>`;
}
