// What runs beside a comparison, on the page: the explanation, the walk to a disagreement, and the set of reviews. All of
// it is decided in the core (shared/compare/side_work.h); one question gets where it stands.
import { announce } from './announce.js';
import { handFocus, setText } from './mirror.js';
import { ReviewSet } from './review-set.js';
import { Why } from './why.js';

// Tables and marked text need not follow every run.
const leastPauseMs = 150;

export class Side {
  #at;
  #comparison;
  #canvas;
  #open;
  #why;
  #set;
  #finds = 0;
  #timer = 0;
  #last = -Infinity;
  #view = null;

  // open({ text } or { sample }): puts a review into the form and compares; sample: its place among the shipped ones.
  constructor({ at, comparison, outside, canvas, open }) {
    this.#at = at;
    this.#comparison = comparison;
    this.#canvas = canvas;
    this.#open = open;
    const send = (event) => outside.send(event);
    this.#why = new Why({ at, comparison, send });
    this.#set = new ReviewSet({ at, comparison, outside, open: (text) => this.#openReview({ text }) });
    at('find').addEventListener('click', () => setText(at('walk-error'), send({ type: 'find_disagreement' })?.message ?? ''));
    at('find-stop').addEventListener('click', () => send({ type: 'stop_finding' }));
    at('view-review').addEventListener('click', () => this.show('review'));
    at('view-set').addEventListener('click', () => this.show('set'));
    this.show('review');
  }

  // 'review' or 'set': what the right half of the page is about.
  show(which) {
    document.body.dataset.view = which;
    for (const each of ['review', 'set']) this.#at(`view-${each}`).setAttribute('aria-pressed', String(each === which));
    this.#canvas.setView(which);
  }

  // view: of the comparison, after it has changed.
  update(view) {
    this.#view = view;
    const pause = this.#last + leastPauseMs - performance.now();
    if (pause <= 0) this.#update();
    else this.#timer ||= window.setTimeout(() => this.#update(), pause);
  }

  #update() {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    this.#last = performance.now();
    const side = this.#comparison.ask({ ask: 'side' });
    this.#why.update(this.#view, side.explanation, this.#at('review').value);
    this.#set.update(side.set);
    this.#canvas.describe({ set: side.set });
    this.#updateWalk(side.walk);
  }

  #updateWalk({ phase, at: sample, finds, status }) {
    const at = this.#at;
    const searching = phase === 'searching';
    const held = document.activeElement;
    at('find').disabled = searching;
    at('find-stop').hidden = !searching;
    handFocus(held, [at('find'), at('find-stop')]);
    setText(at('find'), finds > 0 && phase !== 'none_left' ? 'Find the next disagreement' : 'Find a disagreement');
    setText(at('walk'), status);
    document.body.dataset.walk = phase;
    announce('walk', `${phase} ${finds}`, searching ? 'Looking for a disagreement.' : status);
    if (finds === this.#finds) return;
    this.#finds = finds;
    this.#openReview({ sample });
  }

  #openReview(review) {
    this.show('review');
    this.#open(review);
  }
}
