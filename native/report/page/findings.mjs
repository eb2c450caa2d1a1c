// Section 6: sentences that the records support. Each is the outcome of a test on intervals; where the test does not decide,
// the sentence says so.
import { html, verbatim } from './html.mjs';
import { at, counted, derived, field, has, number, range, worked } from './number.mjs';
import { comparisons, pValue } from './pruning.mjs';
import { predictionRows } from './picture.mjs';

const shownVerdict = 'shown';
const open = 'not shown';

function between(one, pointer, format) {
  return html`<span class="i">(95 % interval ${range(number(one, `${pointer}/low`, format), number(one, `${pointer}/high`, format))})</span>`;
}

// Accuracy of one model against another: by the pairs where a comparison is recorded, else by their intervals alone, which
// decide only where they do not touch.
export function accuracyFinding(context, model, other) {
  const pairs = comparisons(context).filter((one) => one.model === model.model && one.document.inputs.baseline_id === other.model);
  const base = { id: `accuracy-${model.model}-${other.model}`, question: other === context.linear ? 'floor' : 'accuracy' };
  const [name, otherName] = [context.name(model.model), context.name(other.model)];
  if (pairs.length) {
    const one = pairs.at(-1);
    const { low, high } = one.document.results.difference;
    const by = html`by ${number(one, '/results/difference/value', 'points')} ${between(one, '/results/difference', 'pointsbare')}, McNemar p ${pValue(one, '/results/mcnemar/p_value')}, on ${number(one, '/results/n', 'count')} reviews that both judged`;
    const records = [one.id];
    if (high < 0) return { ...base, verdict: shownVerdict, records, sentence: html`${name} is less accurate than ${otherName} ${by}.` };
    if (low > 0) return { ...base, verdict: shownVerdict, records, sentence: html`${name} is more accurate than ${otherName} ${by}.` };
    return { ...base, verdict: open, records, sentence: html`That ${name} and ${otherName} differ in accuracy is not shown: the difference is ${number(one, '/results/difference/value', 'points')} ${between(one, '/results/difference', 'pointsbare')}, and the interval holds no difference.` };
  }
  if (!context.evaluated(model) || !context.evaluated(other)) return null;
  if (!context.sameTestSet(model, other)) {
    return { ...base, verdict: open, records: [model.id, other.id], sentence: html`${name} and ${otherName} were not judged on the same reviews, so nothing is said of their accuracies.` };
  }
  if (!has(model, '/metrics/accuracy/low') || !has(other, '/metrics/accuracy/low')) return null;
  const [a, b] = [model, other].map((one) => at(one.document, '/metrics/accuracy'));
  const both = html`${number(model, '/metrics/accuracy/value', 'percent')} ${between(model, '/metrics/accuracy', 'percent')} against ${number(other, '/metrics/accuracy/value', 'percent')} ${between(other, '/metrics/accuracy', 'percent')}`;
  const records = [model.id, other.id];
  if (a.high < b.low) return { ...base, verdict: shownVerdict, records, sentence: html`${name} is less accurate than ${otherName}: ${both}, by intervals that do not touch.` };
  if (a.low > b.high) return { ...base, verdict: shownVerdict, records, sentence: html`${name} is more accurate than ${otherName}: ${both}, by intervals that do not touch.` };
  return { ...base, verdict: open, records, sentence: html`That ${name} and ${otherName} differ in accuracy is not shown: ${both}, intervals that overlap; no review-by-review comparison of the two is recorded, which could tell more.` };
}

function nonInferiority(context, model) {
  const one = comparisons(context).filter((record) => record.model === model.model && record.document.inputs.baseline_id === context.baseline?.model).at(-1);
  if (!one || !has(one, '/results/noninferiority/margin')) return null;
  const margin = number(one, '/results/noninferiority/margin', 'points');
  const { verdict } = one.document.results.noninferiority;
  const base = { id: `margin-${model.model}`, question: 'accuracy', records: [one.id] };
  if (verdict === 'shown') return { ...base, verdict: shownVerdict, sentence: html`${context.name(model.model)} loses less than ${margin} of accuracy against the baseline: the whole interval of the difference does.` };
  if (verdict === 'refuted') return { ...base, verdict: shownVerdict, sentence: html`${context.name(model.model)} loses more than ${margin} of accuracy against the baseline: the whole interval of the difference does.` };
  return { ...base, verdict: open, sentence: html`Whether ${context.name(model.model)} loses less than ${margin} of accuracy against the baseline is not shown: the interval holds both.` };
}

function energyFinding(context, model) {
  const start = context.overviewPointer(model.model);
  const ratio = context.inOverview(model.model, '/energy_ratio');
  const one = context.inference(model.model);
  if (!ratio || !one) return null;
  const base = { id: `energy-${model.model}`, question: 'energy', records: [one.record.id] };
  const turns = context.inOverview(model.model, '/saving_joules_per_inference/measured_in_turns');
  const figure = html`${worked(context.overview, `${start}/energy_ratio/value`, 'ratio')} times the baseline's <span class="i">(${turns ? '95 % interval' : 'bands of both energies:'} ${range(worked(context.overview, `${start}/energy_ratio/low`, 'ratio'), worked(context.overview, `${start}/energy_ratio/high`, 'ratio'))})</span>`;
  const how = html`on ${verbatim(one.group.machine)}, ${turns ? 'the models taking turns' : 'measured apart'}`;
  if (ratio.high < 1) return { ...base, verdict: shownVerdict, sentence: html`A verdict of ${context.name(model.model)} takes less energy than the baseline's: ${figure}, ${how}.` };
  if (ratio.low > 1) return { ...base, verdict: shownVerdict, sentence: html`A verdict of ${context.name(model.model)} takes more energy than the baseline's: ${figure}, ${how}.` };
  return { ...base, verdict: open, sentence: html`That a verdict of ${context.name(model.model)} takes less energy than the baseline's is not shown: it took ${figure}, ${how}, and the interval holds no saving.` };
}

