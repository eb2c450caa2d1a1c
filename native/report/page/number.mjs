// Every number of the page is an element that says which record it came from: data-record (the first digits of the file's
// sha256) and data-field (a JSON pointer), or a formula over several of those. tests/report recomputes each of them.
import { html, raw } from './html.mjs';

const nbsp = '\u00a0';
const minus = (text) => text.replace(/^-/, '\u2212');

function grouped(value, decimals = 0) {
  const [whole, part] = Math.abs(value).toFixed(decimals).split('.');
  const sign = value < 0 && Number(Math.abs(value).toFixed(decimals)) !== 0 ? '\u2212' : '';
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part ? `.${part}` : '');
}

// Three significant digits, without an exponent.
function significant(value, digits = 3) {
  if (value === 0) return '0';
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits))))));
  return grouped(Number(value.toPrecision(digits)), Math.min(decimals, 12));
}

// [[factor, unit], ...] from the largest: the first that gives at least 1.
function scaled(value, units) {
  const [factor, unit] = units.find(([size]) => Math.abs(value) >= size * 0.9995) ?? units.at(-1);
  return `${significant(value / factor)}${nbsp}${unit}`;
}

export const formats = {
  percent: (value) => `${grouped(value * 100, 2)}${nbsp}%`,
  percentbare: (value) => grouped(value * 100, 2),
  plain: (value) => (Number.isInteger(value) ? grouped(value) : String(value)),
  plainpercent: (value) => `${grouped(value)}${nbsp}%`,
  percent0: (value) => `${grouped(value * 100, 0)}${nbsp}%`,
  points: (value) => `${value > 0 ? '+' : ''}${grouped(value * 100, 2)}${nbsp}points`,
  pointsbare: (value) => `${value > 0 ? '+' : ''}${grouped(value * 100, 2)}`,
  score: (value) => grouped(value, 3),
  signed: (value) => `${value > 0 ? '+' : ''}${grouped(value, 4)}`,
  share: (value) => `${value > 0 ? '+' : ''}${grouped(value * 100, 1)}${nbsp}%`,
  ratio: (value) => significant(value),
  count: (value) => grouped(value),
  countish: (value) => grouped(Number(value.toPrecision(3))),
  joules: (value) => scaled(value, [[3.6e6, 'kWh'], [1e3, 'kJ'], [1, 'J'], [1e-3, 'mJ'], [1e-6, 'µJ'], [1e-9, 'nJ']]),
  grams: (value) => scaled(value, [[1e3, 'kg'], [1, 'g'], [1e-3, 'mg'], [1e-6, 'µg'], [1e-9, 'ng']]),
  seconds: (value) => scaled(value, [[3600, 'h'], [60, 'min'], [1, 's'], [1e-3, 'ms']]),
  milliseconds: (value) => scaled(value, [[1e3, 's'], [1, 'ms'], [1e-3, 'µs']]),
  bytes: (value) => scaled(value, [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']]),
  intensity: (value) => `${significant(value)}${nbsp}g/kWh`,
  watts: (value) => `${significant(value)}${nbsp}W`,
  pvalue: (value) => (value < 0.0001 ? '0.0001' : significant(value, 2)),
};

const sum = (values) => values.reduce((a, b) => a + b, 0);

// Formulas over fields, by the name that stands in data-formula.
export const formulas = {
  ratio: ([a, b]) => a / b,
  difference: ([a, b]) => a - b,
  relative: ([a, b]) => (a - b) / b,
  sum,
  product: (values) => values.reduce((a, b) => a * b, 1),
  thousand: ([a]) => a * 1000,
  'grams-per-thousand': ([joules, gramsPerKwh, pue]) => (joules * 1000 * gramsPerKwh * pue) / 3.6e6,
  median: (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  },
};

export function at(document, pointer) {
  let value = document;
  for (const key of pointer.split('/').slice(1)) {
    if (value === null || typeof value !== 'object') return undefined;
    value = value[key.replace(/~1/g, '/').replace(/~0/g, '~')];
  }
  return value;
}

export const shown = (value, format) => minus(formats[format](value));

// A field of a file of the collection: entry = {id, document, ...}.
export class Field {
  constructor(entry, pointer) {
    this.entry = entry;
    this.pointer = pointer;
    this.value = at(entry.document, pointer);
    if (typeof this.value !== 'number' || !Number.isFinite(this.value)) {
      throw new Error(`${entry.path}: ${pointer} is no number`);
    }
  }
  get name() {
    return `${this.entry.id}#${this.pointer}`;
  }
}

export const has = (entry, pointer) => Number.isFinite(at(entry.document, pointer));
export const field = (entry, pointer) => new Field(entry, pointer);

// The number of one field, linked to its record in the appendix.
export function number(entry, pointer, format) {
  const { value } = field(entry, pointer);
  return html`<a class="n" href="#f-${entry.id}" data-record="${entry.id}" data-field="${pointer}" data-format="${format}">${shown(value, format)}</a>`;
}

// A number worked out from fields.
export function derived(formula, fields, format) {
  const value = formulas[formula](fields.map((one) => one.value));
  return html`<a class="n d" href="#f-${fields[0].entry.id}" data-formula="${formula}" data-of="${fields.map((one) => one.name).join(' ')}" data-format="${format}">${shown(value, format)}</a>`;
}

// A number that `coppice report` worked out (native/compare/summary.h): data-field points into the overview.
export function worked(overview, pointer, format) {
  const value = at(overview.document, pointer);
  if (!Number.isFinite(value)) throw new Error(`overview: ${pointer} is no number`);
  return html`<a class="n d" href="#f-overview" data-record="overview" data-field="${pointer}" data-format="${format}">${shown(value, format)}</a>`;
}

// How many of something the page shows; data-count says of what.
export function counted(count, what) {
  return html`<span class="n" data-count="${what}" data-format="count">${formats.count(count)}</span>`;
}

// "a to b".
export const range = (low, high) => html`${low} to ${high}`;

// A figure with its interval: {value, low, high} below `pointer`.
export function withInterval(entry, pointer, format) {
  const ends = format === 'percent' ? 'percentbare' : format;
  return html`${number(entry, `${pointer}/value`, format)} <span class="i">(${range(number(entry, `${pointer}/low`, ends), number(entry, `${pointer}/high`, ends))})</span>`;
}

export const none = raw('<span class="none">not recorded</span>');
