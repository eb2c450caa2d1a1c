// Whether this browser, or node, computes with relaxed SIMD, so that the faster build of a module can be taken.

// g(a, b, c) = c + the dot product of the bytes of a and b, by relaxed SIMD.
const dotProgram = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 127, 127, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 103, 0, 0, 10, 22, 1, 20, 0, 32, 0, 253, 17,
  32, 1, 253, 17, 32, 2, 253, 17, 253, 147, 2, 253, 27, 0, 11,
];

// Asked to compute, not only whether it is there: the baseline compiler of V8 11.3, just before browsers had the instruction
// without a flag, adds the product to itself instead of to c.
export function relaxedWorks() {
  try {
    const { g } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(dotProgram))).exports;
    return g(0x01fe0304, 0x7f010101, 1000) === 1000 + 4 + 3 - 2 + 127;
  } catch {
    return false;
  }
}
