// Section 1: the model that the others were made from, how it learned and what that took.
import { absent, command, table } from './context.mjs';
import { html, verbatim } from './html.mjs';
import { apart, ink, keyed, lineOf, lookScales } from './chart.mjs';
import { at, has, none, number, withInterval } from './number.mjs';

const scoreNames = { accuracy: 'Accuracy', precision: 'Precision', recall: 'Recall', f1: 'F1', macro_f1: 'F1, mean of both labels', roc_auc: 'Area under the ROC curve', mcc: 'Matthews correlation', ece: 'Calibration error', brier: 'Brier score' };

// Loss and accuracy on the validation reviews against the energy spent until then. A run that was interrupted and resumed
// is one curve: what the part before took is counted, and so is what had to be done twice.
export function learningCurve(context, model) {
  const runs = context.recordsOf(model.model, 'train').filter((run) => Array.isArray(at(run.document, '/energy/phases')));
  const last = runs.filter((run) => at(run.document, '/results/validation_history')?.length).at(-1);
  if (!last) return [];
  const started = runs.indexOf(last);
  let first = started;
  while (first > 0 && runs[first - 1].document.outcome === 'interrupted') first -= 1;
  let joules = 0;
  const validated = [];
  for (const run of runs.slice(first, started + 1)) {
    for (const phase of run.document.energy.phases) {
      joules += phase.energy_joules?.value ?? NaN;
      if (phase.name === 'validate') validated.push(joules);
    }
  }
  const history = last.document.results.validation_history;
  if (validated.length < history.length) return [];
  const energies = validated.slice(-history.length);
  return history.flatMap((point, i) => {
    const row = (measure, field, value) => ({ model: context.label(model.model), epoch: point.epoch, kilojoules: energies[i] / 1000, measure, value, record: last.id, field: `/results/validation_history/${i}/${field}` });
    const rows = [];
    if (Number.isFinite(point.train_loss)) rows.push(row('training loss', 'train_loss', point.train_loss));
    if (Number.isFinite(point.validation_loss)) rows.push(row('validation loss', 'validation_loss', point.validation_loss));
    if (Number.isFinite(point.validation_accuracy)) rows.push(row('validation accuracy', 'validation_accuracy', point.validation_accuracy));
    return rows;
  });
}

export async function learningFigure(context, charts, { id, title, models, caption }) {
  const rows = models.flatMap((model) => learningCurve(context, model));
  if (rows.length === 0) return absent(`${title}: no record of training holds its validations together with its energy.`);
  const names = [...new Set(rows.map((row) => row.model))];
  const scales = lookScales(names, (name) => context.models.findIndex((one) => context.label(one.model) === name));
  const single = names.length === 1;
  const panel = (measures, name, height, format) => (width) => ({
    width,
    height,
    title: name,
    transform: [{ filter: { field: 'measure', oneOf: measures } }],
    encoding: {
      x: { field: 'kilojoules', type: 'quantitative', axis: { title: 'energy spent, kJ', grid: false } },
      y: { field: 'value', type: 'quantitative', scale: { zero: false }, axis: { title: null, format, tickCount: 4 } },
      ...(single
        ? measures.length > 1
          ? { strokeDash: { field: 'measure', scale: { domain: measures, range: [[5, 4], [1, 0]] }, legend: { title: null, orient: 'top', symbolType: 'stroke', symbolStrokeWidth: 2, symbolSize: 300 } }, color: { value: ink.accent } }
          : { color: { value: ink.accent } }
        : {}),
    },
    ...(single ? {} : { resolve: apart }),
    layer: [{ mark: { type: 'line' }, ...(single ? {} : { encoding: lineOf(scales) }) }, { mark: { type: 'point', size: 55 }, ...(single ? {} : { encoding: keyed(scales, names, width < 272 ? 1 : 3) }) }],
  });
  const losses = single ? ['training loss', 'validation loss'] : ['validation loss'];
  return charts.figure({
    id,
    title,
    caption,
    description: `Line chart of ${names.join(', ')}: ${single ? 'training and validation loss' : 'validation loss'}, and below it validation accuracy, against the energy spent so far in kilojoules. The last accuracies are ${names.map((name) => `${name} ${(rows.filter((row) => row.model === name && row.measure === 'validation accuracy').at(-1)?.value * 100).toFixed(1)} %`).join(', ')}.`,
    rows,
    spec: (width, narrow) => {
      const height = narrow ? 150 : 170;
      const side = narrow ? width : 275;
      const parts = [panel(losses, 'Loss', height, '.2f')(side), panel(['validation accuracy'], 'Accuracy on validation reviews', height, '.0%')(side)];
      return narrow ? { vconcat: parts, spacing: 26 } : { hconcat: parts, spacing: 44 };
    },
  });
}

