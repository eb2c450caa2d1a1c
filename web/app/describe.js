// The drawing in words: the canvas's label for those who cannot see it. The tables hold every figure; this says what there
// is and the verdicts.
const charts = {
  time: 'time of each run',
  energy: 'energy, modelled',
  tradeoff: 'trade-off, accuracy against what it costs',
  ledger: 'life cycle, its stages stacked',
};

function ofReview(view, chart) {
  const { insights } = view;
  const { duel } = insights;
  const shown = insights.layout === 'duel' && duel ? [duel.left, duel.right] : insights.order;
  const models = new Map(view.models.map((model) => [model.id, model]));
  const lines = shown
    .map((id) => models.get(id))
    .map(({ id, label, text }) => `${id}: ${label ? `${text.verdict}, ${text.probability}, ${text.time.replace(/ \(.*/s, '')}` : 'no verdict yet'}`);
  const kind = { cards: 'A card for each model', rows: 'A row for each model', duel: 'A duel of two models' }[insights.layout];
  return `${kind}. ${lines.join('; ')}.${chart ? ` Chart: ${charts[chart]}.` : ''} The tables below hold the same figures.`;
}

function ofSet(set) {
  if (!set.done) return 'Plots of many reviews: nothing has been run yet.';
  const accuracies = set.models.filter(({ text }) => text.accuracy !== '–').map(({ id, text }) => `${id} ${text.accuracy}`);
  const first = accuracies.length > 0 ? `accuracy so far, ${accuracies.join('; ')}` : `agreement so far, ${set.agreement}`;
  return `Two plots. Left: ${first}. Right: the time of each review by what was read of it. The table below holds the figures.`;
}

// view: of the comparison; set: of {"ask":"side"}; which: 'review' or 'set'.
export function describeDrawing({ view, set, which, chart }) {
  if (which === 'set') return set ? ofSet(set) : '';
  return view ? ofReview(view, chart) : '';
}
