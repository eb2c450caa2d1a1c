// What the benches of the engine run: forms of one model, made by `coppice prune` and `coppice export` and kept in a scratch
// folder, from where they are taken the next time. dense (fp16 stored, float32 computed), dense-int8, sparse80 and
// sparse80-int8 (magnitude, unstructured), blocks80 and blocks80-int8 (4x1), and half-int8, a shipped folder.
import { existsSync } from 'node:fs';
import path from 'node:path';

const pruned = {
  sparse80: ['--method', 'magnitude', '--sparsity', '0.8'],
  blocks80: ['--method', 'magnitude', '--sparsity', '0.8', '--pattern', '4x1'],
};

// coppice(args): runs it. model, small: folders. Returns { form: () => its folder }.
export function makersOf({ coppice, model, small, scratch, say }) {
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
  return {
    dense: () => model,
    'dense-int8': () => exported('dense-int8', model, 'int8'),
    sparse80: () => exported('sparse80', prunedFrom('sparse80'), 'fp16'),
    'sparse80-int8': () => exported('sparse80-int8', prunedFrom('sparse80'), 'int8'),
    blocks80: () => exported('blocks80', prunedFrom('blocks80'), 'fp16'),
    'blocks80-int8': () => exported('blocks80-int8', prunedFrom('blocks80'), 'int8'),
    'half-int8': () => small,
  };
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
