// What stands round the comparison: the link it was opened with, a host page, models of the visitor's own, the runtime's
// backend, what is kept on the device and whether the page works without a network.
import { setUpDrop } from './drop.js';
import { Host } from './embedded.js';
import { Offline } from './offline.js';
import { readLink, writeLink } from './permalink.js';
import { single } from './places.js';
import { remember, remembered } from './settings.js';
import { StoragePanel } from './storage-panel.js';

const offlineTexts = {
  unsupported: single ? 'This page is one file and needs no network.' : 'This page needs the network: the browser keeps nothing for it here.',
  later: 'Works without a network once a model has been downloaded.',
  keeping: 'Keeping what is needed for use without a network.',
  ready: 'Ready: works without a network, with the models kept on this device.',
};

// What the service worker keeps for each choice: WebGPU falls back on WASM.
const runtimesOf = { wasm: ['wasm'], webgpu: ['wasm', 'webgpu'], core: ['core'] };

const hasOption = (select, value) => [...select.options].some((option) => option.value === value);

// The fragment of the page's address, read once; also of a page without its core.
export function openedWith() {
  const link = readLink(window.location.hash);
  document.documentElement.dataset.embed = String(link.embed ?? false);
  return link;
}

export class Shell {
  #at;
  #outside;
  #actions;
  #offline;
  #storage;
  #host;
  #view = null;
  #link;
  #linkUsed = false;
  #kept = '';

