// Instructions of WebAssembly's relaxed SIMD, for the build of the engine that browsers with them take.
//
// LLVM 14 (Emscripten 3.1.6) has the proposal's early opcodes, which no browser accepts, and no integer dot product;
// Highway 1.0.3 has none of it. So they are calls of imported functions, which scripts/relax-wasm.mjs turns into the
// instructions in the finished module. `const`: like an instruction, a call has no effect but its result.
#pragma once

#ifdef COPPICE_RELAXED_SIMD
#include <wasm_simd128.h>

#define COPPICE_RELAXED(NAME) __attribute__((const, import_module("relaxed"), import_name(NAME)))
extern "C" {
// a * b + c, rounded once or twice.
COPPICE_RELAXED("f32x4_relaxed_madd") v128_t coppice_relaxed_madd(v128_t a, v128_t b, v128_t c);
// c + the sums of four products of int8 of a and of b, whose values must be 0 to 127, in each 32-bit lane. Exact.
COPPICE_RELAXED("i32x4_relaxed_dot_i8x16_i7x16_add_s") v128_t coppice_relaxed_dot(v128_t a, v128_t b, v128_t c);
// The sums of two such products in each 16-bit lane. Exact: they are below 2^15.
COPPICE_RELAXED("i16x8_relaxed_dot_i8x16_i7x16_s") v128_t coppice_relaxed_dot_pairs(v128_t a, v128_t b);
}
#undef COPPICE_RELAXED
#endif
