// That the tutorial's checker finds what it should.
import assert from 'node:assert/strict';
import test from 'node:test';

import { blocksOf, difference } from './document.mjs';

const fence = (language, text) => `\`\`\`${language}\n${text}\n\`\`\`\n`;
const expect = (mode, text) => blocksOf(`${fence('sh', 'x')}<!-- output: ${mode} -->\n${fence('text', text)}`)[0].expected;

test('commands and the outputs that belong to them are found in order', () => {
  const blocks = blocksOf(`a\n${fence('sh', 'one\ntwo')}b\n${fence('text', 'out')}${fence('json', '{}')}${fence('sh', 'three')}`);
  assert.deepEqual(blocks.map((block) => block.commands), ['one\ntwo', 'three']);
  assert.equal(blocks[0].line, 2);
  assert.equal(blocks[0].expected.text, 'out');
  assert.equal(blocks[0].expected.mode, 'exact');
  assert.equal(blocks[1].expected, undefined);
});

test('an output without commands, an unknown mode and an open block are refused', () => {
  assert.throws(() => blocksOf(fence('text', 'out')), /line 1: an output without commands/);
  assert.throws(() => expect('roughly', 'out'), /output mode "roughly"/);
  assert.throws(() => blocksOf('```sh\nx'), /does not end/);
});

test('exact means exact', () => {
  assert.equal(difference(expect('exact', 'a 1\nb'), 'a 1\nb\n'), null);
  assert.match(difference(expect('exact', 'a 1'), 'a 2\n'), /expected "a 1", got "a 2"/);
  assert.match(difference(expect('exact', 'a\nb'), 'a\n'), /ends before "b"/);
  assert.match(difference(expect('exact', 'a'), 'a\nb\n'), /more output than shown: "b"/);
});

test('within: numbers may be near, words may not differ', () => {
  assert.equal(difference(expect('within 10 %', 'loss 0.50 of -2'), 'loss  0.54 of -2.1\n'), null);
  assert.match(difference(expect('within 10 %', 'loss 0.50'), 'loss 0.56\n'), /more than 10 % from 0.5/);
  assert.match(difference(expect('within 10 %', 'loss 0.50'), 'gain 0.50\n'), /expected/);
  assert.match(difference(expect('within 10 %', 'zero 0'), 'zero 1\n'), /more than/);
});

test('shape: any numbers, the same words', () => {
  assert.equal(difference(expect('shape', 'sparse: 1.02 (0.01)'), 'sparse: 0.9 (0.20)\n'), null);
  assert.match(difference(expect('shape', 'sparse: 1.02'), 'sparse: nan\n'), /expected/);
});

test('first line: the rest is an example', () => {
  assert.equal(difference(expect('first line', 'model  1 J\nnever'), 'model 22 J\n26,000\n'), null);
  assert.match(difference(expect('first line', 'model\nnever'), 'failed\nnever\n'), /expected "model", got "failed"/);
});

test('three dots stand for any lines, also none, and end where the next line is', () => {
  for (const output of ['a\nx\ny\nb\n', 'a\nb\n']) assert.equal(difference(expect('exact', 'a\n...\nb'), output), null);
  assert.match(difference(expect('exact', 'a\n...\nb'), 'a\nx\n'), /no line such as "b"/);
  assert.equal(difference(expect('exact', '...\nb\n...'), 'x\nb\ny\n'), null);
});
