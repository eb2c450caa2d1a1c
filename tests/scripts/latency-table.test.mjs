// The arithmetic of the browser's latency table (tests/bench/latency/table.mjs), on times made up from known costs.
import assert from 'node:assert/strict';
import test from 'node:test';

import { decompose, median, predict, summary, variantsOf } from '../bench/latency/table.mjs';

const shape = { layers: 6, headCounts: [1, 3, 6, 12], neuronCounts: [16, 384, 1536] };
const heads = (count) => 0.5 * count + 0.01 * count * count;
const neurons = (count) => 0.004 * count;
const cost = (layers) => layers.reduce((sum, layer) => sum + 1.25 + heads(layer.heads) + neurons(layer.neurons), 3);
const near = (value, expected) => assert.ok(Math.abs(value - expected) < 1e-9, `${value}, expected ${expected}`);

test('costs that add up are found again', () => {
  const table = decompose(variantsOf(shape), cost);
  near(table.fixed_milliseconds, 3);
  for (const { width, milliseconds } of table.heads) near(milliseconds, heads(width) - heads(1));
  for (const { width, milliseconds } of table.neurons) near(milliseconds, neurons(width) - neurons(16));
  near(table.layer_milliseconds, 1.25 + heads(1) + neurons(16));
});

test('the table predicts whole and uneven models at its own widths', () => {
  const variants = variantsOf(shape);
  const table = decompose(variants, cost);
  const uneven = [12, 6, 3, 1].map((count) => ({ heads: count, neurons: 384 }));
  for (const layers of [variants.full, variants.oneLayer, ...variants.byHeads, uneven]) near(predict(table, layers), cost(layers));
  assert.throws(() => predict(table, [{ heads: 13, neurons: 16 }]), /ends at 12/);
});

test('between widths the line is straight, and noise does not make a wider layer cheaper', () => {
  const table = {
    fixed_milliseconds: 0,
    layer_milliseconds: 0,
    heads: [1, 2, 3].map((width) => ({ width, milliseconds: [0, 5, 4][width - 1] })),
    neurons: [16, 116].map((width) => ({ width, milliseconds: width - 16 })),
  };
  near(predict(table, [{ heads: 1, neurons: 66 }]), 50);
  near(predict(table, [{ heads: 3, neurons: 16 }]), 5);
});

test('a last layer that does less leaves nothing fixed below 0, and the whole model keeps its time', () => {
  const variants = variantsOf(shape);
  const lastIsCheap = (layers) => cost(layers) - 3 - 0.9 * neurons(layers.at(-1).neurons); // as int8's is
  const table = decompose(variants, lastIsCheap);
  assert.equal(table.fixed_milliseconds, 0);
  near(predict(table, variants.full), lastIsCheap(variants.full));
});

test('noise below 0 becomes 0', () => {
  const variants = variantsOf(shape);
  const table = decompose(variants, (layers) => (layers[0].heads === 3 ? 0.1 : cost(layers)));
  assert.equal(table.heads[1].milliseconds, 0);
});

test('checks are models that the table is not made from', () => {
  const variants = variantsOf(shape);
  const used = [variants.full, variants.oneLayer, ...variants.byHeads, ...variants.byNeurons].map((layers) => JSON.stringify(layers));
  assert.equal(Object.keys(variants.checks).length, 4);
  for (const layers of Object.values(variants.checks)) assert.ok(!used.includes(JSON.stringify(layers)));
});

test('a model of one layer is refused', () => assert.throws(() => variantsOf({ ...shape, layers: 1 }), /at least 2 layers/));

test('median and median absolute deviation', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.deepEqual(summary([10, 1, 3]), { median: 3, mad: 2 });
});
