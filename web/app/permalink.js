// A link to a comparison: text, models, grid and device in the address's fragment, which a browser never sends to a server.
//
//   #v=1&text=A+good+film.&models=dense,structured&grid=FRA&device=laptop&repeats=5
//   and of an embedded page: &embed=1&theme=dark&origin=https%3A%2F%2Fexample.org
//
// What cannot be read is left out and said: the rest of the link holds.
const version = '1';
export const mostTextLength = 20_000; // characters; longer ones make links that mail programs cut

const known = ['v', 'text', 'models', 'grid', 'device', 'repeats', 'embed', 'theme', 'origin'];

// fragment: with or without its '#'. Returns { text, models, grid, device, repeats, embed, theme, origin, problems }; what
// is not in it is undefined. Whether a model, grid or device exists is for the caller to check.
export function readLink(fragment) {
  const link = { problems: [] };
  const content = fragment.replace(/^#/, '');
  if (content === '') return link;
  if (/%(?![0-9A-Fa-f]{2})/.test(content)) return { problems: ['The link is damaged (a broken % sign), so it was not used.'] };
  if (!content.includes('=')) return link; // the name of a place in the page
  const members = new URLSearchParams(content);
  if ((members.get('v') ?? version) !== version) {
    return { problems: [`The link is of version ${members.get('v').slice(0, 20)}, which this page does not know, so it was not used.`] };
  }
  const ignored = [...new Set([...members.keys()].filter((name) => !known.includes(name)))];
  if (ignored.length > 0) link.problems.push(`The link says "${ignored[0].slice(0, 30)}", which this page does not know.`);
  const text = members.get('text');
  if (text !== null) {
    if (text.includes('\uFFFD')) link.problems.push('The text of the link is damaged (no UTF-8), so it was left out.');
    else if (text.length > mostTextLength) link.problems.push(`The text of the link is longer than ${mostTextLength} characters, so it was left out.`);
    else link.text = text;
  }
  const models = members.get('models');
  if (models !== null) link.models = models.split(/[\s,]+/).filter(Boolean);
  for (const name of ['grid', 'device', 'origin']) if (members.get(name)) link[name] = members.get(name);
  if (members.has('repeats')) {
    const repeats = Number(members.get('repeats'));
    if (Number.isInteger(repeats) && repeats >= 1 && repeats <= 100) link.repeats = repeats;
    else link.problems.push('The link\'s number of timed runs is not one of 1 to 100.');
  }
  if (members.has('theme')) {
    if (['dark', 'light', 'auto'].includes(members.get('theme'))) link.theme = members.get('theme');
    else link.problems.push('The link\'s theme is not dark, light or auto.');
  }
  link.embed = members.get('embed') === '1';
  return link;
}

// members: { text, models: [ids], grid, device, repeats, ... }; undefined and empty ones are left out.
export function writeLink(members) {
  const written = new URLSearchParams({ v: version });
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined || value === '' || value?.length === 0) continue;
    written.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  return `#${written}`;
}
