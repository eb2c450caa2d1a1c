// The page: starts the core, connects the form to it, and shows its state. What happens is decided in the core
// (shared/compare); this file only carries.
import createModule from '../core/coppice.js';
import { announce } from './announce.js';
import { Canvas } from './canvas.js';
import { Choices } from './choices.js';
import { loadCore } from './core.js';
import { modelFolder, smallFiles } from './first.js';
import { showInsights } from './insights.js';
import { fillSelect, handFocus, ModelList, setNaming, setText, Table, updateList } from './mirror.js';
import { checkBrowser } from './needed.js';
import { announceUpdates } from './offline.js';
import { Outside } from './outside.js';
import { coreOptions, get, page, partsReady } from './places.js';
import { Profile } from './profile.js';
import { remember, remembered } from './settings.js';
import { openedWith, Shell } from './shell.js';
import { Side } from './side.js';

const at = (id) => document.getElementById(id);

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
    const response = await get(new URL(`fonts/source-sans-3-latin-${weight}.ttf`, page).href);
    if (!response.ok) throw new Error(`the font of the drawing is missing (${response.status})`);
    return { weight, bytes: new Uint8Array(await response.arrayBuffer()) };
  };
  return Promise.all([load(400), load(600)]);
}

// The canvas is an addition: where it cannot be, the table alone serves.
async function startDrawing(canvas, core, comparison, fonts) {
  try {
    canvas.start(core.createDrawing(at('canvas'), comparison, await fonts));
  } catch (error) {
    canvas.refuse();
    at('canvas').hidden = true;
    at('no-canvas').hidden = false;
    setText(at('no-canvas'), `No drawing: ${error.message}.`);
  }
}

// The first moment with nothing else to do, or soon.
const whenIdle = (work) => (window.requestIdleCallback ? window.requestIdleCallback(work, { timeout: 300 }) : window.setTimeout(work, 50));

// Returns setTheme('dark' | 'light' | 'auto'), which holds for this visit only.
function setUpTheme(canvas) {
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  let asked = null;
  const apply = () => {
    const systems = system.matches ? 'dark' : 'light';
    const dark = (asked === 'auto' ? systems : (asked ?? remembered('theme') ?? systems)) === 'dark';
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    at('theme').setAttribute('aria-pressed', String(dark));
    canvas.setDark(dark);
  };
  system.addEventListener('change', apply);
  at('theme').addEventListener('click', () => {
    remember('theme', document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
    asked = null;
    apply();
  });
  apply();
  return (name) => {
    asked = name;
    apply();
  };
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
  const content = new Uint8Array(await (await get(new URL('samples.json', page).href)).arrayBuffer());
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
    if (kept || type !== 'grid') tell(); // a grid that nobody chose may be guessed
  };
  follow('device', 'device', String);
  follow('grid', 'grid', String);
  follow('repeats', 'repeats', Number);
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
    .filter(({ selected, phase, on_device: here, yours, twin_of: twin }) => selected && phase === 'offered' && !here && !yours && !twin)
    .reduce((sum, model) => sum + model.model_bytes, 0);
  return bytes > 0 ? `Compare (downloads ${(bytes / 1e6).toFixed(0)} MB once)` : 'Compare';
}

// On a small screen the answer is below the form.
function bringIntoView(element) {
  const { top } = element.getBoundingClientRect();
  if (top < 0 || top > window.innerHeight * 0.8) element.scrollIntoView({ block: 'start' });
}

// Resolves when the page has been set up and nobody waits for a verdict.
const calm = {};
calm.reached = new Promise((resolve) => (calm.reach = resolve));
const calmAfterMs = 2000;

// Describing them takes the page's own processor, which starting to draw would hold up: that waits for the graphics device.
const latestDrawingMs = 1000;
const isDescribed = ({ models, catalog_read: read, catalog_problem: problem }) =>
  problem || (read && models.every(({ phase }) => phase !== 'describing'));

const isBusy = ({ phase }) => ['loading', 'warming_up', 'timing'].includes(phase);

