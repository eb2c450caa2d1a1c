// "Why the verdict?": the review as each model read it, as real text with marks. Text is what DOM is for: it wraps, can be
// copied, enlarged, searched and read aloud, in every script. What is marked, and all sentences, come from the core
// (shared/compare/text_panel.h).
import { announce } from './announce.js';
import { create, handFocus, quoted, setQuoted, setText } from './mirror.js';

// One segment of the text as nodes.
function nodesOf(segment, linear) {
  const pieces = segment.pieces ?? [segment.text];
  const unknown = new Set(segment.unknown ?? []);
  const inside = pieces.map((piece, index) => {
    if (linear || !segment.read || piece.trim() === '') return piece;
    return create('span', unknown.has(index) ? { class: 'piece unknown', title: 'not in the model’s vocabulary' } : { class: 'piece' }, piece);
  });
  if (segment.hidden) inside.push(create('span', { class: 'hidden-part' }, ` (${segment.hidden.toLocaleString('en-GB')} bytes not shown)`));
  const classes = [];
  if (!segment.read) classes.push('unread');
  if (segment.effect !== undefined) {
    classes.push(segment.by === 'word' ? 'effect' : 'sentence-effect', segment.effect > 0 ? 'for' : 'against', `l${segment.level}`);
    if (segment.turns) classes.push('turns');
  }
  if (classes.length === 0 && segment.word === undefined) return inside;
  const element = create(segment.by === 'word' && segment.level > 0 ? 'mark' : 'span', { class: classes.join(' ') }, ...inside);
  if (segment.word !== undefined) {
    element.dataset.word = segment.word;
    element.tabIndex = -1; // the text is the stop; arrow keys go on from word to word
  }
  if (segment.detail) element.title = segment.detail;
  return [element];
}

function textNodes(segments, linear) {
  const nodes = [];
  let read = true;
  for (const segment of segments) {
    // Grey alone tells a screen reader nothing.
    if (segment.read !== read) nodes.push(create('span', { class: 'aside' }, segment.read ? ' (read again from here) ' : ' (not read from here) '));
    read = segment.read;
    nodes.push(...nodesOf(segment, linear));
  }
  return nodes;
}

function topWords(words) {
  const rows = words.map(({ name, effect, text, without, turns }) =>
    create(
      'tr',
      { 'data-word-name': name },
      create('th', { scope: 'row', dir: 'auto' }, name),
      create('td', { class: effect > 0 ? 'for' : 'against' }, `${effect > 0 ? 'for' : 'against'} ${text}`),
      create('td', {}, turns ? `${without}: the verdict turns` : without),
    ),
  );
  const head = ['Word', 'Log-odds of positive', 'Without it'].map((title) => create('th', { scope: 'col' }, title));
  return create('table', { class: 'top-words' }, create('thead', {}, create('tr', {}, ...head)), create('tbody', {}, ...rows));
}

export class Why {
  #at;
  #comparison;
  #key = null;
  #panel = null;
  #articles = new Map();

