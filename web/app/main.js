// The page: starts the core, connects the form to it, and shows its state. What happens is decided in the core
// (shared/compare); this file only carries.
import createModule from '../core/coppice.js';
import { Canvas } from './canvas.js';
import { loadCore } from './core.js';
import { fillSelect, ModelList, setText, Table, updateList } from './mirror.js';
import { announceUpdates, keepForOffline } from './offline.js';
import { Outside } from './outside.js';
import { remember, remembered } from './settings.js';
import { Side } from './side.js';

const at = (id) => document.getElementById(id);
const page = new URL('../', import.meta.url); // the folder of index.html, wherever that is

// Typing is tokenised, which a text of a megabyte makes slow: so not at every key.
const typingPauseMs = 150;

function fatal(error) {
  console.error(error);
  at('fatal').hidden = false;
  setText(at('fatal'), `This page could not start: ${error.message}`);
  at('compare').disabled = true;
}

async function loadFonts() {
  const load = async (weight) => {
    const response = await fetch(new URL(`fonts/source-sans-3-latin-${weight}.ttf`, page));
    if (!response.ok) throw new Error(`the font of the drawing is missing (${response.status})`);
    return { weight, bytes: new Uint8Array(await response.arrayBuffer()) };
  };
  return Promise.all([load(400), load(600)]);
}

// The canvas is an addition: where it cannot be, the table alone serves.
async function startCanvas(core, comparison) {
  try {
    return new Canvas(at('canvas'), core.createDrawing(at('canvas'), comparison, await loadFonts()));
  } catch (error) {
    at('canvas').hidden = true;
    at('no-canvas').hidden = false;
    setText(at('no-canvas'), `No drawing: ${error.message}.`);
    return null;
  }
}

function setUpTheme(canvas) {
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const dark = (remembered('theme') ?? (system.matches ? 'dark' : 'light')) === 'dark';
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    at('theme').setAttribute('aria-pressed', String(dark));
    canvas?.setDark(dark);
  };
  system.addEventListener('change', apply);
  at('theme').addEventListener('click', () => {
    remember('theme', document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
    apply();
  });
  apply();
}

function setUpText(outside) {
  let timer = 0;
  const tell = () => {
    window.clearTimeout(timer);
    timer = 0;
    outside.setText(at('review').value);
  };
  at('review').addEventListener('input', () => {
    at('sample').value = '';
    window.clearTimeout(timer);
    timer = window.setTimeout(tell, typingPauseMs);
  });
  return tell;
}

// Fills the list; returns the samples. The core reads the file too, to look for disagreements in it.
async function setUpSamples(tell, outside) {
  const content = new Uint8Array(await (await fetch(new URL('samples.json', page))).arrayBuffer());
  const error = outside.readReviews('samples.json', content, { shipped: true });
  if (error) throw error;
  const samples = JSON.parse(new TextDecoder().decode(content));
  fillSelect(at('sample'), samples, ({ name }) => name);
  at('sample').addEventListener('change', () => {
    const sample = samples.find(({ id }) => id === at('sample').value);
    at('review').value = sample?.text ?? '';
    tell();
    if (!sample) at('review').focus();
  });
  return samples;
}

function setUpChoices(comparison, outside) {
  const { devices, grids } = comparison.choices();
  fillSelect(at('device'), devices, ({ name, watts }) => `${name}, ${watts} W`);
  fillSelect(at('grid'), grids, ({ name, grams_per_kwh: grams }) => `${name}, ${Math.round(grams)} g/kWh`);
  const follow = (id, type, convert) => {
    const select = at(id);
    const kept = remembered(id);
    if (kept && [...select.options].some(({ value }) => value === kept)) select.value = kept;
    const tell = () => outside.send({ type, value: convert(select.value) });
    select.addEventListener('change', () => {
      remember(id, select.value);
      tell();
    });
    tell();
  };
  follow('device', 'device', String);
  follow('grid', 'grid', String);
  follow('repeats', 'repeats', Number);
  const showSource = () => setText(at('device-source'), devices.find(({ id }) => id === at('device').value).source);
  at('device').addEventListener('change', showSource);
  showSource();
}

