// Charts: Vega-Lite specifications drawn to SVG in Node, without a browser. Each is drawn twice, wide and narrow, and the
// style sheet shows the one that fits; both come with a title, a description, and the data behind them as CSV.
import * as vega from 'vega';
import * as vegaLite from 'vega-lite';

import { escape, html, raw } from './html.mjs';

export const ink = { text: '#1e2a24', muted: '#5a675f', line: '#c9c4b4', grid: '#e8e5da', accent: '#2b6a4d', paper: '#ffffff' };

// A model looks the same in every chart: colour, mark and dash, so that each can be told without the others.
const looks = [
  { color: '#1f5139', shape: 'circle', dash: [1, 0] },
  { color: '#0b5fa5', shape: 'square', dash: [7, 3] },
  { color: '#a8480b', shape: 'triangle-up', dash: [3, 3] },
  { color: '#7a3e8e', shape: 'diamond', dash: [9, 3, 2, 3] },
  { color: '#8a6d00', shape: 'triangle-down', dash: [2, 2] },
  { color: '#9c2743', shape: 'cross', dash: [12, 4] },
  { color: '#3d4a7a', shape: 'triangle-right', dash: [5, 2, 1, 2] },
  { color: '#5a675f', shape: 'triangle-left', dash: [1, 3] },
];
export const lookOf = (index) => looks[index % looks.length];

// One legend for colour and mark; dashes are told by the mark on their line.
export const keyed = (scales, names, columns, orient = 'top') => ({
  color: { field: 'model', scale: scales.color, sort: names, legend: { title: null, orient, columns, symbolStrokeWidth: 0 } },
  shape: { field: 'model', scale: scales.shape, sort: names, legend: { title: null, orient, columns, symbolStrokeWidth: 0 } },
});

// Of the line that joins a model's marks: the legend is of the marks alone.
export const lineOf = (scales) => ({
  stroke: { field: 'model', scale: scales.color, legend: null },
  strokeDash: { field: 'model', scale: scales.dash, legend: null },
});

// Beside lineOf, so that its legends are not merged with the marks'.
export const apart = { legend: { stroke: 'independent', strokeDash: 'independent' } };

// Labels of an axis of numbers without exponents, whatever their size.
export const wholeNumbers = "abs(datum.value) >= 1 || datum.value == 0 ? format(datum.value, ',.12~g') : format(datum.value, '.3~r')";

// Ticks of a logarithmic axis: powers of ten, and between them 2 and 5, or 3, where there is room.
export function logTicks(low, high) {
  const decades = Math.log10(high / low);
  const steps = decades < 1.6 ? [1, 2, 5] : decades < 3.2 ? [1, 3] : [1];
  const ticks = [];
  for (let k = Math.floor(Math.log10(low)); k <= Math.ceil(Math.log10(high)); k += 1) {
    for (const step of steps) {
      const tick = Number(`${step}e${k}`);
      if (tick >= low / 1.001 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

// Scales of colour, shape and dash over the names that a chart has.
export function lookScales(names, indexOf) {
  const of = (key) => names.map((name) => lookOf(indexOf(name))[key]);
  return {
    color: { domain: names, range: of('color') },
    shape: { domain: names, range: of('shape') },
    dash: { domain: names, range: of('dash') },
  };
}

// Widths of Source Sans 3 in thousandths of its size, by kind of letter: Vega's own guess without a canvas is 800 a letter.
function letterWidth(c) {
  if (/[0-9]/.test(c)) return 497;
  if (/[ .,:;'|!ilj()/]/.test(c)) return 270;
  if (/[mwMW%]/.test(c)) return 800;
  if (/[A-Z]/.test(c)) return 590;
  return 500;
}
vega.textMetrics.width = (item, text) => {
  const line = String(text ?? item.text ?? '');
  let width = 0;
  for (const c of line) width += letterWidth(c);
  return (width * (item.fontSize ?? 11)) / 1000;
};

const font = "'Source Sans 3', system-ui, sans-serif";
const config = {
  background: null,
  font,
  view: { stroke: null },
  axis: {
    labelFont: font, titleFont: font, labelFontSize: 13, titleFontSize: 13, titleFontWeight: 400, labelColor: ink.muted, titleColor: ink.muted,
    gridColor: ink.grid, domainColor: ink.line, tickColor: ink.line, tickSize: 4, titlePadding: 8, labelPadding: 5,
  },
  axisY: { domain: false, ticks: false },
  header: { labelFont: font, titleFont: font, labelFontSize: 14, labelFontWeight: 600, labelColor: ink.text },
  legend: { labelFont: font, titleFont: font, labelFontSize: 13, titleFontSize: 13, titleFontWeight: 400, labelColor: ink.text, titleColor: ink.muted, symbolSize: 90, labelLimit: 260, offset: 14 },
  text: { font, fontSize: 13, color: ink.text },
  title: { font, fontSize: 14, fontWeight: 600, color: ink.text, anchor: 'start', subtitleFont: font },
  point: { filled: true, size: 90, opacity: 1 },
  line: { strokeWidth: 2 },
  rule: { strokeWidth: 1.5 },
  axisQuantitative: { tickCount: 5 },
};

async function draw(spec, id, title, description) {
  const warn = (text) => {
    throw new Error(`${id}: ${text}`);
  };
  const quiet = () => logger;
  const logger = { level: quiet, error: warn, warn, info: quiet, debug: quiet };
  const compiled = vegaLite.compile({ $schema: 'https://vega.github.io/schema/vega-lite/v6.json', config, ...spec }, { logger }).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Error });
  const svg = await view.toSVG();
  view.finalize();
  const [, width, height] = svg.match(/width="([\d.]+)" height="([\d.]+)"/);
  // Inside, roles and labels of single marks would be read out one by one; the figure has one text and its data as a table.
  const inside = svg
    .replace(/^<svg[^>]*>/, '')
    .replace(/<\/svg>$/, '')
    .replace(/ (?:role|aria-[a-z]+)="[^"]*"/g, '')
    // Hundredths of a pixel are enough; texts are left as they are.
    .replace(/ (d|transform|x|y|x2|y2|width|height)="[^"]*"/g, (attribute) => attribute.replace(/(\d+\.\d{2})\d+/g, '$1'));
  return raw(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ` +
      `aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${escape(title)}</title><desc id="${id}-d">${escape(description)}</desc>${inside}</svg>`,
  );
}

function csvCell(value) {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export function csvOf(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return `${columns.join(',')}\n${rows.map((row) => columns.map((column) => csvCell(row[column])).join(',')).join('\n')}\n`;
}

// spec: (width, narrow) -> a Vega-Lite specification whose data are `rows`. `rows` also become the CSV: what is drawn is
// what is handed out. Columns "record" and "field" of a row say where its value came from.
export class Charts {
  constructor() {
    this.drawn = [];
  }

  async figure({ id, title, caption, description, rows, spec }) {
    this.drawn.push({ id, title, rows: rows.length });
    const wide = await draw({ data: { values: rows }, ...spec(640, false) }, `${id}-w`, title, description);
    const narrow = await draw({ data: { values: rows }, ...spec(270, true) }, `${id}-n`, title, description);
    const csv = `data:text/csv;charset=utf-8,${encodeURIComponent(csvOf(rows))}`;
    return html`<figure id="${id}" class="chart">
<h4>${title}</h4>
<div class="wide">${wide}</div><div class="narrow">${narrow}</div>
<figcaption>${caption} <a class="csv" href="${csv}" download="${id}.csv">Data as CSV</a></figcaption>
</figure>`;
  }
}