function repaidFinding(context, model) {
  const even = context.inOverview(model.model, '/break_even');
  const start = context.overviewPointer(model.model);
  const one = context.inference(model.model);
  if (!even || !one) return null;
  const base = { id: `repaid-${model.model}`, question: 'repaid', records: [one.record.id, model.id] };
  if (even.never) return { ...base, verdict: open, sentence: html`That ${context.name(model.model)} ever repays the energy of its making is not shown: the interval of its saving holds no saving.` };
  const after = html`${worked(context.overview, `${start}/break_even/inferences`, 'countish')} inferences <span class="i">(${range(worked(context.overview, `${start}/break_even/low`, 'countish'), worked(context.overview, `${start}/break_even/high`, 'countish'))})</span>`;
  return { ...base, verdict: shownVerdict, sentence: html`${context.name(model.model)} has repaid the energy of its making${context.isLinear(model) ? '' : ', pruning and recovery included,'} after ${after}.` };
}

function costFinding(context) {
  const made = context.models.filter((one) => context.makingOf(one).length > 0);
  if (made.length === 0) return null;
  const runs = made.flatMap((one) => context.makingOf(one));
  const total = (end) => derived('sum', runs.map((one) => field(one, `/energy/energy_joules/${end}`)), 'joules');
  const counter = runs.every((one) => one.document.energy.energy_joules.provenance === 'measured');
  return {
    id: 'making', question: 'cost', verdict: shownVerdict, records: runs.map((one) => one.id),
    sentence: html`Making the ${counted(made.length, 'models-with-making')} models took ${total('value')} <span class="i">(${range(total('low'), total('high'))})</span>, ${counter ? 'read from counters' : 'by a model of power: no counter was there to read'}.`,
  };
}

function predictionFinding(context) {
  const rows = predictionRows(context).filter((row) => row.of === 'time of a step');
  if (rows.length === 0) return null;
  const errors = rows.map((row) => Math.abs(row.ratio - 1)).sort((a, b) => a - b);
  const median = errors[Math.floor((errors.length - 1) / 2)];
  const within = rows.filter((row) => Math.abs(row.ratio - 1) <= 0.15).length;
  return {
    id: 'predictions', question: 'predictions', verdict: median <= 0.15 ? shownVerdict : open, records: [...new Set(rows.map((row) => row.record))],
    sentence: html`Of ${counted(rows.length, 'predicted-steps')} steps whose time was predicted before they ran, ${counted(within, 'predicted-within')} came within 15 % of it.`,
  };
}

const questions = {
  floor: 'Is a transformer needed at all?',
  accuracy: 'What does pruning cost in accuracy?',
  energy: 'What does it save?',
  repaid: 'When has it repaid itself?',
  cost: 'What did all this take?',
  predictions: 'Did it take what was predicted?',
};

export function findFindings(context) {
  const others = context.models.filter((one) => one !== context.baseline);
  const transformers = context.models.filter((one) => !context.isLinear(one));
  return [
    ...(context.linear ? transformers.map((one) => accuracyFinding(context, one, context.linear)) : []),
    ...(context.baseline ? others.filter((one) => !context.isLinear(one)).flatMap((one) => [accuracyFinding(context, one, context.baseline), nonInferiority(context, one)]) : []),
    ...others.map((one) => energyFinding(context, one)),
    ...others.map((one) => repaidFinding(context, one)),
    costFinding(context),
    predictionFinding(context),
  ].filter(Boolean);
}

export function findingsSection(findings) {
  const groups = Object.entries(questions).map(([question, title]) => ({ title, list: findings.filter((one) => one.question === question) })).filter((group) => group.list.length);
  return html`<section id="findings">
<h2>Findings</h2>
<p>A sentence stands here as shown only where the whole interval supports it. What the records do not decide is said to be not shown, which is not the same as “no difference”. Many sentences at 95 % are tested here, so one in twenty of them may be wrong by chance alone.</p>
${groups.length === 0 ? html`<p class="absent">The records hold nothing that could be tested.</p>` : ''}
${groups.map((group) => html`<h3>${group.title}</h3><ul class="findings">${group.list.map((one) => html`<li id="finding-${one.id}" class="${one.verdict === shownVerdict ? 'shown' : 'open'}"><span class="verdict">${one.verdict}</span> <span>${one.sentence}</span></li>
`)}</ul>`)}
</section>`;
}

// At most one of each question, those that were shown first.
export function mainFindings(findings) {
  const best = Object.keys(questions).map((question) => {
    const list = findings.filter((one) => one.question === question);
    return list.find((one) => one.verdict === shownVerdict) ?? list[0];
  });
  return best.filter(Boolean).sort((a, b) => (a.verdict === shownVerdict ? 0 : 1) - (b.verdict === shownVerdict ? 0 : 1)).slice(0, 3);
}

