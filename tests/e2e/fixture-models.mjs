// Model folders for tests: a real catalog, manifests, vocabulary and ONNX files, small enough to make in a second. The
// vocabulary is BERT's; a word counts for or against a film by this list, so every verdict is known beforehand.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { linearConfig, wordListWeights } from './linear-fixture.mjs';
import { bagOfWordsOnnx } from './onnx-fixture.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const vocabularyText = readFileSync(path.join(root, 'tests/golden/bert_uncased_vocab.txt'), 'utf8');
const ids = new Map(vocabularyText.split('\n').map((token, id) => [token, id]));

const praise = ['good', 'great', 'wonderful', 'loved', 'best', 'funny', 'moved', 'charming'];
const blame = ['bad', 'waste', 'wooden', 'terrible', 'worst', 'boring', 'dull', 'tired'];

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

// strength: the weight of one such word. One word of praise gives logits (0, strength).
function wordWeights(strength) {
  const weights = new Float32Array(ids.size * 2);
  for (const word of praise) weights[2 * ids.get(word) + 1] = strength;
  for (const word of blame) weights[2 * ids.get(word)] = strength;
  return weights;
}

export function manifestOf(id, files, changes = {}) {
  return {
    schema_version: 1,
    id,
    parent_id: 'fixture',
    program_version: '0.1.0',
    plan: [{ kind: 'train', run: 'runs/train.json', settings: {} }],
    do_lower_case: true,
    max_length: 64,
    truncation: 'head_tail',
    special_ids: { pad: 0, unk: 100, cls: 101, sep: 102, mask: 103 },
    labels: ['negative', 'positive'],
    weights: [{ path: 'onnx/model.onnx', format: 'onnx', dtype: 'F32' }],
    files: Object.entries(files).map(([file, bytes]) => ({ path: file, bytes: bytes.length, sha256: sha256(bytes) })),
    parameters: { total: 61044, encoder: 0, encoder_nonzero: 0 },
    encoder_flops: { 64: 0 },
    metrics: { accuracy: { value: 0.803, low: 0.798, high: 0.808 } },
    test_set: { name: 'fixture', split: 'test', examples: 25000, sha256: '0'.repeat(64) },
    ...changes,
  };
}

export function linearManifestOf(id, files, changes = {}) {
  const { do_lower_case: a, max_length: b, truncation: c, special_ids: d, encoder_flops: e, ...manifest } = manifestOf(id, files);
  return {
    ...manifest,
    architecture: 'linear',
    weights: [{ path: 'model.safetensors', format: 'safetensors', dtype: 'I8' }],
    parameters: { total: 65538 },
    metrics: { accuracy: { value: 0.85, low: 0.845, high: 0.855 } },
    ...changes,
  };
}

const bertFiles = (strength) => ({
  'vocab.txt': Buffer.from(vocabularyText),
  'onnx/model.onnx': bagOfWordsOnnx(wordWeights(strength)),
});

// A classifier as the Hugging Face hub has them: no manifest. options: of bagOfWordsOnnx; changes: of config.json.
export function huggingFaceFiles({ strength = 2, changes = {}, tokenizerConfig = { do_lower_case: true, model_max_length: 64 }, ...options } = {}) {
  const config = {
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    vocab_size: ids.size,
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 512,
    type_vocab_size: 2,
    hidden_act: 'gelu',
    id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' },
    ...changes,
  };
  return {
    'config.json': Buffer.from(JSON.stringify(config)),
    'tokenizer_config.json': Buffer.from(JSON.stringify(tokenizerConfig)),
    'vocab.txt': Buffer.from(vocabularyText),
    'onnx/model.onnx': bagOfWordsOnnx(wordWeights(strength), options),
  };
}

// tokenizer.json with the vocabulary in it, and no casing elsewhere.
export const tokenizerJson = () =>
  Buffer.from(
    JSON.stringify({
      normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(vocabularyText.split('\n').filter(Boolean).map((token, id) => [token, id])),
      },
    }),
  );

export function writeFiles(folder, files) {
  for (const [file, bytes] of Object.entries(files)) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  return folder;
}

const linearFiles = (strength) => ({
  'config.json': Buffer.from(JSON.stringify(linearConfig())),
  'model.safetensors': wordListWeights({ praise, blame, strength }),
});

// Writes FOLDER/catalog.json and a folder per model. models: { id: { strength, linear?, manifest?, change?(files) } };
// linear: a linear model instead of an ONNX one; `change` alters the files after the manifest was made, as a broken
// download or a hostile host would.
export function writeModels(folder, models) {
  for (const [id, { strength = 2, linear = false, manifest = {}, change = () => {} }] of Object.entries(models)) {
    const files = linear ? linearFiles(strength) : bertFiles(strength);
    const described = (linear ? linearManifestOf : manifestOf)(id, files, manifest);
    files['manifest.json'] = Buffer.from(JSON.stringify(described, null, 2));
    change(files);
    writeFiles(path.join(folder, id), files);
  }
  const catalog = { schema_version: 1, models: Object.keys(models).map((id) => ({ id })) };
  writeFileSync(path.join(folder, 'catalog.json'), JSON.stringify(catalog));
}
