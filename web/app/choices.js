// What a visitor chooses of how results are shown and estimated, connected to the core (shared/compare/choices.h): layout,
// order, baseline, method, reviews, calibration. The core decides and the controls show what it holds, so that a control
// never says another thing than the drawing.
import { fillSelect, setText } from './mirror.js';
import { remember, remembered } from './settings.js';

const at = (id) => document.getElementById(id);
const charts = ['time', 'tradeoff', 'ledger', 'energy']; // which one is shown first of those there is something for

function setOptions(select, choices) {
  const wanted = choices.map(({ id, label }) => `${id}\n${label}`).join('\n');
  if (select.dataset.options === wanted) return;
  select.dataset.options = wanted;
  select.replaceChildren();
  fillSelect(select, choices, ({ label }) => label);
}

function setValue(select, value) {
  if (select.value !== value) select.value = value;
}

export class Choices {
  #send;
  #canvas;
  #chart = null; // chosen by the visitor
  #shownChart = '';
  #devices;

  // send(event): to the core. choices: of the core. canvas: of canvas.js.
  constructor({ send, choices, canvas }) {
    this.#send = send;
    this.#canvas = canvas;
    this.#devices = choices.devices;
    fillSelect(at('method'), choices.methods, ({ name }) => name);
    const choose = (what, value) => send({ type: 'choose', what, value });
    for (const what of ['sort', 'baseline', 'rival', 'axis', 'method']) {
      at(what).addEventListener('change', () => {
        if (what === 'method' || what === 'sort') remember(what, at(what).value);
        choose(what, at(what).value);
      });
    }
    for (const what of ['method', 'sort']) {
      const kept = remembered(what);
      if (kept && [...at(what).options].some(({ value }) => value === kept)) choose(what, kept);
    }
    at('layout').addEventListener('change', ({ target }) => choose('layout', target.value));
    for (const id of ['reviews', 'ledger-reviews']) {
      at(id).addEventListener('change', () => send({ type: 'reviews', value: Number(at(id).value) }));
    }
    at('calibrate').addEventListener('click', () => {
      setText(at('calibration'), '');
      const error = send({ type: 'calibrate' });
      if (error) setText(at('calibration'), error.message);
    });
    at('chart').addEventListener('change', ({ target }) => {
      if (target.name !== 'chart') return;
      this.#chart = target.value;
      this.#showChart();
    });
    // A guess that asks nobody: the name of the zone that the clock is set to.
    send({ type: 'time_zone', value: Intl.DateTimeFormat().resolvedOptions().timeZone ?? '' });
  }

  update(view) {
    const { insights } = view;
    at('toolbar').hidden = view.models.length < 2;
    for (const input of at('layout').querySelectorAll('input')) {
      input.checked = input.value === insights.layout;
      if (input.value === 'duel') input.disabled = !insights.duel;
    }
    const ids = view.models.map(({ id }) => ({ id, label: id }));
    setOptions(at('baseline'), ids);
    setOptions(at('rival'), ids.filter(({ id }) => id !== insights.baseline));
    setValue(at('baseline'), insights.baseline);
    setValue(at('rival'), insights.rival);
    at('rival-field').hidden = insights.layout !== 'duel';
    at('sort-field').hidden = insights.layout === 'duel';
    setValue(at('sort'), insights.sort);
    setValue(at('axis'), insights.tradeoff.axis);
    setValue(at('method'), insights.method.id);
    setText(at('method-counts'), insights.method.counts);
    setValue(at('grid'), view.grid);
    setText(at('grid-guess'), insights.grid_guess);
    const device = this.#devices.find(({ id }) => id === view.device);
    setText(at('device-source'), `${device.watts_low} to ${device.watts_high} W; ${device.source}`);
    for (const id of ['reviews', 'ledger-reviews']) setValue(at(id), String(insights.reviews));
    this.#showCalibration(view, insights.calibration);
    this.#chartsOf(view);
  }

  #showCalibration(view, { busy, text }) {
    const running = ['loading', 'warming_up', 'timing'].includes(view.phase);
    at('calibrate').disabled = busy || running;
    setText(at('calibrate'), busy ? 'Calibrating, five seconds' : text ? 'Calibrate again' : 'Calibrate this device');
    if (text || busy) setText(at('calibration'), busy ? '' : text);
  }

  #available = new Set();
  #chartsOf(view) {
    const timed = view.models.some(({ times_ms: times }) => times.length > 0);
    const { insights } = view;
    this.#available = new Set();
    if (timed) this.#available.add('time');
    if (view.models.some(({ energy_joules: energy }) => energy)) this.#available.add('energy');
    if (insights.tradeoff.points.length > 0 || timed) this.#available.add('tradeoff');
    if (insights.ledger.some(({ stages }) => stages.length > 0)) this.#available.add('ledger');
    this.#showChart();
  }

  #showChart() {
    const chart = this.#available.has(this.#chart) ? this.#chart : charts.find((each) => this.#available.has(each));
    at('chart').hidden = this.#canvas.refused || !chart;
    for (const input of at('chart').querySelectorAll('input[name="chart"]')) {
      input.checked = input.value === chart;
      input.disabled = !this.#available.has(input.value);
    }
    at('axis-field').hidden = chart !== 'tradeoff';
    at('ledger-reviews-field').hidden = chart !== 'ledger';
    if (!chart || chart === this.#shownChart) return;
    this.#shownChart = chart;
    this.#canvas.setChart(chart);
  }
}
