// A tiny real ONNX model, written by hand: a bag of words with two outputs. Just enough of protobuf to write one, so
// that tests of the page need neither Python nor a trained model.
//
//   logits[b, c] = sum over t of mask[b, t] * weights[input_ids[b, t], c]

const varint = (value) => {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
};
const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field, content) => {
  const buffer = Buffer.isBuffer(content) ? content : Buffer.from(content, 'utf8');
  return Buffer.concat([varint(field * 8 + 2), varint(buffer.length), buffer]);
};
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

const dataType = { float: 1, int64: 7 };

const attributeInt = (name, value) => message(5, bytes(1, name), number(3, value), number(20, 2));
const node = (op, inputs, outputs, attributes = []) =>
  message(1, ...inputs.map((name) => bytes(1, name)), ...outputs.map((name) => bytes(2, name)), bytes(4, op), ...attributes);
const tensor = (name, type, shape, raw) =>
  message(5, ...shape.map((size) => number(1, size)), number(2, dataType[type]), bytes(8, name), bytes(9, raw));
const dimension = (size) => (typeof size === 'number' ? message(1, number(1, size)) : message(1, bytes(2, size)));
const value = (field, name, type, shape) =>
  message(field, bytes(1, name), message(2, message(1, number(1, dataType[type]), message(2, ...shape.map(dimension)))));

const int64s = (...values) => Buffer.from(BigInt64Array.from(values, BigInt).buffer);

// weights: Float32Array of vocabularySize x 2. tokenTypes: with a third input, as most exports have it; outputName: what
// the output is called.
export function bagOfWordsOnnx(weights, { tokenTypes = false, outputName = 'logits' } = {}) {
  const vocabularySize = weights.length / 2;
  const graph = message(
    7,
    node('Gather', ['weights', 'input_ids'], ['words']),
    node('Cast', ['attention_mask'], ['mask'], [attributeInt('to', dataType.float)]),
    node('Unsqueeze', ['mask', 'last'], ['mask_3d']),
    node('Mul', ['words', 'mask_3d'], ['masked']),
    node('ReduceSum', ['masked', 'sequence'], [outputName], [attributeInt('keepdims', 0)]),
    bytes(2, 'bag_of_words'),
    tensor('weights', 'float', [vocabularySize, 2], Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength)),
    tensor('last', 'int64', [1], int64s(2)),
    tensor('sequence', 'int64', [1], int64s(1)),
    value(11, 'input_ids', 'int64', ['batch', 'sequence']),
    value(11, 'attention_mask', 'int64', ['batch', 'sequence']),
    ...(tokenTypes ? [value(11, 'token_type_ids', 'int64', ['batch', 'sequence'])] : []),
    value(12, outputName, 'float', ['batch', 2]),
  );
  return Buffer.concat([number(1, 8), graph, message(8, bytes(1, ''), number(2, 17))]);
}
