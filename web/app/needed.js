// What the page cannot do without: WebAssembly, and its vectors, which the core and ONNX Runtime are compiled with.

// A function that returns a vector: what a browser without SIMD refuses.
const vectorProgram = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

export function checkBrowser() {
  const none = typeof WebAssembly === 'undefined';
  if (!none && WebAssembly.validate(new Uint8Array(vectorProgram))) return;
  throw new Error(
    `this browser has no ${none ? 'WebAssembly' : 'SIMD in its WebAssembly'}, which the models run on. Firefox, Chrome, Edge and ` +
      'Safari have had it since 2023 at the latest; it can be turned off, e.g. by a lockdown mode.',
  );
}