function reading(view) {
  const readers = view.models.filter(({ selected, tokens }) => selected && tokens > 0);
  // A limit on what is read is what a writer has to know of: linear models have none.
  const model = readers.find(({ architecture }) => architecture !== 'linear') ?? readers[0];
  if (view.text_empty || !model) return 'English reviews work best: that is what the models were trained on.';
  const count = (number) => number.toLocaleString('en-GB');
  if (model.architecture === 'linear') return `${count(model.tokens)} words, all of them read.`;
  if (!model.truncated) return `${count(model.tokens)} tokens.`;
  const which = model.truncation === 'head_tail' ? 'the beginning and the end' : 'the beginning';
  return `${count(model.tokens_whole)} tokens; the transformers read ${count(model.tokens)} of them, ${which}.`;
}

function compareLabel(view) {
  if (view.phase === 'done') return 'Compare again';
  const bytes = view.models
    .filter(({ selected, phase, on_device: here }) => selected && phase === 'offered' && !here)
    .reduce((sum, model) => sum + model.model_bytes, 0);
  return bytes > 0 ? `Compare (downloads ${(bytes / 1e6).toFixed(0)} MB once)` : 'Compare';
}

// On a small screen the answer is below the form.
function bringIntoView(element) {
  const { top } = element.getBoundingClientRect();
  if (top < 0 || top > window.innerHeight * 0.8) element.scrollIntoView({ block: 'start' });
}

async function start() {
  const core = await loadCore(createModule);
  const comparison = core.createComparison();
  const canvas = await startCanvas(core, comparison);
  const table = new Table(at('table'));
  let shown = -1;
  let lastView = null;
  let waiting = false;
  let side = null;

  const show = () => {
    waiting = false;
    if (comparison.revision() === shown) return;
    shown = comparison.revision();
    const view = comparison.view();
    lastView = view;
    table.update(view);
    models.update(view);
    const busy = ['loading', 'warming_up', 'timing'].includes(view.phase);
    document.body.dataset.phase = view.phase;
    document.body.dataset.finished = view.comparisons_finished;
    setText(at('headline'), view.headline || (busy ? 'Comparing' : 'No verdict yet'));
    setText(at('status'), view.status || (view.headline ? '' : 'Write or pick a review, then compare.'));
    setText(at('reading'), reading(view));
    setText(at('floor'), view.floor);
    at('floor').hidden = view.floor === '';
    setText(at('compare'), compareLabel(view));
    at('stop').hidden = !busy;
    at('chart').hidden = !canvas || !view.models.some(({ times_ms: times }) => times.length > 0);
    if (view.runtime.text) setText(at('runtime'), `${view.runtime.text}.`);
    updateList(at('notices'), view.notices);
    side?.update(view);
    const ready = view.models.filter(({ phase }) => phase === 'ready');
    if (ready.length > 0) {
      keepForOffline({
        descriptions: outside.described,
        runtime: ready.some(({ architecture }) => architecture !== 'linear'),
      });
    }
    canvas?.redraw();
  };
  // Once a frame at most, and also in a tab in the background, where there are no frames.
  const changed = () => {
    if (waiting) return;
    waiting = true;
    if (document.hidden) window.setTimeout(show, 50);
    else requestAnimationFrame(show);
  };

  const outside = new Outside({ models: new URL('models/', page), comparison, changed });
  const models = new ModelList(at('models'), {
    select: (model, selected) => outside.send({ type: 'select', model, selected }),
    retry: (model) => outside.send({ type: 'retry', model }),
  });

  setUpTheme(canvas);
  setUpChoices(comparison, outside);
  const tell = setUpText(outside);
  const samples = await setUpSamples(tell, outside);
  if (at('review').value) tell(); // kept by the browser over a reload

  const compare = () => {
    tell();
    const error = outside.send({ type: 'start' });
    setText(at('error'), error?.message ?? '');
    if (error && !lastView?.catalog_problem) at('review').focus();
    if (!error) bringIntoView(at('headline'));
  };
  side = new Side({
    at,
    comparison,
    outside,
    canvas,
    open: ({ text, sample }) => {
      at('sample').value = samples[sample]?.id ?? '';
      at('review').value = text ?? samples[sample].text;
      compare();
    },
  });
  at('form').addEventListener('submit', (event) => {
    event.preventDefault();
    side.show('review');
    compare();
  });
  at('review').addEventListener('input', () => setText(at('error'), ''));
  at('stop').addEventListener('click', () => outside.send({ type: 'cancel' }));
  at('chart').addEventListener('change', ({ target }) => canvas.setChart(target.value));
  at('compare').disabled = false;
  outside.carryOut();
  document.body.dataset.started = 'true';
}

announceUpdates({ notice: at('update'), button: at('reload') });
start().catch(fatal);
