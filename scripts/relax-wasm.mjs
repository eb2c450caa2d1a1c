// Puts instructions of relaxed SIMD into a finished WebAssembly module: Debian's LLVM 14 and Binaryen 108 know the proposal
// only by opcodes of its early days, and no integer dot product. The module imports functions of a module "relaxed", named
// after the instructions (shared/engine/kernels/relaxed.h); their calls, whose operands lie on the stack as an instruction's do,
// become the instructions.
//
//   node scripts/relax-wasm.mjs IN.wasm OUT.wasm
//
// https://webassembly.github.io/spec/core/binary/ ; opcodes: https://github.com/WebAssembly/relaxed-simd
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const opcodes = {
  f32x4_relaxed_madd: 0x105,
  i16x8_relaxed_dot_i8x16_i7x16_s: 0x112,
  i32x4_relaxed_dot_i8x16_i7x16_add_s: 0x113,
};

const section = { import: 2, export: 7, element: 9, code: 10 };

function unsigned(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    if (this.at >= this.bytes.length) throw new Error(`the module ends at ${this.at}, within something`);
    return this.bytes[this.at++];
  }
  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  skipNumbers(count) {
    for (let i = 0; i < count; i += 1) while (this.byte() >= 128);
  }
  name() {
    const length = this.number();
    this.at += length;
    return Buffer.from(this.bytes.subarray(this.at - length, this.at)).toString();
  }
}

// What follows an opcode.
function skipImmediates(reader, opcode) {
  if (opcode === 0x0e) reader.skipNumbers(reader.number() + 1); // br_table
  else if (opcode === 0x1c) reader.skipNumbers(reader.number()); // select of a type
  else if (opcode === 0x11 || (opcode >= 0x28 && opcode <= 0x3e)) reader.skipNumbers(2); // call_indirect, loads and stores
  else if (opcode === 0x43) reader.at += 4; // f32.const
  else if (opcode === 0x44) reader.at += 8;
  else if ([0x02, 0x03, 0x04, 0x0c, 0x0d, 0x10, 0x3f, 0x40, 0x41, 0x42, 0xd0, 0xd2].includes(opcode) || (opcode >= 0x20 && opcode <= 0x26)) reader.skipNumbers(1);
  else if (opcode === 0xfc) {
    const number = reader.number();
    if (number > 17) throw new Error(`opcode 0xfc ${number} is not known`);
    reader.skipNumbers(number < 8 ? 0 : [8, 10, 12, 14].includes(number) ? 2 : 1);
  } else if (opcode === 0xfd) {
    const number = reader.number();
    if (number <= 11 || number === 92 || number === 93) reader.skipNumbers(2);
    else if (number === 12 || number === 13) reader.at += 16;
    else if (number >= 21 && number <= 34) reader.at += 1;
    else if (number >= 84 && number <= 91) (reader.skipNumbers(2), (reader.at += 1));
    else if (number > 255) throw new Error(`opcode 0xfd ${number} is not known`);
  } else if (opcode === 0xfe) {
    const number = reader.number(); // atomics: a fence, or loads, stores and what reads and writes at once
    if (number > 0x4e) throw new Error(`opcode 0xfe ${number} is not known`);
    reader.skipNumbers(number === 3 ? 1 : 2);
  } else if (![0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1].includes(opcode) && !(opcode >= 0x45 && opcode <= 0xc4)) {
    throw new Error(`opcode 0x${opcode.toString(16)} is not known`);
  }
}

// One function: its locals, then instructions to its end. relaxed: Map(function index -> name).
function relaxBody(body, relaxed, counts) {
  const reader = new Reader(body);
  for (let groups = reader.number(); groups > 0; groups -= 1) reader.skipNumbers(2);
  const parts = [body.subarray(0, reader.at)];
  let kept = reader.at; // from where on nothing has been copied yet
  while (reader.at < body.length) {
    const start = reader.at;
    const opcode = reader.byte();
    skipImmediates(reader, opcode);
    if (opcode === 0xd2 && relaxed.has(new Reader(body, start + 1).number())) throw new Error('an instruction has no address');
    if (opcode !== 0x10) continue;
    const name = relaxed.get(new Reader(body, start + 1).number());
    if (!name) continue;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    parts.push(body.subarray(kept, start), Buffer.from([0xfd, ...unsigned(opcodes[name])]));
    kept = reader.at;
  }
  if (reader.at !== body.length) throw new Error('a function does not end where it should');
  parts.push(body.subarray(kept));
  return Buffer.concat(parts);
}