  // at(id): an element of the page. send(event) hands an event to the core and returns its error or null.
  constructor({ at, comparison, send }) {
    this.#at = at;
    this.#comparison = comparison;
    const act = (type) => () => setText(at('explain-error'), send({ type })?.message ?? '');
    at('explain').addEventListener('click', act('explain'));
    at('explain-all').addEventListener('click', act('explain_every_word'));
    at('explain-stop').addEventListener('click', act('stop_explaining'));
    at('review').addEventListener('input', () => setText(at('explain-error'), ''));
    at('show-tokens').addEventListener('change', ({ target }) => at('readings').classList.toggle('tokens', target.checked));
    const tell = ({ target }) => this.#tell(target.closest('[data-word]')?.dataset.word);
    at('readings').addEventListener('pointerover', tell);
    at('readings').addEventListener('click', tell);
    at('readings').addEventListener('focusin', tell);
    at('readings').addEventListener('keydown', (event) => this.#walk(event));
  }

  // view: of the comparison; explanation: of {"ask":"side"}; text: the review.
  update(view, explanation, text) {
    const at = this.#at;
    const running = explanation.phase === 'running';
    const judged = view.models.some(({ selected, label }) => selected && label);
    const held = document.activeElement;
    at('explain').disabled = !judged || view.results_are_stale || view.phase !== 'done' || running;
    at('explain-stop').hidden = !running;
    at('explain-progress').hidden = !running;
    if (running) {
      at('explain-progress').max = Math.max(1, explanation.runs_planned);
      at('explain-progress').value = explanation.runs_done;
    }
    handFocus(held, [at('explain'), at('explain-stop')]);
    document.body.dataset.explanation = explanation.of_this_text ? explanation.phase : 'none';
    if (running) announce('explanation', 'running', 'Explaining the verdicts.');
    const models = view.models.map((model) => [model.id, model.selected, model.tokens, model.tokens_whole]);
    const key = JSON.stringify([explanation, models, view.phase]);
    if (this.#key && this.#key.key === key && this.#key.text === text) return;
    this.#key = { key, text };
    this.#show(view.text_empty ? null : this.#comparison.ask({ ask: 'text_panel' }));
    if (!running) announce('explanation', explanation.phase, this.#panel?.explained ? this.#panel.status || 'The verdicts are explained.' : '');
  }

  #show(panel) {
    const at = this.#at;
    this.#panel = panel;
    at('readings').hidden = !panel;
    at('show-tokens-label').hidden = !panel;
    at('why-legend').hidden = !panel?.explained;
    at('explain-all').hidden = !panel?.words_left || document.body.dataset.explanation === 'running';
    setText(at('explain-status'), panel?.status ?? '');
    const differences = panel?.differences ?? [];
    const list = at('explain-differences');
    if (list.dataset.lines !== differences.join('\n')) list.replaceChildren(...differences.map((line) => create('li', {}, ...quoted(line))));
    list.dataset.lines = differences.join('\n');
    this.#tell(undefined);
    const wanted = new Set(panel?.models.map(({ id }) => id));
    for (const [id, article] of this.#articles) {
      if (!wanted.has(id)) article.root.remove(), this.#articles.delete(id);
    }
    for (const model of panel?.models ?? []) this.#update(model);
  }

  #update(model) {
    // Kept where nothing changed, so that a selection in the text stays.
    const article = this.#articles.get(model.id) ?? this.#add(model.id);
    setText(article.verdict, model.verdict ?? '');
    setText(article.read, model.read);
    setQuoted(article.summary, model.summary ?? '');
    article.summary.hidden = !model.summary;
    const segments = JSON.stringify(model.segments);
    if (article.segments !== segments) article.text.replaceChildren(...textNodes(model.segments, model.linear));
    article.segments = segments;
    article.words.replaceChildren(...(model.words?.length ? [topWords(model.words)] : []));
    article.details.hidden = !model.words?.length;
  }

  #add(id) {
    const article = {
      verdict: create('span', { class: 'of' }),
      read: create('p', { class: 'hint' }),
      summary: create('p', { class: 'summary' }),
      text: create('div', { class: 'marked', dir: 'auto', tabindex: '0', role: 'group', 'aria-label': `The review as ${id} read it` }),
      words: create('div'),
    };
    article.details = create('details', {}, create('summary', {}, 'The words that count most'), article.words);
    article.root = create(
      'article',
      { class: 'reading', 'data-model': id },
      create('h3', {}, id, ' ', article.verdict),
      article.read,
      article.summary,
      article.text,
      article.details,
    );
    this.#articles.set(id, article);
    this.#at('readings').append(article.root);
    return article;
  }

  // Arrow keys, Home and End go from word to word of one text.
  #walk(event) {
    const text = event.target.closest('.marked');
    if (!text || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const words = [...text.querySelectorAll('[data-word]')];
    const here = words.indexOf(event.target);
    const onwards = getComputedStyle(text).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const place = { ArrowLeft: here - 1, ArrowRight: here - 1, [onwards]: here + 1, Home: 0, End: words.length - 1 }[event.key];
    if (place === undefined || words.length === 0) return;
    event.preventDefault();
    words[Math.min(words.length - 1, Math.max(0, place))].focus();
  }

  // What leaving out one word does, in every model, and the same word marked in all of them.
  #tell(word) {
    const detail = this.#at('word-detail');
    for (const element of this.#at('readings').querySelectorAll('.same')) element.classList.remove('same');
    const parts = [];
    if (word !== undefined && this.#panel?.explained) {
      for (const { id, segments } of this.#panel.models) {
        const segment = segments.find((each) => String(each.word) === word && each.detail);
        if (segment) parts.push(`${id} ${segment.detail}`);
        for (const element of this.#articles.get(id).text.querySelectorAll(`[data-word="${word}"]`)) element.classList.add('same');
      }
    }
    const name = parts.length > 0 ? this.#panel.models[0].segments.filter((each) => String(each.word) === word).map(({ text }) => text).join('') : '';
    setQuoted(detail, parts.length > 0 ? `“${name}”: ${parts.join('; ')}.` : 'Point at a word, tap it, or go to it by the arrow keys, to see what leaving it out does to each model.');
    detail.hidden = !this.#panel?.explained;
  }
}
