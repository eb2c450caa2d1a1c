// From times of whole models to what a layer's heads and neurons cost: the arithmetic of the latency table, without a
// browser. The table's fields are described in native/prune/cost.h, which reads it.

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

// Median and median absolute deviation.
export const summary = (values) => {
  const middle = median(values);
  return { median: middle, mad: median(values.map((value) => Math.abs(value - middle))) };
};

const uniform = (layers, heads, neurons) => Array.from({ length: layers }, () => ({ heads, neurons }));

// The models to time, each a list of { heads, neurons } by layer. `headCounts` and `neuronCounts` ascend and end at the
// model's own. `checks` take no part in the table: the table predicts them, and the answer says how well.
export function variantsOf({ layers, headCounts, neuronCounts }) {
  if (layers < 2) throw new Error(`a latency table needs a model of at least 2 layers, this one has ${layers}`);
  const [heads, neurons] = [headCounts.at(-1), neuronCounts.at(-1)];
  const slope = (full, least, layer) => Math.max(least, Math.round(full - ((full - least) * layer) / (layers - 1)));
  const half = { heads: Math.max(1, heads >> 1), neurons: Math.max(1, neurons >> 1) };
  return {
    full: uniform(layers, heads, neurons),
    oneLayer: uniform(1, heads, neurons),
    byHeads: headCounts.map((count) => uniform(layers, count, neurons)),
    byNeurons: neuronCounts.map((count) => uniform(layers, heads, count)),
    checks: {
      'half of the heads and neurons': uniform(layers, half.heads, half.neurons),
      'half of the layers': uniform(Math.max(1, layers >> 1), heads, neurons),
      'half of the layers, half of their heads and neurons': uniform(Math.max(1, layers >> 1), half.heads, half.neurons),
      'widths that fall from layer to layer': uniform(layers).map((_, layer) => ({
        heads: slope(heads, 1, layer),
        neurons: slope(neurons, neuronCounts[0], layer),
      })),
    },
  };
}

// `time(layers)`: median milliseconds of a variant. A model is taken to cost `fixed` plus for each layer a constant and
// one amount for its heads and one for its neurons; amounts are differences of models that differ in that alone,
// divided by the number of layers. A difference below 0 is noise and becomes 0.
export function decompose({ full, oneLayer, byHeads, byNeurons }, time) {
  const count = full.length;
  const points = (models, member) =>
    models.map((model) => ({
      width: model[0][member],
      milliseconds: Math.max(0, (time(model) - time(models[0])) / count),
    }));
  // The one layer of a model that has no other may do less than a layer does among others (int8 computes the last one
  // for [CLS] alone), so that nothing fixed would be left; then the layers share all of the time.
  const fixed = Math.max(0, time(oneLayer) - (time(full) - time(oneLayer)) / (count - 1));
  const layer = (time(full) - fixed) / count;
  const heads = points(byHeads, 'heads');
  const neurons = points(byNeurons, 'neurons');
  return {
    fixed_milliseconds: fixed,
    layer_milliseconds: Math.max(0, layer - heads.at(-1).milliseconds - neurons.at(-1).milliseconds),
    heads,
    neurons,
  };
}

// What `coppice prune` computes from the table (native/prune/cost.cpp): straight lines between widths, no fall.
export function predict(table, layers) {
  const at = (points, width) => {
    let b = points.findIndex((point) => point.width >= width);
    if (b < 0) throw new Error(`the table ends at ${points.at(-1).width}, asked for ${width}`);
    b = Math.max(1, b);
    const [low, high] = [points[b - 1], points[b]];
    const least = Math.max(0, ...points.slice(0, b).map((point) => point.milliseconds));
    const share = (width - low.width) / (high.width - low.width);
    const value = low.milliseconds + share * (high.milliseconds - low.milliseconds);
    return width <= points[0].width ? Math.max(0, value) : Math.max(least, value);
  };
  return layers.reduce(
    (sum, { heads, neurons }) => sum + table.layer_milliseconds + at(table.heads, heads) + at(table.neurons, neurons),
    table.fixed_milliseconds,
  );
}
