// A latency table as a picture: how the time of the whole model falls as heads, or feed-forward neurons, go from all
// layers, beside what the operations alone would promise. docs/images/latency-ortweb-256.svg is made by
//
//     node tests/bench/latency/figure.mjs docs/bench/latency-ortweb-256.json > docs/images/latency-ortweb-256.svg
import { readFileSync } from 'node:fs';

import { predict } from './table.mjs';

const table = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const layers = Math.max(...table.measured.models.map((model) => model.layers ?? 0));
const full = { heads: table.heads.at(-1).width, neurons: table.neurons.at(-1).width };
const time = (shape) => predict(table, Array(layers).fill({ ...full, ...shape }));
const flops = ({ heads, neurons }) => {
  const [t, h, d] = [table.tokens, table.hidden_size, table.head_size];
  return heads * (8 * t * h * d + 4 * t * t * d) + neurons * 4 * t * h; // as records::encoder_flops counts them
};

const [width, height, left, bottom, right, top] = [680, 360, 60, 50, 190, 40];
const x = (share) => left + share * (width - left - right);
const y = (share) => height - bottom - share * (height - bottom - top);
const text = (at, up, words, more = '') => `<text x="${at.toFixed(1)}" y="${up.toFixed(1)}" ${more}>${words}</text>`;
const line = (points, color, more = '') =>
  `<polyline fill="none" stroke="${color}" stroke-width="2" ${more} points="${points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(' ')}"/>`;

const parts = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13" fill="#333">`,
  `<title>Time of one review of ${table.tokens} tokens against the share of heads or neurons that stay</title>`,
  `<rect width="${width}" height="${height}" fill="#fff"/>`,
  text(left, 22, `Time of the whole model, ${table.tokens} tokens, ${table.runtime.split(',').slice(0, 3).join(',')}`, 'font-weight="bold"'),
];
for (const share of [0, 0.25, 0.5, 0.75, 1]) {
  parts.push(`<line x1="${x(0)}" x2="${x(1)}" y1="${y(share)}" y2="${y(share)}" stroke="#ddd"/>`);
  parts.push(text(left - 8, y(share) + 4, `${share * 100} %`, 'text-anchor="end"'), text(x(share), height - bottom + 20, `${share * 100} %`, 'text-anchor="middle"'));
}
parts.push(text(x(0.5), height - 10, 'heads or neurons that stay in every layer', 'text-anchor="middle"'));
for (const [member, color, up] of [
  ['heads', '#b3401f', -40],
  ['neurons', '#1f6f5c', 30],
]) {
  const measured = table[member].map(({ width: count }) => [count / full[member], time({ [member]: count }) / time({})]);
  const promised = table[member].map(({ width: count }) => [count / full[member], flops({ ...full, [member]: count }) / flops(full)]);
  parts.push(line(promised, color, 'stroke-dasharray="3 5" opacity="0.7"'), line(measured, color));
  for (const [a, b] of measured) parts.push(`<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="3.5" fill="${color}"/>`);
  const [least] = measured;
  parts.push(text(x(least[0]), y(least[1]) + up, `fewer ${member}`, `fill="${color}"`));
}
parts.push(text(x(1) + 14, y(0.98), 'dots: time, measured'), text(x(1) + 14, y(0.98) + 18, 'dashed: operations'), '</svg>');
console.log(parts.join('\n'));
