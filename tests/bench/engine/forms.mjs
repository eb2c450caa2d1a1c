// What the benches of the engine run: forms of one model, made by `coppice prune` and `coppice export` and kept in a scratch
// folder, from where they are taken the next time. Of each pruned form there is one of fp16 weights, computed in float32, and
// one of int8. Beside them two shipped folders: half-int8, and unstructured-int8, whose zeros are where accuracy put them.
import { existsSync } from 'node:fs';
import path from 'node:path';

const magnitude = ['--method', 'magnitude', '--sparsity', '0.8'];
// Over the whole encoder the share of zeros differs from matrix to matrix (0.58 to 0.95, with 4x1 blocks 0.43 to 0.98), and
// where it is low a dense product is the faster one. even-: 0.8 in every matrix.
const each = ['--scope', 'matrix'];
const pruned = {
  sparse80: magnitude,
  blocks80: [...magnitude, '--pattern', '4x1'],
  'even-blocks80': [...magnitude, '--pattern', '4x1', ...each],
  'even-quads80': [...magnitude, '--pattern', '1x4', ...each],
};

// coppice(args): runs it. model, small, unstructured: folders. Returns { form: () => its folder }.
export function makersOf({ coppice, model, small, unstructured, scratch, say }) {
  function exported(name, from, weights) {
    const output = path.join(scratch, name);
    if (!existsSync(path.join(output, 'manifest.json'))) {
      say(`making ${name}`);
      coppice(['export', '--model', from, '--output', output, '--json', '--weights', weights]);
    }
    return output;
  }
  function prunedFrom(name) {
    const output = path.join(scratch, `${name}-float32`);
    if (!existsSync(path.join(output, 'manifest.json'))) {
      say(`pruning ${name}`);
      coppice(['prune', '--model', model, '--output', output, '--json', ...pruned[name]]);
    }
    return output;
  }
  const makers = { dense: () => model, 'dense-int8': () => exported('dense-int8', model, 'int8') };
  for (const name of Object.keys(pruned)) {
    // Four inputs of one output side by side are the unit of 8-bit products only.
    if (name !== 'even-quads80') makers[name] = () => exported(name, prunedFrom(name), 'fp16');
    makers[`${name}-int8`] = () => exported(`${name}-int8`, prunedFrom(name), 'int8');
  }
  return { ...makers, 'half-int8': () => small, 'unstructured-int8': () => unstructured };
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
export const summary = (values) => {
  const middle = median(values);
  return { median: middle, mad: median(values.map((value) => Math.abs(value - middle))) };
};
