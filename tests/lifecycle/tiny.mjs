// A base model and reviews small enough that a whole life cycle of real programs takes seconds: a BERT of two narrow
// layers with random weights (always the same), a vocabulary of the most frequent words of the sample, a few dozen reviews.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const shape = { hidden: 32, layers: 2, heads: 4, intermediate: 64, positions: 64 };

// xorshift32, then the sum of four uniforms less two: near enough to a normal distribution.
function generator(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  return () => uniform() + uniform() + uniform() + uniform() - 2;
}

function tensors(vocabulary) {
  const { hidden, layers, intermediate, positions } = shape;
  const list = [
    ['bert.embeddings.word_embeddings.weight', [vocabulary, hidden]],
    ['bert.embeddings.position_embeddings.weight', [positions, hidden]],
    ['bert.embeddings.token_type_embeddings.weight', [2, hidden]],
    ['bert.embeddings.LayerNorm.weight', [hidden]],
    ['bert.embeddings.LayerNorm.bias', [hidden]],
    ['bert.pooler.dense.weight', [hidden, hidden]],
    ['bert.pooler.dense.bias', [hidden]],
  ];
  for (let i = 0; i < layers; ++i) {
    const linear = (name, out, into) => list.push([`bert.encoder.layer.${i}.${name}.weight`, [out, into]], [`bert.encoder.layer.${i}.${name}.bias`, [out]]);
    const norm = (name) => list.push([`bert.encoder.layer.${i}.${name}.weight`, [hidden]], [`bert.encoder.layer.${i}.${name}.bias`, [hidden]]);
    for (const part of ['query', 'key', 'value']) linear(`attention.self.${part}`, hidden, hidden);
    linear('attention.output.dense', hidden, hidden);
    norm('attention.output.LayerNorm');
    linear('intermediate.dense', intermediate, hidden);
    linear('output.dense', hidden, intermediate);
    norm('output.LayerNorm');
  }
  return list;
}

function safetensors(vocabulary) {
  const random = generator(20111);
  const header = {};
  const parts = [];
  let offset = 0;
  for (const [name, dims] of tensors(vocabulary)) {
    const count = dims.reduce((product, d) => product * d, 1);
    const values = new Float32Array(count);
    const fill = name.endsWith('LayerNorm.weight') ? () => 1 : name.endsWith('bias') ? () => 0 : () => 0.1 * random();
    for (let i = 0; i < count; ++i) values[i] = fill();
    header[name] = { dtype: 'F32', shape: dims, data_offsets: [offset, offset + 4 * count] };
    offset += 4 * count;
    parts.push(Buffer.from(values.buffer));
  }
  let json = JSON.stringify(header);
  json += ' '.repeat((8 - (json.length % 8)) % 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, Buffer.from(json), ...parts]);
}

const readTsv = (file) => readFileSync(file, 'utf8').trimEnd().split('\n');

// So many of each label, in the file's order.
function balanced(lines, count) {
  const wanted = { 0: count / 2, 1: count / 2 };
  return lines.filter((line) => wanted[line[0]]-- > 0);
}

export function writeBase(folder, sample) {
  mkdirSync(folder, { recursive: true });
  const counts = new Map();
  for (const line of readTsv(path.join(sample, 'train.tsv'))) {
    for (const word of line.slice(2).toLowerCase().match(/[a-z]+/g) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 1000).map(([word]) => word);
  const characters = [...'abcdefghijklmnopqrstuvwxyz0123456789.,!?\'"-()'].filter((c) => !words.includes(c));
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...characters, ...words];
  writeFileSync(path.join(folder, 'vocab.txt'), `${vocabulary.join('\n')}\n`);
  const config = {
    model_type: 'bert', vocab_size: vocabulary.length, hidden_size: shape.hidden, num_hidden_layers: shape.layers, num_attention_heads: shape.heads,
    intermediate_size: shape.intermediate, hidden_act: 'gelu', hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1,
    max_position_embeddings: shape.positions, type_vocab_size: 2, initializer_range: 0.02, layer_norm_eps: 1e-12, pad_token_id: 0,
  };
  writeFileSync(path.join(folder, 'config.json'), `${JSON.stringify(config, null, 1)}\n`);
  writeFileSync(path.join(folder, 'model.safetensors'), safetensors(vocabulary.length));
}

export function writeReviews(folder, sample, { train, validation, test }) {
  mkdirSync(folder, { recursive: true });
  for (const [name, count] of Object.entries({ train, validation, test })) {
    writeFileSync(path.join(folder, `${name}.tsv`), `${balanced(readTsv(path.join(sample, `${name}.tsv`)), count).join('\n')}\n`);
  }
}

export function tinyConfig(folder) {
  return {
    schema_version: 1,
    name: 'tiny',
    place: { country: 'FRA' },
    threads: 1,
    max_length: 32,
    data: { path: `${folder}/data` },
    base: { path: `${folder}/base` },
    prompts: 'tests/data/prompts.jsonl',
    baseline: { epochs: 2, batch_size: 8, learning_rate: 1e-3, validations_per_epoch: 1, checkpoint_every_seconds: 0.05 },
    tuning: { learning_rate: [5e-4, 2e-3], epochs: 1, validations_per_epoch: 1 },
    pruning: [
      { id: 'sparse', method: 'magnitude', sparsity: 0.5, recovery: { epochs: 1, batch_size: 8, learning_rate: 1e-3, validations_per_epoch: 1 } },
      { id: 'small', method: 'structured', keep_flops: 0.6, importance_reviews: 8, recovery: { epochs: 20, batch_size: 8, learning_rate: 1e-3, validations_per_epoch: 1, checkpoint_every_seconds: 0.001 } },
    ],
    exports: ['int8'],
    measure: { repeats: 3, warmup: 1 },
    browser: { turns: 1, tokens: 16 },
    report: true,
    probe: { reviews: 16 },
  };
}
