// What the tests know of a report's page without its renderer: elements and their attributes, numbers as people read them,
// files by their hash, and the formulas, written down a second time.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const unescape = (text) =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');

export function filesBelow(at) {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(at, entry.name);
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

// First digits of the sha256 -> the file's content, of all JSON files below the folders.
export function indexOf(folders) {
  const index = new Map();
  for (const file of folders.flatMap(filesBelow).filter((name) => name.endsWith('.json'))) {
    const bytes = readFileSync(file);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    try {
      // A copy counts where it was met first.
      if (!index.has(sha256.slice(0, 12))) index.set(sha256.slice(0, 12), { file, sha256, document: JSON.parse(bytes) });
    } catch {
      // A broken one is no source of a number.
    }
  }
  return index;
}

export function at(document, pointer) {
  return pointer
    .split('/')
    .slice(1)
    .reduce((value, key) => value?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

// [{ text, attributes }] of the elements with class "n".
export function numbersOf(html) {
  return [...html.matchAll(/<(a|span) class="n[^"]*"([^>]*)>([^<]*)<\/\1>/g)].map(([, , list, text]) => ({
    text: unescape(text),
    attributes: Object.fromEntries([...list.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, unescape(value)])),
  }));
}

// A unit as it is printed, in the unit that records use.
const units = {
  joules: { kWh: 3.6e6, kJ: 1e3, J: 1, mJ: 1e-3, 'µJ': 1e-6, nJ: 1e-9 },
  grams: { kg: 1e3, g: 1, mg: 1e-3, 'µg': 1e-6, ng: 1e-9 },
  seconds: { h: 3600, min: 60, s: 1, ms: 1e-3 },
  milliseconds: { s: 1e3, ms: 1, 'µs': 1e-3 },
  bytes: { GB: 1e9, MB: 1e6, kB: 1e3, B: 1 },
  intensity: { 'g/kWh': 1 },
  watts: { W: 1 },
  percent: { '%': 0.01 },
  percent0: { '%': 0.01 },
  percentbare: { '': 0.01 },
  plainpercent: { '%': 1 },
  share: { '%': 0.01 },
  points: { points: 0.01 },
  pointsbare: { '': 0.01 },
};
const decimals = { percent: 2, percentbare: 2, percent0: 0, points: 2, pointsbare: 2, score: 3, signed: 4, share: 1, count: 0, plainpercent: 0 };

// What is wrong with a printed number, or null: it must be `value` to within half of its last digit, or for three significant
// digits of the third.
export function wrongText(text, value, format) {
  const match = text.match(/^([+\u2212-]?)([\d,]+(?:\.\d+)?)(?:\u00a0(.+))?$/);
  if (!match) return `"${text}" is no number`;
  const [, sign, digits, unit = ''] = match;
  const factor = units[format] ? units[format][unit] : unit === '' ? 1 : undefined;
  if (factor === undefined) return `"${text}": no unit of ${format}`;
  if (format in decimals && (digits.split('.')[1]?.length ?? 0) !== decimals[format]) return `"${text}": not ${decimals[format]} decimals`;
  const shown = Number(digits.replaceAll(',', '')) * (sign === '\u2212' || sign === '-' ? -1 : 1) * factor;
  if (format === 'pvalue' && value < 0.0001) return shown === 0.0001 ? null : `"${text}" of ${value}`;
  const last = 10 ** -(digits.split('.')[1]?.length ?? 0) * factor;
  const third = format in decimals || format === 'plain' ? 0 : 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - (format === 'pvalue' ? 1 : 2));
  const slack = Math.max(last, third) * 0.5 + Math.abs(value) * 1e-9;
  return Math.abs(shown - value) <= slack ? null : `"${text}" of ${value}`;
}

// The methods of docs/statistics.md, from records alone.
const z = 1.959963984540054;
const errorOfMedian = (prompt) => (1.2533141373155 * 1.4826022185056 * prompt.mad_ms) / Math.sqrt(prompt.repeats) / prompt.median_ms;

export function energyRatio(before, after) {
  const value = after.energy_joules.value / before.energy_joules.value;
  const error = z * Math.hypot(errorOfMedian(before), errorOfMedian(after));
  return { value, low: value * Math.exp(-error), high: value * Math.exp(error) };
}

export function saving(before, after) {
  const [a, b] = [before.energy_joules, after.energy_joules];
  const value = a.value - b.value;
  const error = z * Math.hypot(a.value * errorOfMedian(before), b.value * errorOfMedian(after));
  const least = Math.min(a.low / a.value, b.low / b.value);
  const most = Math.max(a.high / a.value, b.high / b.value);
  const [low, high] = [value - error, value + error];
  return { value, low: low * (low > 0 ? least : most), high: high * (high > 0 ? most : least) };
}

export const formulas = {
  ratio: ([a, b]) => a / b,
  sum: (values) => values.reduce((a, b) => a + b, 0),
  thousand: ([joules]) => joules * 1000,
  'grams-per-thousand': ([joules, intensity, pue]) => ((joules * 1000) / 3.6e6) * intensity * pue,
};

// Rows of a CSV text as objects.
export function parseCsv(text) {
  const rows = [[]];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') (cell += '"'), (i += 1);
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === ',' || c === '\n') {
      rows.at(-1).push(cell);
      cell = '';
      if (c === '\n') rows.push([]);
    } else cell += c;
  }
  const [head, ...body] = rows.filter((row) => row.length > 1);
  return body.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])));
}

export const figuresOf = (html) =>
  [...html.matchAll(/<figure id="([^"]*)" class="chart">([\s\S]*?)<\/figure>/g)].map(([, id, body]) => ({
    id,
    body,
    csv: decodeURIComponent(body.match(/href="data:text\/csv;charset=utf-8,([^"]*)"/)?.[1] ?? ''),
  }));
