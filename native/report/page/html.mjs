// HTML by tagged templates: whatever is put in is escaped, unless it is Html already.

export class Html {
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
}

export const raw = (text) => new Html(text);

export function escape(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function put(value) {
  if (value === null || value === undefined || value === false) return '';
  if (Array.isArray(value)) return value.map(put).join('');
  return value instanceof Html ? value.text : escape(value);
}

export function html(strings, ...values) {
  return new Html(strings.reduce((text, part, i) => text + part + (i < values.length ? put(values[i]) : ''), ''));
}

// What stands in a record word for word: names, paths, methods, times. Digits in it are no figures of ours.
export const verbatim = (text) => html`<span class="v">${text}</span>`;
export const code = (text) => html`<code class="v">${text}</code>`;

// [a, b, c] -> "a, b and c".
export function listed(parts) {
  if (parts.length < 2) return html`${parts}`;
  return html`${parts.slice(0, -1).map((part, i) => (i ? html`, ${part}` : html`${part}`))} and ${parts.at(-1)}`;
}

// The text without its elements.
export const plain = (text) =>
  String(text)
    .replace(/<[^>]+>/g, '')
    .replace(/&#(\d+);/g, (_, number) => String.fromCharCode(Number(number)))
    .replace(/\s+/g, ' ')
    .trim();
