// A run over many reviews: choosing a file, running, pausing, the figures so far, the list of disagreements and the export.
// The file is read by the core (shared/reviews) and its results are kept by it (shared/compare/set_runner.h).
import { announce } from './announce.js';
import { create, fillCell, handFocus, setText } from './mirror.js';

const forms = {
  csv: { ask: 'set_csv', type: 'text/csv;charset=utf-8' },
  json: { ask: 'set_json', type: 'application/json' },
};

function save(bytes, name, type) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  create('a', { href: url, download: name }).click();
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

export class ReviewSet {
  #at;
  #comparison;
  #outside;
  #open;
  #set = { phase: 'empty' };
  #listed = '';
  #reads = 0;

  // open(text): shows one review of the set by itself.
  constructor({ at, comparison, outside, open }) {
    this.#at = at;
    this.#comparison = comparison;
    this.#outside = outside;
    this.#open = open;
    at('set-file').addEventListener('change', ({ target }) => {
      if (target.files[0]) this.read(target.files[0]);
      target.value = ''; // so that the same file can be chosen again after a correction
    });
    this.#listenForDrops(at('set-panel'), at('set-drop'));
    const act = (type) => () => this.#say(outside.send({ type }));
    at('set-samples').addEventListener('click', act('set_use_shipped'));
    at('set-run').addEventListener('click', () => act(this.#set.phase === 'paused' ? 'set_resume' : 'set_start')());
    at('set-pause').addEventListener('click', act('set_pause'));
    at('set-stop').addEventListener('click', act('set_stop'));
    for (const form of Object.keys(forms)) at(`set-${form}`).addEventListener('click', () => this.#export(form));
    at('set-disagreements').addEventListener('click', ({ target }) => {
      const index = target.closest('button')?.dataset.index;
      if (index === undefined) return;
      this.#open(new TextDecoder().decode(comparison.askBytes({ ask: 'set_review', index: Number(index) })));
    });
  }

  async read(file) {
    if (file.size > this.#set.most_bytes) {
      const limit = megabytes(this.#set.most_bytes);
      return this.#say({ message: `${file.name}: has ${megabytes(file.size)}; a set of reviews may have up to ${limit}. Split it, or take a part of it.` });
    }
    let bytes;
    this.#reads += 1;
    const mine = this.#reads;
    setText(this.#at('set-error'), '');
    setText(this.#at('set-reading'), `Reading ${file.name}.`);
    try {
      bytes = await file.arrayBuffer();
      if (mine !== this.#reads) return; // a large file is here later than the small one that was chosen after it
    } catch (error) {
      if (mine !== this.#reads) return;
      return this.#say({ message: `${file.name}: could not be read (${error.message}). A folder cannot be.` });
    }
    const error = await this.#outside.readSet(file.name, bytes);
    if (error !== undefined) this.#say(error);
  }

  #say(error) {
    setText(this.#at('set-reading'), '');
    setText(this.#at('set-error'), error?.message ?? '');
  }

  #listenForDrops(panel, target) {
    const over = (inside) => target.classList.toggle('over', inside);
    panel.addEventListener('dragover', (event) => {
      event.preventDefault();
      over(true);
    });
    panel.addEventListener('dragleave', ({ relatedTarget }) => {
      if (!panel.contains(relatedTarget)) over(false);
    });
    panel.addEventListener('drop', (event) => {
      event.preventDefault();
      over(false);
      const { files } = event.dataTransfer;
      if (files.length > 1) return this.#say({ message: `${files.length} files were dropped; one set at a time.` });
      if (files.length === 1) this.read(files[0]);
    });
  }

  #export(form) {
    const { ask, type } = forms[form];
    try {
      save(this.#comparison.askBytes({ ask }), `${this.#set.name.replace(/\.[^.]*$/, '')}-compared.${form}`, type);
      this.#say(null);
    } catch (error) {
      this.#say(error);
    }
  }

  // set: of {"ask":"side"}.
  update(set) {
    const at = this.#at;
    this.#set = set;
    const { phase } = set;
    const running = phase === 'running';
    const paused = phase === 'paused';
    const held = document.activeElement;
    document.body.dataset.set = phase;
    setText(at('set-status'), set.status ?? '');
    setText(at('set-run'), paused ? 'Resume' : phase === 'done' ? 'Run again' : 'Run');
    at('set-run').hidden = phase === 'empty' || running;
    at('set-pause').hidden = !running;
    at('set-stop').hidden = !running && !paused;
    handFocus(held, [at('set-run'), at('set-pause'), at('set-stop')]);
    announce('set', `${phase} ${set.name}`, running ? 'Running the reviews.' : set.status);
    at('set-samples').disabled = at('set-file').disabled = running || paused;
    at('set-progress').hidden = !running && !paused;
    if (running || paused) {
      at('set-progress').max = set.total;
      at('set-progress').value = set.done;
    }
    at('set-results').hidden = !set.done;
    if (set.done) this.#show(set);
  }

  #show(set) {
    const at = this.#at;
    at('set-agreement').hidden = set.agreement === '–';
    setText(at('set-agreement'), `The models give one verdict on ${set.agreement} of the reviews.`);
    const { tHead: head, tBodies } = at('set-table');
    const keys = set.columns.map(({ key }) => key).join();
    if (head.dataset.keys !== keys) {
      head.dataset.keys = keys;
      head.replaceChildren(create('tr', {}, ...set.columns.map(({ key, title }) => create('th', { scope: 'col', 'data-key': key }, title))));
      tBodies[0].replaceChildren();
    }
    set.models.forEach((model, index) => {
      const row = tBodies[0].rows[index] ?? tBodies[0].appendChild(create('tr', {}, ...set.columns.map(({ key }) =>
        create(key === 'model' ? 'th' : 'td', key === 'model' ? { scope: 'row' } : { 'data-key': key }))));
      row.dataset.model = model.id;
      set.columns.forEach(({ key }, cell) => fillCell(row.cells[cell], model.text[key]));
    });
    while (tBodies[0].rows.length > set.models.length) tBodies[0].lastElementChild.remove();
    const listed = JSON.stringify(set.disagreement_list);
    if (listed === this.#listed) return;
    this.#listed = listed;
    const more = set.disagreements - set.disagreement_list.length;
    setText(at('set-disagreements-title'), set.disagreements === 1 ? 'One disagreement' : `${set.disagreements.toLocaleString('en-GB')} disagreements`);
    at('set-disagreements').replaceChildren(
      ...set.disagreement_list.map(({ index, line, text, label, verdicts }) =>
        create(
          'li',
          {},
          create('button', { type: 'button', class: 'review-link', dir: 'auto', 'data-index': index }, text),
          create('span', { class: 'hint' }, `Line ${line}. ${verdicts.map((each) => `${each.id}: ${each.label}`).join(', ')}${label ? `; label: ${label}` : ''}`),
        ),
      ),
    );
    setText(at('set-more'), more > 0 ? `${more.toLocaleString('en-GB')} more are in the export.` : '');
  }
}
