// "Where the time goes": of each model that ran in the project's own engine, time by operator and by layer, what part of the
// multiplications was left out, and how near the rest came to what this device can do.
import { create, fillTable, setText } from './mirror.js';

const engine = /^Coppice engine/;

const milliseconds = (value) => `${value.toPrecision(3)} ms`;
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const skipped = ({ multiplications: all, multiplications_done: done }) => (all > 0 ? percent(1 - done / all) : '–');

const names = {
  embeddings: 'Embeddings',
  quantize: 'Rounding to int8',
  projections: 'Query, key, value',
  attention: 'Attention',
  attention_output: 'Attention output',
  intermediate: 'Intermediate, GELU',
  output: 'Output',
  layer_norm: 'LayerNorm',
  classifier: 'Pooler, classifier',
};

// What one profile says, as texts: { summary, operators: [{ key, cells }], layers: [...] }.
export function told(profile) {
  const { reviews, operators, layers } = profile;
  const all = { milliseconds: 0, multiplications: 0, multiplications_done: 0 };
  for (const one of operators) for (const key of Object.keys(all)) all[key] += one[key];
  const peak = profile.peak_gflops[profile.arithmetic.startsWith('int8') ? 'int8' : 'float32'];
  // Two operations a multiplication: it and its addition.
  const rate = ({ milliseconds: time, multiplications_done: done }) => (done > 0 && time > 0 ? (done * 2e-6) / time : null);
  const speed = (one) => {
    const gflops = rate(one);
    return gflops === null ? ['–', '–'] : [gflops.toPrecision(3), percent(gflops / peak)];
  };
  const row = (key, title, one) => ({
    key,
    cells: [title, milliseconds(one.milliseconds / reviews), percent(one.milliseconds / all.milliseconds), skipped(one), ...speed(one)],
  });
  const share = skipped(all);
  return {
    summary:
      `${reviews === 1 ? 'One review' : `${reviews} reviews`} of ${Math.round(profile.tokens / reviews)} tokens on average: ` +
      `${milliseconds(all.milliseconds / reviews)} each, ${share} of the multiplications skipped. Computed in ${profile.arithmetic} ` +
      `(${profile.instruction_set}); peak of one thread here: ${peak.toPrecision(3)} GFLOP/s.`,
    operators: [
      ...operators.filter(({ milliseconds: time }) => time > 0).map((one) => row(one.name, names[one.name] ?? one.name, one)),
      row('all', 'All', all),
    ],
    layers: layers
      .filter(({ milliseconds: time }) => time > 0)
      .map((one, place) => {
        const inLayer = place < layers.length - 1;
        const formats = Object.entries(one.formats).map(([format, count]) => `${count} ${format.replaceAll('_', ' ')}`);
        const { cells } = row('', inLayer ? `Layer ${place + 1}` : 'Outside the layers', one);
        return { key: inLayer ? String(place) : 'outside', cells: [...cells.slice(0, 4), formats.join(', ') || '–'] };
      }),
  };
}

export class Profile {
  #at;
  #ask;
  #shown = ''; // which comparison's profiles stand there

  // ask(model): resolves to coppice_engine_profile's answer or null.
  constructor({ at, ask }) {
    this.#at = at;
    this.#ask = ask;
  }

  // view: of the comparison, after it has changed.
  async update(view) {
    const models = view.models.filter(({ phase, text }) => phase === 'ready' && engine.test(text.runtime)).map(({ id }) => id);
    this.#at('profile').hidden = models.length === 0;
    const which = `${view.comparisons_finished} ${models.join(' ')}`;
    if (view.phase !== 'done' || models.length === 0 || which === this.#shown) return;
    this.#shown = which;
    const profiles = await Promise.all(models.map((model) => this.#ask(model).catch(() => null))); // a lost worker has none
    if (which !== this.#shown) return;
    this.#at('profile-models').replaceChildren(...models.flatMap((model, i) => (profiles[i]?.reviews > 0 ? [part(model, told(profiles[i]))] : [])));
    document.body.dataset.profile = String(view.comparisons_finished);
  }
}

function table(label, head, rows) {
  const element = create('table', {}, create('thead'), create('tbody'));
  fillTable(element, head, rows);
  return create('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': label }, element);
}

function part(model, { summary, operators, layers }) {
  const about = create('p', { class: 'hint' });
  setText(about, summary);
  const head = ['Time', 'Share', 'Multiplications skipped'];
  return create(
    'div',
    { 'data-model': model },
    create('h3', {}, create('bdi', {}, model)),
    about,
    table(`${model} by operator`, ['Operator', ...head, 'GFLOP/s', 'Of the peak'], operators),
    table(`${model} by layer`, ['Layer', ...head, 'Its matrices'], layers),
  );
}