  // at(id): an element. link: of openedWith(). actions: { setReview(text), compare(), stop(), setTheme(name) }.
  constructor({ at, outside, link, actions }) {
    this.#at = at;
    this.#outside = outside;
    this.#actions = actions;
    this.#link = link;
    this.#offline = new Offline((state, problem) => {
      document.body.dataset.offline = state;
      at('offline').textContent = offlineTexts[state] ?? `Not ready for use without a network: ${problem}`;
    });
    this.#storage = new StoragePanel(
      { summary: at('kept'), list: at('kept-models'), removeModels: at('remove-models'), removeAll: at('remove-all'), persist: at('persist') },
      (model) => this.#removed(model),
    );
    this.#storage.update();
    at('storage').addEventListener('toggle', () => at('storage').open && this.#storage.update());
    this.#host = new Host(link, {
      set: (members) => this.#apply(members),
      compare: () => this.compare(),
      stop: () => actions.stop(),
    });
    setUpDrop({
      outside,
      elements: { say: at('brought'), folder: at('bring-folder'), zip: at('bring-zip') },
      taken: () => (this.#view?.models ?? []).map(({ id }) => id),
      setReview: (text) => actions.setReview(text),
    });
    this.#setUpBackend();
    at('copy-link').addEventListener('click', () => this.#copyLink());
    window.addEventListener('hashchange', () => {
      const next = readLink(window.location.hash);
      this.#complain(next.problems);
      this.#apply(next);
    });
    this.#complain(link.problems);
    this.#apply({ ...link, models: undefined }); // models: when they are known
  }

  // After every change of the state.
  update(view) {
    const first = this.#view === null;
    this.#view = view;
    if (!this.#linkUsed && (view.catalog_read || view.catalog_problem)) {
      this.#linkUsed = true;
      if (this.#link.models) this.#chooseModels(this.#link.models);
      this.#host.ready(view);
      if (view.catalog_problem) this.#host.error(view.catalog_problem);
    }
    const changing = view.models.some(({ phase }) => ['waiting', 'downloading', 'preparing'].includes(phase));
    const busy = ['loading', 'warming_up', 'timing'].includes(view.phase);
    this.#at('backend').disabled = changing || busy;
    this.#at('beside').disabled = busy || view.backend === 'core';
    this.#at('beside').checked = view.models.some(({ twin_of: twin, selected }) => twin && selected);
    if (!first) this.#host.show(view);
    const ready = view.models.filter(({ phase }) => phase === 'ready');
    const kept = view.models.filter(({ on_device: here, yours, twin_of: twin }) => here && !yours && !twin).map(({ id }) => id);
    if (ready.length > 0) {
      const transformers = ready.filter(({ architecture }) => architecture !== 'linear');
      this.#offline.keep({
        descriptions: this.#outside.described,
        runtimes: transformers.length === 0 ? [] : runtimesOf[view.backend],
        modelsKept: kept.length,
      });
    }
    if (kept.join() !== this.#kept) this.#storage.update();
    this.#kept = kept.join();
  }

  compare() {
    const problem = this.#actions.compare();
    if (problem) this.#host.error(problem);
  }

  #complain(problems) {
    for (const message of problems ?? []) this.#outside.send({ type: 'notice', message });
  }

  // Members of a link or of a host's message.
  #apply({ text, models, grid, device, repeats, theme }) {
    const problems = [];
    const choose = (id, value) => {
      if (value === undefined) return;
      const select = this.#at(id);
      if (!hasOption(select, String(value))) {
        // A number of runs between the ones offered is as good.
        if (id !== 'repeats') return void problems.push(`The link names a ${id} "${String(value).slice(0, 40)}" that this page does not know; the usual one is used.`);
        select.append(new Option(String(value), String(value)));
      }
      select.value = String(value);
      select.dispatchEvent(new Event('change', { bubbles: true }));
    };
    choose('grid', grid);
    choose('device', device);
    choose('repeats', repeats);
    if (typeof text === 'string') this.#actions.setReview(text);
    if (theme) this.#actions.setTheme(theme);
    if (Array.isArray(models)) this.#chooseModels(models);
    this.#complain(problems);
  }

  #chooseModels(wanted) {
    if (!this.#view) return;
    const ids = this.#view.models.map(({ id }) => id);
    const unknown = wanted.filter((id) => !ids.includes(id));
    const chosen = wanted.filter((id) => ids.includes(id));
    if (unknown.length > 0) {
      this.#complain([
        `The link names a model "${unknown[0].slice(0, 60)}" that is not here` +
          (chosen.length > 0 ? '; the others are chosen.' : ', so the usual ones are chosen.'),
      ]);
    }
    if (chosen.length === 0) return;
    for (const id of ids) this.#outside.send({ type: 'select', model: id, selected: chosen.includes(id) });
  }

  #setUpBackend() {
    const select = this.#at('backend');
    if (single || !navigator.gpu) select.querySelector('[value="webgpu"]').remove();
    const choose = () => this.#outside.send({ type: 'backend', value: select.value });
    select.addEventListener('change', () => {
      const error = choose();
      if (error) this.#complain([error.message]);
      else remember('backend', select.value);
    });
    this.#at('beside').addEventListener('change', () => {
      const error = this.#outside.send({ type: 'beside', value: this.#at('beside').checked });
      if (error) this.#complain([error.message]);
    });
    const kept = remembered('backend');
    if (kept && kept !== select.value && hasOption(select, kept)) {
      select.value = kept;
      choose();
    }
  }

  async #copyLink() {
    const shipped = this.#view.models.filter(({ twin_of: twin }) => !twin);
    const models = shipped.filter(({ selected, yours }) => selected && !yours).map(({ id }) => id);
    const fragment = writeLink({
      text: this.#at('review').value,
      models: models.length === shipped.length ? undefined : models,
      grid: this.#at('grid').value,
      device: this.#at('device').value,
      repeats: this.#at('repeats').value,
    });
    // Shown in the address too, so that it can be had where the clipboard is not allowed.
    window.history.replaceState(null, '', fragment);
    const copied = await navigator.clipboard?.writeText(window.location.href).then(() => true, () => false);
    this.#at('copy-link').textContent = copied ? 'Link copied' : 'The link is in the address bar';
  }

  #removed(model) {
    const gone = model === null ? this.#view.models.filter(({ on_device: here }) => here).map(({ id }) => id) : [model];
    for (const id of gone) this.#outside.send({ type: 'stored', model: id, on_device: false });
    if (model === null) this.#offline.forget();
  }
}