// Returns { bytes, counts }: of each instruction, how often it stands there now.
export function relax(module) {
  if (module.subarray(0, 4).toString('latin1') !== '\0asm') throw new Error('not a WebAssembly module');
  const reader = new Reader(module, 8);
  const out = [module.subarray(0, 8)];
  const relaxed = new Map();
  const counts = new Map();
  while (reader.at < module.length) {
    const id = reader.byte();
    const length = reader.number();
    const begin = reader.at;
    if (begin + length > module.length) throw new Error(`section ${id} is cut short`);
    let content = module.subarray(begin, begin + length);
    reader.at = begin + length;
    if (id === section.import) content = relaxImports(content, relaxed);
    if (id === section.code) {
      const code = new Reader(content);
      const count = code.number();
      const parts = [Buffer.from(unsigned(count))];
      for (let i = 0; i < count; i += 1) {
        const size = code.number();
        const body = relaxBody(content.subarray(code.at, code.at + size), relaxed, counts);
        code.at += size;
        parts.push(Buffer.from(unsigned(body.length)), body);
      }
      content = Buffer.concat(parts);
    }
    out.push(Buffer.from([id, ...unsigned(content.length)]), content);
  }
  if (relaxed.size === 0) throw new Error('nothing is imported from "relaxed"');
  for (const name of relaxed.values()) if (!counts.has(name)) throw new Error(`nothing calls ${name}`);
  return { bytes: Buffer.concat(out), counts };
}

// The imports stay, so that functions keep their numbers, under the name of the first other one: any function will do for
// what is never called.
function relaxImports(content, relaxed) {
  const reader = new Reader(content);
  const count = reader.number();
  const entries = [];
  let functions = 0;
  for (let i = 0; i < count; i += 1) {
    const [module, name] = [reader.name(), reader.name()];
    const start = reader.at;
    const kind = reader.byte();
    if (kind === 0) reader.skipNumbers(1);
    else if (kind === 1) (reader.byte(), skipLimits(reader));
    else if (kind === 2) skipLimits(reader);
    else if (kind === 3) reader.at += 2;
    else throw new Error(`an import of kind ${kind} is not known`);
    if (kind === 0 && module === 'relaxed') {
      if (!(name in opcodes)) throw new Error(`there is no instruction ${name}`);
      relaxed.set(functions, name);
    }
    entries.push({ module, name, kind, rest: content.subarray(start, reader.at) });
    functions += kind === 0 ? 1 : 0;
  }
  const other = entries.find(({ kind, module }) => kind === 0 && module !== 'relaxed');
  if (!other) throw new Error('the module imports no function besides');
  const text = (value) => Buffer.concat([Buffer.from(unsigned(Buffer.byteLength(value))), Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from(unsigned(count)),
    ...entries.flatMap((entry) => {
      const { module, name } = entry.module === 'relaxed' ? other : entry;
      return [text(module), text(name), entry.rest];
    }),
  ]);
}

function skipLimits(reader) {
  reader.skipNumbers(reader.byte() & 1 ? 2 : 1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [input, output] = process.argv.slice(2);
  if (!input || !output) {
    console.error('usage: node scripts/relax-wasm.mjs IN.wasm OUT.wasm');
    process.exit(2);
  }
  try {
    const { bytes, counts } = relax(readFileSync(input));
    writeFileSync(output, bytes);
    console.log([...counts].map(([name, count]) => `${name}: ${count}`).join(', '));
  } catch (error) {
    console.error(`scripts/relax-wasm.mjs: ${input}: ${error.message}`);
    process.exit(1);
  }
}
