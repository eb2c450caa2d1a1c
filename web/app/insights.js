// The duel, the what-if, the trade-off and the ledger as tables: what the canvas shows of them, for screen readers, for
// copying and for tests, and the what-if, which is a table only.
import { fillTable, setText } from './mirror.js';

const at = (id) => document.getElementById(id);

function showDuel({ duel, layout }) {
  at('duel').hidden = layout !== 'duel' || !duel;
  if (!duel) return;
  fillTable(
    at('duel-table'),
    ['Figure', duel.left, duel.right, `${duel.right} against ${duel.left}`],
    duel.lines.map(({ key, title, left, right, difference, better }) => ({
      key,
      cells: [title, left, right, difference || '–'],
      marks: better === 'left' ? [1] : better === 'right' ? [2] : [],
    })),
  );
}

function showWhatIf({ what_if: rows, method }) {
  at('what-if-empty').hidden = rows.length > 0;
  at('what-if-scroll').hidden = rows.length === 0;
  setText(at('what-if-method'), rows.length > 0 ? `Energy by: ${method.name}. ${method.counts}` : '');
  if (rows.length === 0) return;
  const equivalents = rows[0].equivalents;
  fillTable(
    at('what-if-table'),
    [
      'Model',
      'Energy (modelled)',
      'Carbon of the electricity',
      "Carbon of the device's making",
      'Making repaid after',
      ...equivalents.map(({ name }) => name),
    ],
    rows.map((row) => ({
      key: row.model,
      cells: [row.model, row.energy, row.carbon, row.embodied, row.break_even, ...row.equivalents.map(({ text }) => text)],
    })),
  );
  setText(at('equivalent-sources'), equivalents.map(({ name, source }) => `${name}: ${source}`).join('. ') + '.');
}

const shareOf = (value) => `${(100 * value).toFixed(1)} %`;

function showTradeoff({ tradeoff }, view) {
  setText(at('tradeoff-source'), `Accuracy against ${tradeoff.source}.`);
  const texts = new Map(view.models.map(({ id, text }) => [id, text]));
  fillTable(
    at('tradeoff-table'),
    ['Model', 'Accuracy', 'On the Pareto front'],
    tradeoff.points.map(({ model, accuracy: [low, value, high], on_front: front }) => ({
      key: model,
      cells: [model, `${shareOf(value)} (${shareOf(low)} to ${shareOf(high)})`, front ? 'yes' : 'no, another beats it'],
    })),
  );
  return texts;
}

function showLedger({ ledger, ledger_stages: names, reviews_text: reviews }) {
  setText(at('ledger-title'), `Energy of a life with ${reviews} reviews`);
  fillTable(
    at('ledger-table'),
    ['Model', ...names, 'Total', 'What is missing'],
    ledger.map(({ model, stages, total, notes }) => ({
      key: model,
      cells: [model, ...names.map((name) => stages.find((stage) => stage.name === name)?.text ?? '–'), total, notes.join('; ') || '–'],
    })),
  );
}

export function showInsights(view) {
  showDuel(view.insights);
  showWhatIf(view.insights);
  showTradeoff(view.insights, view);
  showLedger(view.insights);
}
