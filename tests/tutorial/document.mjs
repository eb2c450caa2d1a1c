// A tutorial in Markdown as a program: its commands, and the outputs that its text shows.
//
//   ```sh     commands, run in order in one shell's state
//   ```text   what the commands before it print on standard output, how exactly is said by a comment above it:
//               <!-- output: exact -->          line by line; the usual, may be left out
//               <!-- output: within 10 % -->    words are the same, numbers differ by at most so much of their size
//               <!-- output: shape -->          words are the same, numbers may be any: times and energies
//               <!-- output: first line -->     the first line as in shape, the rest is an example: verdicts on times
//             A line of three dots stands for any lines.

// [{ line, commands, expected?: { mode, percent?, text, line } }, ...]
export function blocksOf(markdown) {
  const blocks = [];
  let mode = null;
  let open = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open) {
      if (line.trim() !== '```') {
        open.lines.push(line);
        continue;
      }
      if (open.language === 'sh') blocks.push({ line: open.line, commands: open.lines.join('\n') });
      if (open.language === 'text') {
        if (blocks.length === 0 || blocks.at(-1).expected) throw new Error(`line ${open.line}: an output without commands before it`);
        blocks.at(-1).expected = { ...parseMode(mode ?? 'exact', open.line), text: open.lines.join('\n'), line: open.line };
      }
      [open, mode] = [null, null];
      continue;
    }
    const fence = line.match(/^```(\w*)/);
    const comment = line.match(/^<!-- output: (.*) -->$/);
    if (fence) open = { language: fence[1], lines: [], line: index + 1 };
    else if (comment) mode = comment[1];
  }
  if (open) throw new Error(`line ${open.line}: the block does not end`);
  return blocks;
}

function parseMode(text, line) {
  if (['exact', 'shape', 'first line'].includes(text)) return { mode: text };
  const within = text.match(/^within (\d+(?:\.\d+)?) %$/);
  if (within) return { mode: 'within', percent: Number(within[1]) };
  throw new Error(`line ${line}: output mode "${text}"; expected exact, shape, first line or within N %`);
}

const number = /[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?/g;

// What keeps one line from matching, or null.
function lineDifference({ mode, percent }, expected, actual) {
  const differs = `expected "${expected}", got "${actual}"`;
  if (mode === 'exact') return expected.trimEnd() === actual.trimEnd() ? null : differs;
  // Columns move with the width of numbers, and so do rules below them.
  const words = (line) => line.replace(number, '#').replace(/\s+/g, ' ').trim();
  if (words(expected) !== words(actual)) return differs;
  if (mode !== 'within') return null;
  const [wanted, found] = [expected, actual].map((line) => (line.match(number) ?? []).map(Number));
  const far = wanted.findIndex((value, i) => Math.abs(found[i] - value) > (percent / 100) * Math.abs(value) + 1e-12);
  return far < 0 ? null : `${differs}: ${found[far]} is more than ${percent} % from ${wanted[far]}`;
}

// What keeps the output from being what the text shows, or null.
export function difference(expected, output) {
  const wanted = expected.text.split('\n');
  const found = output.replace(/\n$/, '').split('\n');
  if (expected.mode === 'first line') return lineDifference(expected, wanted[0], found[0]);
  let at = 0;
  for (let i = 0; i < wanted.length; ++i) {
    if (wanted[i].trim() === '...') {
      if (i + 1 === wanted.length) return null;
      while (at < found.length && lineDifference(expected, wanted[i + 1], found[at])) at += 1;
      if (at === found.length) return `no line such as "${wanted[i + 1]}"`;
      continue;
    }
    if (at === found.length) return `the output ends before "${wanted[i]}"`;
    const what = lineDifference(expected, wanted[i], found[at]);
    if (what) return `line ${expected.line + 1 + i}: ${what}`;
    at += 1;
  }
  return at === found.length ? null : `more output than shown: "${found[at]}"`;
}