async function tuningFigure(context, charts) {
  const rows = context.sweeps.flatMap((sweep) =>
    sweep.document.trials.flatMap((trial, i) => {
      if (!Number.isFinite(trial.validation_accuracy?.value) || !Number.isFinite(trial.energy_joules?.value)) return [];
      return [{
        trial: trial.id, reviews: trial.reviews === undefined ? 'all reviews' : `${trial.reviews.toLocaleString('en')} reviews`, learning_rate: trial.parameters?.learning_rate, batch_size: trial.parameters?.batch_size,
        kilojoules: trial.energy_joules.value / 1000, accuracy: trial.validation_accuracy.value, low: trial.validation_accuracy.low, high: trial.validation_accuracy.high,
        record: sweep.id, field: `/trials/${i}/validation_accuracy/value`,
      }];
    }),
  );
  if (rows.length === 0) return null;
  const rungs = [...new Set(rows.map((row) => row.reviews))];
  return charts.figure({
    id: 'tuning',
    title: 'Tuning: every trial, by what it took',
    caption: html`Accuracy on the validation reviews with its 95 % interval. A trial that learned from more reviews is another mark.`,
    description: `Scatter chart of ${rows.length} trials of tuning: validation accuracy with interval against energy in kilojoules; the best reached ${(Math.max(...rows.map((row) => row.accuracy)) * 100).toFixed(1)} %.`,
    rows,
    spec: (width, narrow) => ({
      width,
      height: narrow ? 190 : 210,
      encoding: { x: { field: 'kilojoules', type: 'quantitative', scale: { zero: false, padding: 16 }, axis: { title: 'energy of the trial, kJ', grid: false } } },
      layer: [
        { mark: { type: 'rule', color: ink.muted }, encoding: { y: { field: 'low', type: 'quantitative', scale: { zero: false }, axis: { title: null, format: '.0%' } }, y2: { field: 'high' } } },
        {
          mark: { type: 'point', size: 100 },
          encoding: {
            y: { field: 'accuracy', type: 'quantitative' },
            shape: { field: 'reviews', scale: { domain: rungs, range: ['circle', 'square', 'triangle-up', 'diamond'] }, legend: { title: 'learned from', orient: 'top' } },
            color: { field: 'reviews', scale: { domain: rungs, range: ['#8b9087', '#1f5139', '#0b5fa5', '#a8480b'] } },
          },
        },
      ],
    }),
  });
}

export async function baselineSection(context, charts) {
  const model = context.baseline;
  if (!model) return html`<section id="baseline"><h2>Baseline</h2>${absent('No model folder was given, so there is no baseline to tell of.')}</section>`;
  const train = context.recordsOf(model.model, 'train').filter((run) => run.document.outcome === 'finished').at(-1);
  const settings = train?.document.settings ?? {};
  const setting = (key, format = 'plain') => (train && has(train, `/settings/${key}`) ? number(train, `/settings/${key}`, format) : none);
  const scores = Object.keys(scoreNames).filter((name) => context.evaluated(model) && has(model, `/metrics/${name}/value`));
  const linear = context.linear;
  const making = has(model, '/energy/making/energy_joules/value');
  return html`<section id="baseline">
<h2>Baseline</h2>
<p>The baseline is ${context.name(model.model)}${model.document.parent_id ? html`, fine-tuned from ${verbatim(model.document.parent_id)}` : ''}: ${number(model, '/parameters/total', 'count')} parameters${has(model, '/max_length') ? html`, reading at most ${number(model, '/max_length', 'count')} tokens of a review` : ''}.
${train ? html`It learned from ${has(train, '/inputs/training_data/examples') ? number(train, '/inputs/training_data/examples', 'count') : none} reviews in ${setting('epochs')} passes, ${setting('batch_size')} reviews a step, at a learning rate of ${setting('learning_rate')}, seed ${setting('seed', 'count')}, in ${settings.precision ? verbatim(settings.precision) : none}.` : ''}
${making ? html`Making it took ${withInterval(model, '/energy/making/energy_joules', 'joules')} (${model.document.energy.making.energy_joules.provenance}).` : ''}</p>
${scores.length ? html`<p>On ${has(model, '/test_set/examples') ? number(model, '/test_set/examples', 'count') : none} test reviews that it had never seen${linear && context.sameTestSet(model, linear) ? html`, beside the linear model over word n-grams ${context.name(linear.model)}, which is the floor that any transformer has to beat` : ''}:</p>
${table(['Score', context.name(model.model), ...(linear ? [context.name(linear.model)] : [])], scores.map((name) => [scoreNames[name], ...[model, ...(linear ? [linear] : [])].map((one) => scoreCell(one, name))]), { caption: html`Scores with 95 % intervals`, numeric: [1, 2] })}` : absent(html`No evaluation of the baseline is recorded; ${command('coppice evaluate --record')} makes one.`)}
${await learningFigure(context, charts, { id: 'learning', title: 'How the baseline learned, by the energy it had spent', models: [model], caption: html`Each mark is a validation. Energy counts loading, training, checkpoints and validations, and what an interruption made it do twice.` })}
${await tuningFigure(context, charts)}
</section>`;
}

function scoreCell(one, name) {
  if (!one.metricsHold || !has(one, `/metrics/${name}/value`)) return none;
  const format = ['mcc', 'ece', 'brier', 'roc_auc'].includes(name) ? 'score' : 'percent';
  return has(one, `/metrics/${name}/low`) ? withInterval(one, `/metrics/${name}`, format) : number(one, `/metrics/${name}/value`, format);
}
