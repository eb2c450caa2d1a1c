// Linear models for tests, written without the core: the word hash of shared/linear in JavaScript (FNV-1a over a plain
// ASCII word, then SplitMix64's finaliser, the upper bits of which are the bucket), and a safetensors file.
const mask = (1n << 64n) - 1n;

export function mix64(value) {
  let x = value & mask;
  x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & mask;
  return x ^ (x >> 31n);
}

export function bucketOf(word, hashBits) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(word)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & mask;
  return Number(mix64(hash) >> BigInt(64 - hashBits));
}

export const linearConfig = (changes = {}) => ({
  model_type: 'coppice_linear',
  version: 1,
  words: 'coppice_words_1',
  hash: 'fnv1a_mix64_1',
  hash_bits: 16,
  max_ngram: 1,
  weighting: 'binary',
  norm: 'none',
  id2label: { 0: 'negative', 1: 'positive' },
  ...changes,
});

// weights: Int8Array with one for each bucket. An n-gram weighs scale times its bucket's.
export function linearSafetensors(weights, { scale, bias }) {
  const header = {
    bias: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
    scale: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
    weight: { dtype: 'I8', shape: [weights.length], data_offsets: [8, 8 + weights.length] },
  };
  let text = JSON.stringify(header);
  text += ' '.repeat((8 - (text.length % 8)) % 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const numbers = Buffer.alloc(8);
  numbers.writeFloatLE(bias, 0);
  numbers.writeFloatLE(scale, 4);
  return Buffer.concat([length, Buffer.from(text), numbers, Buffer.from(weights.buffer, weights.byteOffset, weights.length)]);
}

// The weights of tests/golden/linear_golden.json: tests/unit/api/linear_api_test.cpp makes the same.
export function goldenWeights(hashBits) {
  const weights = Int8Array.from({ length: 2 ** hashBits }, (_, bucket) => Number(mix64(BigInt(bucket + 1)) % 255n) - 127);
  return linearSafetensors(weights, { scale: 0.03125, bias: -0.0625 });
}

// One of `praise` adds `strength` to the difference of the logits, one of `blame` takes it away.
export function wordListWeights({ praise, blame, strength, hashBits = 16 }) {
  const weights = new Int8Array(2 ** hashBits);
  for (const word of praise) weights[bucketOf(word, hashBits)] = 100;
  for (const word of blame) weights[bucketOf(word, hashBits)] = -100;
  return linearSafetensors(weights, { scale: strength / 100, bias: 0 });
}