async function start() {
  checkBrowser();
  await partsReady;
  const fonts = loadFonts();
  fonts.catch(() => {}); // startDrawing() says it
  const outside = new Outside({ models: modelFolder, files: smallFiles, changed: () => changed() });
  const core = await loadCore(createModule, await coreOptions());
  const comparison = core.createComparison();
  const canvas = new Canvas(at('canvas'), at('chart'));
  const table = new Table(at('table'));
  let shown = -1;
  let lastView = null;
  let choices = null;
  let waiting = false;
  let shell = null;
  let side = null;

  const show = () => {
    waiting = false;
    if (comparison.revision() === shown) return;
    shown = comparison.revision();
    const view = comparison.view();
    lastView = view;
    table.update(view);
    models.update(view);
    const busy = isBusy(view);
    document.body.dataset.phase = view.phase;
    document.body.dataset.finished = view.comparisons_finished;
    setNaming(at('headline'), view.headline || (busy ? 'Comparing' : 'No verdict yet'), view.models.map(({ id }) => id));
    setText(at('status'), view.status || (view.headline ? '' : 'Write or pick a review, then compare.'));
    setText(at('reading'), reading(view));
    setText(at('floor'), view.floor);
    at('floor').hidden = view.floor === '';
    setText(at('compare'), compareLabel(view));
    const held = document.activeElement;
    at('stop').hidden = !busy;
    handFocus(held, [at('stop'), at('compare')]);
    choices?.update(view);
    showInsights(view);
    profile.update(view);
    if (view.runtime.text) setText(at('runtime'), `${view.runtime.text}.`);
    updateList(at('notices'), view.notices);
    shell?.update(view);
    side?.update(view);
    announce('comparison', busy ? 'busy' : `${view.phase} ${view.comparisons_finished}`, busy ? 'Comparing.' : view.headline);
    canvas.describe({ view });
    canvas.update();
    if (isDescribed(view)) draw();
    if (view.phase === 'done') calm.reach();
    prepare(view);
  };
  let drawing = false;
  const draw = () => {
    if (drawing) return;
    drawing = true;
    whenIdle(async () => {
      await startDrawing(canvas, core, comparison, fonts);
      if (lastView) choices?.update(lastView);
    });
  };
  // Once there is a text for a transformer to read, a comparison is near.
  let prepared = false;
  const prepare = ({ models: rows, text_empty: empty, backend }) => {
    if (prepared || empty || !rows.some(({ selected, tokens, architecture }) => selected && tokens > 0 && architecture !== 'linear')) return;
    prepared = true;
    outside.prepare(backend);
  };
  // Once a frame at most, and also where no frame comes: in a tab in the background, or one that goes there meanwhile.
  const changed = () => {
    if (waiting) return;
    waiting = true;
    const late = window.setTimeout(show, document.hidden ? 50 : 500);
    requestAnimationFrame(() => {
      window.clearTimeout(late);
      show();
    });
  };

  const profile = new Profile({ at, ask: (model) => outside.profile(model) });
  const models = new ModelList(at('models'), {
    select: (model, selected) => outside.send({ type: 'select', model, selected }),
    retry: (model) => outside.send({ type: 'retry', model }),
  });

  outside.attach(comparison); // the catalogue and what it names come while the rest is set up

  const setTheme = setUpTheme(canvas);
  setUpChoices(comparison, outside);
  choices = new Choices({ send: (event) => outside.send(event), choices: comparison.choices(), canvas });
  const tell = setUpText(outside);
  const samples = await setUpSamples(tell, outside);
  if (at('review').value) tell(); // kept by the browser over a reload

  // Returns what was wrong, or null.
  const compare = () => {
    tell();
    const error = outside.send({ type: 'start' });
    setText(at('error'), error?.message ?? '');
    if (error && !lastView?.catalog_problem) at('review').focus();
    if (!error) bringIntoView(at('headline'));
    return error?.message ?? null;
  };
  shell = new Shell({
    at,
    outside,
    link: opened,
    actions: {
      compare,
      setTheme,
      stop: () => outside.send({ type: 'cancel' }),
      setReview: (text) => {
        at('review').value = text;
        at('sample').value = '';
        tell();
      },
    },
  });
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
  shown = -1; // the shell has seen nothing yet
  at('form').addEventListener('submit', (event) => {
    event.preventDefault();
    side.show('review');
    shell.compare();
  });
  at('review').addEventListener('input', () => setText(at('error'), ''));
  at('stop').addEventListener('click', () => outside.send({ type: 'cancel' }));
  at('compare').disabled = false;
  outside.carryOut();
  document.body.dataset.started = 'true';
  window.setTimeout(draw, latestDrawingMs);
  window.setTimeout(() => !isBusy(lastView ?? {}) && calm.reach(), calmAfterMs);
}

const opened = openedWith();
// A page that cannot start needs its next version all the more.
start().catch((error) => (fatal(error), calm.reach()));
announceUpdates({ notice: at('update'), text: at('update-text'), button: at('reload'), calm: calm.reached });
