// scripts/relax-wasm.mjs on a module made by hand: calls become instructions, what only looks like a call stays.
import assert from 'node:assert/strict';
import test from 'node:test';
import v8 from 'node:v8';

import { relax } from '../../scripts/relax-wasm.mjs';

// Node 20 has them behind a flag, and its baseline compiler forgets what a dot product is to be added to.
v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
v8.setFlagsFromString('--no-liftoff');

const list = (...items) => [items.length, ...items.flat()];
const text = (value) => list(...[...Buffer.from(value)].map((byte) => [byte]));
const section = (id, content) => [id, content.length, ...content];
const [i32, f32, v128] = [0x7f, 0x7d, 0x7b];
const imported = (module, name, type) => [...text(module), ...text(name), 0, type];
const body = (...code) => [code.length + 2, 0, ...code, 0x0b];
const madd = 'f32x4_relaxed_madd';
const dot = 'i32x4_relaxed_dot_i8x16_i7x16_add_s';

// f(a, b, c) = a * b + c; g(a, b, c) = c + the dot product of the bytes of a and b.
function module({ relaxed = 'relaxed', names = [madd, dot], first = 0 } = {}) {
  // i32.const 16, v128.const, each dropped; atomic.fence, which modules with threads have.
  const lookAlikes = [0x41, 0x10, 0x1a, 0xfd, 0x0c, ...new Array(16).fill(0x10), 0x1a, 0xfe, 0x03, 0x00];
  const operands = (splat) => [0, 1, 2].flatMap((local) => [0x20, local, 0xfd, splat]);
  return Buffer.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([0x60, 3, v128, v128, v128, 1, v128], [0x60, 3, f32, f32, f32, 1, f32], [0x60, 3, i32, i32, i32, 1, i32], [0x60, 0, 0])),
    ...section(2, list(imported(relaxed, names[0], 0), imported('env', 'abort', 3), imported(relaxed, names[1], 0))),
    ...section(3, list([1], [2])),
    ...section(7, list([...text('f'), 0, 3], [...text('g'), 0, 4])),
    ...section(10, list(
      body(...lookAlikes, ...operands(0x13), 0x10, first, 0xfd, 0x1f, 0),
      body(...operands(0x11), 0x10, 2, 0xfd, 0x1b, 0),
    )),
  ]);
}

test('calls of the imports become the instructions', () => {
  const { bytes, counts } = relax(module());
  assert.deepEqual([...counts], [[madd, 1], [dot, 1]]);
  const compiled = new WebAssembly.Module(bytes);
  assert.deepEqual(WebAssembly.Module.imports(compiled).map(({ module: from, name }) => `${from}.${name}`), ['env.abort', 'env.abort', 'env.abort']);
  const { f, g } = new WebAssembly.Instance(compiled, { env: { abort: () => assert.fail('called') } }).exports;
  assert.equal(f(2, 3, 4), 10);
  assert.equal(g(0x01fe0304, 0x7f010101, 1000), 1000 + 4 + 3 - 2 + 127);
});

test('what cannot be turned into instructions is refused', () => {
  assert.throws(() => relax(Buffer.from('no module at all')), /not a WebAssembly module/);
  assert.throws(() => relax(module({ names: [madd, 'f32x4_relaxed_wish'] })), /there is no instruction f32x4_relaxed_wish/);
  assert.throws(() => relax(module({ relaxed: 'other' })), /nothing is imported from "relaxed"/);
  assert.throws(() => relax(module().subarray(0, -1)), /section 10 is cut short/);
});
